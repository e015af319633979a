import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shortcutlib import StepSizes, StopReason, Teacher, descent, population, reduced
from shortcutlib.angles import angle_between, unit
from shortcutlib.starts import sample_ball, sample_sphere
from shortcutlib.success import SETTINGS, classify, section_4_steps
from tests.conftest import teachers


def scaled_gap(teacher, first, second):
    """Largest difference of two states: s over sqrt(kN), q over N, phi over pi, norms relative."""
    size = np.sqrt(teacher.norm_squared)
    scales = (np.sqrt(teacher.k) * size, teacher.norm_squared, np.pi, size, 1.0)
    differences = [
        abs(float(x) - float(y)) / scale for x, y, scale in zip(first, second, scales, strict=True)
    ]
    differences[-1] /= float(second.filter_norm)
    return max(differences)


@settings(max_examples=200)
@given(
    teachers(),
    st.integers(0, 10**6),
    st.sampled_from(["residual", "cnn"]),
    st.floats(0, 1),
    st.floats(-4, 0),
)
def test_one_step_equals_the_full_step(teacher, seed, network, share, exponent):
    rng = np.random.default_rng(seed)
    eta_a = share * 2 * np.pi / (teacher.k + np.pi - 1)
    eta_w = 10**exponent * 4 / teacher.norm_squared
    v = sample_sphere(1, teacher.p, rng)[0]
    a = np.sqrt(teacher.norm_squared / teacher.k) * rng.standard_normal(teacher.k)
    before = reduced.reduce(teacher, v, a)
    full = reduced.reduce(teacher, *descent.step(v, a, teacher, eta_a, eta_w, network))
    assert scaled_gap(teacher, reduced.step(teacher, before, eta_a, eta_w, network), full) < 1e-13


def section_4_start(k, setting, seed):
    """A section-4 teacher with a start, whole and reduced."""
    rng = np.random.default_rng(seed)
    teacher = Teacher.section_4(k)
    a = sample_ball(1, k, teacher.start_radius, rng)[0]
    v = sample_sphere(1, teacher.p, rng)[0] if setting == "cnn" else teacher.shortcut
    return teacher, v, a


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("k", [1, 2, 16, 100])
def test_every_visited_state_steps_alike(setting, k):
    if k == 1:
        # Section 4 has no teacher with one patch: S^2 = N/4 contradicts S^2 = N.
        teacher = Teacher.from_numbers(k=1, output_sum=2.0, norm_squared=4.0, angle=1.4)
        v, a = teacher.shortcut, np.array([-1.3])
    else:
        teacher, v, a = section_4_start(k, setting, 3)
    network = "cnn" if setting == "cnn" else "residual"
    steps = section_4_steps(setting, k, warmup=400)
    worst = 0.0
    for iteration in range(1500):
        sizes = steps.at(iteration)
        predicted = reduced.step(teacher, reduced.reduce(teacher, v, a), *sizes, network)
        v, a = descent.step(v, a, teacher, *sizes, network)
        worst = max(worst, scaled_gap(teacher, predicted, reduced.reduce(teacher, v, a)))
    assert worst < 1e-13


# Starts whose q_0 is well away from the separatrix, on either side.
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("k", [16, 49, 100])
@pytest.mark.parametrize("side", [-0.95, 0.6])
def test_whole_runs_agree_away_from_the_separatrix(setting, k, side):
    teacher, v, a = section_4_start(k, setting, 5)
    across = unit(teacher.output_weights - teacher.output_sum / k)
    a = 0.2 * a + side * 0.8 * teacher.start_radius * across
    if setting == "cnn":
        # For a random filter the separatrix depends on the angle too: go along with q_0's sign.
        # The length is one at which no step can pass v* (see the test after the next).
        v = 0.52 * np.sqrt(0.1 * teacher.norm_squared) * unit(side * teacher.filter + 0.3 * v)
    network = "cnn" if setting == "cnn" else "residual"
    steps = section_4_steps(setting, k)
    current = reduced.reduce(teacher, v, a)
    worst = 0.0
    for iteration in range(5000):
        sizes = steps.at(iteration)
        current = reduced.step(teacher, current, *sizes, network)
        v, a = descent.step(v, a, teacher, *sizes, network)
        if iteration % 50 == 49:
            worst = max(worst, scaled_gap(teacher, current, reduced.reduce(teacher, v, a)))
    assert worst < 1e-12


