import json

import numpy as np
import pytest

from shortcutlib import StepSizes, Teacher
from shortcutlib.grid import SECTION_4_ANGLE, Grid, Point


def test_the_defaults_are_the_experiments_of_section_4():
    points = list(Grid())
    assert len(points) == len(Grid()) == 14
    assert [(p.k, p.warmup) for p in points[:4]] == [(16, 0), (16, 1000), (25, 0), (25, 1000)]
    for point in points:
        ours, printed = point.teacher(), Teacher.section_4(point.k)
        assert ours.output_sum == pytest.approx(printed.output_sum, rel=1e-13)
        assert ours.norm_squared == pytest.approx(printed.norm_squared, rel=1e-13)
        assert ours.angle == pytest.approx(printed.angle, rel=1e-13)
        assert point.steps() == StepSizes.section_4(point.k, warmup=point.warmup)
    assert pytest.approx(Teacher.section_4(4).angle / np.pi, rel=1e-15) == SECTION_4_ANGLE


def test_sizes_are_absolute_or_relative():
    relative = Grid(k=(4, 9), norm_per_k=(2.0,), sum_ratio=(0.0, 1.0), warmup=(0,))
    assert [(p.k, p.norm_squared, p.output_sum) for p in relative] == [
        (4, 8.0, 0.0),
        (4, 8.0, np.sqrt(8)),
        (9, 18.0, 0.0),
        (9, 18.0, np.sqrt(18)),
    ]
    absolute = Grid(k=(4, 9), norm_squared=(8.0,), output_sum=(-1.0,), warmup=(0,))
    assert [(p.k, p.norm_squared, p.output_sum) for p in absolute] == [(4, 8, -1), (9, 8, -1)]
    # What is not used tells no grids apart.
    assert absolute == Grid(
        k=(4, 9), norm_squared=(8.0,), norm_per_k=(3.0,), output_sum=(-1.0,), warmup=(0,)
    )


def test_step_ratio_and_warmup():
    (point,) = Grid(k=(10,), step_ratio=(3.0,), warmup=(50,))
    assert point.steps().at(49) == pytest.approx((0.01, 0.0001))
    assert point.steps().at(50) == pytest.approx((0.01, 0.03))


@pytest.mark.parametrize(
    "axes",
    [{}, {"norm_squared": (40.0,), "output_sum": (1.5, -2.0)}, {"k": (2, 2, 3), "warmup": (7,)}],
)
def test_a_grid_survives_json(axes):
    grid = Grid(**axes)
    assert Grid.from_dict(json.loads(json.dumps(grid.as_dict()))) == grid
    assert len(list(grid)) == len(grid) == len(set(grid))


def test_a_stream_depends_on_the_point_and_the_seed_alone():
    point = next(iter(Grid()))
    same = Point(*json.loads(json.dumps(point)))
    first = point.rng(5).random()
    assert same.rng(5).random() == first
    # The same number on every machine.
    assert first == 0.24568505613177982
    others = [point.rng(6), point.rng(5, 1), point._replace(warmup=1).rng(5)]
    assert first not in [rng.random() for rng in others]


@pytest.mark.parametrize(
    "axes, match",
    [
        ({"k": ()}, "k is empty"),
        ({"k": (0,)}, "k = 0"),
        ({"k": (2.5,)}, "k = 2.5"),
        ({"k": (1,)}, "k = 1 needs S"),
        ({"warmup": (-1,)}, "warmup = -1"),
        ({"angle_over_pi": (0.5, 1.5)}, "angle_over_pi = 1.5"),
        ({"angle_over_pi": (float("nan"),)}, "angle_over_pi = nan"),
        ({"norm_per_k": (0.0,)}, "norm_per_k = 0"),
        ({"norm_squared": (-3.0,)}, "norm_squared = -3"),
        ({"norm_per_k": ()}, "are empty"),
        ({"sum_ratio": (-1.0,)}, "sum_ratio = -1"),
        ({"sum_ratio": (17.0,), "k": (16,)}, "exceeds k N"),
        ({"output_sum": (1e9,)}, "exceeds k N"),
        ({"step_ratio": (-1.0,)}, "step_ratio = -1"),
        ({"step_ratio": (0.0,)}, "never reach"),
    ],
)
def test_impossible_grids_are_refused(axes, match):
    with pytest.raises(ValueError, match=match):
        Grid(**axes)
