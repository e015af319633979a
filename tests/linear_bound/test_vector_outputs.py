"""Several outputs: derivatives, Theorem 1's variant, and what rank has to do with it."""

from fractions import Fraction

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from scipy.optimize import minimize

from shortcutlib.linear_bound import SQUARED, ResidualUnit, bounds, vector_outputs
from shortcutlib.linear_bound.vector_outputs import (
    CROSS_ENTROPY,
    SQUARED_VECTOR,
    VectorUnit,
    comparison_matrix,
    curvature_bound,
    gradient_bound,
    more_outputs_than_inputs,
)


def random_unit(rng, loss=None, c=None, d=None, n=None):
    loss = loss or (SQUARED_VECTOR, CROSS_ENTROPY)[rng.integers(2)]
    n, m = n or rng.integers(2, 8), rng.integers(1, 4)
    c, d = c or rng.integers(1, 4), d or rng.integers(1, 4)
    y = (
        rng.standard_normal((n, c))
        if loss is SQUARED_VECTOR
        else np.eye(c)[rng.integers(c, size=n)]
    )
    return VectorUnit(rng.standard_normal((n, d)), rng.standard_normal((n, m)), y, loss)


def random_point(rng, unit, c, d):
    W = rng.standard_normal((c, d)) * 10 ** rng.uniform(-1, 0.5)
    return W, rng.standard_normal((d, unit.features.shape[1])) * 10 ** rng.uniform(-1, 0.5)


@pytest.mark.parametrize("loss", [SQUARED_VECTOR, CROSS_ENTROPY], ids=lambda loss: loss.name)
@pytest.mark.parametrize("c, d", [(1, 2), (3, 2), (2, 3), (2, 2)])
def test_derivatives_agree_with_autodiff(loss, c, d, rng):
    unit = random_unit(rng, loss, c, d)
    W, V = random_point(rng, unit, c, d)

    def value(vector):
        A, B = vector[: c * d].reshape(c, d), vector[c * d :].reshape(d, -1)
        total = 0.0
        for x, z, y in zip(unit.inputs, unit.features, unit.targets, strict=True):
            p = anp.dot(A, x + anp.dot(B, z))
            if loss is SQUARED_VECTOR:
                total = total + anp.sum((p - y) ** 2) / 2
            else:
                total = total + anp.log(anp.sum(anp.exp(p))) - anp.dot(y, p)
        return total / len(unit.inputs)

    vector = np.concatenate([W.ravel(), V.ravel()])
    assert unit.value(W, V) == pytest.approx(value(vector))
    found = np.concatenate([part.ravel() for part in unit.gradient(W, V)])
    np.testing.assert_allclose(found, autograd.grad(value)(vector), atol=1e-11)
    np.testing.assert_allclose(unit.hessian(W, V), autograd.hessian(value)(vector), atol=1e-10)
    assert unit.linear_value(W) == pytest.approx(unit.value(W, 0 * V))


def test_cross_entropy_does_not_overflow():
    p, y = np.array([[800.0, -800.0]]), np.array([[0.0, 1.0]])
    assert CROSS_ENTROPY.value(p, y)[0] == pytest.approx(1600)
    assert CROSS_ENTROPY.slope(p, y)[0] == pytest.approx([1, -1])


def test_one_output_is_the_scalar_case(rng):
    unit = random_unit(rng, SQUARED_VECTOR, 1, 3)
    scalar = ResidualUnit(unit.inputs, unit.features, unit.targets[:, 0], SQUARED)
    W, V = random_point(rng, unit, 1, 3)
    W_star = rng.standard_normal((1, 3))
    assert gradient_bound(unit, W, V, W_star) == pytest.approx(
        bounds.gradient_bound(scalar, W[0], V, W_star[0])
    )
    np.testing.assert_allclose(unit.hessian(W, V), scalar.hessian(W[0], V))
    for ours, theirs in zip(
        comparison_matrix(W, V, W_star), bounds.comparison_matrix(W[0], V, W_star[0]), strict=True
    ):
        np.testing.assert_allclose(ours.reshape(theirs.shape), theirs)


def test_theorem_1_for_several_outputs():
    rng = np.random.default_rng(8)
    for _ in range(1500):
        d = rng.integers(1, 4)
        c = rng.integers(1, d + 1)
        unit = random_unit(rng, None, c, d)
        W, V = random_point(rng, unit, c, d)
        W_star = rng.standard_normal((c, d))
        in_W, in_V = comparison_matrix(W, V, W_star)
        slope_W, slope_V = unit.gradient(W, V)
        gap = unit.value(W, V) - unit.linear_value(W_star)
        assert np.sum(in_W * slope_W) + np.sum(in_V * slope_V) >= gap - 1e-7 * (1 + abs(gap))
        steep = np.hypot(np.linalg.norm(slope_W), np.linalg.norm(slope_V))
        assert gradient_bound(unit, W, V, W_star) <= steep + 1e-9 * (1 + steep)