def test_near_the_separatrix_rounding_is_amplified():
    # Two starts one part in 1e13 apart, at the border between success and failure, drift apart
    # by many orders of magnitude: no two implementations can agree there for long.
    teacher = Teacher.section_4(16)
    steps = section_4_steps("resnet", 16)

    low, high = -0.1 * teacher.norm_squared, 0.0
    for _ in range(8):
        q = np.linspace(low, high, 64)
        success = classify(teacher, reduced.state(0.0, q, teacher.angle), steps).success
        assert np.all(np.diff(success.astype(int)) >= 0)
        low, high = q[~success][-1], q[success][0]
    assert 0 < high - low < 1e-12 * teacher.norm_squared
    pair = reduced.state(0.0, [low, high], teacher.angle)
    for iteration in range(8000):
        pair = reduced.step(teacher, pair, *steps.at(iteration))
    assert np.ptp(pair.alignment) > 1e8 * (high - low)


def test_a_cnn_whose_steps_pass_the_optimum_amplifies_rounding():
    # With step 0.1 and |v| = 1 the point v* repels (eta_w q > 4 |v|^2) until the filter has grown.
    # Two descriptions of one run part by 1e-9 on the way there and meet again at the end.
    teacher, v, a = section_4_start(16, "cnn", 11)
    current = reduced.reduce(teacher, v, a)
    gaps, lengths = [], []
    for _ in range(1500):
        current = reduced.step(teacher, current, 0.1, 0.1, "cnn")
        v, a = descent.step(v, a, teacher, 0.1, 0.1, "cnn")
        gaps.append(scaled_gap(teacher, current, reduced.reduce(teacher, v, a)))
        lengths.append(float(current.filter_norm))
    worst = int(np.argmax(gaps))
    assert gaps[worst] > 1e-11
    assert 0.1 * float(current.alignment) > 4
    assert 0.1 * float(current.alignment) < 4 * lengths[-1] ** 2
    assert float(current.angle) < 1e-6


