"""The losses: their derivatives, convexity, and how many derivatives they really have."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

from shortcutlib.linear_bound.losses import LOGISTIC, LOSSES, SMOOTHED_HINGE, SQUARED

GRID = np.linspace(-30, 30, 4001)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("y", [-1.0, 1.0])
def test_derivatives_are_central_differences(loss, y):
    p, y, h = GRID, np.full_like(GRID, y), 1e-5
    slope = (loss.value(p + h, y) - loss.value(p - h, y)) / (2 * h)
    np.testing.assert_allclose(loss.slope(p, y), slope, atol=1e-8)
    bend = (loss.slope(p + h, y) - loss.slope(p - h, y)) / (2 * h)
    np.testing.assert_allclose(loss.curvature(p, y), bend, atol=1e-4 if loss.signs else 1e-8)
    assert np.all(loss.curvature(p, y) >= 0)
    assert np.all(np.abs(loss.slope(p, y)) <= loss.steepest)


def test_logistic_against_autodiff_without_overflow():
    for p in (-800.0, -3.0, 0.0, 0.7, 800.0):
        value = lambda q: anp.logaddexp(0.0, -q)  # noqa: E731
        one = np.array([1.0])
        assert LOGISTIC.value(np.array([p]), one)[0] == pytest.approx(value(p))
        assert LOGISTIC.slope(np.array([p]), one)[0] == pytest.approx(autograd.grad(value)(p))
    s = 1 / (1 + np.exp(-0.7))
    assert LOGISTIC.curvature(np.array([0.7]), one)[0] == pytest.approx(s * (1 - s))


def test_smoothed_hinge_keeps_its_digits_where_it_vanishes():
    # 1/2 - m + m^3 - m^4/2 = (1 - m)^3 (1 + m)/2, but the first form cancels near m = 1.
    assert SMOOTHED_HINGE.value(np.array([1 - 1e-6]), np.ones(1))[0] == pytest.approx(1e-18)
    assert SMOOTHED_HINGE.value(np.array([-2.0, 0, 1, 3]), np.ones(4)).tolist() == [2.5, 0.5, 0, 0]


@pytest.mark.parametrize("corner", [0.0, 1.0])
def test_smoothed_hinge_has_a_continuous_second_derivative(corner):
    near = corner + np.array([-1e-9, 1e-9])
    assert np.ptp(SMOOTHED_HINGE.curvature(near, np.ones(2))) < 1e-8
    # The usual rounding, by a parabola, has a slope of (margin - 1) clipped to [-1, 0].
    parabola = lambda margin: np.clip(margin - 1, -1, 0)  # noqa: E731
    h = 1e-6
    left = (parabola(corner) - parabola(corner - h)) / h
    right = (parabola(corner + h) - parabola(corner)) / h
    assert abs(left - right) == pytest.approx(1, abs=1e-6)


def test_targets_are_checked():
    with pytest.raises(ValueError, match=r"0\.5 is there, but the logistic loss needs -1 or 1"):
        LOGISTIC.check_targets([1, 0.5])
    with pytest.raises(ValueError, match="not a finite number"):
        SQUARED.check_targets([np.nan])
