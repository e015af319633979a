"""The inequalities of the convergence proof as objects that can be tried at any point.

Each function states one lemma: it returns an `Inequality`, whose slack (left side minus right side,
divided by N or made dimensionless otherwise) is nowhere negative where the lemma holds.  The
printed constants are the defaults; other constants show where a lemma stops being true.

The variables are plain numbers, so that a search over them is a search over every teacher and every
student: ``k``; ``share`` = S^2/(k N); ``norm_squared`` = N; ``s`` = s/S (s/sqrt(k N) where S = 0);
``x`` = q/N; ``rest``, the norm of the part of a across 1 and a* over sqrt(N); and ``angle``.  Where
a* is a multiple of 1, x follows from s and is ignored; with k < 3 there is no rest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from shortcutlib.adversary import Range, Worst, search
from shortcutlib.angles import FloatArray
from shortcutlib.dissipativity import (
    ACUTE,
    Teachers,
    filter_distance,
    filter_slack,
    in_aligned_region,
    in_band,
    in_near_region,
    in_stage_one_region,
    output_slack,
)
from shortcutlib.reduced import ReducedState, step

__all__ = [
    "Inequality",
    "configuration",
    "lemma_5",
    "lemma_7",
    "lemma_9",
    "lemma_11",
    "lemma_12",
    "lemma_14",
    "theorem_10",
]

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
    """

    name: str
    ranges: Mapping[str, Range]
    slack: Callable[..., FloatArray]

    def worst(self, rng: np.random.Generator, samples: int = 20_000, starts: int = 12) -> Worst:
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
        """
        return search(self.slack, self.ranges, rng, samples=samples, starts=starts)


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
        teachers, students = configuration(x=np.zeros_like(rate), **variables)
        after = step(teachers, students, rate * 2 * np.pi / (teachers.k + np.pi - 1), 0.0)
        square = np.where(teachers.output_sum > 0, teachers.output_sum**2, 1.0)
        below = (after.output_sum * teachers.output_sum - square) / square
        # Rounding of d in the sum is forgiven, in units of the band itself.
        nearer = np.minimum(-below, below + width) + 1e-14
        return np.where(teachers.output_sum > 0, nearer, np.inf)

    return Inequality(
        "Lemma 5",
        {
            **_TEACHERS,
            "s": Range(-1, 1),
            "angle": Range(0, np.pi),
            "rate": Range(1e-6, 1, "log"),
        },
        slack,
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
    )


def _alignment_after(
    low: float, width: float, sums: Range, name: str, widest_step: Callable[..., FloatArray]
) -> Inequality:
    """q stays between low N and 3 N + 2 S^2 in one step, from a band of the given width."""

    def slack(rate: FloatArray, level: FloatArray, **variables: FloatArray) -> FloatArray:
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
        nearer = np.minimum(after - low * norm_squared, high - after) / norm_squared
        return np.where(inside, nearer + 1e-14, np.inf)

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

    return Inequality(
        "Lemma 11",
        {
            "m": Range(1e-3, 1e3, "log"),
            "excess": Range(1, 1e3, "log"),
            "angle": Range(1e-6, largest_angle),
        },
        slack,
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

    def slack(
        spread: FloatArray, step: FloatArray, level: FloatArray, angle: FloatArray
    ) -> FloatArray:
        m_eta = step / (2 * spread**2)
        q_eta = m_eta * spread**level
        turn = np.arctan(q_eta * (np.pi - angle) * np.sin(angle) / (2 * np.pi))
        # sin((phi - t)/2)/sin(phi/2) - 1, without cancellation.
        change = -2 * np.sin(turn / 4) ** 2 - np.sin(turn / 2) / np.tan(angle / 2)
        return -2 * np.log1p(change) / m_eta - rate

    return Inequality(
        "Lemma 14",
        {
            "spread": Range(15, 1e4, "log"),
            "step": Range(1e-6, 1, "log"),
            "level": Range(0, 1),
            "angle": Range(1e-6, largest_angle),
        },
        slack,
    )