def test_p_does_not_matter():
    runs = []
    for p in (2, 8, 300):
        teacher = Teacher.from_numbers(
            k=9, p=p, output_sum=2.0, norm_squared=10.0, angle=1.2, rng=np.random.default_rng(p)
        )
        a = np.linspace(-0.5, 0.3, 9)
        start = reduced.state(np.sum(a), -0.4, teacher.angle, 0.1)
        v, a = reduced.lift(teacher, start)
        runs.append(
            descent.descend(teacher, a, StepSizes.constant(0.05, 0.05), v=v, iterations=300).path
        )
    for other in runs[1:]:
        np.testing.assert_allclose(other.alignment, runs[0].alignment, rtol=1e-9)
        np.testing.assert_allclose(other.angle, runs[0].angle, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(other.loss, runs[0].loss, rtol=1e-9, atol=1e-12)


@given(teachers(max_k=40), st.integers(0, 10**6), st.booleans())
def test_lift_is_a_right_inverse_of_reduce(teacher, seed, free):
    rng = np.random.default_rng(seed)
    v = 3 * sample_sphere(1, teacher.p, rng)[0]
    a = np.sqrt(teacher.norm_squared / teacher.k) * rng.standard_normal(teacher.k)
    coordinates = reduced.reduce(teacher, v, a)
    lifted = reduced.lift(teacher, coordinates, rng if free else None)
    assert scaled_gap(teacher, reduced.reduce(teacher, *lifted), coordinates) < 1e-7
    assert float(reduced.output_distance(teacher, coordinates)) == pytest.approx(
        float(np.sum((a - teacher.output_weights) ** 2)), rel=1e-6
    )
    assert float(reduced.loss(teacher, coordinates)) == pytest.approx(
        population.loss(v, a, teacher), rel=1e-7
    )
    spurious = population.spurious_point(teacher).a
    assert float(reduced.spurious_output_distance(teacher, coordinates)) == pytest.approx(
        float(np.sum((a - spurious) ** 2)), rel=1e-6
    )


def test_lift_keeps_to_the_plane_of_the_shortcut():
    teacher = Teacher.section_4(5)
    start = reduced.reduce(teacher, teacher.shortcut, np.arange(5.0))
    v, _ = reduced.lift(teacher, start)
    assert angle_between(v, teacher.shortcut) < 1e-15


@pytest.mark.parametrize("setting", SETTINGS)
def test_descend_is_descent_descend(setting):
    teacher, v, a = section_4_start(16, setting, 11)
    network = "cnn" if setting == "cnn" else "residual"
    options = {"network": network, "iterations": 60_000, "record_every": 100}
    steps = section_4_steps(setting, 16)
    whole = descent.descend(teacher, a, steps, v=v, **options)
    short = reduced.descend(teacher, reduced.reduce(teacher, v, a), steps, **options)
    assert short.stop is whole.stop
    assert abs(short.iterations - whole.iterations) <= 1
    n = min(len(whole.path), len(short.path)) - 1
    for name in ("alignment", "angle", "filter_distance", "output_distance", "loss"):
        found, expected = getattr(short.path, name)[:n], getattr(whole.path, name)[:n]
        np.testing.assert_allclose(found, expected, atol=1e-10 * teacher.norm_squared)


def test_a_batch_is_its_members():
    teacher = Teacher.section_4(5)
    steps = StepSizes.section_4(5, warmup=0)
    q = np.linspace(-5, 5, 7)
    starts = reduced.state(1.0, q, teacher.angle, 0.5)
    batch = reduced.descend_batch(teacher, starts, steps, iterations=60_000)
    for i in range(7):
        one = reduced.descend(
            teacher, reduced.state(1.0, q[i], teacher.angle, 0.5), steps, iterations=60_000
        )
        assert batch.stop(i) is one.stop
        assert batch.iterations[i] == one.iterations
        assert batch.state.angle[i] == pytest.approx(float(one.state.angle), abs=1e-12)
    assert {batch.stop(i) for i in range(7)} == {
        StopReason.GLOBAL_OPTIMUM,
        StopReason.SPURIOUS_POINT,
    }


def test_batch_says_when_it_diverged_or_ran_out():
    teacher = Teacher.section_4(130)
    starts = reduced.state([1.0], [2.0], [1.0])
    steps = StepSizes.constant(0.1, 0.1)
    gone = reduced.descend_batch(teacher, starts, steps, network="cnn", iterations=50_000)
    assert gone.stop(0) is StopReason.DIVERGED
    short = reduced.descend_batch(teacher, starts, steps, network="cnn", iterations=3)
    assert short.stop(0) is StopReason.ITERATIONS_SPENT
    assert short.iterations[0] == 3


def ordered_coordinates(teacher, q, s, angle):
    """The coordinates in which a step preserves order."""
    return np.array([q - s * teacher.output_sum / teacher.k, teacher.output_sum * s, -angle])


@pytest.mark.parametrize("k", [1, 2, 16, 100])
def test_a_step_preserves_order(k, rng):
    norm_squared = 5.0
    total = np.sqrt(norm_squared) if k == 1 else 1.3
    teacher = Teacher.from_numbers(k=k, output_sum=total, norm_squared=norm_squared, angle=1.0)
    n = 200_000
    eta_a = 2 * np.pi / (k + np.pi - 1) * rng.random()
    s = rng.uniform(-3, 3, n)
    q = rng.uniform(-2 * norm_squared, 2 * norm_squared, n)
    angle = rng.uniform(0, np.pi, n)
    eta_w = 1.99 / np.max(np.abs(q)) / 1.5
    lower = reduced.state(s, q, angle)
    gain = rng.random((3, n)) * np.array([[1.0], [1.0], [0.5]]) * rng.integers(0, 2, (3, n))
    higher_angle = np.maximum(angle - gain[2], 0.0)
    higher_s = s + gain[0] * np.sign(total)
    higher_q = q + gain[1] + (higher_s - s) * total / k
    higher_q = np.minimum(higher_q, 1.99 / eta_w)
    keep = higher_q - higher_s * total / k >= q - s * total / k
    higher = reduced.state(higher_s, higher_q, higher_angle)
    after_low, after_high = (reduced.step(teacher, x, eta_a, eta_w) for x in (lower, higher))
    low = ordered_coordinates(teacher, after_low.alignment, after_low.output_sum, after_low.angle)
    high = ordered_coordinates(
        teacher, after_high.alignment, after_high.output_sum, after_high.angle
    )
    assert keep.sum() > n / 2
    assert np.all((high - low)[:, keep] > -1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 0.0, 4.0), "outside"),
        ((0.0, np.nan, 1.0), "alignment contains nan"),
        ((0.0, 0.0, 1.0, -1.0), "at least 0"),
        ((0.0, 0.0, 1.0, 0.0, 0.0), "above 0"),
    ],
)
def test_impossible_states_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        reduced.state(*arguments)


