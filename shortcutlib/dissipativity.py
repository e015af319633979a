"""Partial dissipativity: how much of its way to the optimum each gradient step promises.

Definition 3 of Liu et al. (2019) asks, for each layer on its own, that the negative gradient point
towards the optimum: <-grad, x* - x> >= c |x - x*|^2 - delta.  In reduced coordinates both sides are
closed formulas.  With D = |a - a*|^2 and the angle phi, on unit filters,

    <-grad_w L, w* - w> = q (pi - phi) sin(phi)^2 / (2 pi),            |w - w*|^2 = 4 sin(phi/2)^2,
    <-grad_a L, a* - a> = ((s - S)^2 + (pi - 1) D - (pi - g(phi)) (N - q)) / (2 pi).

Every function takes one teacher and a batch of students, or `Teachers`: one teacher per student.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shortcutlib.angles import FloatArray
from shortcutlib.reduced import ReducedState, output_distance
from shortcutlib.relu_kernel import g_deficit
from shortcutlib.teacher import TeacherNumbers

__all__ = [
    "ACUTE",
    "Teachers",
    "best_delta_factor",
    "best_filter_constant",
    "best_output_constant",
    "filter_distance",
    "filter_progress",
    "filter_slack",
    "in_aligned_region",
    "in_band",
    "in_near_region",
    "in_stage_one_region",
    "joint_slack",
    "output_progress",
    "output_slack",
]

#: The largest angle that Stage I allows, 5 pi/12.
ACUTE = 5 * np.pi / 12


class Teachers(NamedTuple):
    """Many teachers at once, by the numbers that the reduced dynamics use.

    Attributes
    ----------
    k : ndarray
        Numbers of patches, whole and at least 1.
    output_sum : ndarray
        S = 1'a*.
    norm_squared : ndarray
        N = |a*|^2 > 0.
    spread : ndarray
        N - S^2/k >= 0, the squared norm of a* without its mean; 0 where a* is a multiple of 1.
    """

    k: FloatArray
    output_sum: FloatArray
    norm_squared: FloatArray
    spread: FloatArray

    @classmethod
    def from_share(
        cls, k: ArrayLike, share: ArrayLike, norm_squared: ArrayLike = 1.0
    ) -> "Teachers":
        """Teachers with S = sqrt(share k N), so that no digits of the spread are lost.

        Parameters
        ----------
        k : array_like
            Numbers of patches, whole and at least 1.
        share : array_like
            S^2/(k N) in [0, 1]; taken as 1 where k = 1.
        norm_squared : array_like
            N > 0.

        Returns
        -------
        Teachers
            Arrays of one common shape.

        Raises
        ------
        ValueError
            If a number is outside its range.
        """
        k, share, norm_squared = (
            np.array(x, dtype=float) for x in np.broadcast_arrays(k, share, norm_squared)
        )
        for name, column, fine, remedy in (
            ("k", k, (k >= 1) & (k == np.round(k)), "a whole number of at least 1"),
            ("share", share, (share >= 0) & (share <= 1), "S^2/(k N), between 0 and 1"),
            ("norm_squared", norm_squared, norm_squared > 0, "a positive number"),
        ):
            if not np.all(fine):
                raise ValueError(f"{name} = {column[~fine].flat[0]:.12g}: give {remedy}")
        share = np.where(k == 1, 1.0, share)
        return cls(k, np.sqrt(share * k * norm_squared), norm_squared, norm_squared * (1 - share))


def filter_distance(reduced: ReducedState) -> FloatArray:
    """|w - w*|^2 = 4 sin(phi/2)^2 on unit filters.

    Parameters
    ----------
    reduced : ReducedState
        One student or a batch.

    Returns
    -------
    ndarray
        Between 0 and 4.
    """
    return 4 * np.sin(np.asarray(reduced.angle) / 2) ** 2


def filter_progress(reduced: ReducedState) -> FloatArray:
    """<-grad_w L, w* - w>: how far a step in w points to w*.

    Parameters
    ----------
    reduced : ReducedState
        One student or a batch, with unit filters.

    Returns
    -------
    ndarray
        Positive where q > 0 and 0 < phi < pi.

    Notes
    -----
    Source: Liu et al. (2019), Definition 3, first line, in closed form.
    """
    angle = np.asarray(reduced.angle)
    return reduced.alignment * (np.pi - angle) * np.sin(angle) ** 2 / (2 * np.pi)


def output_progress(teacher: TeacherNumbers, reduced: ReducedState) -> FloatArray:
    """<-grad_a L, a* - a>: how far a step in a points to a*.

    Parameters
    ----------
    teacher : Teacher or Teachers
        The network to recover.
    reduced : ReducedState
        One student or a batch, with unit filters.

    Returns
    -------
    ndarray

    Notes
    -----
    Source: Liu et al. (2019), Definition 3, second line, in closed form.
    """
    return output_slack(teacher, reduced, 0.0)


def filter_slack(reduced: ReducedState, constant: ArrayLike, delta: ArrayLike = 0.0) -> FloatArray:
    """Left side minus right side of Definition 3 for w; at least 0 where it holds.

    Parameters
    ----------
    reduced : ReducedState
        One student or a batch, with unit filters.
    constant, delta : array_like
        c >= 0 and delta >= 0.

    Returns
    -------
    ndarray
    """
    return (
        filter_progress(reduced)
        - np.asarray(constant, dtype=float) * filter_distance(reduced)
        + np.asarray(delta, dtype=float)
    )


def output_slack(
    teacher: TeacherNumbers, reduced: ReducedState, constant: ArrayLike, delta: ArrayLike = 0.0
) -> FloatArray:
    """Left side minus right side of Definition 3 for a; at least 0 where it holds.

    Parameters
    ----------
    teacher : Teacher or Teachers
        The network to recover.
    reduced : ReducedState
        One student or a batch, with unit filters.
    constant, delta : array_like
        c >= 0 and delta >= 0.

    Returns
    -------
    ndarray
    """
    away = reduced.output_sum - teacher.output_sum
    missing = teacher.norm_squared - reduced.alignment
    # c joins its like before anything is subtracted: near a* the terms in D cancel.
    rate = np.pi - 1 - 2 * np.pi * np.asarray(constant, dtype=float)
    curvature = away * away + rate * output_distance(teacher, reduced)
    return (curvature - g_deficit(reduced.angle) * missing) / (2 * np.pi) + np.asarray(
        delta, dtype=float
    )


def joint_slack(
    teacher: TeacherNumbers, reduced: ReducedState, constant: ArrayLike, delta: ArrayLike = 0.0
) -> FloatArray:
    """Left side minus right side of Definition 3 for both layers, whose delta is counted twice.

    Parameters
    ----------
    teacher, reduced, constant, delta
        As for `output_slack`.

    Returns
    -------
    ndarray
    """
    return filter_slack(reduced, constant, delta) + output_slack(teacher, reduced, constant, delta)


def in_band(
    teacher: TeacherNumbers, reduced: ReducedState, width: float = 3.0
) -> NDArray[np.bool_]:
    """The band (10) of Lemma 5: -width S^2 <= s S - S^2 <= 0.

    Parameters
    ----------
    teacher : Teacher or Teachers
        The network to recover.
    reduced : ReducedState
        One student or a batch.
    width : float, default 3
        3 in the paper; 2 is enough.

    Returns
    -------
    ndarray of bool
        Rounding at the borders is forgiven.

    Notes
    -----
    Source: Liu et al. (2019), Lemma 5, equation (10).
    """
    square = np.asarray(teacher.output_sum) ** 2
    below = reduced.output_sum * teacher.output_sum - square
    forgiven = 1e-12 * square
    return (below <= forgiven) & (below >= -width * square - forgiven)


def in_stage_one_region(
    teacher: TeacherNumbers,
    reduced: ReducedState,
    *,
    share: float = 1 / 20,
    largest_angle: float = ACUTE,
    width: float = 3.0,
) -> NDArray[np.bool_]:
    """The set A of Lemma 7, where the gradient in a points to a*.

    Parameters
    ----------
    teacher : Teacher or Teachers
        The network to recover.
    reduced : ReducedState
        One student or a batch, with unit filters.
    share, largest_angle, width : float
        The paper's numbers: q <= N/20 or |a - a*/2|^2 >= N, phi <= 5 pi/12, band of width 3.

    Returns
    -------
    ndarray of bool

    Notes
    -----
    Source: Liu et al. (2019), Lemma 7.
    """
    norm_squared, q = teacher.norm_squared, reduced.alignment
    # |a - a*/2|^2 = |a - a*|^2 + q - (3/4) N.
    from_half = output_distance(teacher, reduced) + q - 0.75 * norm_squared
    return (
        ((q <= share * norm_squared) | (from_half >= norm_squared))
        & (np.asarray(reduced.angle) <= largest_angle)
        & in_band(teacher, reduced, width)
    )


def in_aligned_region(reduced: ReducedState, m: ArrayLike) -> NDArray[np.bool_]:
    """The set K_m of Lemma 11: q >= m and an angle of at most pi/2.

    Parameters
    ----------
    reduced : ReducedState
        One student or a batch, with unit filters.
    m : array_like
        A positive number.

    Returns
    -------
    ndarray of bool

    Notes
    -----
    Source: Liu et al. (2019), Lemma 11.
    """
    aligned = np.asarray(reduced.alignment) >= np.asarray(m)
    return aligned & (np.asarray(reduced.angle) <= np.pi / 2)


def in_near_region(
    reduced: ReducedState, m: ArrayLike, largest: ArrayLike, delta: ArrayLike
) -> NDArray[np.bool_]:
    """The set A_{m,M,delta} of Lemma 12: q in [m, M] and |w - w*|^2 <= delta.

    Parameters
    ----------
    reduced : ReducedState
        One student or a batch, with unit filters.
    m, largest, delta : array_like
        0 < m < M and delta > 0.

    Returns
    -------
    ndarray of bool

    Notes
    -----
    Source: Liu et al. (2019), Lemma 12.
    """
    q = np.asarray(reduced.alignment)
    inside = (q >= np.asarray(m)) & (q <= np.asarray(largest))
    return inside & (filter_distance(reduced) <= np.asarray(delta))


def best_filter_constant(m: ArrayLike, largest_angle: ArrayLike = np.pi / 2) -> FloatArray:
    """The largest c for which Lemma 11 holds on q >= m, phi <= largest_angle.

    Parameters
    ----------
    m : array_like
        Lower bound of q, positive.
    largest_angle : array_like
        In [0, pi].

    Returns
    -------
    ndarray
        m (pi - phi) (1 + cos(phi)) / (4 pi), which falls with phi: m/8 at pi/2, as printed.
    """
    angle = np.asarray(largest_angle, dtype=float)
    return np.asarray(m) * (np.pi - angle) * (1 + np.cos(angle)) / (4 * np.pi)


def best_output_constant(largest_angle: ArrayLike = ACUTE, share: ArrayLike = 1 / 20) -> FloatArray:
    """The largest c for which Lemma 7 holds, whatever k and a* are.

    Parameters
    ----------
    largest_angle : array_like
        Bound on phi, in [0, pi].
    share : array_like
        Bound on q/N in the first half of the region, below 1.

    Returns
    -------
    ndarray
        (pi - 1 - (pi - g(phi))/(1 - share)) / (2 pi): .0558 for the paper's numbers, where
        1/(10 pi) = .0318 is printed.  Attained at a = share a* where 1'a* = 0.
    """
    return (np.pi - 1 - g_deficit(largest_angle) / (1 - np.asarray(share))) / (2 * np.pi)


def best_delta_factor(norm_squared: ArrayLike, m: ArrayLike) -> FloatArray:
    """The smallest factor of delta for which Lemma 12 holds for every delta.

    Parameters
    ----------
    norm_squared : array_like
        N > 0.
    m : array_like
        Lower bound of q.

    Returns
    -------
    ndarray
        max(N - m, 0)/4, which is N/5 for m = N/5, where 1/5 is printed.
    """
    return np.maximum(np.asarray(norm_squared, dtype=float) - m, 0.0) / 4
