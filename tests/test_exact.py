"""Exact probabilities: against the published digits of independent scripts, brute force, chance."""

import sys

import numpy as np
import pytest

from shortcutlib import StepSizes, Teacher, border, reduced
from shortcutlib.exact import separatrix, success_probability
from shortcutlib.outcomes import classify
from shortcutlib.quadrature import gauss_gegenbauer, upper_tail
from shortcutlib.starts import sample_reduced
from shortcutlib.success import PRINTED_K, SETTINGS, section_4_steps

# By independent scripts, for k = 16, 25, 36, 49, 64, 81, 100.
TABLE = {
    "resnet": (0.714788, 0.742947, 0.768420, 0.791563, 0.812657, 0.831918, 0.849514),
    "resnet-warmup": (1.000000, 0.999984, 0.995101, 0.979967, 0.964295, 0.952719, 0.945575),
    "cnn": (0.562635, 0.559007, 0.555160, 0.551452, 0.548015, 0.544879, 0.542015),
}


def probability(setting, k, tolerance=1e-8):
    network = "cnn" if setting == "cnn" else "residual"
    return success_probability(
        Teacher.section_4(k), section_4_steps(setting, k), network, tolerance=tolerance
    )


@pytest.mark.parametrize("setting", SETTINGS)
def test_table_to_six_digits(setting):
    for k, expected in zip(PRINTED_K, TABLE[setting], strict=True):
        found = probability(setting, k, 1e-7)
        assert abs(found.probability - expected) < 5.2e-7
        assert found.error_estimate <= 1e-7


@pytest.mark.parametrize(("setting", "k"), [("resnet", 16), ("resnet-warmup", 25), ("cnn", 64)])
def test_error_estimates_are_honest(setting, k):
    best = probability(setting, k, 1e-11)
    assert best.error_estimate < 1e-11
    for tolerance in (1e-3, 1e-5, 1e-7, 1e-9):
        found = probability(setting, k, tolerance)
        assert abs(found.probability - best.probability) <= found.error_estimate + 1e-11
        assert found.error_estimate <= tolerance


CASES = {
    "two patches": ({"k": 2, "output_sum": 1.0}, 0.1, "residual"),
    "three, S negative": ({"k": 3, "output_sum": -1.0}, 0.1, "residual"),
    "five": ({"k": 5, "output_sum": 1.5}, 0.05, "residual"),
    "nine, rarely": ({"k": 9, "output_sum": 1.0}, 0.02, "residual"),
    "cnn, two patches": ({"k": 2, "output_sum": 1.2}, 0.1, "cnn"),
    "cnn, p = 2": ({"k": 16, "output_sum": 1.2, "p": 2}, 0.1, "cnn"),
    "cnn, S = 0": ({"k": 3, "output_sum": 0.0}, 0.1, "cnn"),
}


@pytest.mark.parametrize("case", CASES)
def test_exact_agrees_with_chance(case):
    numbers, step, network = CASES[case]
    teacher = Teacher.from_numbers(**{"norm_squared": 4.0, "angle": 1.8, "p": 4} | numbers)
    steps = StepSizes.constant(step, step)
    exact = success_probability(teacher, steps, network, tolerance=1e-6)
    assert exact.error_estimate < 1e-6
    n = 100_000
    starts = sample_reduced(teacher, n, np.random.default_rng(8), network)
    rate = np.mean(classify(teacher, starts, steps, network).success)
    spread = np.sqrt(exact.probability * (1 - exact.probability) / n)
    assert abs(rate - exact.probability) < 3.5 * spread


def test_exact_agrees_with_a_grid_over_the_disc():
    # k = 4: the marginal of the uniform ball is (1 - u^2 - v^2) dx dy, summed over a fine grid.
    teacher = Teacher.from_numbers(k=4, output_sum=1.2, norm_squared=4.0, angle=1.8, p=4)
    steps = StepSizes.constant(0.1, 0.1)
    axis = (np.arange(500) + 0.5) / 250 - 1
    u, v = (c.ravel() for c in np.meshgrid(axis, axis))
    weight = np.maximum(1 - u * u - v * v, 0.0)
    u, v, weight = u[weight > 0], v[weight > 0], weight[weight > 0]
    s = 2 * teacher.start_radius * u
    q = s * teacher.output_sum / 4 + np.sqrt(teacher.spread) * teacher.start_radius * v
    won = classify(teacher, reduced.state(s, q, teacher.angle), steps).success
    brute = weight @ won / weight.sum()
    assert success_probability(teacher, steps).probability == pytest.approx(brute, abs=2e-4)


@pytest.mark.parametrize(("k", "warmup"), [(5, 0), (16, 0), (36, 1000)])
def test_separatrix_against_bisection_by_single_steps(k, warmup):
    teacher = Teacher.section_4(k)
    steps = StepSizes.section_4(k, warmup=warmup)
    s = np.array([-0.15, 0.0, 0.1]) * teacher.output_sum
    found = separatrix(teacher, steps, s, tolerance=1e-10)
    assert np.all(np.isfinite(found))
    half = np.sqrt(teacher.spread * (teacher.start_radius**2 - s * s / k))
    for side, expected in ((-3e-10, False), (3e-10, True)):
        current = reduced.state(s, found + side * half, teacher.angle)
        for iteration in range(60 * k * k):
            current = reduced.step(teacher, current, *steps.at(iteration))
        np.testing.assert_array_equal(current.alignment > 0, expected)


