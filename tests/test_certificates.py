"""The certificates are tested as what they claim to be: invariant sets.

Comparing outcomes alone is not enough: a wrong set can pass on every start that occurs.
"""

import numpy as np
import pytest

from shortcutlib import Phase, StepSizes, Teacher, reduced
from shortcutlib.certificates import certify
from shortcutlib.starts import sample_reduced
from shortcutlib.success import SETTINGS, classify, section_4_steps


def random_teacher(rng):
    k = int(rng.choice([1, 2, 3, 5, 16, 61, 64, 100, 123, 1000]))
    norm_squared = 10 ** rng.uniform(-2, 3)
    # All ratios of S^2 to k N, with S = 0 and S^2 = k N among them.
    share = 1.0 if k == 1 else float(rng.choice([0.0, 1.0, rng.random(), rng.random() ** 4]))
    total = rng.choice([-1, 1]) * np.sqrt(share * k * norm_squared)
    return Teacher.from_numbers(k=k, output_sum=total, norm_squared=norm_squared, angle=1.0, p=2)


def random_states(teacher, n, network, rng):
    """States all over the place: near the poles, near zero, inside and outside the sets."""
    scale = np.abs(teacher.output_sum) + (teacher.output_sum == 0)
    s = teacher.output_sum * (1 + 10 ** rng.uniform(-3, 0.5, n) * rng.choice([-1, 1], n))
    s = np.where(rng.random(n) < 0.1, scale * rng.standard_normal(n), s)
    q = teacher.norm_squared * 10 ** rng.uniform(-4, 0.7, n) * rng.choice([-1, 1], n)
    angle = np.pi * rng.random(n)
    near = 10 ** rng.uniform(-8, 0, n)
    angle = np.where(rng.random(n) < 0.25, near, angle)
    angle = np.where(rng.random(n) < 0.25, np.pi - near, angle)
    length = 10 ** rng.uniform(-0.5, 1, n) if network == "cnn" else np.ones(n)
    return reduced.state(s, q, angle, 0.0, length)


@pytest.mark.parametrize("network", ["residual", "cnn"])
def test_both_sets_are_invariant(network, rng):
    tested = np.zeros(2, dtype=int)
    for _ in range(700):
        teacher = random_teacher(rng)
        c = rng.choice([rng.uniform(0.001, 1), rng.uniform(1, 1.99)])
        eta_a = c * 2 * np.pi / (teacher.k + np.pi - 1)
        eta_w = 10 ** rng.uniform(-2, 2) / teacher.norm_squared
        phase = Phase(eta_a, eta_w)
        states = random_states(teacher, 20_000, network, rng)
        inside = certify(teacher, states, [phase], network)
        assert not np.any(inside[0] & inside[1])
        after = reduced.step(teacher, states, eta_a, eta_w, network)
        still = certify(teacher, after, [phase], network)
        for number in range(2):
            members = inside[number]
            tested[number] += members.sum()
            lost = members & ~still[number]
            if np.any(lost):
                # Rounding may push a point off the boundary; a point just inside must stay.
                assert np.all(on_boundary(teacher, after, phase, network, number)[lost])
        # What membership promises about the next step.
        assert np.all(after.alignment[inside[0]] > 0)
        assert np.all(after.alignment[inside[1]] < 0)
        assert np.all(after.angle[inside[0]] <= np.pi / 2 * (1 + 1e-15))
        grown = after.angle[inside[1]] >= states.angle[inside[1]] * (1 - 1e-15)
        assert np.all(grown)
    assert np.all(tested > 1_000_000), tested


def on_boundary(teacher, states, phase, network, number):
    """Whether a relative change of 1e-11 in the favourable direction restores membership."""
    nudge = 1e-11
    sign = 1 if number == 0 else -1
    size = teacher.output_sum + np.abs(states.output_sum)
    better = reduced.ReducedState(
        states.output_sum - sign * nudge * size * np.sign(teacher.output_sum),
        states.alignment * (1 - nudge),
        np.clip(states.angle * (1 - sign * nudge), 0, np.pi),
        states.orthogonal_norm,
        states.filter_norm * (1 + nudge),
    )
    return certify(teacher, better, [phase], network)[number]


