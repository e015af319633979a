"""The objective and its derivatives, against autodiff, differences and a direct computation."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

from shortcutlib.linear_bound import LOGISTIC, SMOOTHED_HINGE, SQUARED, ResidualUnit
from tests.linear_bound.samples import SCALAR, norm, random_point, random_unit


def objective(unit):
    """F as a function of one vector, written out from its definition for autodiff."""

    def hinge(p, y):
        m = anp.clip(y * p, 0, 1)
        return 0.5 - m + m**3 - m**4 / 2 + anp.maximum(-y * p, 0)

    losses = {
        "squared": lambda p, y: (p - y) ** 2 / 2,
        "logistic": lambda p, y: anp.logaddexp(0, -y * p),
        "smoothed hinge": hinge,
    }

    def value(vector):
        w, V = vector[: unit.d], anp.reshape(vector[unit.d :], (unit.d, unit.m))
        total = 0.0
        for x, z, y, q in zip(unit.inputs, unit.features, unit.targets, unit.weights, strict=True):
            total = total + q * losses[unit.loss.name](anp.dot(w, x + anp.dot(V, z)), y)
        return total

    return value


@pytest.mark.parametrize("loss", SCALAR, ids=lambda loss: loss.name)
@pytest.mark.parametrize("seed", range(6))
def test_value_gradient_and_hessian_agree_with_autodiff(loss, seed):
    rng = np.random.default_rng(seed)
    unit = random_unit(rng, loss, weights=True)
    w, V = random_point(rng, unit)
    # At w = 0 every margin is a corner, where autodiff halves the slope of clipping.
    if seed == 0 and loss is not SMOOTHED_HINGE:
        w = np.zeros_like(w)
    vector = np.concatenate([w, V.ravel()])
    value = objective(unit)
    assert unit.value(w, V) == pytest.approx(value(vector), rel=1e-12)
    in_w, in_V = unit.gradient(w, V)
    gradient = autograd.grad(value)(vector)
    scale = np.abs(gradient).max() + 1e-9
    np.testing.assert_allclose(np.concatenate([in_w, in_V.ravel()]), gradient, atol=1e-11 * scale)
    hessian = autograd.hessian(value)(vector)
    scale = np.abs(hessian).max() + 1e-9
    np.testing.assert_allclose(unit.hessian(w, V), hessian, atol=1e-10 * scale)
    np.testing.assert_allclose(unit.output_hessian(w, V), unit.hessian(w, V)[: unit.d, : unit.d])


@pytest.mark.parametrize("seed", range(20))
def test_hessian_is_the_difference_of_gradients(seed):
    rng = np.random.default_rng(100 + seed)
    unit = random_unit(rng)
    w, V = random_point(rng, unit)
    dw, dV = random_point(rng, unit)
    h = 1e-6 / norm(dw, dV)
    ahead = np.concatenate([a.ravel() for a in unit.gradient(w + h * dw, V + h * dV)])
    behind = np.concatenate([a.ravel() for a in unit.gradient(w - h * dw, V - h * dV)])
    whole = unit.hessian(w, V)
    exact = whole @ np.concatenate([dw, dV.ravel()])
    scale = np.linalg.norm(whole) * norm(dw, dV) + 1e-9
    np.testing.assert_allclose((ahead - behind) / (2 * h), exact, atol=3e-5 * scale)


def test_linear_predictors_are_units_without_a_branch(rng):
    unit = random_unit(rng)
    w, V = random_point(rng, unit)
    assert unit.linear_value(w) == pytest.approx(unit.value(w, np.zeros_like(V)))
    in_x, in_z = unit.slopes(w, V)
    in_w, in_V = unit.gradient(w, V)
    np.testing.assert_allclose(in_w, in_x + V @ in_z)
    np.testing.assert_allclose(in_V, np.outer(w, in_z))


def test_least_eigenvalue_belongs_to_its_direction(rng):
    unit = random_unit(rng)
    w, V = random_point(rng, unit)
    found = unit.curvature(w, V)
    product = found.hessian @ found.direction
    np.testing.assert_allclose(product, found.least * found.direction, atol=1e-9)


def test_sopsp():
    # F = (w (x + v z) - 1)^2 / 2 with x = z = y = 1: a saddle with eigenvalues -1 and 1 at (0, -1).
    unit = ResidualUnit([[1.0]], [[1.0]], [1.0], SQUARED)
    w, V = np.zeros(1), np.array([[-1.0]])
    assert unit.curvature(w, V).least == pytest.approx(-1)
    assert not unit.is_sopsp(w, V, epsilon=0.2, hessian_lipschitz=4)
    assert unit.is_sopsp(w, V, epsilon=0.3, hessian_lipschitz=4)
    assert not unit.is_sopsp(w, V + 0.4, epsilon=0.3, hessian_lipschitz=4), "its slope is 0.4"
    with pytest.raises(ValueError, match="epsilon = -1"):
        unit.is_sopsp(w, V, epsilon=-1, hessian_lipschitz=1)


def test_biases(rng):
    unit = random_unit(rng, SQUARED)
    both = unit.with_bias()
    w, V = random_point(rng, unit)
    a, shift = rng.standard_normal(unit.d), 0.7
    wide = np.block([[V, a[:, None]], [np.zeros((1, unit.m)), np.zeros((1, 1))]])
    expected = (unit.inputs + unit.features @ V.T + a) @ w + shift
    np.testing.assert_allclose(both.prediction(np.append(w, shift), wide), expected)


@pytest.mark.parametrize(
    "data, complaint",
    [
        (([1.0], [[1.0]], [1.0]), "inputs of shape"),
        (([[1.0]], [[np.inf]], [1.0]), "features: there is an entry"),
        (([[1.0]], [[1.0], [2.0]], [1.0]), "1 inputs, 2 features"),
        (([[1.0]], [[1.0]], [0.3]), "0.3 is there"),
        (([[1.0]], [[1.0]], [1.0], [0.4]), "together 1"),
    ],
)
def test_bad_data(data, complaint):
    x, z, y, *weights = data
    with pytest.raises(ValueError, match=complaint):
        ResidualUnit(x, z, y, LOGISTIC, *weights)


def test_bad_points():
    unit = ResidualUnit([[1.0, 2.0]], [[1.0]], [1.0], SQUARED)
    with pytest.raises(ValueError, match=r"these data need \(2,\) and \(2, 1\)"):
        unit.value([1.0], [[1.0]])
