"""The population loss of ResLink under Gaussian inputs, and its gradient, by matrix operations.

With ``P = I + W`` and ``Q = I + W*`` every term is a ReLU kernel of two columns,
``E ReLU(p'x) ReLU(q'x) = |p| |q| (sin t + (pi - t) cos t) / (2 pi)`` for columns at angle t.  Loss
and gradient therefore cost a few products of d x d matrices.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray
from shortcutlib.reslink.network import checked_weights

__all__ = ["LossGradient", "column_angles", "gradient", "loss", "loss_and_gradient"]

#: Columns nearer than this (in the cosine) have their angle taken from their difference.
_NEAR = 0.99
#: So many pairs of columns are compared at once, which bounds the memory.
_PAIRS = 4096


class LossGradient(NamedTuple):
    """The population loss at a matrix and its gradient there."""

    loss: float
    gradient: FloatArray


class _Columns(NamedTuple):
    """Columns as unit vectors and lengths."""

    unit: FloatArray
    length: FloatArray


def _unit_columns(columns: FloatArray) -> _Columns:
    """Unit columns and lengths; a zero column keeps a zero "unit" vector."""
    length = np.sqrt(np.einsum("ij,ij->j", columns, columns))
    return _Columns(columns / np.where(length > 0, length, 1.0), length)


def _columns(weights: FloatArray) -> _Columns:
    """Unit columns and lengths of I + W."""
    return _unit_columns(weights + np.eye(len(weights)))


def _cosines(first: _Columns, second: _Columns) -> tuple[FloatArray, FloatArray]:
    """Cosines and angles of all pairs; angles without cancellation for nearly parallel columns."""
    cosine = np.clip(first.unit.T @ second.unit, -1.0, 1.0)
    angle = np.arccos(cosine)
    rows, columns = np.nonzero(np.abs(cosine) > _NEAR)
    for begin in range(0, rows.size, _PAIRS):
        row, column = rows[begin : begin + _PAIRS], columns[begin : begin + _PAIRS]
        u, v = first.unit.T[row], second.unit.T[column]
        # Kahan's formula; the arc cosine loses half the digits near 0 and pi.
        angle[row, column] = 2 * np.arctan2(
            np.linalg.norm(u - v, axis=1), np.linalg.norm(u + v, axis=1)
        )
    return cosine, angle


def column_angles(weights: ArrayLike, others: ArrayLike) -> FloatArray:
    """Angles between the columns of I + W and those of I + W*.

    Parameters
    ----------
    weights, others : array_like, shape (d, d)
        W and W*; the same matrix twice gives the angles of the student's columns to each other.

    Returns
    -------
    ndarray, shape (d, d)
        Entry (i, j) is the angle between column i of the first and column j of the second, in
        radians.  A zero column is taken to be at a right angle to all others.

    Raises
    ------
    ValueError
        If the matrices are not square or of different sizes.

    Notes
    -----
    Source: Li and Yuan (2017), section 2, the angles theta_ij and theta_i*j.
    """
    first, second = _pair(weights, others)
    return _cosines(_columns(first), _columns(second))[1]


def _pair(weights: ArrayLike, teacher: ArrayLike) -> tuple[FloatArray, FloatArray]:
    first = checked_weights(weights).astype(float, copy=False)
    second = checked_weights(teacher, "W*").astype(float, copy=False)
    if first.shape != second.shape:
        raise ValueError(
            f"W has shape {first.shape} and W* {second.shape}: give two of the same size"
        )
    return first, second


def loss_and_gradient(weights: ArrayLike, teacher: ArrayLike) -> LossGradient:
    r"""The loss L(W) = E (f(x, W) - f(x, W*))^2 and its gradient, for Gaussian x.

    Parameters
    ----------
    weights, teacher : array_like, shape (d, d)
        W and W*.

    Returns
    -------
    LossGradient
        With the gradient of shape (d, d), column j belonging to unit j.

    Raises
    ------
    ValueError
        If the matrices are not square, not finite or of different sizes.

    Notes
    -----
    With unit columns :math:`\bar p_j`, lengths and angles, column j of the gradient is

    .. math:: \tfrac1\pi \sum_i \big[(\pi - \theta_{ij}) p_i + |p_i| \sin\theta_{ij}\, \bar p_j
              - (\pi - \theta_{i^*j}) q_i - |q_i| \sin\theta_{i^*j}\, \bar p_j \big].

    Source: Li and Yuan (2017), equation (2) and Lemma 2.1.  The printed lemma is without the factor
    1/pi.  At a zero column the loss has no gradient; the formula then takes right angles.
    """
    first, second = _pair(weights, teacher)
    student, truth = _columns(first), _columns(second)
    # Sums over i of K(p_i, p_j) etc.: one Gram matrix at a time keeps the memory at a few d^2.
    value = 0.0
    downhill = np.zeros_like(first)
    along = np.zeros(len(first))
    for sign, left in ((1.0, student), (-1.0, truth)):
        cosine, angle = _cosines(left, student)
        sine = np.sin(angle)
        rest = np.pi - angle
        kernel = sine + rest * cosine
        # In the loss the mixed term counts twice.
        value += (1.5 * sign - 0.5) * float(left.length @ kernel @ student.length)
        downhill += sign * ((left.unit * left.length) @ rest)
        along += sign * (left.length @ sine)
    cosine, angle = _cosines(truth, truth)
    kernel = np.sin(angle) + (np.pi - angle) * cosine
    value += float(truth.length @ kernel @ truth.length)
    downhill += student.unit * along
    # Rounding can leave a tiny negative number where the loss is zero.
    return LossGradient(max(value, 0.0) / (2 * np.pi), downhill / np.pi)


def loss(weights: ArrayLike, teacher: ArrayLike) -> float:
    """The loss L(W) alone.

    Parameters
    ----------
    weights, teacher : array_like, shape (d, d)
        W and W*.

    Returns
    -------
    float
        At least 0.

    Raises
    ------
    ValueError
        As `loss_and_gradient`.

    Notes
    -----
    Source: Li and Yuan (2017), equation (2).
    """
    return loss_and_gradient(weights, teacher).loss


def gradient(weights: ArrayLike, teacher: ArrayLike) -> FloatArray:
    """The gradient of L at W alone.

    Parameters
    ----------
    weights, teacher : array_like, shape (d, d)
        W and W*.

    Returns
    -------
    ndarray, shape (d, d)

    Raises
    ------
    ValueError
        As `loss_and_gradient`.

    Notes
    -----
    Source: Li and Yuan (2017), Lemma 2.1, with the factor 1/pi that is missing there.
    """
    return loss_and_gradient(weights, teacher).gradient