def test_separatrix_says_where_there_is_none():
    teacher, steps = Teacher.section_4(36), StepSizes.section_4(36, warmup=0)
    s = np.linspace(-1, 1, 5) * teacher.output_sum
    found = separatrix(teacher, steps, s)
    # The ball ends in points at s = -S and s = S; up to there the border rises with -s (order).
    assert list(np.isinf(found)) == [True, False, False, False, True]
    x = found - s * teacher.output_sum / 36
    assert np.all(np.diff(x[1:-1]) < 0)
    assert separatrix(teacher, steps, 0.0).shape == ()
    safe = StepSizes.section_4(16, warmup=1000)
    assert separatrix(Teacher.section_4(16), safe, 0.0) == -np.inf
    hopeless = separatrix(Teacher.section_4(16), StepSizes.section_4(16, warmup=0), 0.0, angle=3.0)
    assert hopeless == np.inf
    # The CNN's border rises with the angle.
    q = [separatrix(teacher, StepSizes.constant(0.1, 0.1), 0.0, "cnn", angle=x) for x in (1.6, 1.7)]
    assert q[0] < q[1]


@pytest.mark.parametrize(
    ("teacher", "expected"),
    [
        (Teacher.from_numbers(k=1, output_sum=-2, norm_squared=4, angle=1.8, p=4), 1.0),
        (Teacher([np.cos(2.9), np.sin(2.9)], [1.0, 1.0, 1.0]), 1.0),
        (Teacher.from_numbers(k=4, output_sum=0, norm_squared=4, angle=1.2, p=4), 1.0),
        (Teacher.from_numbers(k=4, output_sum=0, norm_squared=4, angle=2.2, p=4), 0.0),
        (Teacher.from_numbers(k=5, output_sum=0.4, norm_squared=4, angle=1.8, p=4), 0.0),
    ],
)
def test_certain_cases(teacher, expected):
    found = success_probability(teacher, StepSizes.constant(0.1, 0.1))
    assert (found.probability, found.error_estimate) == (expected, 0.0)


def test_certain_cnns():
    one = Teacher.from_numbers(k=1, output_sum=-2, norm_squared=4, angle=1.8, p=4)
    assert success_probability(one, StepSizes.constant(0.1, 0.1), "cnn").probability == 1.0
    # Diverges: c > 2.
    wild = success_probability(Teacher.section_4(130), StepSizes.constant(0.1, 0.1), "cnn")
    assert wild.probability == 0.0


def test_k_1000():
    found = success_probability(Teacher.section_4(1000), StepSizes.section_4(1000, warmup=0))
    assert found.error_estimate < 1e-8
    assert 0.99 < found.probability < 1


@pytest.mark.parametrize("power", [0.5, 1.0, 1.5, 8.5, 500.5])
def test_nodes_and_tails(power):
    nodes, weights = gauss_gegenbauer(7, power)
    assert weights.sum() == pytest.approx(1, abs=1e-14)
    # E T^2 = 1/(2 power + 1), E T^4 = 3/((2 power + 1)(2 power + 3)).
    assert weights @ nodes**2 == pytest.approx(1 / (2 * power + 1), rel=1e-12)
    assert weights @ nodes**4 == pytest.approx(3 / (2 * power + 1) / (2 * power + 3), rel=1e-12)
    t = np.linspace(-1, 1, 9)
    np.testing.assert_allclose(upper_tail(t, power) + upper_tail(-t, power), 1, atol=1e-14)
    if power == 1.0:
        np.testing.assert_allclose(upper_tail(t, power), (1 - t) / 2, atol=1e-15)


def test_more_than_one_change_is_reported(monkeypatch):
    # Without the conditions of the order: a filter step so large that angles are thrown about.
    teacher = Teacher.section_4(16)
    monkeypatch.setattr(border, "_PATIENCE_UNPROVED", 20_000)
    with pytest.raises(RuntimeError, match=r"more than once|undecided"):
        success_probability(teacher, StepSizes.constant(0.02, 3.0))


def test_without_scipy_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(ImportError, match="pip install scipy"):
        probability("resnet", 16)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t, s: success_probability(t, s, tolerance=1e-13), "1e-12"),
        (lambda t, s: success_probability(t, s, "mlp"), "'mlp'"),
        (lambda t, s: separatrix(t, s, 2 * t.output_sum), "no start is there"),
        (lambda t, s: separatrix(t, s, 0.0, angle=4.0), "angle = 4.0"),
        (lambda t, s: separatrix(Teacher([0.0, 1.0], [1.0, 1.0]), s, 0.0), "multiple of 1"),
        (lambda t, s: success_probability(Teacher([1.0], [1.0, 2.0]), s, "cnn"), "p = 1"),
    ],
)
def test_bad_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(Teacher.section_4(16), StepSizes.section_4(16, warmup=0))
