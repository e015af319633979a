"""The best linear predictors, against scikit-learn's."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from shortcutlib.linear_bound import (
    LOGISTIC,
    SMOOTHED_HINGE,
    SQUARED,
    ResidualUnit,
    best_joint,
    best_linear,
)
from shortcutlib.linear_bound.datasets import PROBLEMS, problem


def test_squared_is_linear_regression():
    unit = problem("diabetes", "squared")
    for x, found in (
        (unit.inputs, best_linear(unit)),
        (np.hstack([unit.inputs, unit.features]), best_joint(unit)),
    ):
        peer = LinearRegression(fit_intercept=False).fit(x, unit.targets)
        residual = unit.targets - peer.predict(x)
        assert found.value == pytest.approx(np.mean(residual**2) / 2, rel=1e-10)
        np.testing.assert_allclose(x @ found.weights, peer.predict(x), atol=1e-8)


@pytest.mark.parametrize("name", ["breast cancer", "digits"])
def test_logistic_is_logistic_regression(name):
    unit = problem(name, "logistic")
    found = best_linear(unit)
    peer = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10, max_iter=10_000)
    peer.fit(unit.inputs, unit.targets)
    assert found.attained
    np.testing.assert_allclose(found.weights, peer.coef_[0], rtol=1e-3, atol=1e-3)
    assert found.value == pytest.approx(unit.linear_value(peer.coef_[0]), abs=1e-8)
    assert found.value <= unit.linear_value(peer.coef_[0]) + 1e-12


@pytest.mark.parametrize("name, loss", PROBLEMS)
def test_best_means_no_slope_and_no_better_neighbour(name, loss, rng):
    unit = problem(name, loss)
    found = best_linear(unit)
    assert found.gradient_norm < 1e-8
    assert found.value == unit.linear_value(found.weights)
    for size in (1e-3, 0.1, 1):
        for _ in range(20):
            there = found.weights + size * rng.standard_normal(unit.d)
            assert unit.linear_value(there) >= found.value
    assert best_joint(unit).value <= found.value + 1e-12


def test_separable_classes_have_no_best_logistic_predictor():
    from sklearn.datasets import load_breast_cancer

    raw = load_breast_cancer()
    x = (raw.data - raw.data.mean(0)) / raw.data.std(0)
    unit = ResidualUnit(
        np.hstack([x, np.ones((len(x), 1))]), x[:, :1], 2.0 * raw.target - 1, LOGISTIC
    )
    found = best_linear(unit)
    assert (found.value, found.attained) == (0.0, False)
    assert unit.linear_value(10 * found.weights) < unit.linear_value(found.weights)
    assert unit.linear_value(1000 * found.weights) < 1e-9
    hinge = ResidualUnit(unit.inputs, unit.features, unit.targets, SMOOTHED_HINGE)
    assert best_linear(hinge).value == pytest.approx(0, abs=1e-9)


def test_probabilities_count():
    unit = ResidualUnit([[1.0], [1.0]], [[1.0], [1.0]], [0.0, 4.0], SQUARED, [0.25, 0.75])
    assert best_linear(unit).weights == pytest.approx([3.0])
    labels = ResidualUnit([[1.0], [1.0]], [[1.0], [1.0]], [-1.0, 1.0], LOGISTIC, [0.25, 0.75])
    assert best_linear(labels).weights == pytest.approx([np.log(3)])
