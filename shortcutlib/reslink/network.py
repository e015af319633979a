"""The two-layer network with an identity link, its twin without, and their batch gradients.

ResLink is ``f(x, W) = || ReLU((I + W)' x) ||_1``: d hidden units whose incoming weights are the
columns of ``I + W``, and whose outputs are summed.  The twin without the identity link (Vanilla)
is the same function of its weights ``V`` alone: ``f(x, V - I)``.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shortcutlib.angles import FloatArray

__all__ = [
    "BatchGradient",
    "batch_gradient",
    "checked_inputs",
    "checked_weights",
    "output",
    "vanilla_output",
]


def checked_weights(weights: ArrayLike, name: str = "W") -> FloatArray:
    """A square matrix of finite numbers.

    Parameters
    ----------
    weights : array_like, shape (d, d)
        The matrix; column j belongs to hidden unit j.
    name : str, default "W"
        How an error calls it.

    Returns
    -------
    ndarray, shape (d, d)
        In double precision, or in single precision if it came so.

    Raises
    ------
    ValueError
        If it is not a square matrix of finite numbers.
    """
    matrix: NDArray[Any] = np.asarray(weights)
    if matrix.dtype != np.float32:
        matrix = matrix.astype(float, copy=False)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] == 0:
        raise ValueError(f"{name} has shape {matrix.shape}: give a square matrix, d by d")
    if not np.all(np.isfinite(matrix)):
        raise ValueError(f"{name} has an entry that is not finite: give finite numbers")
    return matrix


def checked_inputs(inputs: ArrayLike, d: int) -> FloatArray:
    """Inputs in rows, of the width that the weights need.

    Parameters
    ----------
    inputs : array_like, shape (n, d) or (d,)
        The inputs x; a single one becomes a row.
    d : int
        Number of input units.

    Returns
    -------
    ndarray, shape (n, d)

    Raises
    ------
    ValueError
        If the shape does not fit.
    """
    rows: NDArray[Any] = np.atleast_2d(np.asarray(inputs))
    if rows.ndim != 2 or rows.shape[1] != d:
        raise ValueError(f"inputs have shape {rows.shape}: give rows of length {d}")
    return rows


def output(inputs: ArrayLike, weights: ArrayLike) -> FloatArray:
    """ResLink's output, the sum of the rectified hidden units.

    Parameters
    ----------
    inputs : array_like, shape (n, d) or (d,)
        The inputs x.
    weights : array_like, shape (d, d)
        The matrix W.

    Returns
    -------
    ndarray, shape (n,)
        ``|| ReLU((I + W)' x) ||_1`` for every input.

    Raises
    ------
    ValueError
        If a shape does not fit.

    Notes
    -----
    Source: Li and Yuan (2017), equation (1).
    """
    matrix = checked_weights(weights)
    rows = checked_inputs(inputs, matrix.shape[0])
    return np.maximum(rows + rows @ matrix, 0).sum(axis=1)


def vanilla_output(inputs: ArrayLike, weights: ArrayLike) -> FloatArray:
    """The output of the twin without the identity link.

    Parameters
    ----------
    inputs : array_like, shape (n, d) or (d,)
        The inputs x.
    weights : array_like, shape (d, d)
        The matrix V; the twin of ResLink at W has V = I + W.

    Returns
    -------
    ndarray, shape (n,)
        ``|| ReLU(V' x) ||_1`` for every input.

    Raises
    ------
    ValueError
        If a shape does not fit.

    Notes
    -----
    Source: Li and Yuan (2017), section 5.2 and its footnote 3.
    """
    matrix = checked_weights(weights, "V")
    rows = checked_inputs(inputs, matrix.shape[0])
    return np.maximum(rows @ matrix, 0).sum(axis=1)


class BatchGradient(NamedTuple):
    """The mean squared error on a batch and its gradient."""

    loss: float
    gradient: FloatArray


def batch_gradient(
    weights: ArrayLike, inputs: ArrayLike, targets: ArrayLike, *, link: bool = True
) -> BatchGradient:
    """Mean squared error on a batch and its gradient with respect to the weights.

    Parameters
    ----------
    weights : array_like, shape (d, d)
        W, or V where there is no identity link.
    inputs : array_like, shape (n, d)
        The inputs x.
    targets : array_like, shape (n,)
        What the teacher answers.
    link : bool, default True
        Whether the network has the identity link.

    Returns
    -------
    BatchGradient
        With the gradient of shape (d, d), in the precision of the weights.

    Raises
    ------
    ValueError
        If a shape does not fit.

    Notes
    -----
    Source: Li and Yuan (2017), the gradient above Lemma 2.1, as a mean over the batch.
    """
    matrix = checked_weights(weights)
    rows = checked_inputs(inputs, matrix.shape[0])
    answers = np.asarray(targets)
    if answers.shape != (rows.shape[0],):
        raise ValueError(
            f"targets have shape {answers.shape}: give one for each of the {rows.shape[0]} inputs"
        )
    hidden = rows @ matrix
    if link:
        hidden += rows
    active = hidden >= 0
    error = np.einsum("ij,ij->i", hidden, active) - answers
    slope = active * (error * (2 / len(rows)))[:, np.newaxis]
    return BatchGradient(float(error @ error) / len(rows), rows.T @ slope)
