"""The constants of the convergence proof: step-size limits, bounds and iteration counts.

Liu et al. (2019) write many of their constants as O(.) or leave them open.  Where a number is
printed, the function gives that number; where none is, it gives one that is proved here.

**What replaces the unspecified C of Theorem 4.**  Write x = q/N, lambda = pi - 1, and let
f = g(phi_1) - 1 with phi_1 = 5 pi/12.  Suppose eta_a <= 2 pi/(k + pi - 1), so that Lemma 5 gives
S (S - s) >= 0 for ever.  As long as phi <= phi_1, with b = eta_a lambda/(2 pi) <= 1,

    x+ >= (1 - b) x + b f/lambda.

From a start with x_0 >= -X, where X = 1 covers the ball, the lower bound climbs from -X to
f/lambda = .2056 and never turns.  While x < 0, one step raises phi by at most
(eta_w N/(2 pi)) |x| r, where r <= 1.8198 bounds (pi - phi) sin(phi).  The sum of
(eta_a/(2 pi)) |x| over these steps is at most

    I = (X - f T)/lambda + X eta_a/(2 pi),      T = log(1 + X lambda/f)/lambda,

an integral and its first term.  So phi rises in all by at most (eta_w N/eta_a) r I, and

    eta_w <= (phi_1 - phi_0)/(r I) eta_a/N

keeps it below phi_1 until x > 0.  (In one line: phi + (eta_w N/eta_a) r J(x) never grows, where
J(x), `remaining_drift`, is the same sum from x on.)  From then on phi falls as long as
eta_w q <= 4.  In the band q is
at most N + 2 S^2/lambda, so for X = 1 and phi_0 >= pi/3 even eta_w q < 3.  Otherwise the step may
be longer; it is cut so that eta_w q <= 15.  The filter may then swing past v*, but by less than .9,
which is below phi_1.  The number of steps is not limited.  Nothing but phi_1 >= .9 and f > 0 was
used of phi_1: any angle from .9 to pi/2 may take its place, for teachers further from the shortcut.

**A homogeneous Lemma 15.**  Write e = a - a* and |w - w*| = 2 sin(phi/2) <= sqrt(delta).  With
kappa = .757, which bounds (pi - g(phi))/(2 lambda sin(phi/2)) for every angle, a step gives

    |e+| <= (1 - b) |e| + b (pi - g(phi)) sqrt(N)/lambda <= (1 - b) |e| + b kappa sqrt(N delta).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray
from shortcutlib.dissipativity import ACUTE
from shortcutlib.relu_kernel import g
from shortcutlib.teacher import Teacher

__all__ = [
    "LARGEST_PULL",
    "LARGEST_TURN",
    "AlignmentBounds",
    "alignment_bounds",
    "alignment_time",
    "filter_time",
    "lemma_5_output_step",
    "lemma_9_output_step",
    "lemma_14_step",
    "lemma_15_step",
    "output_time",
    "printed_filter_time",
    "printed_output_time",
    "raised_filter_step",
    "remaining_drift",
    "safe_filter_step",
    "stage_one_end",
    "stage_one_iterations",
    "stage_two_iterations",
    "theorem_4_filter_step",
    "theorem_4_output_step",
    "theorem_10_filter_step",
    "theorem_13_step",
]

#: Upper bound r of (pi - phi) sin(phi) over [0, pi]; the maximum is 1.81970...
LARGEST_TURN = 1.8198
#: Upper bound kappa of (pi - g(phi))/(2 (pi - 1) sin(phi/2)); the maximum, at 2.242, is .75651...
LARGEST_PULL = 0.757


class AlignmentBounds(NamedTuple):
    """Bounds m <= q <= M between which the second stage runs.

    Attributes
    ----------
    low, high : float
        m and M.
    """

    low: float
    high: float


def alignment_bounds(teacher: Teacher) -> AlignmentBounds:
    """m = N/5 and M = 3 N + 2 S^2.

    Parameters
    ----------
    teacher : Teacher
        Only its S and N are used.

    Returns
    -------
    AlignmentBounds

    Notes
    -----
    Source: Liu et al. (2019), Theorem 4.  Lemma 14 prints 4 S^2 for the same M.
    """
    norm_squared = teacher.norm_squared
    return AlignmentBounds(norm_squared / 5, 3 * norm_squared + 2 * teacher.output_sum**2)


def lemma_5_output_step(k: int) -> float:
    """Largest eta_a of Lemmas 5 and 6 and of Theorem 10, 2 pi/(k + pi - 1).

    Parameters
    ----------
    k : int
        Number of patches.

    Returns
    -------
    float

    Notes
    -----
    Source: Liu et al. (2019), Lemma 5.  Lemma 6 and Theorem 10 ask for a strictly smaller step.
    """
    return 2 * np.pi / (k + np.pi - 1)


def theorem_4_output_step(k: int) -> float:
    """eta_a = pi/(20 (k + pi - 1)^2), which also bounds the step of Lemma 8.

    Parameters
    ----------
    k : int
        Number of patches.

    Returns
    -------
    float

    Notes
    -----
    Source: Liu et al. (2019), Theorem 4 and Lemma 8.
    """
    return np.pi / (20 * (k + np.pi - 1) ** 2)


def theorem_4_filter_step(teacher: Teacher, constant: float) -> float:
    """eta_w = C N eta_a^2 with the eta_a of Theorem 4.

    Parameters
    ----------
    teacher : Teacher
        Only its k and N are used.
    constant : float
        C, which the paper leaves open.  Since the angle's step is eta_w q, and q grows like N, a C
        that serves every teacher must fall like 1/N^2: see `safe_filter_step`.

    Returns
    -------
    float

    Notes
    -----
    Source: Liu et al. (2019), Theorem 4.
    """
    return constant * teacher.norm_squared * theorem_4_output_step(teacher.k) ** 2


def lemma_9_output_step() -> float:
    """Largest eta_a of Lemma 9, 2 pi/(pi - 1).

    Returns
    -------
    float

    Notes
    -----
    Source: Liu et al. (2019), Lemma 9.  Its premises last only for smaller steps (Lemma 5).
    """
    return 2 * np.pi / (np.pi - 1)


def safe_filter_step(
    teacher: Teacher,
    output_step: float,
    first_angle: float | None = None,
    *,
    largest_angle: float = ACUTE,
    start: float = -1.0,
) -> float:
    """A filter step that never traps a start of the ball, with the proof of this module.

    Parameters
    ----------
    teacher : Teacher
        Only its k, S, N and angle are used.
    output_step : float
        eta_a in (0, 2 pi/(k + pi - 1)].
    first_angle : float, optional
        phi_0, below `largest_angle`; the teacher's own by default.  pi/3 covers all of
        Assumption 1.
    largest_angle : float, default 5 pi/12
        phi_1 in [.9, pi/2), the bound that phi keeps for ever.
    start : float, default -1
        Lower bound of q_0/N, in [-1, 0).  In the ball, -|S|/sqrt(k N) is one.

    Returns
    -------
    float
        (phi_1 - phi_0)/(r I) eta_a/N, about .48 eta_a/N for phi_0 = pi/3 and a small eta_a; at most
        15/(N + 2 S^2/(pi - 1)).

    Raises
    ------
    ValueError
        If the output step, an angle or the start is out of range.
    """
    limit = lemma_5_output_step(teacher.k)
    if not 0 < output_step <= limit:
        raise ValueError(
            f"output_step = {output_step:.12g}: give one above 0 and at most "
            f"2 pi/(k + pi - 1) = {limit:.6g}"
        )
    if not 0.9 <= largest_angle < np.pi / 2:
        raise ValueError(
            f"largest_angle = {largest_angle:.12g}: give one of at least .9 and below pi/2"
        )
    if not -1 <= start < 0:
        raise ValueError(f"start = {start:.12g}: give a bound of q_0/N, from -1 to below 0")
    first = teacher.angle if first_angle is None else first_angle
    if not 0 <= first < largest_angle:
        raise ValueError(
            f"the first angle is {first / np.pi:.6g} pi: give one below largest_angle, "
            f"{largest_angle / np.pi:.6g} pi, which itself may be anything below pi/2"
        )
    drift = float(remaining_drift(start, output_step, largest_angle=largest_angle))
    norm_squared, total = teacher.norm_squared, teacher.output_sum
    return float(
        min(
            (largest_angle - first) / (LARGEST_TURN * drift) * output_step / norm_squared,
            15 / (norm_squared + 2 * total**2 / (np.pi - 1)),
        )
    )


def remaining_drift(
    start: ArrayLike, output_step: ArrayLike, *, largest_angle: float = ACUTE
) -> FloatArray:
    """J(x): at most how much the sum of (eta_a/(2 pi)) |q/N| still grows until q > 0.

    Parameters
    ----------
    start : array_like
        x = q/N, at most 0.
    output_step : array_like
        eta_a in (0, 2 pi/(k + pi - 1)].
    largest_angle : float, default 5 pi/12
        phi_1, below which the angle stays.

    Returns
    -------
    ndarray
        (X - (f/lambda) log(1 + X lambda/f))/lambda + X eta_a/(2 pi) with X = -x, lambda = pi - 1
        and f = g(phi_1) - 1; for X = 1 it is the I of this module.
    """
    depth, rate = -np.asarray(start, dtype=float), np.pi - 1
    level = (float(g(largest_angle)) - 1) / rate
    area = (depth - level * np.log1p(depth / level)) / rate
    return area + depth * np.asarray(output_step, dtype=float) / (2 * np.pi)


def alignment_time(start: float, target: float, output_step: float) -> int:
    """Steps after which q/N has passed `target`, whatever the teacher is.

    Parameters
    ----------
    start : float
        q_0/N, at least -1 in the ball.
    target : float
        Share to reach, below (g(5 pi/12) - 1)/(pi - 1) = .2056.
    output_step : float
        eta_a in (0, 2 pi/(k + pi - 1)].

    Returns
    -------
    int
        The count for the recursion x+ = (1 - b) x + b f/lambda of this module, which q/N outruns
        while phi <= 5 pi/12 and s stays in the band (10).

    Raises
    ------
    ValueError
        If the target is out of reach, or the step or the start out of range.

    Notes
    -----
    Makes the O(1/eta_a) of Lemmas 8 and 9 explicit: tau_11 goes from -1 to 1/20 (6.01/eta_a) and
    tau_12 from 1/20 to 1/5 (9.78/eta_a).
    """
    limit = (float(g(ACUTE)) - 1) / (np.pi - 1)
    if not target < limit:
        raise ValueError(f"target = {target:.6g}: give a share below {limit:.6g}")
    if not np.isfinite(start):
        raise ValueError(f"start = {start}: give q_0/N, a finite number")
    if not 0 < output_step < lemma_9_output_step():
        raise ValueError(f"output_step = {output_step:.12g}: give one between 0 and 2 pi/(pi - 1)")
    if start >= target:
        return 0
    rate = output_step * (np.pi - 1) / (2 * np.pi)
    return int(np.ceil(np.log((limit - start) / (limit - target)) / -np.log1p(-rate)))


def stage_one_iterations(output_step: float) -> int:
    """T_1 = tau_11 + tau_12: steps after which Stage I is over for every start of the ball.

    Parameters
    ----------
    output_step : float
        eta_a in (0, 2 pi/(k + pi - 1)].

    Returns
    -------
    int
        About 15.8/eta_a.

    Notes
    -----
    Source: Liu et al. (2019), Theorem 4, which says O(1/eta_a); the number is ours.
    """
    return alignment_time(-1, 1 / 20, output_step) + alignment_time(1 / 20, 1 / 5, output_step)


def stage_one_end(output_step: float, constant: float = 1.0) -> float:
    """T = constant/eta_a^2, up to which Lemma 6 and Theorem 4 speak.

    Parameters
    ----------
    output_step, constant : float
        eta_a and what the paper's O(1/eta_a^2) leaves open, both positive.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If an argument is not positive.

    Notes
    -----
    Source: Liu et al. (2019), Theorem 4.  With `safe_filter_step` there is no end.
    """
    _check_positive(output_step=output_step, constant=constant)
    return constant / output_step**2


def theorem_10_filter_step(teacher: Teacher) -> float:
    """Largest eta_w of Theorem 10, m/M^2.

    Parameters
    ----------
    teacher : Teacher
        Only its S and N are used.

    Returns
    -------
    float

    Notes
    -----
    Source: Liu et al. (2019), Theorem 10.
    """
    low, high = alignment_bounds(teacher)
    return low / high**2


def raised_filter_step(teacher: Teacher) -> float:
    """The filter step below which the angle falls in every step of Stage II.

    Parameters
    ----------
    teacher : Teacher
        Only its S and N are used.

    Returns
    -------
    float
        4/(N + 2 S^2/(pi - 1)).

    Notes
    -----
    After Stage I, 0 < q <= N + 2 S^2/(pi - 1) for ever.  A step turns the filter towards v* by at
    most eta_w q phi/2, so below this step by less than 2 phi.  It is always above
    `safe_filter_step`, while the m/(2 M^2) of Theorem 13 may lie below it.
    """
    return 4 / (teacher.norm_squared + 2 * teacher.output_sum**2 / (np.pi - 1))


def lemma_14_step(teacher: Teacher) -> float:
    """Largest eta of Lemma 14 as printed, m/(2 M^2) with its own M = 3 N + 4 S^2.

    Parameters
    ----------
    teacher : Teacher
        Only its S and N are used.

    Returns
    -------
    float

    Notes
    -----
    Source: Liu et al. (2019), Lemma 14.  Theorem 13, which rests on the lemma, has 2 S^2.
    """
    norm_squared = teacher.norm_squared
    return norm_squared / 5 / (2 * (3 * norm_squared + 4 * teacher.output_sum**2) ** 2)


def lemma_15_step(k: int) -> float:
    """Largest eta of Lemma 15, 5 pi^2/(4 (k + pi - 1)^2).

    Parameters
    ----------
    k : int
        Number of patches.

    Returns
    -------
    float

    Notes
    -----
    Source: Liu et al. (2019), Lemma 15.
    """
    return 5 * np.pi**2 / (4 * (k + np.pi - 1) ** 2)


def theorem_13_step(teacher: Teacher) -> float:
    """eta = min(m/(2 M^2), 5 pi^2/(4 (k + pi - 1)^2)) of Stage II.

    Parameters
    ----------
    teacher : Teacher
        Only its k, S and N are used.

    Returns
    -------
    float

    Notes
    -----
    Source: Liu et al. (2019), Theorem 13.
    """
    return min(theorem_10_filter_step(teacher) / 2, lemma_15_step(teacher.k))


def printed_filter_time(m: float, step: float, delta: float) -> float:
    """tau_21 = 4/(m eta) log(4/delta), as printed.

    Parameters
    ----------
    m, step, delta : float
        Lower bound of q, eta and the wanted |w - w*|^2, all positive.

    Returns
    -------
    float

    Notes
    -----
    Source: Liu et al. (2019), Lemma 14.
    """
    return 4 / (m * step) * np.log(4 / delta)


def printed_output_time(step: float, distance: float, delta: float) -> float:
    """tau_22 = 4/eta log(|a_0 - a*|^2/delta), as printed.

    Parameters
    ----------
    step, distance, delta : float
        eta, |a_0 - a*|^2 and delta, all positive.

    Returns
    -------
    float
        Negative where the start is closer than delta.

    Notes
    -----
    Source: Liu et al. (2019), Lemma 15.
    """
    return 4 / step * np.log(distance / delta)


def filter_time(m: float, step: float, delta: float) -> float:
    """Steps after which |w - w*|^2 <= delta, from an angle of at most pi/2.

    Parameters
    ----------
    m, step, delta : float
        Lower bound of q, eta <= m/(2 M^2) and the wanted |w - w*|^2, all positive.

    Returns
    -------
    float
        4/(m eta) log(2/delta), at least 0: from pi/2 on, |w - w*|^2 is at most 2 and shrinks by
        exp(-m eta/4) in every step.

    Raises
    ------
    ValueError
        If an argument is not positive.

    Notes
    -----
    Repairs Lemma 14 of Liu et al. (2019), which states no condition on the angle.
    """
    _check_positive(m=m, step=step, delta=delta)
    return max(printed_filter_time(m, step, 2 * delta), 0.0)


def output_time(step: float, distance: float, norm_squared: float, delta: float) -> float:
    """Steps after which |a - a*|^2 <= N delta, while |w - w*|^2 <= delta.

    Parameters
    ----------
    step, distance, norm_squared, delta : float
        eta <= 5 pi^2/(4 (k + pi - 1)^2), |a_0 - a*|^2, N and delta, all positive.

    Returns
    -------
    float
        2 pi/((pi - 1) eta) log((r - kappa)/(1 - kappa)) with r = |a_0 - a*|/sqrt(N delta) and
        kappa = .757, 0 for r <= 1: at most (1/eta) (1.467 log+(r^2) + 4.16).

    Raises
    ------
    ValueError
        If an argument is not positive.

    Notes
    -----
    Repairs Lemma 15 of Liu et al. (2019), whose 5 delta has not the units of |a|^2; the proof is at
    the head of this module.
    """
    _check_positive(step=step, distance=distance, norm_squared=norm_squared, delta=delta)
    far = np.sqrt(distance / (norm_squared * delta))
    if far <= 1:
        return 0.0
    left = (far - LARGEST_PULL) / (1 - LARGEST_PULL)
    return float(2 * np.pi / ((np.pi - 1) * step) * np.log(left))


def stage_two_iterations(m: float, step: float, distance: float, delta: float) -> int:
    """T_2 = tau_21 + tau_22: steps after which Stage II has reached its accuracy, for good.

    Parameters
    ----------
    m, step : float
        Lower bound of q and the eta of Theorem 13, both positive.
    distance : float
        |a - a*|^2 after the first tau_21 steps, positive.
    delta : float
        Wanted |w - w*|^2, and a fifth of the wanted |a - a*|^2; positive.

    Returns
    -------
    int
        4/(m eta) log+(2/delta) + (4/eta) log+(distance/delta), each rounded up.

    Raises
    ------
    ValueError
        If an argument is not positive.

    Notes
    -----
    Source: Liu et al. (2019), Theorems 2 and 13, which say O((1/eta) log(1/delta)).  Proved in the
    chapter on Stage II, for an angle of at most pi/2 at the start.
    """
    _check_positive(distance=distance)
    first = filter_time(m, step, delta)
    return int(np.ceil(first) + np.ceil(max(printed_output_time(step, distance, delta), 0.0)))


def _check_positive(**numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 < value < np.inf:
            raise ValueError(f"{name} = {value}: give a positive number")
