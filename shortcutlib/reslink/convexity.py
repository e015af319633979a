"""One-point convexity: whether the negative gradient points to the teacher, and what follows."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray
from shortcutlib.reslink.population import LossGradient, _pair, loss_and_gradient

__all__ = [
    "OnePoint",
    "convergence_bound",
    "convergence_step",
    "enough_steps",
    "inner_product",
    "one_point",
]


class OnePoint(NamedTuple):
    """The inner product of Definition 2.4 at a matrix W.

    ``inner_product`` is ``<-grad L(W), W* - W>``, ``squared_distance`` is ``|W* - W|_F^2``.
    """

    inner_product: float
    squared_distance: float
    loss: float

    @property
    def ratio(self) -> float:
        """The largest delta for which the definition's inequality can hold here (nan at W*)."""
        if self.squared_distance == 0:
            return float("nan")
        return self.inner_product / self.squared_distance


def one_point(weights: ArrayLike, teacher: ArrayLike) -> OnePoint:
    """Evaluate one-point convexity at W with respect to W*.

    Parameters
    ----------
    weights, teacher : array_like, shape (d, d)
        W and W*.

    Returns
    -------
    OnePoint

    Raises
    ------
    ValueError
        If the matrices are not square or of different sizes.

    Notes
    -----
    Source: Li and Yuan (2017), Definition 2.4.
    """
    first, second = _pair(weights, teacher)
    found: LossGradient = loss_and_gradient(first, second)
    return _measured(second - first, found)


def _measured(away: FloatArray, found: LossGradient) -> OnePoint:
    return OnePoint(-float(np.vdot(found.gradient, away)), float(np.vdot(away, away)), found.loss)


def inner_product(weights: ArrayLike, teacher: ArrayLike) -> float:
    """The inner product of Definition 2.4 alone.

    Parameters
    ----------
    weights, teacher : array_like, shape (d, d)
        W and W*.

    Returns
    -------
    float
        Positive where a small step along the negative gradient comes nearer to W*.

    Raises
    ------
    ValueError
        If the matrices are not square or of different sizes.

    Notes
    -----
    Source: Li and Yuan (2017), Definition 2.4.
    """
    return one_point(weights, teacher).inner_product


def _checked(delta: float, steps: int, alpha: float) -> None:
    if not delta > 0:
        raise ValueError(f"delta is {delta}: give a positive constant of one-point convexity")
    if steps < 2:
        raise ValueError(f"T is {steps}: give at least 2 steps, so that log T is positive")
    if not alpha > 0:
        raise ValueError(f"alpha is {alpha}: give a positive number")


def convergence_step(delta: float, steps: int, alpha: float) -> float:
    """The step size of Lemma 2.5, (1 + alpha) log T / (delta T).

    Parameters
    ----------
    delta : float
        Constant of one-point convexity.
    steps : int
        Number T of SGD steps, at least 2.
    alpha : float
        The lemma's free positive number.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    Source: Li and Yuan (2017), Lemma 2.5.
    """
    _checked(delta, steps, alpha)
    return float((1 + alpha) * np.log(steps) / (delta * steps))


def convergence_bound(delta: float, steps: int, alpha: float, second_moment: float) -> float:
    """The bound of Lemma 2.5 on E |W_T - W*|_F^2, (1 + alpha) log T G^2 / (delta^2 T).

    Parameters
    ----------
    delta, steps, alpha
        As for `convergence_step`.
    second_moment : float
        A bound G^2 on the expected squared Frobenius norm of the stochastic gradient.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    Source: Li and Yuan (2017), Lemma 2.5.
    """
    _checked(delta, steps, alpha)
    if not second_moment > 0:
        raise ValueError(f"G^2 is {second_moment}: give a positive number")
    return float((1 + alpha) * np.log(steps) * second_moment / (delta**2 * steps))


def enough_steps(
    delta: float, steps: int, alpha: float, second_moment: float, diameter: float
) -> bool:
    """Whether T is as large as Lemma 2.5 asks, T^alpha log T >= D^2 delta^2 / ((1 + alpha) G^2).

    Parameters
    ----------
    delta, steps, alpha, second_moment
        As for `convergence_bound`.
    diameter : float
        A bound D on the distance to W* along the whole run.

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    Source: Li and Yuan (2017), Lemma 2.5.
    """
    _checked(delta, steps, alpha)
    if not (second_moment > 0 and diameter >= 0):
        raise ValueError(
            f"G^2 is {second_moment} and D is {diameter}: give a positive and a non-negative number"
        )
    # In logarithms, since T^alpha overflows for large alpha.
    wanted = 2 * np.log(max(diameter, 1e-300) * delta) - np.log((1 + alpha) * second_moment)
    return bool(alpha * np.log(steps) + np.log(np.log(steps)) >= wanted)
