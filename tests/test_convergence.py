"""The constants of the proof: printed numbers, and the bounds that replace what is left open."""

import numpy as np
import pytest

from shortcutlib import StepSizes, Teacher, reduced
from shortcutlib.convergence import (
    alignment_bounds,
    alignment_time,
    filter_time,
    lemma_5_output_step,
    lemma_9_output_step,
    lemma_14_step,
    lemma_15_step,
    output_time,
    printed_filter_time,
    printed_output_time,
    raised_filter_step,
    safe_filter_step,
    stage_one_end,
    stage_one_iterations,
    stage_two_iterations,
    theorem_4_filter_step,
    theorem_4_output_step,
    theorem_10_filter_step,
    theorem_13_step,
)
from shortcutlib.dissipativity import ACUTE, Teachers, filter_distance
from shortcutlib.relu_kernel import g, g_deficit
from shortcutlib.warmup import rim

#: The share that q/N climbs to while phi = 5 pi/12, (g(5 pi/12) - 1)/(pi - 1).
LIMIT = 0.20556500
#: Integral of |x| over time while x climbs from -1 to 0 at that angle, by quadrature below.
DRIFT = 0.29714688
SMALL = Teacher(filter=[1.0, 0.0], output_weights=[2.0, 1.0])  # S = 3, N = 5


def test_printed_numbers_by_hand():
    # k = 2, S = 3, N = 5; k + pi - 1 = 4.14159265.
    assert tuple(alignment_bounds(SMALL)) == pytest.approx((1.0, 33.0))
    assert lemma_5_output_step(2) == pytest.approx(1.51709403)
    assert theorem_4_output_step(2) == pytest.approx(0.00915767262)
    assert theorem_4_filter_step(SMALL, 2.0) == pytest.approx(10 * 0.00915767262**2)
    assert lemma_9_output_step() == pytest.approx(2.93388441)
    assert theorem_10_filter_step(SMALL) == pytest.approx(1 / 1089)
    assert lemma_15_step(2) == pytest.approx(0.719241932, rel=1e-8)
    assert theorem_13_step(SMALL) == pytest.approx(1 / 2178)
    assert printed_filter_time(2.0, 0.1, 0.04) == pytest.approx(20 * np.log(100))
    assert printed_output_time(0.1, 2.0, 0.02) == pytest.approx(40 * np.log(100))


def test_theorem_13_step_takes_the_smaller_limit():
    narrow = Teacher.from_numbers(k=100, output_sum=0.01, norm_squared=0.001, angle=1.0)
    assert theorem_13_step(narrow) == pytest.approx(5 * np.pi**2 / (4 * (99 + np.pi) ** 2))
    assert theorem_13_step(narrow) < theorem_10_filter_step(narrow) / 2


def test_constants_inside_the_proofs():
    angle = np.linspace(0, np.pi, 1_000_001)
    turn = (np.pi - angle) * np.sin(angle)
    assert 1.8197 < turn.max() <= 1.8198
    pull = g_deficit(angle[1:]) / (2 * (np.pi - 1) * np.sin(angle[1:] / 2))
    assert 0.7565 < pull.max() <= 0.757
    # The swing past v* that a start close to v* allows.
    assert np.max(np.arctan(15 * turn / (2 * np.pi)) - angle) < 0.9 < ACUTE
    assert (g(ACUTE) - 1) / (np.pi - 1) == pytest.approx(LIMIT, abs=1e-8)


# ---------------------------------------------------------------------------------------------
# The filter step that replaces C


def test_safe_filter_step_by_hand():
    # kappa = (pi/12)/(1.8198 (.29715 + eta_a/(2 pi))), from the head of the module.
    teacher = Teacher.from_numbers(k=3, output_sum=1.0, norm_squared=4.0, angle=np.pi / 3)
    eta = 0.01
    kappa = (np.pi / 12) / (1.8198 * (DRIFT + eta / (2 * np.pi)))
    assert safe_filter_step(teacher, eta) == pytest.approx(kappa * eta / 4, rel=1e-7)
    assert safe_filter_step(teacher, eta, np.pi / 3) == safe_filter_step(teacher, eta)


