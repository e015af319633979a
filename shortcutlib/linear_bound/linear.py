"""The yardstick: the least loss of a linear predictor, a convex problem (needs SciPy)."""

from dataclasses import dataclass

import numpy as np

from shortcutlib.angles import FloatArray
from shortcutlib.linear_bound.losses import LOGISTIC, SQUARED
from shortcutlib.linear_bound.unit import ResidualUnit

__all__ = ["LinearOptimum", "best_joint", "best_linear"]


@dataclass(frozen=True, eq=False)
class LinearOptimum:
    """The least loss of a linear predictor.

    Attributes
    ----------
    weights : ndarray
        A best weight vector; where none exists, one that separates the classes.
    value : float
        inf F_lin.
    attained : bool
        Whether `weights` has this loss.  The logistic loss of classes that a hyperplane separates
        falls towards 0 as the weights grow, and never arrives.
    gradient_norm : float
        Length of the gradient of F_lin at `weights`.
    """

    weights: FloatArray
    value: float
    attained: bool
    gradient_norm: float


def best_linear(unit: ResidualUnit) -> LinearOptimum:
    """Least loss of a predictor that is linear in the inputs.

    Parameters
    ----------
    unit : ResidualUnit
        The data and the loss.

    Returns
    -------
    LinearOptimum

    Raises
    ------
    RuntimeError
        If the minimisation does not arrive.

    Notes
    -----
    Source: Shamir (2018), F_lin of section 2.
    """
    return _minimise(unit, unit.inputs)


def best_joint(unit: ResidualUnit) -> LinearOptimum:
    """Least loss of a predictor a'x + c'z that is linear in the inputs and the features.

    Parameters
    ----------
    unit : ResidualUnit
        The data and the loss.

    Returns
    -------
    LinearOptimum
        With `weights` (a, c), of length d + m.

    Raises
    ------
    RuntimeError
        If the minimisation does not arrive.
    """
    return _minimise(unit, np.hstack([unit.inputs, unit.features]))


def _minimise(unit: ResidualUnit, x: FloatArray) -> LinearOptimum:
    loss, y = unit.loss, unit.targets
    q = unit.weights
    assert q is not None

    def value(w: FloatArray) -> float:
        return float(q @ loss.value(x @ w, y))

    def gradient(w: FloatArray) -> FloatArray:
        return (q * loss.slope(x @ w, y)) @ x

    def hessian(w: FloatArray) -> FloatArray:
        return x.T @ ((q * loss.curvature(x @ w, y))[:, None] * x)

    if loss is SQUARED:
        root = np.sqrt(q)
        w = np.asarray(np.linalg.lstsq(root[:, None] * x, root * y, rcond=None)[0], dtype=float)
        return LinearOptimum(w, value(w), True, float(np.linalg.norm(gradient(w))))
    if loss is LOGISTIC:
        separator = _separator(x[q > 0], y[q > 0])
        if separator is not None:
            return LinearOptimum(separator, 0.0, False, float(np.linalg.norm(gradient(separator))))
    from scipy.optimize import minimize

    # The loss in itself is well scaled, the inputs need not be.
    scale = 1 / np.maximum(np.sqrt(q @ x**2), 1e-12)
    found = minimize(
        lambda u: value(scale * u),
        np.zeros(x.shape[1]),
        jac=lambda u: scale * gradient(scale * u),
        hess=lambda u: scale[:, None] * hessian(scale * u) * scale,
        method="trust-exact",
        options={"gtol": 1e-10, "maxiter": 2000},
    )
    w = scale * found.x
    slope = float(np.linalg.norm(scale * gradient(w)))
    if slope > 1e-6:
        raise RuntimeError(f"the least linear loss was not found: {found.message}")
    return LinearOptimum(w, value(w), True, float(np.linalg.norm(gradient(w))))


def _separator(x: FloatArray, y: FloatArray) -> FloatArray | None:
    """A w with y w'x >= 1 for all examples, or None."""
    from scipy.optimize import linprog

    found = linprog(
        np.zeros(x.shape[1]), A_ub=-y[:, None] * x, b_ub=-np.ones(len(x)), bounds=(None, None)
    )
    if found.status != 0:
        return None
    w = np.asarray(found.x, dtype=float)
    return w if np.all(y * (x @ w) > 0) else None
