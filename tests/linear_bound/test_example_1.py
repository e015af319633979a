"""Example 1: derivatives, every stationary point, the rim of a disc, and paths."""

import numpy as np
import pytest
from scipy.optimize import minimize

from shortcutlib.linear_bound import SQUARED, ResidualUnit
from shortcutlib.linear_bound.example_1 import (
    Example,
    Kind,
    largest_trapping_decay,
    valley_distance,
)

CASES = [(1, 0.25), (1, 0.5), (0.3, 0.01), (2, 0.1), (0.5, 1.5), (1.7, 0.7)]


@pytest.mark.parametrize("epsilon", [0.3, 1.0, 2.0])
def test_is_a_residual_unit(epsilon, rng):
    example = Example(epsilon)
    unit = ResidualUnit([[1.0]], [[epsilon]], [1.0], SQUARED)
    for w, v in rng.uniform(-4, 4, (20, 2)):
        assert example.value(w, v) == pytest.approx(unit.value([w], [[v]]))
        in_w, in_V = unit.gradient([w], [[v]])
        np.testing.assert_allclose(example.gradient(w, v), [in_w[0], in_V[0, 0]], atol=1e-12)
        np.testing.assert_allclose(example.hessian(w, v), unit.hessian([w], [[v]]), atol=1e-12)


@pytest.mark.parametrize("epsilon, decay", CASES)
def test_derivatives_with_decay(epsilon, decay, rng):
    example, h = Example(epsilon, decay), 1e-6
    for w, v in rng.uniform(-3, 3, (10, 2)):
        slopes = [
            (example.value(w + h, v) - example.value(w - h, v)) / (2 * h),
            (example.value(w, v + h) - example.value(w, v - h)) / (2 * h),
        ]
        np.testing.assert_allclose(example.gradient(w, v), slopes, atol=1e-7)
        bends = [
            (example.gradient(w + h, v) - example.gradient(w - h, v)) / (2 * h),
            (example.gradient(w, v + h) - example.gradient(w, v - h)) / (2 * h),
        ]
        np.testing.assert_allclose(example.hessian(w, v), bends, atol=1e-6)


@pytest.mark.parametrize("epsilon, decay", CASES)
def test_no_stationary_point_is_missing(epsilon, decay):
    # (t - 1)(t^2 + lambda)^2 = eps^2 t is a polynomial of degree five: all its real roots.
    example = Example(epsilon, decay)
    square = np.polymul([1, 0, decay], [1, 0, decay])
    roots = np.roots(np.polysub(np.polymul([1, -1], square), [epsilon**2, 0]))
    real = sorted(roots.real[np.abs(roots.imag) < 1e-9])
    points = example.stationary_points()
    np.testing.assert_allclose(sorted(1 + epsilon * p.v for p in points), real, atol=1e-9)
    assert len(points) == (3 if decay < largest_trapping_decay(epsilon) else 1)
    for point in points:
        assert np.abs(example.gradient(point.w, point.v)).max() < 1e-12
        least = np.linalg.eigvalsh(example.hessian(point.w, point.v))[0]
        assert (least < 0) == (point.kind is Kind.SADDLE)
        assert point.value == example.value(point.w, point.v)
    assert points[0].value == min(p.value for p in points)
    # Searches from many starts find the same minima.
    minima = {(round(p.w, 4), round(p.v, 4)) for p in points if p.kind is not Kind.SADDLE}
    found = set()
    for start in np.random.default_rng(0).uniform(-5, 5, (40, 2)):
        result = minimize(lambda x: float(example.value(*x)), start, options={"gtol": 1e-9})
        found.add((round(result.x[0], 4), round(result.x[1], 4)))
    assert found == minima


def test_where_the_trap_ends():
    for epsilon in (0.2, 1.0, 3.0):
        border = largest_trapping_decay(epsilon)
        assert len(Example(epsilon, border * 0.9999).stationary_points()) == 3
        assert len(Example(epsilon, border * 1.0001).stationary_points()) == 1
    assert largest_trapping_decay(1) == pytest.approx(0.3904183034945817)
    assert len(Example(0.01, 1e-9).stationary_points()) == 3, "any small decay leaves the trap"


def test_without_decay_one_saddle_and_two_valleys():
    for epsilon in (0.1, 1.0, 2.5):
        (saddle,) = Example(epsilon).stationary_points()
        assert (saddle.w, saddle.v, saddle.value) == (0, -1 / epsilon, 0.5)
        assert saddle.kind is Kind.SADDLE
        bend = Example(epsilon).hessian(saddle.w, saddle.v)
        np.testing.assert_allclose(bend, [[0, -epsilon], [-epsilon, 0]], atol=1e-15)


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 2.0])
def test_the_rim_traps_between_the_saddle_and_the_valley(epsilon):
    example, near, far = Example(epsilon), 1 / epsilon, valley_distance(epsilon)
    w = -np.geomspace(0.01, 100, 200_001)
    v = (1 / w - 1) / epsilon
    assert np.min(np.hypot(w, v)) == pytest.approx(far, rel=1e-6)
    for radius in (0.5 * near, 0.999 * near, 1.001 * far, 2 * far):
        assert all(p.kind is Kind.BEST for p in example.rim_minima(radius))
    for radius in (1.01 * near, (near + far) / 2, 0.99 * far):
        trapped = [p for p in example.rim_minima(radius) if p.kind is Kind.SPURIOUS]
        assert len(trapped) == 1
        (point,) = trapped
        assert point.w < 0
        assert 1 + epsilon * point.v < 0
        assert np.hypot(point.w, point.v) == pytest.approx(radius)
        # No better point of the disc is near.
        rng = np.random.default_rng(1)
        near_by = np.array([point.w, point.v]) + 0.02 * radius * rng.standard_normal((5000, 2))
        near_by *= np.minimum(1, radius / np.linalg.norm(near_by, axis=1))[:, None]
        assert np.all(example.value(*near_by.T) >= point.value - 1e-12)


@pytest.mark.parametrize(
    "start, decay, radius, end",
    [
        ((1.0, 1.0), 0.25, None, Kind.BEST),
        ((-1.0, -2.0), 0.25, None, Kind.SPURIOUS),
        ((-1.0, -2.0), 0.5, None, Kind.BEST),
        ((-1.0, -2.0), 0.0, 2.0, Kind.SPURIOUS),
    ],
)
def test_paths_end_at_minima(start, decay, radius, end):
    example = Example(1.0, decay)
    path = example.path(*start, radius=radius)
    points = example.stationary_points() if radius is None else example.rim_minima(radius)
    nearest = min(points, key=lambda p: np.hypot(p.w - path[-1, 0], p.v - path[-1, 1]))
    np.testing.assert_allclose(path[-1], [nearest.w, nearest.v], atol=1e-6)
    assert nearest.kind is end
    values = example.value(*path.T)
    assert np.all(np.diff(values) <= 1e-12)
    assert np.max(np.linalg.norm(np.diff(path, axis=0), axis=1)) <= 0.05 + 1e-12


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="epsilon = 0"):
        Example(0)
    with pytest.raises(ValueError, match="decay = -1"):
        Example(1, -1)
    with pytest.raises(ValueError, match="radius = 0"):
        Example(1).rim_minima(0)
    for function in (largest_trapping_decay, valley_distance):
        with pytest.raises(ValueError, match="epsilon = -2"):
            function(-2)