def test_the_drift_is_an_integral():
    """x' = (f - (pi - 1) x) in units of eta_a/(2 pi), from -1 until x = 0, by the midpoint rule."""
    f = float(g(ACUTE)) - 1
    x = np.linspace(-1, 0, 200_001)
    middle = (x[1:] + x[:-1]) / 2
    assert np.sum(-middle / (f - (np.pi - 1) * middle)) * 5e-6 == pytest.approx(DRIFT, abs=1e-8)


@pytest.mark.parametrize("k", [1, 2, 25, 200])
def test_with_the_steps_of_theorem_4_the_ratio_is_at_least_48_hundredths(k):
    teacher = Teacher.from_numbers(k=k, output_sum=1.0, norm_squared=1.0, angle=np.pi / 3)
    eta = theorem_4_output_step(k)
    assert 0.48 <= safe_filter_step(teacher, eta) / eta < 0.4842
    # So every C up to 30/N^2 serves: eta_w = C N eta_a^2.
    assert theorem_4_filter_step(teacher, 30.0) <= safe_filter_step(teacher, eta)


def adversarial(count, rng, share=None):
    """Teachers and the worst corners of their balls, many at once, with N = 1."""
    k = np.round(np.exp(rng.uniform(0, np.log(200), count)))
    k[: count // 8] = 1
    kind = rng.random(count)
    drawn = np.where(kind < 0.2, 1.0, np.where(kind < 0.3, 1e-9, rng.random(count)))
    teachers = Teachers.from_share(k, drawn if share is None else np.full(count, share))
    # The rim of the ball, and the point of it that is furthest from a*.
    turn = rng.uniform(0, np.pi / 2, count)
    opposite = np.arccos(np.sqrt(teachers.output_sum**2 / k))
    turn = np.where(rng.random(count) < 0.4, opposite, turn)
    size = np.where(rng.random(count) < 0.7, 1.0, rng.random(count))
    radius = size * np.abs(teachers.output_sum) / np.sqrt(k)
    s = -np.sqrt(k) * radius * np.cos(turn)
    q = s * teachers.output_sum / k - np.sqrt(teachers.spread) * radius * np.sin(turn)
    return teachers, s, q


@pytest.mark.parametrize("share", [None, 0.0, 1.0])
def test_the_angle_never_passes_five_twelfths(share):
    rng = np.random.default_rng(45)
    count = 4000
    teachers, s, q = adversarial(count, rng, share)
    rate = np.where(rng.random(count) < 0.3, 1.0, np.exp(rng.uniform(np.log(2e-3), 0, count)))
    eta = rate * 2 * np.pi / (teachers.k + np.pi - 1)
    first = np.where(rng.random(count) < 0.5, np.pi / 3, rng.uniform(0, 1, count) * ACUTE)
    steps = np.array(
        [
            safe_filter_step(Single(k, 1.0, total), e, phi)
            for k, total, e, phi in zip(
                teachers.k, teachers.output_sum, eta, first * (1 - 1e-12), strict=True
            )
        ]
    )
    state = reduced.state(s, q, first)
    # Up to the end of Stage I for the smallest steps, and far beyond for the others.
    bound = q.copy()
    b = eta * (np.pi - 1) / (2 * np.pi)
    for _ in range(6000):
        state = reduced.step(teachers, state, eta, steps)
        assert np.all(state.angle <= ACUTE * (1 + 1e-12))
        # The lower bound of the module, which everything rests on.
        bound = (1 - b) * bound + b * LIMIT
        assert np.all(state.alignment >= bound - 1e-9)
        below = teachers.output_sum * (state.output_sum - teachers.output_sum)
        assert np.all(below <= 1e-12 * teachers.k)
        assert np.all(below >= -2 * teachers.output_sum**2 - 1e-12 * teachers.k)
    assert np.all(state.alignment[b * 6000 > 5] > 0.2)
    assert np.max(state.alignment / (1 + 2 * teachers.output_sum**2 / (np.pi - 1))) <= 1 + 1e-12


class Single:
    """What `safe_filter_step` asks of a teacher, without building vectors."""

    def __init__(self, k, norm_squared, output_sum=0.0):
        self.k, self.norm_squared, self.angle = int(k), float(norm_squared), np.nan
        self.output_sum = float(output_sum)


def test_steps_for_a_given_start_and_a_wider_angle():
    """The bound of the angle holds for any phi_1, and for starts above the one that is named."""
    rng = np.random.default_rng(46)
    count = 3000
    teachers, s, q = adversarial(count, rng)
    eta = rng.uniform(0.02, 1, count) * 2 * np.pi / (teachers.k + np.pi - 1)
    widest = rng.uniform(0.9, 0.4999 * np.pi, count)
    first = widest * rng.uniform(0, 0.99, count) ** 0.3
    start = np.minimum(-np.sqrt(teachers.output_sum**2 / teachers.k), -1e-6)
    steps = np.array(
        [
            safe_filter_step(Single(k, 1.0, total), e, phi, largest_angle=wide, start=x)
            for k, total, e, phi, wide, x in zip(
                teachers.k, teachers.output_sum, eta, first, widest, start, strict=True
            )
        ]
    )
    state = reduced.state(s, q, first)
    for _ in range(3000):
        state = reduced.step(teachers, state, eta, steps)
        assert np.all(state.angle <= widest * (1 + 1e-12))


def test_the_paper_s_own_warm_up_step_is_safe_for_ever():
    """Section 4's teacher, with the wider proof: eta_w = eta_a^2 needs no end."""
    for k in (16, 25, 36, 49, 64, 81, 100):
        teacher = Teacher.section_4(k)
        start = -teacher.start_radius / np.sqrt(teacher.norm_squared)
        safe = max(
            safe_filter_step(teacher, 1 / k**2, largest_angle=angle, start=start)
            for angle in np.linspace(teacher.angle, np.pi / 2, 50)[1:-1]
        )
        assert safe > 1 / k**4


def test_the_bound_is_within_a_factor_of_two_for_a_single_patch():
    """k = 1, a_0 = -a*: at 1.05 times eta_a/N the angle does pass 5 pi/12."""
    teacher = Teacher.from_numbers(k=1, output_sum=1.0, norm_squared=1.0, angle=np.pi / 3)
    eta = theorem_4_output_step(1)
    for ratio, passes in ((1.0, False), (1.05, True)):
        state = reduced.state(-1.0, -1.0, np.pi / 3)
        largest = 0.0
        for _ in range(1000):
            state = reduced.step(teacher, state, eta, ratio * eta)
            largest = max(largest, float(state.angle))
        assert (largest > ACUTE) is passes


def test_an_absolute_constant_is_impossible():
    """Lemma 6 and Theorem 4 as printed, with C = 1: one step passes 5 pi/12 for N = 1000."""
    teacher = Teacher.from_numbers(
        k=1, output_sum=np.sqrt(1000), norm_squared=1000.0, angle=np.pi / 3
    )
    eta = theorem_4_output_step(1)
    start = reduced.reduce(teacher, teacher.shortcut, -teacher.output_weights)
    after = reduced.step(teacher, start, eta, theorem_4_filter_step(teacher, 1.0))
    assert after.angle > 0.8 * np.pi
    assert reduced.step(teacher, start, eta, safe_filter_step(teacher, eta)).angle < ACUTE


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((0.0,), "output_step = 0: give one above 0 and at most"),
        ((1.6,), "1.51709"),
        ((np.nan,), "output_step = nan"),
        ((0.1, ACUTE), "give one below largest_angle, 0.416667 pi"),
        ((0.1, -0.1), "the first angle is -0.031831 pi"),
    ],
)
def test_safe_filter_step_refuses(arguments, message):
    teacher = Teacher.from_numbers(k=2, output_sum=1.0, norm_squared=1.0, angle=np.pi / 3)
    with pytest.raises(ValueError, match=message):
        safe_filter_step(teacher, *arguments)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"largest_angle": np.pi / 2}, "largest_angle = 1.57"),
        ({"largest_angle": 0.8}, "at least .9 and below pi/2"),
        ({"start": 0.0}, "start = 0: give a bound of q_0/N"),
        ({"start": -1.1}, "start = -1.1"),
    ],
)
def test_safe_filter_step_refuses_options(options, message):
    teacher = Teacher.from_numbers(k=2, output_sum=1.0, norm_squared=1.0, angle=0.5)
    with pytest.raises(ValueError, match=message):
        safe_filter_step(teacher, 0.1, **options)


