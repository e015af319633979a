"""The true basins of the two optima: their common border as a surface q*(s, phi).

The authors' response to the reviews defines R1 = {q > 0, phi < pi/2} and R2 = {q < 0, phi > pi/2}
as basins of attraction.  Neither is one, because the third number, s, matters.

**R1 is safe where s S <= S^2.**  The step adds a multiple of (g - 1) N + S (S - s) to q.  For
phi <= pi/2 the first term is not negative, but with s far beyond S the second one is, and q turns
negative.  The set R1 with 1'a* 1'a <= (1'a*)^2 *is* invariant for eta_a (k + pi - 1) <= 2 pi:  s+/S
is a weighted mean of s/S <= 1 and (k + g - 1)/(k + pi - 1) <= 1, so s+/S <= 1;  q+ is q > 0 times a
factor that is not negative, plus terms that are not negative;  and the filter turns towards v* by
an arctangent, which for phi <= pi/2 leaves it within pi/2.  The lower half of the paper's
condition, -3 S^2 <= S s - S^2, is passed on by the same mean but plays no part.
Every start of the paper's ball has s S <= S^2, so there R1 is safe.

**For R2 it is enough that (g - 1) N + max(1 - s/S, pi/(k + pi - 1)) S^2 <= 0**: then q stays
negative (`shortcutlib.certificates`).  Elsewhere q may be pushed up in time, where s lags behind S.

The order of `shortcutlib.order` makes the border a graph: for each s and phi the starts that fail
are those with q below one number q*(s, phi), which rises with phi.  In the order's own coordinate,
x = q - s S/k, the border x* = q* - s S/k falls as S s rises; q* itself need not.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shortcutlib import order
from shortcutlib.angles import FloatArray
from shortcutlib.border import Lines
from shortcutlib.reduced import ReducedState
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher, check_finite

__all__ = ["border_alignment", "in_core", "in_first_quarter", "in_second_quarter"]


def in_first_quarter(state: ReducedState) -> NDArray[np.bool_]:
    """Whether students are in R1 = {q > 0, phi < pi/2}.

    Parameters
    ----------
    state : ReducedState
        One student or a batch.

    Returns
    -------
    ndarray of bool

    Notes
    -----
    Source: the authors' response to reviews, comment 2 of reviewer 2.
    """
    return np.asarray((state.alignment > 0) & (state.angle < np.pi / 2))


def in_second_quarter(state: ReducedState) -> NDArray[np.bool_]:
    """Whether students are in R2 = {q < 0, phi > pi/2}.

    Parameters
    ----------
    state : ReducedState
        One student or a batch.

    Returns
    -------
    ndarray of bool

    Notes
    -----
    Source: as for `in_first_quarter`.
    """
    return np.asarray((state.alignment < 0) & (state.angle > np.pi / 2))


def in_core(teacher: Teacher, state: ReducedState) -> NDArray[np.bool_]:
    """Whether students are in R1 and satisfy -3 S^2 <= S s - S^2 <= 0: an invariant set.

    Parameters
    ----------
    teacher : Teacher
        Only its S is used.
    state : ReducedState
        One student or a batch.

    Returns
    -------
    ndarray of bool

    Notes
    -----
    Source: Liu et al. (2019), equation (10), with R1 of the authors' response.
    """
    away = teacher.output_sum * (state.output_sum - teacher.output_sum)
    return in_first_quarter(state) & (away <= 0) & (away >= -3 * teacher.output_sum**2)


def border_alignment(
    teacher: Teacher,
    steps: StepSizes,
    output_sum: ArrayLike,
    angle: ArrayLike,
    *,
    largest: float | None = None,
    tolerance: float = 1e-6,
) -> FloatArray:
    """The border q*(s, phi) between the basins of attraction, anywhere in the space of students.

    Parameters
    ----------
    teacher : Teacher
        The network to recover; a* not a multiple of 1.
    steps : StepSizes
        Step sizes over time.
    output_sum, angle : array_like
        s, and phi inside (0, pi), of one common shape after broadcasting.
    largest : float, optional
        The border is sought for |q| up to here; by default 2 N.
    tolerance : float, default 1e-6
        Accuracy as a fraction of `largest`, in [1e-12, 0.01].

    Returns
    -------
    ndarray
        q*: starts below it are trapped, starts above succeed.  -inf where every q in the range
        succeeds, inf where every one fails.

    Raises
    ------
    ValueError
        If an argument is out of range, or steps are too long to preserve the order that makes the
        border a graph.
    RuntimeError
        If a start stays undecided.
    """
    if teacher.spread == 0.0:
        raise ValueError("a* is a multiple of 1: q = s S/k follows from s, there is no border in q")
    reach = 2 * teacher.norm_squared if largest is None else check_finite("largest", largest)
    if not reach > 0:
        raise ValueError(f"largest = {reach}: give a positive number")
    if not 1e-12 <= tolerance <= 1e-2:
        raise ValueError(f"tolerance = {tolerance}: give one from 1e-12 to 0.01")
    s, phi = np.broadcast_arrays(np.asarray(output_sum, float), np.asarray(angle, float))
    if not (np.all(np.isfinite(s)) and np.all((phi > 0) & (phi < np.pi))):
        raise ValueError("output_sum must be finite and angle inside (0, pi)")
    flat, angles = s.ravel(), phi.ravel()
    extremes = np.array([-reach, reach])
    if not order.preserves_order(teacher, flat, np.resize(extremes, flat.size + 1), steps):
        raise ValueError(
            "the step sizes are too large for one step to preserve order, so the border may be no "
            "graph: take eta_a (k + pi - 1) <= 2 pi and eta_w |q| < 2"
        )
    zero = np.zeros_like(flat)
    lines = Lines(
        teacher,
        steps,
        "residual",
        True,
        np.array([flat, zero, angles]),
        np.array([zero, zero + reach, zero]),
    )
    return (reach * lines.border(tolerance).place).reshape(s.shape)
