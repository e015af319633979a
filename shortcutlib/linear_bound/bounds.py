"""What a stationary point may cost: the inequalities of Shamir (2018), and two sharper ones.

Everything rests on one observation.  The prediction w'(x + V z) is linear in (a, c) = (w, V'w), and
the loss is convex in the prediction.  `comparison_matrix` turns a step towards any linear predictor
of (a, c) into a step of (w, V); along it the loss has to fall at least as fast as the gap in the
loss says.  Only at w = 0 can it fail, and there the Hessian takes over.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray
from shortcutlib.linear_bound.unit import ResidualUnit

__all__ = [
    "OriginBound",
    "comparison_matrix",
    "curvature_bound",
    "gradient_bound",
    "least_eigenvalue_at_zero",
    "origin_bound",
    "sharp_gradient_bound",
    "stationary_at_zero",
    "uniform_bound",
]


def comparison_matrix(
    w: ArrayLike, V: ArrayLike, w_star: ArrayLike, c_star: ArrayLike | None = None
) -> tuple[FloatArray, FloatArray]:
    """The direction G along which F falls at least as fast as the gap to a linear predictor.

    Parameters
    ----------
    w : array_like, shape (d,)
        Not zero.
    V : array_like, shape (d, m)
    w_star : array_like, shape (d,)
        The linear predictor w*'x to compare with.
    c_star : array_like, shape (m,), optional
        Compare with w*'x + c*'z instead; by default c* = 0, as in the paper.

    Returns
    -------
    in_w : ndarray, shape (d,)
        w - w*.
    in_V : ndarray, shape (d, m)
        w (V'w* - c*)' / ||w||^2.

    Raises
    ------
    ValueError
        If w is zero.

    Notes
    -----
    <G, gradient> = E l'(p) (p - p*) >= F(w, V) - F_lin(w*), with p and p* the two predictions.
    Source: Shamir (2018), Lemma 1.
    """
    w, V, w_star = (np.asarray(array, dtype=float) for array in (w, V, w_star))
    if not np.any(w):
        raise ValueError("w = 0: Lemma 1 needs another w; at w = 0 use origin_bound")
    away = w_star @ V - (0.0 if c_star is None else np.asarray(c_star, dtype=float))
    return w - w_star, np.outer(w, away) / (w @ w)


def gradient_bound(unit: ResidualUnit, w: ArrayLike, V: ArrayLike, w_star: ArrayLike) -> float:
    """Theorem 1: the least length that the gradient can have at a point with w not zero.

    Parameters
    ----------
    unit : ResidualUnit
    w, V
        The point; w is not zero.
    w_star : array_like, shape (d,)
        The linear predictor to compare with.

    Returns
    -------
    float
        (F - F_lin(w*)) / sqrt(2 ||w||^2 + ||w*||^2 (2 + ||V||^2 / ||w||^2)), with the spectral norm
        of V.  Negative where F is below F_lin(w*).

    Raises
    ------
    ValueError
        If w is zero or a shape is wrong.

    Notes
    -----
    Source: Shamir (2018), Theorem 1.
    """
    w, V = unit.check(w, V)
    w_star = np.asarray(w_star, dtype=float)
    size = float(w @ w)
    if size == 0:
        raise ValueError("w = 0: Theorem 1 needs another w; at w = 0 use origin_bound")
    spread = float(np.linalg.norm(V, 2)) ** 2 / size
    gap = unit.value(w, V) - unit.linear_value(w_star)
    return gap / float(np.sqrt(2 * size + (w_star @ w_star) * (2 + spread)))


def sharp_gradient_bound(
    unit: ResidualUnit,
    w: ArrayLike,
    V: ArrayLike,
    w_star: ArrayLike,
    c_star: ArrayLike | None = None,
) -> float:
    """Theorem 1 with the length of G itself, against any linear predictor of inputs and features.

    Parameters
    ----------
    unit, w, V, w_star
        As for `gradient_bound`.
    c_star : array_like, shape (m,), optional
        Compare with w*'x + c*'z; by default c* = 0.

    Returns
    -------
    float
        (F - F*) / sqrt(||w - w*||^2 + ||V'w* - c*||^2 / ||w||^2), at least `gradient_bound` where
        that is positive and c* = 0; infinite where the two predictors are the same.

    Raises
    ------
    ValueError
        If w is zero or a shape is wrong.
    """
    w, V = unit.check(w, V)
    in_w, in_V = comparison_matrix(w, V, w_star, c_star)
    predicted = unit.inputs @ np.asarray(w_star, dtype=float)
    if c_star is not None:
        predicted = predicted + unit.features @ np.asarray(c_star, dtype=float)
    assert unit.weights is not None
    gap = unit.value(w, V) - float(unit.weights @ unit.loss.value(predicted, unit.targets))
    length = float(np.hypot(np.linalg.norm(in_w), np.linalg.norm(in_V)))
    return gap / length if length else 0.0


@dataclass(frozen=True)
class OriginBound:
    """Both sides of Theorem 2 at a point with w = 0.

    Attributes
    ----------
    left : float
        ||gradient|| + ||V|| sqrt(|lambda| ||A|| + lambda^2), with A the Hessian in w alone and
        lambda the least eigenvalue of the whole Hessian.
    sharp : float
        The same with the least eigenvalue of A in place of ||A||.
    right : float
        (F(0, V) - F_lin(w*)) / ||w*||.
    least : float
        lambda, which is never positive.
    """

    left: float
    sharp: float
    right: float
    least: float


def origin_bound(unit: ResidualUnit, V: ArrayLike, w_star: ArrayLike) -> OriginBound:
    """Theorem 2: what gradient and Hessian must show at w = 0.

    Parameters
    ----------
    unit : ResidualUnit
    V : array_like, shape (d, m)
    w_star : array_like, shape (d,)
        Not zero.

    Returns
    -------
    OriginBound

    Raises
    ------
    ValueError
        If w* is zero or a shape is wrong.

    Notes
    -----
    Source: Shamir (2018), Theorem 2.
    """
    w, V = unit.check(np.zeros(unit.d), V)
    w_star = np.asarray(w_star, dtype=float)
    length = float(np.linalg.norm(w_star))
    if length == 0:
        raise ValueError("w* = 0: Theorem 2 divides by its length; give another one")
    in_w, _ = unit.gradient(w, V)
    eigenvalues = np.linalg.eigvalsh(unit.output_hessian(w, V))
    least = least_eigenvalue_at_zero(unit, V)
    steep, size = float(np.linalg.norm(in_w)), float(np.linalg.norm(V, 2))

    def side(bend: float) -> float:
        return steep + size * float(np.sqrt(abs(least) * max(bend, 0.0) + least**2))

    gap = unit.value(w, V) - unit.linear_value(w_star)
    return OriginBound(
        side(float(eigenvalues[-1])), side(float(eigenvalues[0])), gap / length, least
    )


def least_eigenvalue_at_zero(unit: ResidualUnit, V: ArrayLike) -> float:
    """The least eigenvalue of the Hessian at (0, V), in closed form.

    Parameters
    ----------
    unit : ResidualUnit
    V : array_like, shape (d, m)

    Returns
    -------
    float
        (alpha - sqrt(alpha^2 + 4 ||u||^2)) / 2, with alpha the least eigenvalue of the Hessian in w
        and u = E l'(0; y) z.

    Notes
    -----
    The eigenvectors s and V = -t s u'/||u|| of any eigenvector s in w are mixed with one another
    only, so the large Hessian falls apart into 2 x 2 blocks [[alpha, -||u||], [-||u||, 0]].
    """
    w, V = unit.check(np.zeros(unit.d), V)
    alpha = max(float(np.linalg.eigvalsh(unit.output_hessian(w, V))[0]), 0.0)
    pull = 2 * float(np.linalg.norm(unit.slopes(w, V)[1]))
    # The difference of two near numbers, without cancellation.
    return -(pull**2) / (2 * (alpha + float(np.hypot(alpha, pull)))) if pull else 0.0


def stationary_at_zero(unit: ResidualUnit) -> FloatArray:
    """The V of least norm that makes (0, V) a stationary point.

    Parameters
    ----------
    unit : ResidualUnit

    Returns
    -------
    ndarray, shape (d, m)

    Raises
    ------
    ValueError
        If E l'(0; y) z is zero, so that no V or every V does it.
    """
    in_x, in_z = unit.slopes(np.zeros(unit.d), np.zeros((unit.d, unit.m)))
    size = float(in_z @ in_z)
    if size == 0:
        raise ValueError("E l'(0; y) z = 0: V has no influence on the gradient at w = 0")
    return -np.outer(in_x, in_z) / size


def curvature_bound(unit: ResidualUnit, w: ArrayLike, V: ArrayLike, w_star: ArrayLike) -> float:
    """A bound on the gap to a linear predictor at every point, w = 0 or not, for d >= 2.

    Parameters
    ----------
    unit : ResidualUnit
        With at least two inputs.
    w, V
        Any point.
    w_star : array_like, shape (d,)
        The linear predictor to compare with.

    Returns
    -------
    float
        ||w - w*|| ||gradient in w|| + ||V'w*|| sqrt(lambda^2 + alpha |lambda|), which is at least
        F(w, V) - F_lin(w*).  Here lambda is the least eigenvalue of the Hessian, or 0 if that is
        positive, and alpha the least of n'A n over unit vectors n across w; A is the Hessian in w.

    Raises
    ------
    ValueError
        If there is one input only, or a shape is wrong.

    Notes
    -----
    Turning w into a direction n across it while V grows along n changes the prediction to second
    order only.  Not in the paper, which needs two cases and Lipschitz constants.
    """
    w, V = unit.check(w, V)
    if unit.d < 2:
        raise ValueError("one input: no direction is across w; add a constant with with_bias()")
    w_star = np.asarray(w_star, dtype=float)
    in_w, _ = unit.gradient(w, V)
    least = min(unit.curvature(w, V).least, 0.0)
    # A basis across w: the last columns of a full QR factorisation, any basis where w = 0.
    across = np.linalg.qr(w[:, None], mode="complete")[0][:, 1:] if np.any(w) else np.eye(unit.d)
    alpha = max(float(np.linalg.eigvalsh(across.T @ unit.output_hessian(w, V) @ across)[0]), 0.0)
    first = float(np.linalg.norm(w - w_star) * np.linalg.norm(in_w))
    return first + float(np.linalg.norm(w_star @ V)) * float(np.sqrt(least**2 + alpha * abs(least)))


def uniform_bound(
    *, epsilon: float, b: float, r: float, mu_0: float, mu_1: float, mu_2: float
) -> float:
    """Theorem 3: how far an epsilon-SOPSP can be above the linear predictors of norm at most r.

    Parameters
    ----------
    epsilon : float
        Of the stationary point; at least 0.
    b : float
        Bound on ||w|| and on ||V||.
    r : float
        Bound on ||w*||.
    mu_0, mu_1, mu_2 : float
        Lipschitz constants of F, its gradient and its Hessian in (w, V); mu_1 also bounds the
        Hessian at w = 0.

    Returns
    -------
    float
        The larger of the two cases, w longer and shorter than delta = sqrt(epsilon).

    Raises
    ------
    ValueError
        If a number is negative.

    Notes
    -----
    The paper prints (epsilon + epsilon^(1/4)) poly(b, r, mu_0, mu_1, mu_2) and leaves the
    polynomial to its supplement; this is the one that its two theorems give.  Source: Shamir
    (2018), Theorem 3.
    """
    numbers = {"epsilon": epsilon, "b": b, "r": r, "mu_0": mu_0, "mu_1": mu_1, "mu_2": mu_2}
    for name, number in numbers.items():
        if not number >= 0:
            raise ValueError(f"{name} = {number}: give a number of at least 0")
    delta = np.sqrt(epsilon)
    far = np.sqrt(2 * (b**2 + r**2)) * epsilon + r * b * delta
    least = min(np.sqrt(mu_2 * epsilon) + mu_2 * delta, mu_1)
    bent = b * np.sqrt(mu_1 * least + least**2)
    near = mu_0 * delta + r * (epsilon + mu_1 * delta + bent)
    return float(max(far, near))