def test_the_teacher_of_section_4_is_outside_the_theorem():
    teacher = Teacher.section_4(25)
    assert teacher.angle > ACUTE
    assert not teacher.satisfies_shortcut_prior
    with pytest.raises(ValueError, match=r"0\.475077 pi"):
        safe_filter_step(teacher, 1e-3)


# ---------------------------------------------------------------------------------------------
# Times


def test_alignment_time_is_the_recursion():
    eta = 0.37
    b = eta * (np.pi - 1) / (2 * np.pi)
    for start, target in ((-1.0, 0.05), (-0.3, 0.2), (0.05, 0.2), (0.1999, 0.2)):
        value, count = start, 0
        while value < target:
            value, count = (1 - b) * value + b * LIMIT, count + 1
        assert alignment_time(start, target, eta) == count
    assert alignment_time(0.1, 0.1, eta) == alignment_time(0.5, 0.1, eta) == 0


def test_times_in_units_of_the_step():
    for eta in (1e-3, 1e-5):
        assert alignment_time(-1, 1 / 20, eta) * eta == pytest.approx(6.01, abs=0.01)
        assert alignment_time(1 / 20, 1 / 5, eta) * eta == pytest.approx(9.77, abs=0.01)
        assert stage_one_iterations(eta) * eta == pytest.approx(15.78, abs=0.01)


