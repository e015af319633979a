"""Quadrature over balls and spheres: one coordinate of a uniform point, its nodes and its tails.

One coordinate T of a uniform point of the unit ball in n dimensions has a density proportional to
(1 - t^2)^((n-1)/2), of the unit sphere to (1 - t^2)^((n-3)/2): a Gegenbauer weight both times.
"""

from typing import Any

import numpy as np

from shortcutlib.angles import FloatArray

__all__ = ["gauss_gegenbauer", "upper_tail"]


def special() -> Any:
    """SciPy's special functions, imported only when they are needed."""
    try:
        from scipy import special as functions
    except ImportError:
        raise ImportError(
            "exact probabilities need SciPy: pip install scipy (or shortcutlib[exact])"
        ) from None
    return functions


def upper_tail(t: FloatArray, power: float) -> FloatArray:
    """P(T > t) for T on [-1, 1] with density proportional to (1 - t^2)^(power - 1).

    Parameters
    ----------
    t : ndarray
        Clipped to [-1, 1].
    power : float
        Positive.

    Returns
    -------
    ndarray
        In [0, 1], of the shape of `t`: an incomplete beta function.

    Raises
    ------
    ImportError
        If SciPy is missing.
    """
    t = np.clip(t, -1, 1)
    outside = 0.5 * special().betainc(power, 0.5, (1 - t) * (1 + t))
    return np.where(t >= 0, outside, 1 - outside)


def gauss_gegenbauer(n: int, power: float) -> tuple[FloatArray, FloatArray]:
    """Gauss nodes and weights (of sum 1) for the density (1 - t^2)^(power - 1) on [-1, 1].

    Golub and Welsch's eigenvalues rather than `scipy.special.roots_jacobi`, whose weights involve
    gamma functions that overflow for k in the hundreds.

    Parameters
    ----------
    n : int
        Number of nodes, at least 1.
    power : float
        Positive.

    Returns
    -------
    nodes, weights : ndarray, shape (n,)
        Exact for polynomials of degree below 2 n.

    Notes
    -----
    Source: Golub and Welsch (1969).
    """
    i = np.arange(1.0, n)
    alpha = power - 0.5
    # i = 1 in closed form: the general one is 0/0 for alpha = 0.
    square = np.where(
        i == 1,
        1 / (2 * (1 + alpha)),
        i * (i + 2 * alpha - 1) / (4 * (i + alpha) * np.maximum(i + alpha - 1, 1e-300)),
    )
    nodes, vectors = np.linalg.eigh(np.diag(np.sqrt(square), 1) + np.diag(np.sqrt(square), -1))
    return nodes, vectors[0] ** 2
