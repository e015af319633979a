"""The potential g, the drift s and the matrix A, with which the two phases are described."""

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray
from shortcutlib.reslink.population import _columns, _pair

__all__ = ["drift", "mismatch_matrix", "potential", "potential_without"]


def _lengths(weights: ArrayLike, teacher: ArrayLike) -> FloatArray:
    """How much longer each column of the teacher is, |e_i + w*_i| - |e_i + w_i|."""
    first, second = _pair(weights, teacher)
    p, q = _columns(first), _columns(second)
    # A difference of squares over a sum keeps its digits where the columns nearly agree.
    total = p.length + q.length
    both = np.einsum("ij,ij->j", second - first, second + first + 2 * np.eye(len(first)))
    return np.where(total > 0, both / np.where(total > 0, total, 1.0), 0.0)


def potential(weights: ArrayLike, teacher: ArrayLike) -> float:
    """The potential g, by how much the teacher's columns are longer in total.

    Parameters
    ----------
    weights, teacher : array_like, shape (d, d)
        W and W*.

    Returns
    -------
    float
        ``sum_i (|e_i + w*_i| - |e_i + w_i|)``; it can have either sign.

    Raises
    ------
    ValueError
        If the matrices are not square or of different sizes.

    Notes
    -----
    Source: Li and Yuan (2017), Definition 2.2.
    """
    return float(_lengths(weights, teacher).sum())


def potential_without(weights: ArrayLike, teacher: ArrayLike) -> FloatArray:
    """The variables g_j, the potential without its own column's term.

    Parameters
    ----------
    weights, teacher : array_like, shape (d, d)
        W and W*.

    Returns
    -------
    ndarray, shape (d,)
        Entry j is the sum over all i other than j.

    Raises
    ------
    ValueError
        If the matrices are not square or of different sizes.

    Notes
    -----
    Source: Li and Yuan (2017), Definition 2.2.
    """
    lengths = _lengths(weights, teacher)
    return lengths.sum() - lengths


def drift(weights: ArrayLike, teacher: ArrayLike) -> FloatArray:
    """The vector s = (W* - W) u, the sum of all columns' errors.

    Parameters
    ----------
    weights, teacher : array_like, shape (d, d)
        W and W*.

    Returns
    -------
    ndarray, shape (d,)

    Raises
    ------
    ValueError
        If the matrices are not square or of different sizes.

    Notes
    -----
    Source: Li and Yuan (2017), section 4; u is the vector of ones.
    """
    first, second = _pair(weights, teacher)
    return (second - first).sum(axis=1)


def mismatch_matrix(
    weights: ArrayLike, teacher: ArrayLike, without: int | None = None
) -> FloatArray:
    """The matrix A, or A_j, of the first-order terms.

    Parameters
    ----------
    weights, teacher : array_like, shape (d, d)
        W and W*.
    without : int, optional
        The index j whose term A_j leaves out; by default none, which gives A.

    Returns
    -------
    ndarray, shape (d, d)
        ``(I + W*) U*' - (I + W) U'``, with U and U* the matrices of unit columns.

    Raises
    ------
    ValueError
        If the matrices are not square or of different sizes, or there is no unit `without`.

    Notes
    -----
    Source: Li and Yuan (2017), Definition 2.3.
    """
    first, second = _pair(weights, teacher)
    p, q = _columns(first), _columns(second)
    if without is not None:
        if not 0 <= without < len(first):
            raise ValueError(f"there is no unit {without}: give one from 0 to {len(first) - 1}")
        keep = np.arange(len(first)) != without
        p, q = ((c.unit[:, keep], c.length[keep]) for c in (p, q))  # type: ignore[assignment]
        return (q[0] * q[1]) @ q[0].T - (p[0] * p[1]) @ p[0].T
    return (q.unit * q.length) @ q.unit.T - (p.unit * p.length) @ p.unit.T