def test_alignment_time_bounds_the_true_time():
    """Lemmas 8 and 9 at once: after these steps q/N has passed the level, and stays above it."""
    rng = np.random.default_rng(89)
    teachers, s, q = adversarial(1500, rng)
    eta = 0.4 * 2 * np.pi / (teachers.k + np.pi - 1)
    steps = np.array(
        [
            safe_filter_step(Single(k, 1.0, total), e, np.pi / 3)
            for k, total, e in zip(teachers.k, teachers.output_sum, eta, strict=True)
        ]
    )
    times = {
        level: np.array([alignment_time(x, level, e) for x, e in zip(q, eta, strict=True)])
        for level in (1 / 20, 1 / 5)
    }
    state = reduced.state(s, q, np.pi / 3)
    for t in range(1200):
        for level, time in times.items():
            assert np.all(state.alignment[time <= t] >= level - 1e-12)
        state = reduced.step(teachers, state, eta, steps)
    assert np.mean(times[1 / 5] <= 1200) > 0.9


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((-1, 0.21, 0.1), "give a share below 0.205565"),
        ((-1, np.nan, 0.1), "target = nan"),
        ((-np.inf, 0.1, 0.1), "start = -inf"),
        ((-1, 0.1, 3.0), "output_step = 3"),
        ((-1, 0.1, 0.0), "output_step = 0"),
    ],
)
def test_alignment_time_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        alignment_time(*arguments)


def random_second_stages(count, rng):
    """Starts of Stage II with the band, angles up to pi/2, and Theorem 13's steps."""
    k = np.round(np.exp(rng.uniform(0, np.log(100), count)))
    teachers = Teachers.from_share(k, rng.random(count), np.exp(rng.uniform(-4, 5, count)))
    low = teachers.norm_squared / 5
    high = 3 * teachers.norm_squared + 2 * teachers.output_sum**2
    s = teachers.output_sum * rng.uniform(-2, 1, count)
    q = np.where(
        teachers.spread > 0,
        low + (high - low) * rng.random(count) ** 3,
        np.maximum(s * teachers.output_sum / k, low),
    )
    s = np.where(teachers.spread > 0, s, q * k / teachers.output_sum)
    # The angle of the border, and others: 5 pi/12 keeps q above m (Theorem 10).
    angle = np.where(rng.random(count) < 0.5, ACUTE, rng.random(count) * ACUTE)
    eta = np.minimum(low / (2 * high**2), 5 * np.pi**2 / (4 * (k + np.pi - 1) ** 2))
    return teachers, reduced.state(s, q, angle), eta, low, high


