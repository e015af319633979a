import numpy as np
import pytest

from shortcutlib import StepSizes, Teacher, exact, growth, warmup
from shortcutlib.outcomes import classify
from shortcutlib.starts import sample_reduced


def border_share(teacher, steps):
    border = float(exact.separatrix(teacher, steps, 0.0, tolerance=1e-8))
    return border / (teacher.start_radius * np.sqrt(teacher.spread))


@pytest.mark.parametrize("k", [16, 49, 100])
def test_failures_and_successes_add_up(k):
    teacher, steps = Teacher.section_4(k), StepSizes.section_4(k, warmup=0)
    success = exact.success_probability(teacher, steps, tolerance=1e-9).probability
    assert growth.failure_probability(teacher, steps) == pytest.approx(1 - success, abs=1e-8)


@pytest.mark.parametrize("k", [16, 100, 400, 1000])
def test_against_plain_simulation(k):
    """z-scores of counted failures among random starts of the ball."""
    teacher, steps = Teacher.section_4(k), StepSizes.section_4(k, warmup=0)
    p = growth.failure_probability(teacher, steps)
    trials = 100_000
    starts = sample_reduced(teacher, trials, np.random.default_rng(k))
    count = np.sum(classify(teacher, starts, steps).trapped)
    assert abs(count - trials * p) < 4 * np.sqrt(trials * p * (1 - p))


@pytest.mark.parametrize("k", [16, 400, 2000, 10_000])
def test_against_weighted_simulation(k):
    """z-scores where plain simulation would never see a failure."""
    teacher, steps = Teacher.section_4(k), StepSizes.section_4(k, warmup=0)
    p = growth.failure_probability(teacher, steps, tolerance=1e-8)
    found = growth.sampled_failure(teacher, steps, 40_000, np.random.default_rng(k))
    assert found.error < 0.02 * p
    assert abs(found.probability - p) < 4 * found.error


def test_ten_thousand_patches():
    """To a small relative error: different accuracies and numbers of nodes agree."""
    teacher, steps = Teacher.section_4(10_000), StepSizes.section_4(10_000, warmup=0)
    found = growth.failure_probability(teacher, steps, tolerance=1e-8, nodes=8)
    assert found == pytest.approx(3.595e-12, rel=1e-3)
    finer = growth.failure_probability(teacher, steps, tolerance=1e-9, nodes=14)
    assert found == pytest.approx(finer, rel=1e-3)


@pytest.mark.parametrize(
    "angle, size, ratio, step_ratio",
    [
        (Teacher.section_4(16).angle, 6.0, 0.25, 1.0),
        (1.2, 3.0, 2.0, 0.3),
        (1.4, 12.0, 0.1, 0.5),
    ],
)
def test_the_border_tends_to_its_limit(angle, size, ratio, step_ratio):
    """The borders of three finite k, extrapolated in 1/sqrt(k), against the integral.

    The first-order limit -(pi/2 - phi_0)/sqrt(N/k rho) of section 4's teacher, -.063929, is off by
    fifteen times the tolerance.
    """
    limit = growth.border_limit(angle, size, ratio, step_ratio)
    sizes = (1600, 6400, 25_600)
    shares = []
    for k in sizes:
        teacher = Teacher.from_numbers(
            k=k, output_sum=np.sqrt(ratio * size * k), norm_squared=size * k, angle=angle
        )
        shares.append(border_share(teacher, StepSizes.constant(1 / k**2, step_ratio / k**2)))
    # Each k is four times the last: first the term in 1/sqrt(k) is removed, then that in 1/k.
    first = 2 * np.array(shares[1:]) - shares[:-1]
    assert (4 * first[1] - first[0]) / 3 == pytest.approx(limit.share, abs=3e-5)
    # The gap approaches h_1/sqrt(k) from one side, and halves with every fourfold k.
    slopes = (np.array(shares) - limit.share) * np.sqrt(sizes)
    assert 2 * slopes[2] - slopes[1] == pytest.approx(limit.slope, rel=2e-3)
    if size == 6.0:
        gaps = np.array(shares) - limit.share
        ratios = gaps[:-1] / gaps[1:]
        assert np.all(np.diff(ratios) > 0)
        assert np.all(ratios < 2)


def test_the_limit_is_the_curve_into_the_saddle():
    """The two limit equations, integrated backwards from the saddle by SciPy."""
    from scipy.integrate import solve_ivp

    for angle, size, ratio, alpha in ((1.4925, 6.0, 0.25, 1.0), (0.4, 2.0, 0.7, 0.2)):
        norm = 1e8 * size

        def rates(z, state, alpha=alpha, norm=0.0):
            y, phi = state
            g = (np.pi - phi) * np.cos(phi) + np.sin(phi)
            damping = (np.pi - 1) * y / np.sqrt(norm) if norm else 0.0
            return [-(g - 1 - damping), alpha * y * (np.pi - phi) * np.sin(phi)]

        def at_start(z, state, *rest, angle=angle):
            return state[1] - angle

        at_start.terminal = True
        limit = growth.border_limit(angle, size, ratio, alpha)
        # Leave the saddle along its stable direction, backwards in time: -y grows, phi falls.
        slope = np.sqrt(np.pi / 2 / (alpha * np.pi / 2))
        begin = [-slope * 1e-6, np.pi / 2 - 1e-6]
        ends = [
            solve_ivp(
                rates, (0, 1000), begin, args=(alpha, n), events=at_start, rtol=1e-11, atol=1e-14
            ).y[0, -1]
            for n in (0.0, norm)
        ]
        radius = np.sqrt(size * ratio)
        assert ends[0] / radius == pytest.approx(limit.share, rel=1e-6)
        # The damping's part of h_1, at k = 1e8; the rest is what q gains while s settles.
        damping = (ends[1] - ends[0]) / radius * 1e4
        lift = ratio * np.sqrt(size) / radius
        assert -lift + damping == pytest.approx(limit.slope, rel=1e-3)


