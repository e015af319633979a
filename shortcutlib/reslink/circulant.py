"""ResLink with circulant weights: the same descent, from one column instead of d.

A circulant matrix repeats its first column c, shifted: ``W[i, j] = c[(i - j) mod d]``.  If student
and teacher are circulant, so is the gradient, and a step costs O(d log d) instead of O(d^3).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray

__all__ = [
    "CirculantState",
    "circulant",
    "circulant_start",
    "circulant_teacher",
    "descend",
    "measure",
]

_GOLDEN = 0.6180339887498949


class CirculantState(NamedTuple):
    """What is measured at a circulant W, for the whole matrix, and the first column's gradient."""

    squared_distance: float
    inner_product: float
    potential: float
    loss: float
    gradient: FloatArray


def _checked(column: ArrayLike, name: str) -> FloatArray:
    array = np.asarray(column, dtype=float)
    if array.ndim != 1 or array.size == 0 or not np.all(np.isfinite(array)):
        raise ValueError(f"{name} has shape {array.shape}: give one column of finite numbers")
    return array


def circulant(column: ArrayLike) -> FloatArray:
    """The matrix whose columns are the shifts of one.

    Parameters
    ----------
    column : array_like, shape (d,)
        Its first column c.

    Returns
    -------
    ndarray, shape (d, d)
        With entries ``c[(i - j) mod d]``.

    Raises
    ------
    ValueError
        If it is not one column of finite numbers.
    """
    c = _checked(column, "the column")
    places = np.arange(c.size)
    return c[(places[:, np.newaxis] - places) % c.size]


def _skew_column(d: int, offset: float) -> FloatArray:
    """First column of a skew circulant matrix with all singular values 1 but those on the ends."""
    frequencies = np.arange(1, (d + 1) // 2)
    # A quadratic sequence modulo 1 is as good as random for spreading the entries evenly.
    signs = np.where((_GOLDEN * (frequencies + offset) ** 2) % 1.0 < 0.5, 1.0, -1.0)
    spectrum = np.zeros(d // 2 + 1, dtype=complex)
    spectrum[frequencies] = -1j * signs
    return np.fft.irfft(spectrum, d)


def circulant_start(d: int, frobenius: float, *, trace: float = -0.75) -> FloatArray:
    """A circulant start from which the gradient points away from the teacher W* = 0.

    Parameters
    ----------
    d : int
        Size, at least 4.
    frobenius : float
        Frobenius norm of the matrix.
    trace : float, default -0.75
        Its trace over its squared Frobenius norm.

    Returns
    -------
    ndarray, shape (d,)
        The first column of ``alpha K - c (I - uu'/d)``, K skew with a flat spectrum and K u = 0.

    Raises
    ------
    ValueError
        If the sizes do not fit.

    Notes
    -----
    The same construction as `shortcutlib.reslink.wrong_way_start`, without randomness.
    """
    if d < 4:
        raise ValueError(f"d is {d}: give at least 4")
    shift = trace * frobenius**2 / (d - 1)
    left = frobenius**2 - shift**2 * (d - 1)
    if not (frobenius > 0 and left > 0):
        raise ValueError(
            f"Frobenius norm {frobenius:g} and trace {trace:g} |W|^2 do not fit size {d}: "
            "give a smaller norm"
        )
    skew = _skew_column(d, 0.0)
    column = np.sqrt(left / (d * (skew @ skew))) * skew - shift / d
    column[0] += shift
    return column


def circulant_teacher(d: int, spectral: float) -> FloatArray:
    """A circulant teacher: skew, with singular values all equal but for one or two that vanish.

    Parameters
    ----------
    d : int
        Size, at least 4.
    spectral : float
        Spectral norm, at least 0.

    Returns
    -------
    ndarray, shape (d,)
        The first column.

    Raises
    ------
    ValueError
        If a number is out of range.
    """
    if d < 4 or not spectral >= 0:
        raise ValueError(f"d is {d} and the norm {spectral}: give at least 4 and at least 0")
    return spectral * _skew_column(d, 0.5)


def measure(column: ArrayLike, teacher: ArrayLike) -> CirculantState:
    """Loss, gradient, potential and inner product at a circulant W.

    Parameters
    ----------
    column, teacher : array_like, shape (d,)
        First columns of W and W*.

    Returns
    -------
    CirculantState

    Raises
    ------
    ValueError
        If these are not two columns of one length.

    Notes
    -----
    Source: Li and Yuan (2017), equation (2), Lemma 2.1 (with the factor 1/pi) and Definition 2.2,
    for circulant matrices.
    """
    c, t = _checked(column, "the column"), _checked(teacher, "the teacher's column")
    if c.shape != t.shape:
        raise ValueError(f"columns of {c.size} and {t.size} entries: give two of one length")
    d = c.size
    first = np.zeros(d)
    first[0] = 1.0
    p, q = first + c, first + t
    away = t - c
    length, aim = float(np.linalg.norm(p)), float(np.linalg.norm(q))
    p_hat, q_hat = np.fft.rfft(p), np.fft.rfft(q)
    gradient_hat = np.zeros_like(p_hat)
    along = value = 0.0
    for sign, left_hat, size in ((1.0, p_hat, length), (-1.0, q_hat, aim)):
        # Entry i: the product of column i on the left with the student's first column.
        product = np.fft.irfft(np.conj(left_hat) * p_hat, d)
        cosine = np.clip(product / (size * length), -1.0, 1.0)
        angle = np.arccos(cosine)
        if sign > 0:
            angle[0], cosine[0] = 0.0, 1.0
        elif cosine[0] > 0.99:
            # The arc cosine loses half the digits where student and teacher nearly agree.
            u, v = p / length, q / aim
            angle[0] = 2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))
        sine, rest = np.sin(angle), np.pi - angle
        gradient_hat += sign * np.fft.rfft(rest) * left_hat
        along += sign * size * float(sine.sum())
        value += (1.5 * sign - 0.5) * size * length * float((sine + rest * cosine).sum())
    product = np.fft.irfft(np.abs(q_hat) ** 2, d)
    cosine = np.clip(product / aim**2, -1.0, 1.0)
    angle = np.arccos(cosine)
    angle[0] = 0.0
    value += aim**2 * float((np.sin(angle) + (np.pi - angle) * cosine).sum())
    gradient = (np.fft.irfft(gradient_hat, d) + p * (along / length)) / np.pi
    longer = float(away @ (p + q)) / (length + aim)
    return CirculantState(
        d * float(away @ away),
        -d * float(gradient @ away),
        d * longer,
        d * max(value, 0.0) / (2 * np.pi),
        gradient,
    )


def descend(
    start: ArrayLike,
    teacher: ArrayLike,
    rate: float,
    iterations: int,
    record: Callable[[int, CirculantState], None],
) -> FloatArray:
    """Gradient descent on the population loss from a circulant start.

    Parameters
    ----------
    start, teacher : array_like, shape (d,)
        First columns of W_0 and W*.
    rate : float
        Step size; stable up to about 4/d.
    iterations : int
        Number of steps.
    record : callable
        Called before every step, and at the end, with the iteration and the state.

    Returns
    -------
    ndarray, shape (d,)
        The last first column.

    Raises
    ------
    ValueError
        If the step size is not positive or the columns do not fit.
    """
    if not rate > 0:
        raise ValueError(f"the step size is {rate}: give a positive number")
    column = _checked(start, "the start").copy()
    for iteration in range(iterations + 1):
        here = measure(column, teacher)
        record(iteration, here)
        if iteration < iterations:
            column = column - rate * here.gradient
    return column
