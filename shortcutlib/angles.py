"""Angles that stay accurate at both ends of their range.

The textbook formula ``arccos(u . v / |u| |v|)`` loses half of its digits near 0 and near pi: the
cosine is flat there, so an angle of 1e-9 comes out as 0.  Training ends at exactly these places,
and everything the book says about convergence needs the angle to be right there.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["angle_between", "tangent_projection", "unit"]

FloatArray = NDArray[np.float64]


def unit(vector: ArrayLike) -> FloatArray:
    """Return `vector` divided by its length.

    Parameters
    ----------
    vector : array_like, shape (n,)
        A finite vector that is not zero.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    ValueError
        If the vector has no direction: it is zero, not finite or not one-dimensional.
    """
    array = np.asarray(vector, dtype=float)
    if array.ndim != 1:
        raise ValueError(f"a vector has one axis; got an array of shape {array.shape}: flatten it")
    largest = float(np.max(np.abs(array), initial=0.0))
    if not np.isfinite(largest) or largest == 0.0:
        raise ValueError(
            f"a direction needs a finite vector that is not zero; got largest entry {largest}"
        )
    # Scaling first keeps the squares inside the range of double precision.
    scaled = array / largest
    return scaled / np.sqrt(scaled @ scaled)


def angle_between(first: ArrayLike, second: ArrayLike) -> float:
    """Angle between two vectors, accurate over the whole range [0, pi].

    Uses Kahan's formula, twice the arctangent of |u - v| over |u + v| for unit u and v.

    Parameters
    ----------
    first, second : array_like, shape (n,)
        Finite vectors that are not zero; their lengths do not matter.

    Returns
    -------
    float
        The angle in radians, in [0, pi].

    Raises
    ------
    ValueError
        If the shapes differ or a vector has no direction.

    Notes
    -----
    Source: W. Kahan, "How Futile are Mindless Assessments of Roundoff in Floating-Point
    Computation?" (2006), section 12.
    """
    u, v = unit(first), unit(second)
    if u.shape != v.shape:
        raise ValueError(f"the vectors have lengths {u.size} and {v.size}: give two of one length")
    return float(2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v)))


def tangent_projection(direction: FloatArray, vector: FloatArray) -> FloatArray:
    """Part of `vector` orthogonal to the unit vector `direction`: (I - u u') x.

    For two nearly parallel unit vectors the plain formula cancels; applied to their difference (or
    their sum, near pi) it does not.

    Parameters
    ----------
    direction : ndarray, shape (n,)
        A unit vector u.
    vector : ndarray, shape (n,)
        Any vector x.

    Returns
    -------
    ndarray, shape (n,)
    """
    along = direction @ vector
    # x and x -+ |x| u have the same projection, and the second is small when x is almost parallel.
    nearest = vector - np.copysign(np.linalg.norm(vector), along) * direction
    return nearest - (direction @ nearest) * direction