def test_the_rates_of_section_4():
    """The numbers that the book prints; the first-order limit would give .00205."""
    limit = growth.border_limit(Teacher.section_4(16).angle, 6.0, 0.25)
    assert limit.share == pytest.approx(-0.063448, abs=1e-6)
    assert limit.linear == pytest.approx(0.0020169, abs=1e-7)
    assert limit.root == pytest.approx(0.032953, abs=1e-6)


def test_far_from_the_right_angle_no_start_fails_in_the_limit():
    limit = growth.border_limit(0.05, 6.0, 0.25)
    assert limit.share < -1
    assert limit.linear == limit.root == np.inf
    with pytest.raises(ValueError, match="no start fails"):
        growth.fit_growth_law([1, 2, 3, 4, 5], [0.5, 0.4, 0.3, 0.2, 0.1], limit)


def test_the_fit_recovers_a_law_and_extrapolates():
    k = np.array([100, 200, 400, 800, 1600])
    exponent = 0.002 * k + 0.03 * np.sqrt(k) - 1 + 7 / np.sqrt(k) + np.log(k) / 2
    law = growth.fit_growth_law(k, np.exp(-exponent))
    assert law.linear == pytest.approx(0.002, rel=1e-8)
    assert law.root == pytest.approx(0.03, rel=1e-7)
    assert law.inverse_root == pytest.approx(7, rel=1e-6)
    assert law.worst < 1e-10
    wanted = 6 + 0.03 * np.sqrt(3000) - 1 + 7 / np.sqrt(3000) + np.log(3000) / 2
    assert float(law.exponent(3000)) == pytest.approx(wanted, rel=1e-8)
    assert float(law.failure(3000)) == pytest.approx(np.exp(-wanted), rel=1e-6)


def test_exact_values_follow_the_law():
    sizes = (400, 1000, 2000, 4000, 7000, 10_000)
    found = [
        growth.failure_probability(
            Teacher.section_4(k), StepSizes.section_4(k, warmup=0), tolerance=1e-8, nodes=8
        )
        for k in sizes
    ]
    limit = growth.border_limit(Teacher.section_4(16).angle, 6.0, 0.25)
    # Without any fit what is left tends to a constant like 1/sqrt(k).
    rest = -np.log(found) - limit.linear * np.array(sizes) - limit.root * np.sqrt(sizes)
    rest -= np.log(sizes) / 2
    assert np.all(np.diff(rest) < 0)
    assert rest[-1] == pytest.approx(-1.82, abs=0.11)
    # Two fitted numbers predict forty thousand patches, 28 orders of magnitude away.
    law = growth.fit_growth_law(sizes, found, limit)
    assert law.worst < 0.01
    k = 40_000
    far = growth.failure_probability(
        Teacher.section_4(k), StepSizes.section_4(k, warmup=0), tolerance=1e-9, nodes=10
    )
    assert float(law.failure(k)) == pytest.approx(far, rel=0.01)
    # Four free numbers find the rate too, and a later window finds it better; the first-order
    # limit, .00205, is farther away than any of them.
    free = [growth.fit_growth_law(sizes[i:], found[i:]).linear for i in (0, 1)]
    errors = [abs(x - limit.linear) for x in free]
    assert errors[1] < errors[0] < 1e-5
    assert abs(free[1] - free[0]) > errors[1]
    # Not exponential where the table looks: the rate a patch keeps falling towards the limit.
    rates = -np.log(found) / np.array(sizes)
    assert np.all(np.diff(rates) < 0)
    assert rates[-1] > limit.linear


def test_with_fixed_sum_and_norm_no_start_fails_from_some_k_on():
    angle = Teacher.section_4(16).angle
    safe = {}
    for k in (16, 100, 1000):
        teacher = Teacher.from_numbers(k=k, output_sum=2.0, norm_squared=16.0, angle=angle)
        safe[k] = warmup.saves_every_start(teacher, StepSizes.constant(1 / k**2, 1 / k**2))
    assert safe == {16: False, 100: False, 1000: True}


def test_bad_input_is_refused_by_name():
    steps = StepSizes.section_4(4, warmup=0)
    with pytest.raises(ValueError, match="k = 4"):
        growth.failure_probability(Teacher.section_4(4), steps)
    with pytest.raises(ValueError, match="k = 4"):
        growth.sampled_failure(Teacher.section_4(4), steps, 10, np.random.default_rng(0))
    with pytest.raises(ValueError, match="trials = 1"):
        growth.sampled_failure(
            Teacher.section_4(16), StepSizes.section_4(16, warmup=0), 1, np.random.default_rng(0)
        )
    with pytest.raises(ValueError, match="five or more"):
        growth.fit_growth_law([1, 2], [0.5, 0.4])
    with pytest.raises(ValueError, match="inside"):
        growth.fit_growth_law([1, 2, 3, 4, 5], [0.5, 0.4, 0.3, 0.2, 0.0])
    with pytest.raises(ValueError, match="angle = 2"):
        growth.border_limit(2.0, 6.0, 0.25)
    with pytest.raises(ValueError, match="sum_ratio = 0"):
        growth.border_limit(1.0, 6.0, 0.0)