@pytest.mark.parametrize("network", ["residual", "cnn"])
def test_members_end_where_they_are_said_to(network, rng):
    ended = np.zeros(2, dtype=int)
    for _ in range(12):
        teacher = random_teacher(rng)
        c = rng.choice([rng.uniform(0.2, 1), rng.uniform(1, 1.9)])
        eta_a = c * 2 * np.pi / (teacher.k + np.pi - 1)
        eta_w = 10 ** rng.uniform(-1, 0.5) / teacher.norm_squared
        states = random_states(teacher, 800, network, rng)
        sets = certify(teacher, states, [Phase(eta_a, eta_w)], network)
        current = states
        for _ in range(3000):
            current = reduced.step(teacher, current, eta_a, eta_w, network)
        # Outputs settle at the rate eta_a (pi - 1)/2 pi, slow for large k: judge by the angle and
        # by the sign of q, which is what decides.
        angle = current.angle
        rounding = 1e-12 * teacher.norm_squared
        assert np.all(current.alignment[sets[0]] > 0)
        assert np.all(current.alignment[sets[1]] < rounding)
        started = states.angle
        assert np.all(angle[sets[0]] <= np.maximum(started[sets[0]], np.pi / 2))
        assert np.all(angle[sets[1]] >= started[sets[1]] * (1 - 1e-15))
        if teacher.k <= 16:
            short = (states.filter_norm < 3) & (
                np.abs(states.alignment) > 0.01 * teacher.norm_squared
            )
            close = (started > 1e-3) & (np.pi - started > 1e-3) & short
            assert np.all(angle[sets[0] & close] < 1e-2)
            assert np.all(angle[sets[1] & close] > np.pi - 0.1)
        ended += [sets[0].sum(), sets[1].sum()]
    assert np.all(ended > 500), ended


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("k", [4, 9])
def test_certified_outcomes_are_those_of_the_papers_rule(setting, k, rng):
    teacher = Teacher.section_4(k)
    network = "cnn" if setting == "cnn" else "residual"
    starts = sample_reduced(teacher, 300, rng, network)
    steps = section_4_steps(setting, k, warmup=200)
    certified = classify(teacher, starts, steps, network)
    literal = reduced.descend_batch(teacher, starts, steps, network=network, iterations=10**6)
    np.testing.assert_array_equal(certified.success, literal.reached_global)
    np.testing.assert_array_equal(certified.trapped, literal.reached_spurious)
    # Nothing is certified after it has arrived.
    assert np.all(certified.steps <= literal.iterations + 16)


@pytest.mark.parametrize("k", [61, 81, 123])
def test_cnn_with_oscillating_sum(k, rng):
    teacher = Teacher.section_4(k)
    starts = sample_reduced(teacher, 400, rng, "cnn")
    steps = StepSizes.constant(0.1, 0.1)
    certified = classify(teacher, starts, steps, "cnn")
    literal = reduced.descend_batch(
        teacher, starts, steps, network="cnn", iterations=100_000, tolerance=1e-4
    )
    np.testing.assert_array_equal(certified.success, literal.reached_global)
    np.testing.assert_array_equal(certified.trapped, literal.reached_spurious)


def test_a_cycle_is_not_certified():
    # k = 16, eta_w N = 4.125: q > 0 and phi < pi/2 for ever, yet phi settles in a cycle.
    teacher = Teacher.section_4(16)
    steps = Phase(1 / 256, 4.125 / teacher.norm_squared)
    current = reduced.state([teacher.output_sum], [teacher.norm_squared], [0.5])
    for _ in range(10_000):
        current = reduced.step(teacher, current, steps.output, steps.filter)
    assert current.angle[0] == pytest.approx(0.066, abs=0.005)
    assert not certify(teacher, current, [steps])[0][0]


def test_nothing_is_certified_where_nothing_is_proved():
    teacher = Teacher.section_4(130)
    states = reduced.state([1.0], [2.0], [0.5])
    for phases in (
        [Phase(0.1, 0.1)],  # c > 2: the sum diverges
        [Phase(1e-4, 0.0)],  # the filter never moves
        [Phase(0.0, 1e-4)],  # the outputs never move
        [Phase(0.06, 1e-4, 10), Phase(0.05, 1e-4)],  # two different oscillations
    ):
        success, trapped = certify(teacher, states, phases)
        assert not success[0]
        assert not trapped[0]
