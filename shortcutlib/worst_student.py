"""Of all students with one alignment, the one whose output gradient points least to a*.

The slack of the gradient in a depends on more than the angle phi and the alignment q.  At fixed
q = x N, with kappa = pi - 1 - 2 pi c >= 0, what is left to choose is the least value of

    ((s - S)^2 + kappa |a - a*|^2) / N .

Write s - S = sqrt(k N) z, r = S^2/(k N) and y = 1 - x.  With no part of a across 1 and a*,

    |a - a*|^2 / N = y^2 + (z + sqrt(r) y)^2 / (1 - r),

so this is a parabola in z.  Its lowest point and value are

    z = -kappa sqrt(r) y / (k (1 - r) + kappa),     kappa y^2 (k + kappa) / (k (1 - r) + kappa).

Conditions on the student cut the parabola: the band (10) is an interval of z, and a least distance
is met by a part of a across 1 and a*, which costs kappa times its square, or by moving z.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shortcutlib.angles import FloatArray
from shortcutlib.teacher import TeacherNumbers

__all__ = ["WorstStudent", "worst_student"]


class WorstStudent(NamedTuple):
    """The students with the least slack, one for each alignment.

    Attributes
    ----------
    curvature : ndarray
        Least value of ((s - S)^2 + (pi - 1 - 2 pi c) |a - a*|^2) / N; +inf without any student.
    output_sum : ndarray
        s of the student that has it.
    orthogonal_norm : ndarray
        Norm of its part across 1 and a*.
    """

    curvature: FloatArray
    output_sum: FloatArray
    orthogonal_norm: FloatArray


def worst_student(
    teacher: TeacherNumbers,
    share: ArrayLike,
    constant: float = 0.0,
    *,
    width: float = np.inf,
    least_distance: ArrayLike = -np.inf,
) -> WorstStudent:
    """The student with the least slack in a among those with alignment q = share N.

    Parameters
    ----------
    teacher : Teacher or Teachers
        One network to recover.
    share : array_like
        q/N.
    constant : float, default 0
        c of Definition 3, at most (pi - 1)/(2 pi).
    width : float, default inf
        Width of the band (10), -width S^2 <= s S - S^2 <= 0, that s has to lie in.
    least_distance : array_like, default -inf
        Lower bound of |a - a*|^2/N.

    Returns
    -------
    WorstStudent
        Arrays of the common shape of `share` and `least_distance`.

    Raises
    ------
    ValueError
        If the constant is larger: the slack then has no least value.
    """
    kappa = np.pi - 1 - 2 * np.pi * constant
    if kappa < -1e-12:
        raise ValueError(
            f"constant = {constant:.6g}: beyond (pi - 1)/(2 pi) = {(np.pi - 1) / (2 * np.pi):.6g} "
            "the slack has no least value; give a smaller one"
        )
    kappa = max(kappa, 0.0)
    share, needed = (
        np.array(column, dtype=float) for column in np.broadcast_arrays(share, least_distance)
    )
    k, norm_squared = float(teacher.k), float(teacher.norm_squared)
    free = float(teacher.spread) / norm_squared
    root = np.sqrt(max(1 - free, 0.0))
    sign = -1.0 if teacher.output_sum < 0 else 1.0
    away = 1 - share
    has_rest = k > (2 if free > 0 else 1)
    banded = np.isfinite(width) and root > 0
    low, high = (-width * root, 0.0) if banded else (-np.inf, np.inf)
    with np.errstate(invalid="ignore"):
        if free == 0:
            z, rest, possible = _parallel(away, needed, has_rest)
            if banded:
                possible = possible & (z >= low - 1e-12 * width) & (z <= high + 1e-12)
        else:
            z = np.clip(-kappa * root * away / (k * free + kappa), low, high)
            distance = away**2 + (z + root * away) ** 2 / free
            short = distance < needed
            # Where |a - a*|^2/N equals the least distance, with no part across.
            half = np.sqrt(free * np.maximum(needed - away**2, 0.0))
            ends = -root * away - half, -root * away + half
            if has_rest:
                nearest = np.clip(0.0, np.maximum(ends[0], low), np.minimum(ends[1], high))
                possible = np.ones(share.shape, dtype=bool)
            else:
                costs = [
                    np.where((end >= low) & (end <= high), np.abs(end), np.inf) for end in ends
                ]
                nearest = np.where(costs[0] < costs[1], *ends)
                possible = ~short | np.isfinite(np.minimum(*costs))
            z = np.where(short, nearest, z)
            distance = away**2 + (z + root * away) ** 2 / free
            rest = np.sqrt(np.maximum(needed - distance, 0.0)) * has_rest
        square = away**2 if free == 0 else distance
        curvature = np.where(possible, k * z**2 + kappa * (square + rest**2), np.inf)
    total = sign * (root + z) * np.sqrt(k * norm_squared)
    return WorstStudent(curvature, total, rest * np.sqrt(norm_squared))


def _parallel(
    away: FloatArray, needed: FloatArray, has_rest: bool
) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Where a* is a multiple of 1 the alignment fixes the sum: z = -y, and |a - a*|^2/N >= y^2."""
    missing = np.maximum(needed - away**2, 0.0)
    possible = np.ones(away.shape, dtype=bool) if has_rest else missing == 0
    return -away, np.sqrt(missing) if has_rest else np.zeros_like(away), possible
