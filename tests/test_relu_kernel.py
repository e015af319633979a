from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortcutlib.relu_kernel import g, g_deficit, relu_kernel


def test_values_at_the_ends_and_in_the_middle():
    np.testing.assert_allclose(g([0, np.pi / 2, np.pi]), [np.pi, 1, 0], atol=0, rtol=1e-15)


def series(x):
    """sin x - x cos x by its Taylor series in exact arithmetic: an independent oracle."""
    x = Fraction(x)
    total, term = Fraction(0), x**3 / 6
    for n in range(1, 40):
        total += 2 * n * term
        term = -term * x * x / ((2 * n + 2) * (2 * n + 3))
    return total


@given(st.floats(1e-12, 1.5))
def test_both_ends_are_relatively_accurate(x):
    # pi - x is rounded, so compare at the complement that double precision really has.
    expected = float(series(Fraction(np.pi) - Fraction(np.pi - x)))
    assert float(g(np.pi - x)) == pytest.approx(expected, rel=1e-13)


@given(st.floats(1e-12, 3.1))
def test_deficit_adds_up_to_pi_and_is_accurate_near_zero(x):
    assert float(g(x) + g_deficit(x)) == pytest.approx(np.pi, rel=1e-14)
    if x < 0.1:
        sine = Fraction(np.sin(x / 2))
        expected = 2 * Fraction(np.pi) * sine**2 - series(x)
        assert float(g_deficit(x)) == pytest.approx(float(expected), rel=1e-14)


def test_derivative_is_minus_the_remaining_angle_times_the_sine():
    angles = np.linspace(0.01, np.pi - 0.01, 50)
    h = 1e-6
    np.testing.assert_allclose(
        (g(angles + h) - g(angles - h)) / (2 * h), -(np.pi - angles) * np.sin(angles), atol=1e-9
    )


@pytest.mark.parametrize("dimension", [1, 2, 8])
def test_kernel_agrees_with_monte_carlo(dimension, rng):
    inputs = rng.standard_normal((400_000, dimension))
    for _ in range(3):
        u, v = rng.standard_normal((2, dimension))
        products = np.maximum(inputs @ u, 0) * np.maximum(inputs @ v, 0)
        error = products.std() / np.sqrt(len(products))
        assert abs(products.mean() - relu_kernel(u, v)) <= 4.5 * error + 1e-15


def test_zero_vector_gives_zero():
    assert relu_kernel([0.0, 0.0], [1.0, 2.0]) == 0.0


@pytest.mark.parametrize("bad", [-0.1, 3.2, np.nan])
def test_impossible_angles_are_refused(bad):
    with pytest.raises(ValueError, match=r"\[0, pi\]"):
        g(bad)
