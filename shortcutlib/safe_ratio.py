"""Which ratios eta_w/eta_a need no warm-up, because every start of the paper's ball succeeds.

**A sufficient ratio, proved.**  Let eta_a (k + pi - 1) <= 2 pi and phi_0 < pi/2.  In the ball s S
<= S^2 at all times (Lemma 5).  As long as q < 0 and phi <= pi/2, the reduced step gives q+ >= (1 -
eta_a (pi - 1)/(2 pi)) q, so the sum of |q| over all these steps is at most 2 pi |q_0|/(eta_a (pi -
1)).  A step raises phi by at most eta_w |q| (pi - phi) sin(phi)/(2 pi), and (pi - phi) sin(phi) <=
1.8198.  In all, phi rises by at most (eta_w/eta_a) 1.8198 |q_0|/(pi - 1).  With |q_0| <= |S|
sqrt(N/k), phi never gets to pi/2 if

    eta_w/eta_a < (pi - 1)/1.8198 (pi/2 - phi_0) sqrt(k/N)/|S| .

Then q, pushed up by (g - 1) N > 0, turns positive, and the certificate of
`shortcutlib.certificates` applies.  No warm-up, any k; under Assumption 1 (phi_0 <= pi/3), since
S^2 <= k N, the ratio 0.616/N is always enough.  The certificate asks for eta_w q < 4, which then
holds by itself: in the ball q <= N + 2 S^2/(pi - 1) <= N (1 + 0.94 k) for ever, and the ratio times
the longest eta_a, 2 pi/(k + pi - 1), keeps eta_w q below 0.616 * 2 pi (1 + 0.94 k)/(k + pi - 1)
< 3.7.

**The largest safe ratio** is found by bisection, over the rim of the ball, which holds the worst
starts.  As steps get small it depends on k, S^2/N, phi_0 and the product of the ratio with N alone.
That there is one border between safe and unsafe ratios is proved only in part: as long as q < 0, a
larger ratio makes a student worse in the order of `shortcutlib.order`, and one whose q turns
positive at an angle below pi/2 is safe.  A student that passes pi/2 with q < 0 and still comes back
(pushed by S (S - s)) is not covered.  The tests scan for a second border and find none.
"""

import numpy as np

from shortcutlib import order
from shortcutlib.outcomes import classify
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher, check_finite
from shortcutlib.warmup import rim

__all__ = ["largest_safe_ratio", "sufficient_ratio", "theorem_4_ratio"]

#: Upper bound of (pi - phi) sin(phi) over [0, pi].
_LARGEST_TURN = 1.8198


def sufficient_ratio(teacher: Teacher) -> float:
    """A ratio eta_w/eta_a below which every start of the ball succeeds without warm-up.

    Parameters
    ----------
    teacher : Teacher
        The network to recover; its angle is at most pi/2.

    Returns
    -------
    float
        Infinite where the ball is a point (S = 0).

    Raises
    ------
    ValueError
        If the angle is beyond pi/2.

    Notes
    -----
    Proved in the docstring of this module, for eta_a (k + pi - 1) <= 2 pi and eta_w |q| < 4.
    """
    left = np.pi / 2 - teacher.angle
    if left < 0:
        raise ValueError(
            f"the teacher's angle is {teacher.angle / np.pi:.4f} pi: beyond pi/2 some starts fail "
            "with every step size"
        )
    farthest = abs(teacher.output_sum) * np.sqrt(teacher.norm_squared / teacher.k)
    return float((np.pi - 1) / _LARGEST_TURN * left / farthest) if farthest > 0 else np.inf


def theorem_4_ratio(teacher: Teacher, constant: float = 1.0) -> float:
    """The ratio eta_w/eta_a = C N eta_a of Theorem 4.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    constant : float, default 1
        C, which the paper does not print.

    Returns
    -------
    float

    Notes
    -----
    Source: Liu et al. (2019), Theorem 4, with its eta_a = pi/(20 (k + pi - 1)^2).
    """
    return float(constant * teacher.norm_squared * np.pi / (20 * (teacher.k + np.pi - 1) ** 2))


def largest_safe_ratio(
    teacher: Teacher, output_step: float, *, points: int = 129, accuracy: float = 1e-3
) -> float:
    """The largest ratio eta_w/eta_a with which every start of the ball succeeds without warm-up.

    Parameters
    ----------
    teacher : Teacher
        The network to recover; its angle is below pi/2.
    output_step : float
        eta_a, positive, with eta_a (k + pi - 1) <= 2 pi.
    points : int, default 129
        Starts tried on the worst part of the rim.
    accuracy : float, default 0.001
        Relative accuracy, in [1e-9, 0.5].

    Returns
    -------
    float
        The first border above the ratio that `sufficient_ratio` proves; infinite if nothing fails
        up to the longest step that preserves order, in particular where the spurious point is no
        minimum.  Times eta_a it is the largest safe filter step.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """
    low = sufficient_ratio(teacher)
    if not 0 < check_finite("output_step", output_step) <= 2 * np.pi / (teacher.k + np.pi - 1):
        raise ValueError(f"output_step = {output_step}: give one in (0, 2 pi/(k + pi - 1)]")
    if not 1e-9 <= accuracy <= 0.5:
        raise ValueError(f"accuracy = {accuracy}: give one from 1e-9 to 0.5")
    if low == 0:
        raise ValueError("the teacher's angle is pi/2: no ratio is safe")
    starts = rim(teacher, points)
    reach = order.largest_alignment(teacher, starts.output_sum, starts.alignment)
    longest = 1.999 / (reach * output_step)
    if low >= longest:
        return np.inf

    def safe(ratio: float) -> bool:
        steps = StepSizes.constant(output_step, ratio * output_step)
        return bool(np.all(classify(teacher, starts, steps).success))

    high = 2 * low
    while high < longest and safe(high):
        low, high = high, 2 * high
    if high >= longest:
        if safe(longest):
            return np.inf
        high = longest
    while high / low > 1 + accuracy:
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if safe(middle) else (low, middle)
    return low
