import numpy as np
import pytest

from shortcutlib import Phase, StepSizes, Teacher, reduced, warmup
from shortcutlib.schedules import (
    cosine_warmup,
    cost,
    linear_warmup,
    ramp,
    search,
    shortest_rest,
)


@pytest.fixture
def teacher():
    return Teacher.section_4(16)


@pytest.mark.parametrize("make", [linear_warmup, cosine_warmup])
@pytest.mark.parametrize("length", [1, 7, 1000])
def test_ramps_last_as_long_as_they_say_and_grow(make, length):
    steps = make(0.01, 0.2, length)
    assert sum(p.iterations for p in steps.phases[:-1]) == length
    values = [p.filter for p in steps.phases]
    assert np.all(np.diff(values) > 0)
    assert values[-1] == 0.2
    assert {p.output for p in steps.phases} == {0.01}


def test_a_ramp_follows_its_shape():
    steps = ramp(0.01, 1.0, 4000, lambda t: t, pieces=100)
    for t in (200, 1500, 3900):
        assert steps.at(t)[1] == pytest.approx(t / 4000, abs=0.012)


def test_cost_is_that_of_the_worst_start(teacher):
    steps = StepSizes.layer_wise(0.02, 0.005, iterations=150)
    found = cost(teacher, steps)
    assert found.success == 1.0
    starts = warmup.rim(teacher, 33)
    slowest = max(
        reduced.descend(teacher, reduced.ReducedState(*(c[i] for c in starts)), steps).iterations
        for i in range(0, 33, 4)
    )
    assert found.iterations >= slowest
    assert found.iterations == pytest.approx(slowest, rel=0.02)
    failing = cost(teacher, StepSizes.constant(0.02, 0.01))
    assert failing.success < 1
    assert failing.iterations is None


def test_layer_wise_is_the_limit_of_warm_up(teacher):
    """The shortest warm-up falls to the layer-wise one as the warm-up's filter step goes to 0."""
    step = 1 / 256
    lengths = [
        warmup.shortest_warmup(
            teacher,
            lambda t, share=share: StepSizes.with_warmup(
                step, step, iterations=t, warmup_filter=share * step
            ),
        )
        for share in (1 / 256, 1e-3, 1e-5, 0.0)
    ]
    assert np.all(np.diff(lengths) <= 0)
    assert lengths[-2] - lengths[-1] <= 1
    assert lengths[0] == 651
    rest = shortest_rest(teacher, step, step)
    assert lengths[-1] <= rest <= 1.25 * lengths[-1]
    # Sharp: one iteration less leaves a start with q < 0.
    current = warmup.rim(teacher, 1025)
    for _ in range(rest - 1):
        current = reduced.step(teacher, current, step, 0.0)
    assert np.any(current.alignment <= 0)
    assert np.all(reduced.step(teacher, current, step, 0.0).alignment > 0)


def test_the_search_finds_rest_then_everything(teacher):
    step, largest = 0.05, 0.008
    steps, found = search(teacher, step, largest, [6] * 10, levels=3, points=9)
    values = [p.filter for p in steps.phases]
    assert found.success == 1.0
    # At rest while the worst start has q < 0, then the largest step.
    first = next(i for i, v in enumerate(values) if v > 0)
    assert all(v == largest for v in values[first:])
    rest = shortest_rest(teacher, step, largest)
    assert abs(6 * first - rest) <= 6
    best = cost(teacher, StepSizes.layer_wise(step, largest, iterations=rest), points=9)
    assert found.iterations <= best.iterations + 2


def test_bad_input_is_refused_by_name(teacher):
    with pytest.raises(ValueError, match="iterations = 0"):
        linear_warmup(0.1, 0.1, 0)
    with pytest.raises(ValueError, match="preserve order"):
        cost(teacher, StepSizes.constant(1.0, 1.0))
    with pytest.raises(ValueError, match="output = 0"):
        shortest_rest(teacher, 0.0, 0.1)
    beyond = Teacher.from_numbers(k=4, output_sum=1.0, norm_squared=2.0, angle=1.7)
    with pytest.raises(ValueError, match="never turns positive"):
        shortest_rest(beyond, 0.1, 0.1)
    with pytest.raises(RuntimeError, match="do not save every start"):
        search(teacher, 0.05, 0.008, [1], points=9)
    assert Phase(0.1, 0.1).iterations is None