def test_impossible_lifts_and_batches_are_refused():
    flat = Teacher([1.0, 0.0], [1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="multiple of 1"):
        reduced.lift(flat, reduced.state(1.0, 2.0, 0.5))
    pair = Teacher([1.0, 0.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="no direction is left"):
        reduced.lift(pair, reduced.state(1.0, 2.0, 0.5, 0.1))
    with pytest.raises(ValueError, match="only 0 and pi"):
        reduced.lift(Teacher([1.0], [1.0, 2.0]), reduced.state(1.0, 2.0, 0.5))
    many = reduced.state([1.0, 2.0], 0.0, 0.5)
    with pytest.raises(ValueError, match="not a batch"):
        reduced.lift(pair, many)
    steps = StepSizes.constant(0.1, 0.1)
    with pytest.raises(ValueError, match="descend_batch"):
        reduced.descend(pair, many, steps)
    with pytest.raises(ValueError, match=r"shape \(n,\)"):
        reduced.descend_batch(pair, reduced.state(1.0, 0.0, 0.5), steps)
    with pytest.raises(ValueError, match="needs"):
        reduced.reduce(pair, np.ones(3), np.ones(2))


@pytest.mark.parametrize("network", ["residual", "cnn"])
def test_one_run_takes_the_steps_of_the_formula(network, rng):
    """`descend` writes the step out in plain numbers; it is the same step, poles included."""
    for angle in (1e-9, 0.3, 1.5, np.pi - 0.4, np.pi - 1e-6, *rng.uniform(0, np.pi, 20)):
        k = int(rng.integers(1, 60))
        teacher = Teacher.from_numbers(
            k=k,
            p=4,
            output_sum=np.sqrt((1.0 if k == 1 else rng.random()) * k),
            norm_squared=1.0,
            angle=1.0,
        )
        start = reduced.state(rng.normal(), 3 * rng.normal(), angle, rng.random(), 1.0)
        steps = StepSizes.constant(1 / k, rng.uniform(0, 5))
        run = reduced.descend(
            teacher, start, steps, network=network, iterations=40, tolerance=1e-300
        )
        expected = start
        for _ in range(run.iterations):
            expected = reduced.step(teacher, expected, *steps.at(0), network)
        np.testing.assert_allclose(run.state, expected, rtol=1e-11, atol=1e-13)
