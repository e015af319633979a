"""The inequalities of the convergence proof as objects that can be tried at any point.

Each function states one lemma: it returns an `Inequality`, whose slack (left side minus right side,
divided by N or made dimensionless otherwise) is nowhere negative where the lemma holds.  The
printed constants are the defaults; other constants show where a lemma stops being true.

Some statements are about a whole run.  Where such a statement follows from one that holds in every
step, the object states the step (`lemma_6_step`, `lemma_8`, `lemma_9`, `lemma_14`); where a run has
a closed form, it states the run (`lemma_15`, `theorem_13`).  Theorems 4 and 13 along real runs are
in `shortcutlib.stage_slacks`.

The variables are plain numbers, so that a search over them is a search over every teacher and every
student: ``k``; ``share`` = S^2/(k N); ``norm_squared`` = N; ``s`` = s/S (s/sqrt(k N) where S = 0);
``x`` = q/N; ``rest``, the norm of the part of a across 1 and a* over sqrt(N); and ``angle``.  Where
a* is a multiple of 1, x follows from s and is ignored; with k < 3 there is no rest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from shortcutlib.adversary import Range, Worst, search
from shortcutlib.angles import FloatArray
from shortcutlib.convergence import LARGEST_TURN, remaining_drift
from shortcutlib.dissipativity import (
    ACUTE,
    Teachers,
    filter_distance,
    filter_progress,
    filter_slack,
    in_aligned_region,
    in_band,
    in_near_region,
    in_stage_one_region,
    output_progress,
    output_slack,
)
from shortcutlib.reduced import ReducedState, output_distance, step
from shortcutlib.relu_kernel import g, g_deficit

__all__ = [
    "Inequality",
    "configuration",
    "lemma_5",
    "lemma_6",
    "lemma_6_step",
    "lemma_7",
    "lemma_8",
    "lemma_9",
    "lemma_11",
    "lemma_12",
    "lemma_14",
    "lemma_15",
    "theorem_10",
    "theorem_13",
]

#: L = (g(5 pi/12) - 1)/(pi - 1) = .2056, to which q/N climbs while phi = 5 pi/12.
_LEVEL = (float(g(ACUTE)) - 1) / (np.pi - 1)

#: The two sides of an inequality, left and right, in the units of its slack.
_Sides = tuple[FloatArray, FloatArray]

#: Every teacher that the searches look at: k from 1 to 200, N from a hundredth to a thousand.
_TEACHERS: Mapping[str, Range] = MappingProxyType(
    {
        "k": Range(1, 200, "whole"),
        "share": Range(0, 1),
        "norm_squared": Range(1e-2, 1e3, "log"),
    }
)


@dataclass(frozen=True)
class Inequality:
    """One inequality and the box of variables over which it is claimed.

    Attributes
    ----------
    name : str
        As the paper calls it.
    ranges : mapping of str to Range
        The variables.
    slack : callable
        Called with one array per variable, by name; +inf outside the region of the lemma.
    sides : callable
        Called in the same way; the left and the right side, whose difference the slack is where
        the point lies in the region.
    """

    name: str
    ranges: Mapping[str, Range]
    slack: Callable[..., FloatArray]
    sides: Callable[..., _Sides] = field(repr=False)

    def worst(self, rng: np.random.Generator, samples: int = 20_000, starts: int = 24) -> Worst:
        """Look for the point with the smallest slack.

        Parameters
        ----------
        rng : numpy.random.Generator
            Same state, same result.
        samples, starts : int
            As for `shortcutlib.adversary.search`.

        Returns
        -------
        Worst
            Its ratio is left over right side.
        """
        found = search(self.slack, self.ranges, rng, samples=samples, starts=starts)
        point = {name: np.array([value]) for name, value in found.point.items()}
        left, right = (float(np.asarray(side)[0]) for side in self.sides(**point))
        return found._replace(ratio=left / right) if right != 0 else found


def configuration(
    k: FloatArray,
    share: FloatArray,
    norm_squared: FloatArray,
    s: FloatArray,
    x: FloatArray,
    angle: FloatArray,
    rest: FloatArray | float = 0.0,
) -> tuple[Teachers, ReducedState]:
    """Teachers and students from the variables of this module.

    Parameters
    ----------
    k, share, norm_squared, s, x, angle, rest : ndarray
        See the head of the module; arrays of one shape.

    Returns
    -------
    teachers : Teachers
    students : ReducedState

    Raises
    ------
    ValueError
        If a teacher's number is outside its range.
    """
    teachers = Teachers.from_share(k, share, norm_squared)
    unit = np.where(teachers.output_sum > 0, teachers.output_sum, np.sqrt(k * norm_squared))
    output_sum = s * unit
    alignment = np.where(
        teachers.spread > 0, x * norm_squared, output_sum * teachers.output_sum / k
    )
    across = np.where(k >= 3, np.broadcast_to(rest, np.shape(k)), 0.0) * np.sqrt(norm_squared)
    return teachers, ReducedState(output_sum, alignment, angle, across, np.ones_like(across))


def lemma_5(width: float = 3.0) -> Inequality:
    """One step from a start of the ball's band stays in the band (10), whatever the angle is.

    Parameters
    ----------
    width : float, default 3
        The band -width S^2 <= s S - S^2 <= 0; 2 is the least that holds the starts themselves.

    Returns
    -------
    Inequality
        Slack: distance to the nearer border after one step, over S^2, for S != 0.  ``rate`` is
        eta_a over its limit 2 pi/(k + pi - 1).

    Notes
    -----
    Source: Liu et al. (2019), Lemma 5.
    """

    def slack(rate: FloatArray, **variables: FloatArray) -> FloatArray:
        left, right = sides(rate=rate, **variables)
        return np.where(np.isfinite(left), left - right, np.inf)

    def sides(rate: FloatArray, **variables: FloatArray) -> _Sides:
        teachers, students = configuration(x=np.zeros_like(rate), **variables)
        after = step(teachers, students, rate * 2 * np.pi / (teachers.k + np.pi - 1), 0.0)
        square = np.where(teachers.output_sum > 0, teachers.output_sum**2, 1.0)
        below = (after.output_sum * teachers.output_sum - square) / square
        # Rounding of d in the sum is forgiven, in units of the band itself.
        lower = below + width <= -below
        left = np.where(lower, width, -below) + 1e-14
        return np.where(teachers.output_sum > 0, left, np.inf), np.where(lower, -below, 0.0)

    return Inequality(
        "Lemma 5",
        {
            **_TEACHERS,
            "s": Range(-1, 1),
            "angle": Range(0, np.pi),
            "rate": Range(1e-6, 1, "log"),
        },
        slack,
        sides,
    )


def lemma_6(constant: float = 1.0) -> Inequality:
    """The first step from the ball with eta_w = C N eta_a^2, as Lemma 6 prints it.

    Parameters
    ----------
    constant : float, default 1
        C, the same for every teacher.

    Returns
    -------
    Inequality
        Slack: 5 pi/12 - phi after one step from phi <= pi/3.  ``s`` is s/S and ``across`` the
        place of the start across 1, from one end of the ball to the other; ``rate`` is eta_a over
        2 pi/(k + pi - 1).

    Notes
    -----
    Source: Liu et al. (2019), Lemma 6.
    """

    def slack(**variables: FloatArray) -> FloatArray:
        left, right = sides(**variables)
        return left - right

    def sides(rate: FloatArray, across: FloatArray, **variables: FloatArray) -> _Sides:
        share = np.where(variables["k"] == 1, 1.0, variables["share"])
        chord = np.sqrt(share * (1 - share) * np.maximum(1 - variables["s"] ** 2, 0.0))
        x = share * variables["s"] + across * chord
        teachers, students = configuration(x=x, **variables)
        output_step = rate * 2 * np.pi / (teachers.k + np.pi - 1)
        filter_step = constant * teachers.norm_squared * output_step**2
        after = step(teachers, students, output_step, filter_step)
        return np.full_like(after.angle, ACUTE), after.angle

    return Inequality(
        "Lemma 6",
        {
            **_TEACHERS,
            "s": Range(-1, 1),
            "across": Range(-1, 1),
            "angle": Range(0, np.pi / 3),
            "rate": Range(1e-6, 1, "log"),
        },
        slack,
        sides,
    )


def lemma_6_step(turn: float = LARGEST_TURN) -> Inequality:
    """What never grows as long as phi <= 5 pi/12: the step behind the repaired Lemma 6.

    While x = q/N < 0 it is V = phi + (eta_w N/eta_a) r J(x), the angle and all that the filter may
    still turn until x > 0 (`shortcutlib.convergence.remaining_drift`).  From then on it is the
    angle itself, or .9 where that is larger.

    Parameters
    ----------
    turn : float, default 1.8198
        r, the bound of (pi - phi) sin(phi).

    Returns
    -------
    Inequality
        Slack: V before minus V after a step; while x < 0 it is divided by eta_w N/(2 pi), the unit
        of a turn.  ``rate`` is eta_a over 2 pi/(k + pi - 1) and ``pull`` is eta_w times
        N + 2 S^2/(pi - 1), at most 15.

    Notes
    -----
    From V_0 <= 5 pi/12 the lemma follows: V bounds the angle, and it never grows.
    """

    def one_step(
        rate: FloatArray, pull: FloatArray, **variables: FloatArray
    ) -> tuple[Teachers, ReducedState, ReducedState, FloatArray, FloatArray]:
        teachers, students = configuration(**variables)
        output_step = rate * 2 * np.pi / (teachers.k + np.pi - 1)
        filter_step = pull / (teachers.norm_squared + 2 * teachers.output_sum**2 / (np.pi - 1))
        after = step(teachers, students, output_step, filter_step)
        return teachers, students, after, output_step, filter_step * teachers.norm_squared

    def slack(**variables: FloatArray) -> FloatArray:
        teachers, students, after, output_step, pull = one_step(**variables)
        size = teachers.norm_squared
        x, later = students.alignment / size, np.minimum(after.alignment / size, 0.0)
        before = np.minimum(x, 0.0)
        # J(x) - J(x+), where the two logarithms are one, so that no digits are lost.
        climb = later - before
        fallen = (climb - _LEVEL * np.log1p(climb / (_LEVEL - later))) / (np.pi - 1)
        fallen = fallen + output_step / (2 * np.pi) * climb
        spent = 2 * np.pi * ((students.angle - after.angle) / pull + turn * fallen / output_step)
        settled = np.maximum(students.angle, 0.9) - after.angle
        # q is at most N + 2 S^2/(pi - 1) in the band.
        inside = x <= 1 + 2 * teachers.output_sum**2 / ((np.pi - 1) * size)
        return np.where(inside, np.where(x < 0, spent + 1e-9, settled), np.inf)

    def sides(**variables: FloatArray) -> _Sides:
        teachers, students, after, output_step, pull = one_step(**variables)
        turning = []
        for state in (students, after):
            x = np.minimum(state.alignment / teachers.norm_squared, 0.0)
            turning.append(
                state.angle + turn * pull / output_step * remaining_drift(x, output_step)
            )
        settled = students.alignment >= 0
        return np.where(settled, np.maximum(students.angle, 0.9), turning[0]), turning[1]

    return Inequality(
        "Lemma 6, its step",
        {
            **_TEACHERS,
            "s": Range(-1, 1),
            "x": Range(-1, 2),
            "angle": Range(0, ACUTE),
            "rate": Range(1e-4, 1, "log"),
            "pull": Range(1e-3, 15, "log"),
        },
        slack,
        sides,
    )


def lemma_7(
    constant: float = 1 / (10 * np.pi),
    *,
    share_bound: float = 1 / 20,
    largest_angle: float = ACUTE,
) -> Inequality:
    """Partial dissipativity of the gradient in a on the set A, over N.

    Parameters
    ----------
    constant : float
        c; 1/(10 pi) is printed.
    share_bound, largest_angle : float
        The region's bounds on q/N and on the angle.

    Returns
    -------
    Inequality

    Notes
    -----
    Source: Liu et al. (2019), Lemma 7, inequality (12).
    """

    def slack(**variables: FloatArray) -> FloatArray:
        teachers, students = configuration(**variables)
        inside = in_stage_one_region(
            teachers, students, share=share_bound, largest_angle=largest_angle
        )
        value = output_slack(teachers, students, constant) / teachers.norm_squared
        return np.where(inside, value, np.inf)

    def sides(**variables: FloatArray) -> _Sides:
        teachers, students = configuration(**variables)
        size = teachers.norm_squared
        distance = output_distance(teachers, students)
        return output_progress(teachers, students) / size, constant * distance / size

    return Inequality(
        "Lemma 7",
        {
            **_TEACHERS,
            "s": Range(-2, 1),
            "x": Range(-10, 10),
            "rest": Range(0, 10),
            "angle": Range(0, largest_angle),
        },
        slack,
        sides,
    )


def lemma_8(limit: float = _LEVEL, width: float = 3.0) -> Inequality:
    """The climb of x = q/N, one step of it: L - x shrinks by 1 - b, the step behind Lemma 8.

    Parameters
    ----------
    limit : float, default .2056
        L = (g(5 pi/12) - 1)/(pi - 1), the level to which x climbs at least.
    width : float, default 3
        Width of the band (10) that the student lies in.

    Returns
    -------
    Inequality
        Slack: x+ - (1 - b) x - b L over b, for phi <= 5 pi/12 and any step up to
        2 pi/(k + pi - 1), with b = eta_a (pi - 1)/(2 pi); ``rate`` is eta_a over that limit.

    Notes
    -----
    Counting such steps gives tau_11 = 6.01/eta_a from x = -1 to 1/20 and tau_12 = 9.78/eta_a from
    there to 1/5: `shortcutlib.convergence.alignment_time`.  Source: Liu et al. (2019), Lemma 8.
    """

    def slack(rate: FloatArray, **variables: FloatArray) -> FloatArray:
        teachers, students = configuration(**variables)
        away = teachers.output_sum * (teachers.output_sum - students.output_sum)
        force = away / teachers.norm_squared / (np.pi - 1)
        # The rate cancels: what is left is the level that the two forces on x aim at.
        level = (g(students.angle) - 1) / (np.pi - 1) + force - limit
        return np.where(in_band(teachers, students, width), level + 1e-12, np.inf)

    def sides(rate: FloatArray, **variables: FloatArray) -> _Sides:
        teachers, students = configuration(**variables)
        output_step = rate * 2 * np.pi / (teachers.k + np.pi - 1)
        b = output_step * (np.pi - 1) / (2 * np.pi)
        x = students.alignment / teachers.norm_squared
        after = step(teachers, students, output_step, 0.0).alignment / teachers.norm_squared
        return (after - (1 - b) * x) / b, np.full_like(x, limit)

    return Inequality(
        "Lemma 8, its step",
        {
            **_TEACHERS,
            "s": Range(-2, 1),
            "x": Range(-1, 2),
            "angle": Range(0, ACUTE),
            "rate": Range(1e-4, 1, "log"),
        },
        slack,
        sides,
    )


def _alignment_after(
    low: float, width: float, sums: Range, name: str, widest_step: Callable[..., FloatArray]
) -> Inequality:
    """q stays between low N and 3 N + 2 S^2 in one step, from a band of the given width."""

    def sides(rate: FloatArray, level: FloatArray, **variables: FloatArray) -> _Sides:
        teachers, students = configuration(x=np.zeros_like(rate), **variables)
        norm_squared = teachers.norm_squared
        high = 3 * norm_squared + 2 * teachers.output_sum**2
        free = (1 - level) * low * norm_squared + level * high
        alignment = np.where(teachers.spread > 0, free, students.alignment)
        students = students._replace(alignment=alignment)
        inside = (alignment >= low * norm_squared) & (alignment <= high)
        if np.isfinite(width):
            inside &= in_band(teachers, students, width)
        after = step(teachers, students, rate * widest_step(teachers.k), 0.0).alignment
        lower = after - low * norm_squared <= high - after
        left = np.where(lower, after, high) / norm_squared + 1e-14
        return np.where(inside, left, np.inf), np.where(lower, low, after / norm_squared)

    def slack(**variables: FloatArray) -> FloatArray:
        left, right = sides(**variables)
        return left - right

    return Inequality(
        name,
        {
            **_TEACHERS,
            "s": sums,
            "angle": Range(0, ACUTE),
            "rate": Range(1e-6, 1, "log"),
            "level": Range(0, 1),
        },
        slack,
        sides,
    )


def lemma_9(low: float = 1 / 5) -> Inequality:
    """q stays between N/5 and 3 N + 2 S^2 in one step from the band (10) with phi <= 5 pi/12.

    Parameters
    ----------
    low : float, default 1/5
        Lower bound of q/N; (g(5 pi/12) - 1)/(pi - 1) = .2056 is the largest that holds.

    Returns
    -------
    Inequality
        ``rate`` is eta_a over the lemma's limit 2 pi/(pi - 1), ``level`` the place of q between its
        bounds; the slack is the distance to the nearer bound after the step, over N.

    Notes
    -----
    Source: Liu et al. (2019), Lemma 9.
    """
    return _alignment_after(
        low, 3.0, Range(-2, 1), "Lemma 9", lambda k: np.full_like(k, 2 * np.pi / (np.pi - 1))
    )


def theorem_10(width: float = np.inf) -> Inequality:
    """The claim of Theorem 10 on q, for one step: as printed without a band, or with one.

    Parameters
    ----------
    width : float, default inf
        Width of the band (10) that the start has to lie in; the theorem asks for none.

    Returns
    -------
    Inequality
        Variables as for `lemma_9`, with ``rate`` relative to 2 pi/(k + pi - 1).

    Notes
    -----
    Source: Liu et al. (2019), Theorem 10.
    """
    return _alignment_after(
        1 / 5, width, Range(-2, 30), "Theorem 10", lambda k: 2 * np.pi / (k + np.pi - 1)
    )


def lemma_11(factor: float = 1 / 8, largest_angle: float = np.pi / 2) -> Inequality:
    """Partial dissipativity of the gradient in w on K_m, over m |w - w*|^2.

    Parameters
    ----------
    factor : float, default 1/8
        c = factor m.
    largest_angle : float
        The region's bound on the angle; pi/2 in the paper.

    Returns
    -------
    Inequality
        ``excess`` is q/m.

    Notes
    -----
    Source: Liu et al. (2019), Lemma 11.
    """

    def slack(m: FloatArray, excess: FloatArray, angle: FloatArray) -> FloatArray:
        ones = np.ones_like(m)
        students = ReducedState(0 * ones, m * excess, angle, 0 * ones, ones)
        inside = in_aligned_region(students, m) if largest_angle <= np.pi / 2 else True
        distance = filter_distance(students)
        return np.where(inside, filter_slack(students, factor * m) / (m * distance), np.inf)

    def sides(m: FloatArray, excess: FloatArray, angle: FloatArray) -> _Sides:
        ones = np.ones_like(m)
        students = ReducedState(0 * ones, m * excess, angle, 0 * ones, ones)
        return filter_progress(students) / (m * filter_distance(students)), factor * ones

    return Inequality(
        "Lemma 11",
        {
            "m": Range(1e-3, 1e3, "log"),
            "excess": Range(1, 1e3, "log"),
            "angle": Range(1e-6, largest_angle),
        },
        slack,
        sides,
    )


def lemma_12(
    delta_factor: Callable[[FloatArray, FloatArray], FloatArray] | None = None,
) -> Inequality:
    """Partial dissipativity of the gradient in a on A_{m,M,delta}, over N delta, with m = N/5.

    Parameters
    ----------
    delta_factor : callable, optional
        The factor of delta as a function of N and m; 1/5 by default, as printed.
        `shortcutlib.dissipativity.best_delta_factor` is the smallest that holds.

    Returns
    -------
    Inequality
        Delta is the student's own |w - w*|^2, the least that its region allows.

    Notes
    -----
    Source: Liu et al. (2019), Lemma 12.
    """

    def slack(**variables: FloatArray) -> FloatArray:
        teachers, students = configuration(**variables)
        norm_squared = teachers.norm_squared
        m = norm_squared / 5
        delta = filter_distance(students)
        inside = in_near_region(students, m, 3 * norm_squared + 2 * teachers.output_sum**2, delta)
        factor = np.full_like(m, 1 / 5) if delta_factor is None else delta_factor(norm_squared, m)
        value = output_slack(teachers, students, (np.pi - 1) / (2 * np.pi), factor * delta)
        return np.where(inside, value / (delta * norm_squared), np.inf)

    def sides(**variables: FloatArray) -> _Sides:
        teachers, students = configuration(**variables)
        norm_squared, delta = teachers.norm_squared, filter_distance(students)
        m = norm_squared / 5
        factor = np.full_like(m, 1 / 5) if delta_factor is None else delta_factor(norm_squared, m)
        parabola = (np.pi - 1) / (2 * np.pi) * output_distance(teachers, students)
        pull = output_progress(teachers, students)
        return (pull + factor * delta) / (norm_squared * delta), parabola / (norm_squared * delta)

    return Inequality(
        "Lemma 12",
        {
            **_TEACHERS,
            "s": Range(-2, 3),
            "x": Range(0.2, 10),
            "rest": Range(0, 3),
            "angle": Range(1e-6, np.pi),
        },
        slack,
        sides,
    )


def lemma_14(rate: float = 1 / 4, largest_angle: float = np.pi / 2) -> Inequality:
    """|w - w*|^2 shrinks by exp(-rate m eta) in every step: the step behind Lemma 14.

    Parameters
    ----------
    rate : float, default 1/4
        The rate that tau_21 = 4/(m eta) log(4/delta) asks for.
    largest_angle : float, default pi/2
        Bound on the angle, which the lemma does not state.

    Returns
    -------
    Inequality
        ``spread`` is M/m >= 15, ``step`` is eta over its limit m/(2 M^2), ``level`` the place of q
        between m and M, in its logarithm.  The slack is the step's own rate over m eta, minus
        `rate`.

    Notes
    -----
    Source: Liu et al. (2019), Lemma 14.
    """

    def slack(**variables: FloatArray) -> FloatArray:
        left, right = sides(**variables)
        return left - right

    def sides(spread: FloatArray, step: FloatArray, level: FloatArray, angle: FloatArray) -> _Sides:
        m_eta = step / (2 * spread**2)
        q_eta = m_eta * spread**level
        turn = np.arctan(q_eta * (np.pi - angle) * np.sin(angle) / (2 * np.pi))
        # sin((phi - t)/2)/sin(phi/2) - 1, without cancellation.
        change = -2 * np.sin(turn / 4) ** 2 - np.sin(turn / 2) / np.tan(angle / 2)
        return -2 * np.log1p(change) / m_eta, np.full_like(angle, rate)

    return Inequality(
        "Lemma 14",
        {
            "spread": Range(15, 1e4, "log"),
            "step": Range(1e-6, 1, "log"),
            "level": Range(0, 1),
            "angle": Range(1e-6, largest_angle),
        },
        slack,
        sides,
    )


def _still(angle: FloatArray) -> FloatArray:
    """(pi - g)/(pi - 1): how far from a* the output weights rest, over sqrt(N), where S = 0."""
    return g_deficit(angle) / (np.pi - 1)


def lemma_15(largest_norm: float = 1e3, *, homogeneous: bool = False) -> Inequality:
    """|a - a*|^2 after tau_22 steps, for a filter that rests at one angle and then at another.

    Parameters
    ----------
    largest_norm : float, default 1000
        Upper end of N.
    homogeneous : bool, default False
        False: |a - a*|^2 <= 5 delta from tau_22 = (4/eta) log(|a_0 - a*|^2/delta) on, as printed.
        True: |a - a*|^2 <= N delta from (1/eta) (1.467 log+(|a_0 - a*|^2/(N delta)) + 4.16) on.

    Returns
    -------
    Inequality
        Slack: 1 minus |a - a*|^2 over its bound.  The filter rests at ``first`` times ``angle`` for
        a share ``turning`` of the steps and ``second`` times ``angle`` from then on, with
        delta = 4 sin(angle/2)^2.  The start is a* plus ``along`` 1, ``across`` it in the plane of
        1 and a*, and ``rest`` across both, in units of sqrt(N).  ``rate`` is eta over its limit,
        ``later`` how much eta t goes beyond tau_22.

    Notes
    -----
    The premise m <= q_t <= M is looked at on nine steps of the way, so that the search is over a
    little more than the lemma speaks of.  Source: Liu et al. (2019), Lemma 15.
    """

    def run(
        first: FloatArray, second: FloatArray, turning: FloatArray, angle: FloatArray,
        rate: FloatArray, later: FloatArray, along: FloatArray, across: FloatArray,
        rest: FloatArray, **variables: FloatArray,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:  # fmt: skip
        teachers = Teachers.from_share(**variables)
        k, size = teachers.k, teachers.norm_squared
        delta = 4 * np.sin(angle / 2) ** 2
        # In units of sqrt(N); with one patch there is one direction, with two there are two.
        sum_part = teachers.output_sum / np.sqrt(k * size)
        other = np.sqrt(teachers.spread / size)
        across = np.where(k >= 2, across, 0.0)
        rest = np.where(k >= 3, rest, 0.0)
        start = along**2 + across**2 + rest**2
        eta = rate * 5 * np.pi**2 / (4 * (k + np.pi - 1) ** 2)
        if homogeneous:
            far = np.log(np.maximum(start / delta, 1e-300))
            wait, bound = 1.467 * np.maximum(far, 0.0) + 4.16, delta
        else:
            far = np.log(np.maximum(start * size / delta, 1e-300))
            wait, bound = 4 * np.maximum(far, 0.0), 5 * delta / size
        steps = np.ceil(wait / eta) + np.floor(later / eta)
        before = np.floor(turning * steps)
        slow, fast = (np.log1p(-eta * c / (2 * np.pi)) for c in (np.pi - 1, k + np.pi - 1))
        ends = []
        for place in (first, second):
            still = _still(place * angle)
            ends.append((-still * other, -still * sum_part * (np.pi - 1) / (k + np.pi - 1)))

        def after(t: FloatArray) -> tuple[FloatArray, FloatArray]:
            """The parts across and along 1 after t steps."""
            found = []
            for start_at, log_factor, end_1, end_2 in (
                (across, slow, ends[0][0], ends[1][0]),
                (along, fast, ends[0][1], ends[1][1]),
            ):
                early = np.minimum(t, before)
                turned = end_1 + np.exp(early * log_factor) * (start_at - end_1)
                found.append(end_2 + np.exp((t - early) * log_factor) * (turned - end_2))
            return found[0], found[1]

        inside = np.ones(angle.shape, dtype=bool)
        most = 3 + 2 * teachers.output_sum**2 / size
        for part in (0.0, 0.25, 0.5, 0.75, 1.0):
            for t in (np.floor(part * before), before + np.floor(part * (steps - before))):
                over, sum_over = after(t)
                x = 1 + over * other + sum_over * sum_part
                inside &= (x >= 0.2 * (1 - 1e-12)) & (x <= most)
        over, sum_over = after(steps)
        distance = over**2 + sum_over**2 + (rest * np.exp(steps * slow)) ** 2
        return bound, distance, inside

    def slack(**variables: FloatArray) -> FloatArray:
        bound, distance, inside = run(**variables)
        return np.where(inside, 1 - distance / bound, np.inf)

    def sides(**variables: FloatArray) -> _Sides:
        bound, distance, _ = run(**variables)
        return np.ones_like(bound), distance / bound

    return Inequality(
        "Lemma 15",
        {
            **_TEACHERS,
            "norm_squared": Range(1e-2, largest_norm, "log"),
            "along": Range(-2, 2),
            "across": Range(-2, 2),
            "rest": Range(0, 2),
            "angle": Range(1e-4, np.pi),
            "first": Range(0, 1),
            "second": Range(0, 1),
            "turning": Range(0, 1),
            "rate": Range(1e-3, 1, "log"),
            "later": Range(0, 50),
        },
        slack,
        sides,
    )


def theorem_13(bound: float = 5.0) -> Inequality:
    """|a - a*|^2 <= 5 delta after tau_22 steps of a filter that converges: the end of Theorem 13.

    Counted from tau_21 on, |w_t - w*|^2 is at most min(delta, 2) exp(-eta m t/4) by Lemma 14.
    Unrolling the step of a gives an upper bound of |a_t - a*| in closed form, which is tried here:

        (1 - b)^t |a_0 - a*| + (eta/4) sqrt(N) sum_{j < t} (1 - b)^(t - 1 - j) |w_j - w*|^2.

    Parameters
    ----------
    bound : float, default 5
        The factor of delta.

    Returns
    -------
    Inequality
        Slack: root of the factor minus that bound over sqrt(delta).  ``rate`` is eta over the
        theorem's step, ``distance`` is |a_0 - a*|^2/delta, ``later`` how much eta t goes beyond
        tau_22.

    Notes
    -----
    Source: Liu et al. (2019), Theorem 13, with the condition phi_0 <= pi/2 that Lemma 14 needs.
    """

    def sides(
        rate: FloatArray, delta: FloatArray, distance: FloatArray, later: FloatArray,
        **variables: FloatArray,
    ) -> _Sides:  # fmt: skip
        teachers = Teachers.from_share(**variables)
        k, size = teachers.k, teachers.norm_squared
        m, most = size / 5, 3 * size + 2 * teachers.output_sum**2
        eta = rate * np.minimum(m / (2 * most**2), 5 * np.pi**2 / (4 * (k + np.pi - 1) ** 2))
        wait = 4 * np.maximum(np.log(distance), 0.0)
        t = np.ceil(wait / eta) + np.floor(later / eta)
        slow = np.log1p(-eta * (np.pi - 1) / (2 * np.pi))
        filters = -eta * m / 4
        # sum_{j < t} e^(slow (t - 1 - j)) e^(filters j), from the larger of the two powers.
        larger, gap = np.maximum(slow, filters), -np.abs(slow - filters)
        ratio = np.where(gap < 0, np.expm1(t * gap) / np.expm1(np.where(gap < 0, gap, -1.0)), t)
        total = np.where(t > 0, np.exp((t - 1) * larger) * ratio, 0.0)
        forced = 0.25 * eta * np.sqrt(size / delta) * np.minimum(delta, 2.0) * total
        return np.full_like(total, np.sqrt(bound)), np.exp(t * slow) * np.sqrt(distance) + forced

    def slack(**variables: FloatArray) -> FloatArray:
        left, right = sides(**variables)
        return left - right

    return Inequality(
        "Theorem 13",
        {
            **_TEACHERS,
            "rate": Range(1e-3, 1, "log"),
            "delta": Range(1e-12, 1e3, "log"),
            "distance": Range(1e-6, 1e12, "log"),
            "later": Range(0, 50),
        },
        slack,
        sides,
    )
