import itertools

import numpy as np
import pytest

from shortcutlib import Phase, StepSizes, Teacher, reduced, warmup
from shortcutlib.outcomes import classify
from shortcutlib.schedules import (
    cosine_warmup,
    cost,
    costs,
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


def march(teacher, starts, steps_at, most=60_000):
    """Plain steps from all starts until each has arrived once; the steps each took, -1 if never."""
    taken = np.full(starts.angle.size, -1)
    for t in range(most):
        starts = reduced.step(teacher, starts, *steps_at(t))
        near = reduced.output_distance(teacher, starts) + 4 * np.sin(starts.angle / 2) ** 2 <= 1e-6
        taken[near & (taken < 0)] = t + 1
        if np.all(near) or (t > 2000 and np.all(near | (starts.angle > 3.1))):
            break
    return taken


def test_costs_are_those_of_the_worst_start(teacher):
    schedules = [
        StepSizes.layer_wise(0.02, 0.005, iterations=150),
        linear_warmup(0.02, 0.005, 3000),
        StepSizes.constant(0.02, 0.01),
        StepSizes.with_warmup(0.03, 0.006, iterations=200, warmup_filter=1e-4),
    ]
    found = costs(teacher, schedules)
    starts = warmup.rim(teacher, 33)
    for steps, one in zip(schedules, found, strict=True):
        taken = march(teacher, starts, steps.at)
        assert one.saved == np.mean(taken >= 0)
        assert one.iterations == (None if np.any(taken < 0) else np.max(taken))
        assert cost(teacher, steps) == one
    assert [one.iterations is None for one in found] == [False, False, True, False]
    assert 0 < found[2].saved < 1
    assert cost(teacher, schedules[0], iterations=100).iterations is None


@pytest.mark.parametrize(
    "make, shape, shortest, piecewise",
    [
        (linear_warmup, lambda t: t, 38_108, 38_166),
        (cosine_warmup, lambda t: (1 - np.cos(np.pi * t)) / 2, 8773, 8776),
    ],
)
def test_the_shortest_ramps_of_the_book(make, shape, shortest, piecewise):
    """With steps that grow in every iteration, and with the 128 pieces that stand for them."""
    teacher, eta = Teacher.section_4(25), 1 / 625
    starts = warmup.rim(teacher)
    # Only the starts that a slightly shorter ramp loses matter: the worst ones.
    lost = ~classify(teacher, starts, make(eta, eta, round(0.995 * shortest))).success
    worst = reduced.ReducedState(*(column[lost] for column in starts))
    assert 1 <= np.sum(lost) < 300
    for length, saved in ((shortest - 3, False), (shortest, True)):
        state = worst
        for share in shape((np.arange(length) + 0.5) / length):
            state = reduced.step(teacher, state, eta, share * eta)
        for _ in range(3000):
            state = reduced.step(teacher, state, eta, eta)
        assert bool(np.all((state.alignment > 0) & (state.angle < np.pi / 2))) == saved
    for length, saved in ((piecewise - 1, False), (piecewise, True)):
        assert warmup.saves_every_start(teacher, make(eta, eta, length)) == saved


def test_the_costs_of_the_book():
    """Ramps in pieces cost what ramps that grow in every iteration cost; a rest is cheapest."""
    teacher, eta = Teacher.section_4(25), 1 / 625
    shapes = {
        "rest": (1358, lambda t: 0 * t),
        "linear": (38_108, lambda t: t),
        "cosine": (8773, lambda t: (1 - np.cos(np.pi * t)) / 2),
    }
    lengths = {name: round(1.15 * length) for name, (length, _) in shapes.items()}
    found = costs(
        teacher,
        [
            StepSizes.layer_wise(eta, eta, iterations=lengths["rest"]),
            linear_warmup(eta, eta, lengths["linear"]),
            cosine_warmup(eta, eta, lengths["cosine"]),
        ],
    )
    assert [one.iterations for one in found] == [19_298, 22_278, 20_724]
    for one, (name, (_, shape)) in zip(found, shapes.items(), strict=True):
        shares = shape((np.arange(lengths[name]) + 0.5) / lengths[name])

        def at(t, shares=shares):
            return eta, eta * (shares[t] if t < shares.size else 1.0)

        taken = march(teacher, warmup.rim(teacher, 9), at)
        assert np.all(taken > 0)
        # Nine of the 33 starts; the slowest may be another one.
        assert np.max(taken) == pytest.approx(one.iterations, rel=2e-3)
    # Just enough is dearer than a little more.
    just, more = costs(
        teacher, [StepSizes.layer_wise(eta, eta, iterations=n) for n in (1358, 1557)]
    )
    assert (just.iterations, more.iterations) == (20_494, 19_298)


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


def test_the_search_tries_them_all(teacher):
    """Against judging every schedule by itself."""
    lengths, levels = [20, 10, 20], (0.0, 0.5, 1.0)
    best = search(teacher, 0.05, 0.008, lengths, levels=levels, points=33)
    assert best.tried == 27
    judged = {}
    for shares in itertools.product(levels, repeat=3):
        phases = [Phase(0.05, x * 0.008, n) for x, n in zip(shares, lengths, strict=True)]
        judged[shares] = cost(teacher, StepSizes((*phases, Phase(0.05, 0.008)))).iterations
    least = min(count for count in judged.values() if count is not None)
    winner = tuple(phase.filter / 0.008 for phase in best.steps.phases[:-1])
    assert judged[winner] == best.cost.iterations == least
    assert any(count is None for count in judged.values())


def test_the_search_finds_rest_then_everything(teacher):
    step, largest = 0.05, 0.008
    best = search(teacher, step, largest, [6] * 8)
    assert best.tried == 3**8
    values = [phase.filter for phase in best.steps.phases]
    assert best.cost.saved == 1.0
    # At rest while the worst start has q < 0, then the largest step.
    first = next(i for i, v in enumerate(values) if v > 0)
    assert all(v == largest for v in values[first:])
    rest = shortest_rest(teacher, step, largest)
    needed = warmup.shortest_warmup(
        teacher, lambda n: StepSizes.layer_wise(step, largest, iterations=n)
    )
    assert needed <= 6 * first <= rest + 6
    layered = cost(teacher, StepSizes.layer_wise(step, largest, iterations=rest))
    assert best.cost.iterations <= layered.iterations + 2


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
    with pytest.raises(RuntimeError, match="no schedule with 1 iterations"):
        search(teacher, 0.05, 0.008, [1])
    with pytest.raises(ValueError, match="177147 schedules"):
        search(teacher, 0.05, 0.008, [1] * 11)
    with pytest.raises(ValueError, match="in \\[0, 1\\]"):
        search(teacher, 0.05, 0.008, [1], levels=(2.0,))
    assert Phase(0.1, 0.1).iterations is None
