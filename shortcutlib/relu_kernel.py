"""The ReLU kernel: what two rectified projections of one Gaussian vector have in common.

For a standard Gaussian Z and unit vectors u, v at angle phi,
``E relu(Z'u) relu(Z'v) = g(phi) / (2 pi)`` with ``g(phi) = (pi - phi) cos(phi) + sin(phi)``.
Every population quantity of the book is made of g.
"""

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray, angle_between

__all__ = ["g", "g_deficit", "relu_kernel"]

#: Below this angle the series of sin x - x cos x is used; its next term is under 1e-17 relative.
_SERIES_BELOW = 0.5


def _sine_minus_arc_cosine(x: FloatArray) -> FloatArray:
    """Return sin x - x cos x without cancellation, for x in [0, pi]."""
    square = x * x
    # x^3/3 (1 - x^2/10 (1 - x^2/28 (1 - x^2/54 (1 - x^2/88 (1 - x^2/130 ...))))), Horner's way.
    series = np.ones_like(x)
    for divisor in (180.0, 130.0, 88.0, 54.0, 28.0, 10.0):
        series = 1.0 - square / divisor * series
    return np.where(x < _SERIES_BELOW, x * square / 3.0 * series, np.sin(x) - x * np.cos(x))


def _checked_angle(angle: ArrayLike) -> FloatArray:
    array = np.asarray(angle, dtype=float)
    if not np.all((array >= 0) & (array <= np.pi)):
        wrong = array[~((array >= 0) & (array <= np.pi))].flat[0]
        raise ValueError(f"an angle between vectors lies in [0, pi]; got {wrong}: give radians")
    return array


def g(angle: ArrayLike) -> FloatArray:
    """The kernel's angular part, g(phi) = (pi - phi) cos(phi) + sin(phi).

    It falls from pi at 0 through 1 at pi/2 to 0 at pi, where it behaves like (pi - phi)^3 / 3.

    Parameters
    ----------
    angle : array_like
        Angles in radians, each in [0, pi].

    Returns
    -------
    ndarray
        Values in [0, pi], of the shape of `angle`; relatively accurate for every distance from pi.

    Raises
    ------
    ValueError
        If an angle is outside [0, pi].

    Notes
    -----
    Source: Cho and Saul (2009), the arc-cosine kernel of degree one, times pi.
    """
    # sin(phi) = sin(e) and cos(phi) = -cos(e) for e = pi - phi, hence g = sin e - e cos e.
    return _sine_minus_arc_cosine(np.pi - _checked_angle(angle))


def g_deficit(angle: ArrayLike) -> FloatArray:
    """What g lacks to its maximum, pi - g(phi), without cancellation near 0.

    Parameters
    ----------
    angle : array_like
        Angles in radians, each in [0, pi].

    Returns
    -------
    ndarray
        Values in [0, pi], of the shape of `angle`; about pi phi^2 / 2 near 0.

    Raises
    ------
    ValueError
        If an angle is outside [0, pi].
    """
    array = _checked_angle(angle)
    return 2 * np.pi * np.sin(array / 2) ** 2 - _sine_minus_arc_cosine(array)


def relu_kernel(first: ArrayLike, second: ArrayLike) -> float:
    """Expectation of relu(Z'u) relu(Z'v) over a standard Gaussian vector Z.

    Parameters
    ----------
    first, second : array_like, shape (n,)
        The vectors u and v; a zero vector gives 0.

    Returns
    -------
    float
        |u| |v| g(angle) / (2 pi).

    Raises
    ------
    ValueError
        If the shapes differ or an entry is not finite.

    Notes
    -----
    Source: Cho and Saul (2009), equation (6).
    """
    lengths = float(np.linalg.norm(first)) * float(np.linalg.norm(second))
    if lengths == 0.0:
        return 0.0
    return lengths * float(g(angle_between(first, second))) / (2 * np.pi)
