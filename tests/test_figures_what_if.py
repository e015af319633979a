"""The figures of the chapter "What if?" show the numbers that the library computes."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from shortcutlib import StepSizes, Teacher, minibatch, reduced
from shortcutlib.basin_border import border_alignment
from shortcutlib.exact import separatrix
from shortcutlib.figures.basin_surface import surface_figure
from shortcutlib.figures.noise import angle_figure, cloud_figure, gain_figure
from shortcutlib.figures.step_ratios import (
    critical_lines_figure,
    safe_ratio_figure,
    safe_ratios,
)
from shortcutlib.minibatch_sweep import Counts
from shortcutlib.safe_ratio import largest_safe_ratio
from shortcutlib.starts import sample_ball

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_surface_and_runs():
    teacher = Teacher.from_numbers(k=6, output_sum=2.0, norm_squared=4.0, angle=1.2)
    steps = StepSizes.constant(0.05, 0.05)
    start = reduced.state([2.0], [1.0], [1.0])
    figure = surface_figure(teacher, steps, [start], sums=(-1.0, 2.0))
    (axes,) = figure.axes
    path = axes.lines[0]
    x, y, z = path.get_data_3d()
    assert (x[0], y[0], z[0]) == pytest.approx((1 / np.pi, 1.0, 0.25))
    assert x[-1] == pytest.approx(0, abs=1e-3)
    assert z[-1] == pytest.approx(1, abs=1e-2)
    # A corner of the sheet that is not cut off.
    angle = 0.5 * np.pi
    assert abs(float(border_alignment(teacher, steps, 2.0, angle)) / 4.0) < 1.5


def test_critical_lines_are_separatrices():
    teacher = Teacher.section_4(16)
    figure = critical_lines_figure(teacher, 1 / 256, (0.1, 1.0, 1e-3))
    rim, *lines = figure.axes[0].lines
    assert len(rim.get_xdata()) == 300
    assert len(lines) == 2, "with the smallest ratio no start fails and there is no line"
    x, y = (np.asarray(v) for v in lines[1].get_data())
    place = x.size // 3
    s = x[place] * teacher.output_sum
    border = float(separatrix(teacher, StepSizes.constant(1 / 256, 1 / 256), s))
    across = (border - s * teacher.output_sum / 16) / teacher.start_radius
    assert y[place] == pytest.approx(across / np.sqrt(teacher.spread), abs=1e-4)


def test_safe_ratio_map():
    found = safe_ratios((4, 16), (1.0, 1.2, 1.4), 0.25)
    teacher = Teacher.from_numbers(k=16, output_sum=0.5, norm_squared=1.0, angle=1.2)
    expected = largest_safe_ratio(teacher, 0.001)
    assert found[1, 1] == pytest.approx(expected, rel=0.05)
    figure = safe_ratio_figure((4, 16), (1.0, 1.2, 1.4), found)
    assert figure.axes[0].get_yscale() == "log"


def test_clouds_end_where_the_runs_end():
    teacher, steps = Teacher.section_4(4), StepSizes.constant(0.1, 0.1)
    figure = cloud_figure(teacher, steps, (1, 3), runs=10, iterations=7, shown=2, seed=5)
    assert len(figure.axes) == 2
    a = sample_ball(10, 4, teacher.start_radius, np.random.default_rng(5))
    run = minibatch.descend(
        teacher, minibatch.state(teacher, a), steps, batch=3, iterations=7,
        rng=np.random.default_rng([5, 3]), record_every=1,
    )  # fmt: skip
    drawn = np.concatenate([line.get_xdata() for line in figure.axes[1].lines])
    assert np.all(np.isin(np.round(run.state.angle, 12), np.round(drawn, 12)))


def test_gains_and_angles():
    counts = [
        Counts(4, batch, multiple, 10, 100, 70, 72, 3, 5)
        for batch in (1, 8)
        for multiple in (1.0, 2.0)
    ]
    figure = gain_figure(counts)
    heights = [line.get_ydata() for line in figure.axes[0].lines if len(line.get_xdata()) == 2]
    assert any(np.allclose(y, -0.02) for y in heights)
    quartiles = np.array([[0.3, 0.4, 0.5], [0.6, 0.7, 0.9]])
    figure = angle_figure([1e-3, 1e-2], quartiles, ([1e-3, 1e-2], quartiles))
    assert figure.axes[0].get_xscale() == "log"
