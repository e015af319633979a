"""Certified stops: conditions, proved once and checked at run time, that seal a student's fate.

Write c = eta_a (k + pi - 1)/(2 pi), u = 1 - c and d = 1 - s/S.  One step of the reduced dynamics is

    d+ = u d + c G(phi),       G(phi) = (pi - g(phi)) / (k + pi - 1) >= 0,
    q+ = (1 - eta_a (pi - 1)/(2 pi)) q + eta_a/(2 pi) ((g(phi) - 1) N + d S^2),

while phi turns by t = arctan(eta_w |q| (pi - phi) sin(phi) / (2 pi |v|^2)), towards v* if q > 0 and
away from it if q < 0, folded at the poles.  (For S = 0 take d S^2 as 0.)  Everything below supposes
0 < c < 2 and eta_a (pi - 1) <= 2 pi, so that neither s nor q is thrown about without bound.

**How far d can swing.**  Suppose G(phi) <= G from now on.  If c <= 1, each d is an average of the
last one and of a number in [0, G]: it stays between d_low = min(d, 0) and d_high = max(d, G).  If
c > 1, take D = max(d, -d/|u|, G/(2 - c)).  From -|u| D <= d <= D follows
-|u| D <= u d <= d+ <= u^2 D + c G <= D, because 1 - u^2 = c (2 - c); so d stays between
d_low = -|u| D and d_high = D.

**Success.**  Let q > 0.  Then q never exceeds Q = max(q, N + d_high S^2/(pi - 1)), as long as it is
positive.  Since (pi - phi) sin(phi) <= 1.8198, no turn exceeds
T = arctan(1.8198 eta_w Q / (2 pi |v|^2)); and if eta_w Q <= 4 |v|^2, no turn exceeds 2 phi.  So the
angle never passes B, which is phi in the second case and max(phi, T) otherwise.  If now
B <= pi/2 and (g(B) - 1) N + d_low S^2 >= 0 (with G = G(B)), the bracket in q+ is never negative, q
stays positive, and the premises hold for ever.  For c <= 1 and s S <= S^2 this is just
q > 0 and phi <= pi/2.  The angle then falls to 0 if the residual student's steps cannot pass v* by
more than they started from, eta_w Q < 4; the CNN's filter grows by each turn until that holds.

**Trapped.**  Let q < 0, take G = G(pi) = pi/(k + pi - 1), and suppose
(g(phi) - 1) N + d_high S^2 <= 0.  Then q stays negative, above -Q with
Q = max(-q, (N - d_low S^2)/(pi - 1)).  The angle grows, so g falls and the inequality persists.
A step that passes -v* does no harm while the folded angle is no smaller than before, t <= 2 x with
x = pi - phi.  For x >= pi/4 that is trivial, and for smaller x it says
eta_w Q/(2 pi |v|^2) <= tan(2 x)/(x sin x), whose right-hand side exceeds both 6.43 and 2/x there:
eta_w Q <= 40 |v|^2 suffices for all x, and eta_w Q x <= 4 pi |v|^2 from an x < pi/4 on.  The angle
rises to pi, and the run ends at the spurious point.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shortcutlib.angles import FloatArray
from shortcutlib.paths import Network
from shortcutlib.reduced import ReducedState
from shortcutlib.step_sizes import Phase
from shortcutlib.teacher import Teacher

__all__ = ["certify"]

#: Upper bound of (pi - phi) sin(phi) over [0, pi]; the maximum is 1.81970...
_LARGEST_TURN = 1.8198
#: A filter step times Q below this cannot throw a trapped angle back past -v*.
_TRAPPED_LIMIT = 40.0


def _kernel(angle: FloatArray) -> FloatArray:
    """g without its series for small values: here only g - 1 is used."""
    rest = np.pi - angle
    return np.sin(rest) - rest * np.cos(rest)


def certify(
    teacher: Teacher, state: ReducedState, phases: Sequence[Phase], network: Network = "residual"
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which students are sure to reach the global optimum, and which are sure to be trapped.

    Parameters
    ----------
    teacher : Teacher
        Only its k, S and N are used.
    state : ReducedState
        Students, as arrays of one shape.
    phases : sequence of Phase
        All phases of the schedule that have not ended, the present one first.
    network : {"residual", "cnn"}
        Which descent is run.

    Returns
    -------
    success, trapped : ndarray of bool
        At most one of the two holds for a student; neither means that it has to run on.

    Notes
    -----
    Proved in the docstring of this module.  The sets are invariant under every step of every given
    phase; the tests check exactly that at millions of random points.
    """
    nobody = np.zeros(np.shape(state.angle), dtype=bool)
    k, total, norm_squared = teacher.k, teacher.output_sum, teacher.norm_squared
    width = k + np.pi - 1
    rates = {phase.output * width / (2 * np.pi) for phase in phases}
    c = max(rates)
    last = phases[-1]
    if not (last.output > 0 and last.filter > 0 and c < 2):
        return nobody, nobody.copy()
    if max(phase.output for phase in phases) * (np.pi - 1) > 2 * np.pi:
        return nobody, nobody.copy()
    if c > 1 and len(rates) > 1:
        # The bounds on an oscillating d belong to one c; wait for the last phase.
        return nobody, nobody.copy()
    s, q, angle, _, length = (np.asarray(column) for column in state)
    filter_step = max(phase.filter for phase in phases) / length**2
    square = total**2
    d = 1 - s / total if total != 0 else np.zeros_like(s)

    def swing(largest_gap: FloatArray | float) -> tuple[FloatArray, FloatArray]:
        if c <= 1:
            return np.minimum(d, 0.0), np.maximum(d, largest_gap)
        u = c - 1
        bound = np.maximum(np.maximum(d, -d / u), largest_gap / (2 - c))
        return -u * bound, bound

    # Success.  d_high with the widest gap possible serves for Q; the sharper one for the bracket.
    _, d_high = swing(np.pi / width)
    largest_q = np.maximum(q, norm_squared + d_high * square / (np.pi - 1))
    gentle = filter_step * largest_q < 4
    turn = np.arctan(_LARGEST_TURN / (2 * np.pi) * filter_step * largest_q)
    bound = np.maximum(angle, np.where(gentle, 0.0, turn))
    success = (q > 0) & (bound <= np.pi / 2)
    # The kernel costs most here: take it only where it can decide.
    kernel = np.zeros(np.shape(angle))
    kernel[success] = _kernel(bound[success])
    # For c <= 1 d_low does not depend on the gap.
    d_low, _ = swing((np.pi - kernel) / width if c > 1 else 0.0)
    success &= (kernel - 1) * norm_squared + d_low * square >= 0
    if network == "residual":
        success &= gentle

    # Trapped.
    d_low, d_high = swing(np.pi / width)
    largest_q = np.maximum(-q, (norm_squared - d_low * square) / (np.pi - 1))
    rest = np.pi - angle
    near = (rest < np.pi / 4) & (filter_step * largest_q * rest <= 4 * np.pi)
    trapped = (q < 0) & (near | (filter_step * largest_q <= _TRAPPED_LIMIT))
    kernel[trapped] = _kernel(angle[trapped])
    trapped &= (kernel - 1) * norm_squared + d_high * square <= 0
    return success, trapped