def test_theorem_10_with_the_band_and_the_times_of_theorem_13():
    rng = np.random.default_rng(13)
    teachers, state, eta, low, high = random_second_stages(3000, rng)
    first = filter_distance(state)
    distance = reduced.output_distance(teachers, state)
    below = state.angle
    for t in range(1, 3001):
        state = reduced.step(teachers, state, eta, eta)
        assert np.all(state.alignment >= low * (1 - 1e-12))
        assert np.all(state.alignment <= high * (1 + 1e-12))
        assert np.all(state.angle <= below)
        below = state.angle
        # Lemma 14, in every step from any start: E_t <= E_0 exp(-eta m t/4).
        assert np.all(filter_distance(state) <= first * np.exp(-eta * low * t / 4) * (1 + 1e-9))
        # The homogeneous Lemma 15, with the first |w - w*|^2 as delta.
        radius = np.sqrt(first * teachers.norm_squared)
        apart = np.sqrt(reduced.output_distance(teachers, state))
        shrunk = (1 - eta * (np.pi - 1) / (2 * np.pi)) ** t
        bound = shrunk * np.sqrt(distance) + (1 - shrunk) * 0.757 * radius
        assert np.all(apart <= bound * (1 + 1e-9))


@pytest.mark.parametrize("delta", [1.0, 0.3, 1e-2, 1e-6])
@pytest.mark.parametrize("norm_squared", [0.3, 2.0, 10.0])
def test_filter_and_output_times_are_enough(delta, norm_squared):
    teacher = Teacher.from_numbers(
        k=3, output_sum=0.4 * np.sqrt(norm_squared), norm_squared=norm_squared, angle=ACUTE
    )
    eta, low = theorem_13_step(teacher), alignment_bounds(teacher).low
    state = reduced.state(0.0, low, ACUTE)
    # Lemma 14 with 2/delta, and Theorem 13 with 5 delta, both at the promised step.
    count = int(np.ceil(filter_time(low, eta, delta)))
    for _ in range(count):
        state = reduced.step(teacher, state, eta, eta)
    assert filter_distance(state) <= delta
    distance = float(reduced.output_distance(teacher, state))
    for _ in range(int(np.ceil(max(printed_output_time(eta, distance, delta), 0)))):
        state = reduced.step(teacher, state, eta, eta)
    assert reduced.output_distance(teacher, state) <= 5 * delta


@pytest.mark.parametrize("angle", [0.1, 1.0, 2.2421, np.pi])
def test_homogeneous_lemma_15_with_a_filter_that_stands_still(angle):
    """The premise as it is printed: |w - w*|^2 <= delta, and nothing else about w."""
    teacher = Teacher.from_numbers(k=40, output_sum=0.0, norm_squared=50.0, angle=1.0)
    eta, delta = lemma_15_step(40), float(4 * np.sin(angle / 2) ** 2)
    state = reduced.state(0.0, -300.0, angle, 20.0)
    distance = float(reduced.output_distance(teacher, state))
    for _ in range(int(np.ceil(output_time(eta, distance, 50.0, delta)))):
        state = reduced.step(teacher, state, eta, 0.0)
    for _ in range(300):
        assert reduced.output_distance(teacher, state) <= 50.0 * delta
        state = reduced.step(teacher, state, eta, 0.0)


def test_lemma_15_as_printed_fails_for_large_teachers():
    """5 delta against .63 N: at phi = 5 pi/12, S = 0 and N = 12, for ever."""
    teacher = Teacher.from_numbers(k=2, output_sum=0.0, norm_squared=12.0, angle=ACUTE)
    eta, delta = lemma_15_step(2), float(4 * np.sin(ACUTE / 2) ** 2)
    state = reduced.state(0.0, 0.25 * 12, ACUTE)
    for _ in range(int(printed_output_time(eta, 12.0, delta)) + 5000):
        state = reduced.step(teacher, state, eta, 0.0)
        assert 12 / 5 <= state.alignment <= 36
    assert reduced.output_distance(teacher, state) > 5 * delta