def test_fewer_outputs_than_inputs_one_inequality_for_every_point():
    rng = np.random.default_rng(9)
    for _ in range(800):
        d = rng.integers(2, 5)
        c = rng.integers(1, d)
        unit = random_unit(rng, None, c, d)
        W, V = random_point(rng, unit, c, d)
        if rng.random() < 0.5:  # any rank, 0 too
            left, s, right = np.linalg.svd(W, full_matrices=False)
            W = left @ np.diag(s * (rng.random(c) < 0.5)) @ right
        W_star = rng.standard_normal((c, d))
        gap = unit.value(W, V) - unit.linear_value(W_star)
        assert gap <= curvature_bound(unit, W, V, W_star) * (1 + 1e-6) + 1e-7


@pytest.mark.parametrize("c, d", [(1, 1), (2, 2), (2, 3), (3, 3)])
def test_up_to_as_many_outputs_as_inputs_no_bad_minimum(c, d):
    # Every second-order stationary point is a best predictor of inputs and features together.
    rng = np.random.default_rng(10)
    unit = random_unit(rng, SQUARED_VECTOR, c, d, n=40)
    both = np.hstack([unit.inputs, unit.features])
    best = np.linalg.lstsq(both, unit.targets, rcond=None)[0]
    least = np.mean(np.sum((both @ best - unit.targets) ** 2, axis=1)) / 2
    shape = (d, unit.features.shape[1])

    def value(vector):
        return unit.value(vector[: c * d].reshape(c, d), vector[c * d :].reshape(shape))

    def slope(vector):
        parts = unit.gradient(vector[: c * d].reshape(c, d), vector[c * d :].reshape(shape))
        return np.concatenate([part.ravel() for part in parts])

    arrived = 0
    for _ in range(20):
        start = rng.standard_normal(c * d + d * shape[1]) * 10 ** rng.uniform(-1, 0.5)
        found = minimize(value, start, jac=slope, method="BFGS", options={"gtol": 1e-9})
        # Runs may also run away to infinity; what ends in finite places ends at the best.
        if np.linalg.norm(slope(found.x)) < 1e-7 and np.linalg.norm(found.x) < 100:
            assert found.fun == pytest.approx(least, abs=1e-9)
            arrived += 1
    assert arrived >= 8


def test_more_outputs_than_inputs_a_minimum_above_the_line():
    unit, W, V = more_outputs_than_inputs()

    def split(vector):
        return vector[:2, None], vector[2:, None]

    found = minimize(
        lambda vector: unit.value(*split(vector)),
        np.concatenate([W.ravel(), V.ravel()]),
        jac=lambda vector: np.concatenate([g.ravel() for g in unit.gradient(*split(vector))]),
        method="BFGS",
        options={"gtol": 1e-11},
    )
    W, V = split(found.x)
    assert np.linalg.norm(np.concatenate([g.ravel() for g in unit.gradient(W, V)])) < 1e-8
    assert np.linalg.eigvalsh(unit.hessian(W, V))[0] > 0.05
    line = minimize(lambda vector: unit.linear_value(vector[:, None]), np.zeros(2)).fun
    assert line == pytest.approx(1 / 8)
    assert found.fun > 3.9 * line
    # Without rounding: with the best W the loss is phi(v); it has a dip between 1/2 and 2.

    def phi(v):
        first = 2 - (1 + v) ** 2 / (1 + v**2)
        second = 4 - 4 / (1 + 100 * v**2)
        return (first + second) / 8

    low, middle, high = Fraction(1, 2), Fraction(14, 15), Fraction(2)
    assert phi(middle) < phi(low)
    assert phi(middle) < phi(high)
    assert phi(Fraction(0)) == Fraction(1, 8)
    # On all of [1/2, 2] the second output alone costs more than three times that.
    assert (4 - 4 / (1 + 100 * low**2)) / 8 > 3 * phi(Fraction(0))
    assert float(phi(Fraction(found.x[2]))) == pytest.approx(found.fun)


def test_arguments_are_checked(rng):
    unit = random_unit(rng, SQUARED_VECTOR, 2, 2)
    W, V = random_point(rng, unit, 2, 2)
    with pytest.raises(ValueError, match="linearly dependent"):
        gradient_bound(unit, np.ones((2, 2)), V, W)
    with pytest.raises(ValueError, match="2 outputs, 2 inputs"):
        curvature_bound(unit, W, V, W)
    with pytest.raises(ValueError, match="these data need"):
        unit.value(W[:1], V)
    with pytest.raises(ValueError, match="one row of each"):
        VectorUnit(np.ones((2, 1)), np.ones((1, 1)), np.ones((2, 1)), SQUARED_VECTOR)
    assert set(vector_outputs.__all__) <= set(dir(vector_outputs))