def test_output_time_is_bounded_by_the_simple_formula():
    for ratio in (1.0, 1.5, 4.0, 1e6):
        exact = output_time(0.01, ratio, 1.0, 1.0)
        assert exact <= 100 * (1.467 * np.log(ratio) + 4.16)
    assert output_time(0.01, 0.9, 1.0, 1.0) == 0.0
    assert filter_time(1.0, 0.1, 2.5) == 0.0


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: filter_time(0.0, 1.0, 1.0), "m = 0.0: give a positive number"),
        (lambda: filter_time(1.0, -1.0, 1.0), "step = -1.0"),
        (lambda: filter_time(1.0, 1.0, np.nan), "delta = nan"),
        (lambda: output_time(1.0, np.inf, 1.0, 1.0), "distance = inf"),
        (lambda: output_time(1.0, 1.0, 0.0, 1.0), "norm_squared = 0.0"),
    ],
)
def test_times_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ---------------------------------------------------------------------------------------------
# How far beyond the proof


def test_safe_steps_arrive_without_a_warm_up():
    rng = np.random.default_rng(7)
    for k, share in ((2, 0.3), (6, 0.1), (20, 0.9)):
        teacher = Teacher.from_numbers(
            k=k, output_sum=np.sqrt(share * k), norm_squared=1.0, angle=np.pi / 3, rng=rng
        )
        eta = 0.5 * lemma_5_output_step(k)
        steps = StepSizes.constant(eta, safe_filter_step(teacher, eta))
        runs = reduced.descend_batch(teacher, rim(teacher, 64), steps, iterations=20_000)
        assert np.all(runs.reached_global)


# ---------------------------------------------------------------------------------------------
# Theorem 2 with numbers


def test_more_printed_numbers_by_hand():
    # N = 5, S^2 = 9: m = 1, and Lemma 14's own M = 15 + 36.
    assert lemma_14_step(SMALL) == pytest.approx(1 / (2 * 51**2))
    assert stage_one_end(0.01) == pytest.approx(1e4)
    assert stage_one_end(0.1, 3.0) == pytest.approx(300)
    assert raised_filter_step(SMALL) == pytest.approx(4 / (5 + 18 / 2.14159265))
    # 20 log(200) and 40 log(300), each rounded up: 105.97 and 228.15.
    assert stage_two_iterations(2.0, 0.1, 3.0, 0.01) == 106 + 229
    # Nothing is to be done for a delta above 2 and a distance below it.
    assert stage_two_iterations(2.0, 0.1, 3.0, 4.0) == 0


@pytest.mark.parametrize("delta", [5.0, 1.0, 0.03])
def test_stage_two_iterations_are_enough(delta):
    """From the corner of Stage II, by single steps; also for a delta that is large."""
    teacher = Teacher.from_numbers(k=3, output_sum=1.0, norm_squared=4.0, angle=ACUTE)
    eta, low = theorem_13_step(teacher), alignment_bounds(teacher).low
    state = reduced.state(0.0, low, ACUTE, 3.0)
    first = int(np.ceil(filter_time(low, eta, delta)))
    for _ in range(first):
        state = reduced.step(teacher, state, eta, eta)
    distance = float(reduced.output_distance(teacher, state))
    for _ in range(stage_two_iterations(low, eta, distance, delta) - first):
        state = reduced.step(teacher, state, eta, eta)
    assert filter_distance(state) <= delta
    assert reduced.output_distance(teacher, state) <= 5 * delta


def test_a_raised_filter_step_never_turns_too_far():
    """Up to 4/(N + 2 S^2/(pi - 1)) the angle falls in every step; at 1.2 times it can rise."""
    rng = np.random.default_rng(3)
    teacher = Teacher.from_numbers(k=3, output_sum=0.0, norm_squared=2.0, angle=1.0)
    step = raised_filter_step(teacher)
    angle = 10 ** rng.uniform(-6, np.log10(np.pi / 2), 2000)
    state = reduced.state(0.0, rng.uniform(0, 2, 2000), angle)
    assert np.all(reduced.step(teacher, state, 0.1, 0.999 * step).angle < angle * (1 + 1e-12))
    assert np.any(reduced.step(teacher, state, 0.1, 1.2 * step).angle > angle)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: stage_one_end(0.0), "output_step = 0.0"),
        (lambda: stage_one_end(0.1, -1.0), "constant = -1.0"),
        (lambda: stage_two_iterations(1.0, 0.1, 0.0, 1.0), "distance = 0.0"),
        (lambda: stage_two_iterations(1.0, 0.1, 1.0, 0.0), "delta = 0.0"),
    ],
)
def test_theorem_2_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()
