"""Step-size schedules for the filter: which save every start, what they cost, and the best one.

A schedule is judged by its worst start on the rim of the paper's ball (`shortcutlib.warmup.rim`):
it must succeed, and its cost is the number of iterations until the last of those starts has
arrived, |a - a*|^2 + |w - w*|^2 <= 1e-6.  Smooth schedules are stored as short phases of fixed step
sizes.

**A length that is just enough is dear.**  The worst start of a schedule that barely saves it
lingers at the saddle between the two basins, and the shorter the distance, the longer it lingers.
A warm-up some 15% longer than needed costs less in all.

**What the best schedule looks like.**  Fix eta_a and a bound on eta_w.  For one start with q < 0
any turn of the filter is a turn away from v*, and by the order of `shortcutlib.order` a smaller
angle is never worse for its fate: so eta_w = 0 is best while q < 0.  That argument is about fates;
which schedule arrives first it does not say.  `search` tries them all, on a grid.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shortcutlib import order, reduced
from shortcutlib.angles import FloatArray
from shortcutlib.certificates import certify
from shortcutlib.outcomes import classify
from shortcutlib.paths import check_run
from shortcutlib.step_sizes import Phase, StepSizes
from shortcutlib.teacher import Teacher, check_finite, check_size
from shortcutlib.warmup import rim, saves_every_start

__all__ = [
    "Best",
    "Cost",
    "cosine_warmup",
    "cost",
    "costs",
    "linear_warmup",
    "ramp",
    "search",
    "shortest_rest",
]

#: Starts on the rim; the slowest of them decides.
_POINTS = 33
#: Phases into which a ramp is cut: the shortest ramps that work are then 0.2% too long at most,
#: against steps that grow in every iteration; with 32 phases they are 2.5% too long.
_PIECES = 128
#: Steps of the last phase between two looks at who is trapped.
_LOOK_EVERY = 256
#: Schedules that a search may try.
_MOST = 100_000


@dataclass(frozen=True)
class Cost:
    """What a schedule does to the worst starts.

    Attributes
    ----------
    saved : float
        Share of the starts on the worst part of the rim that reach the global optimum.  These are
        the worst starts of all: of random starts far more are saved.
    iterations : int or None
        Steps until the last of them has arrived; None if one fails or is not there in time.
    """

    saved: float
    iterations: int | None


@dataclass(frozen=True)
class Best:
    """The cheapest of many schedules.

    Attributes
    ----------
    steps : StepSizes
        The schedule.
    cost : Cost
        What it costs.
    tried : int
        How many schedules there were to choose from.
    """

    steps: StepSizes
    cost: Cost
    tried: int


def ramp(
    output: float,
    filter: float,
    iterations: int,
    shape: Callable[[FloatArray], FloatArray],
    *,
    pieces: int = _PIECES,
) -> StepSizes:
    """A filter step that grows from 0 to its final value along a given shape.

    Parameters
    ----------
    output : float
        eta_a, throughout.
    filter : float
        eta_w after the ramp.
    iterations : int
        Length of the ramp, at least 1.
    shape : callable
        Takes times in (0, 1), returns shares of `filter`, at least 0.
    pieces : int, default 128
        Phases of fixed step sizes that stand for the ramp.

    Returns
    -------
    StepSizes

    Raises
    ------
    ValueError
        If a length or a step size is impossible.
    """
    check_size("iterations", iterations)
    check_size("pieces", pieces)
    # Short phases first: a fixed share of a long ramp would already be too much at its beginning.
    ends = np.unique(np.round(iterations * np.linspace(0, 1, pieces + 1) ** 2).astype(int))
    shares = shape((ends[:-1] + ends[1:]) / (2 * iterations))
    phases = [
        Phase(output, float(filter * share), int(length))
        for share, length in zip(shares, np.diff(ends), strict=True)
    ]
    return StepSizes((*phases, Phase(output, filter)))


def linear_warmup(output: float, filter: float, iterations: int) -> StepSizes:
    """The filter's step grows linearly, as in gradual warm-up.

    Parameters
    ----------
    output, filter : float
        eta_a, and eta_w after the warm-up.
    iterations : int
        Length of the warm-up, at least 1.

    Returns
    -------
    StepSizes

    Notes
    -----
    Source: Goyal et al. (2017), section 2.2, here for the filter alone.
    """
    return ramp(output, filter, iterations, lambda t: t)


def cosine_warmup(output: float, filter: float, iterations: int) -> StepSizes:
    """The filter's step grows along half a cosine: slowly, quickly, slowly.

    Parameters
    ----------
    output, filter, iterations
        As for `linear_warmup`.

    Returns
    -------
    StepSizes
    """
    return ramp(output, filter, iterations, lambda t: (1 - np.cos(np.pi * t)) / 2)


def _starts(teacher: Teacher, steps: StepSizes, points: int) -> reduced.ReducedState:
    starts = rim(teacher, points)
    if not order.preserves_order(teacher, starts.output_sum, starts.alignment, steps):
        raise ValueError(
            "the step sizes are too large for one step to preserve order, so the rim does not "
            "decide: take eta_a (k + pi - 1) <= 2 pi and eta_w |q| < 2"
        )
    return starts


def _loses(teacher: Teacher, state: reduced.ReducedState, row: int, phase: Phase) -> bool:
    """Whether a start of this row is sure to be trapped, if the phase lasts for ever."""
    _, trapped = certify(teacher, reduced.ReducedState(*(c[row] for c in state)), [phase])
    return bool(np.any(trapped))


def _arrivals(
    teacher: Teacher,
    starts: reduced.ReducedState,
    schedules: Sequence[StepSizes],
    iterations: int,
    tolerance: float,
    *,
    first: bool = False,
) -> NDArray[np.int64]:
    """Steps until the last start of each schedule has arrived; -1 where one has not, in time.

    All schedules run side by side.  With `first` the run ends when one schedule is done.
    """
    taken = np.full(len(schedules), -1, dtype=np.int64)
    active = np.arange(len(schedules))
    stretches = [list(steps.stretches()) for steps in schedules]
    place = np.zeros(len(schedules), dtype=np.int64)
    # One row a schedule, one column a start.
    state = reduced.ReducedState(*(np.tile(column, (len(schedules), 1)) for column in starts))
    change, settled = 0, None
    phases: list[Phase] = []
    output = filter = np.zeros((0, 1))
    for iteration in range(iterations):
        if iteration == change:
            # Some schedule enters a new phase.
            ends = []
            for row in active:
                while (end := stretches[row][place[row]][2]) is not None and end <= iteration:
                    place[row] += 1
                ends.append(end)
            phases = [stretches[row][place[row]][0] for row in active]
            output = np.array([[phase.output] for phase in phases])
            filter = np.array([[phase.filter] for phase in phases])
            change = min((end for end in ends if end is not None), default=-1)
            settled = iteration if change == -1 else None
        if settled is not None and (iteration - settled) % _LOOK_EVERY == 0:
            # A schedule with a start that is sure to be trapped will not arrive.
            keep = ~np.array([_loses(teacher, state, i, p) for i, p in enumerate(phases)])
            phases = [phase for phase, kept in zip(phases, keep, strict=True) if kept]
            active, output, filter = active[keep], output[keep], filter[keep]
            state = reduced.ReducedState(*(column[keep] for column in state))
            if active.size == 0:
                break
        state = reduced.step(teacher, state, output, filter)
        distance = reduced.output_distance(teacher, state) + 4 * np.sin(state.angle / 2) ** 2
        done = np.all(distance <= tolerance, axis=1)
        if np.any(done):
            taken[active[done]] = iteration + 1
            if first:
                break
            phases = [phase for phase, gone in zip(phases, done, strict=True) if not gone]
            active, output, filter = active[~done], output[~done], filter[~done]
            state = reduced.ReducedState(*(column[~done] for column in state))
            if active.size == 0:
                break
    return taken


def costs(
    teacher: Teacher,
    schedules: Sequence[StepSizes],
    *,
    iterations: int = 1_000_000,
    tolerance: float = 1e-6,
    points: int = _POINTS,
) -> list[Cost]:
    """Judge schedules by the worst starts of the paper's ball, all of them in one pass.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    schedules : sequence of StepSizes
        Step sizes over time.
    iterations : int, default 1000000
        Largest number of steps.
    tolerance : float, default 1e-6
        When a run has arrived.
    points : int, default 33
        Starts on the worst part of the rim.

    Returns
    -------
    list of Cost

    Raises
    ------
    ValueError
        If steps are too long for the rim to hold the worst starts, or an argument is impossible.

    Notes
    -----
    A run may pass the optimum and leave the tolerance again; a schedule's cost is the first
    iteration at which all its starts are within it.
    """
    check_run(iterations, tolerance)
    saved = [
        float(np.mean(classify(teacher, _starts(teacher, steps, points), steps).success))
        for steps in schedules
    ]
    safe = [i for i, share in enumerate(saved) if share == 1]
    taken = np.full(len(schedules), -1, dtype=np.int64)
    if safe:
        taken[safe] = _arrivals(
            teacher, rim(teacher, points), [schedules[i] for i in safe], iterations, tolerance
        )
    return [
        Cost(share, int(count) if count >= 0 else None)
        for share, count in zip(saved, taken, strict=True)
    ]


def cost(
    teacher: Teacher,
    steps: StepSizes,
    *,
    iterations: int = 1_000_000,
    tolerance: float = 1e-6,
    points: int = _POINTS,
) -> Cost:
    """Judge one schedule by the worst starts of the paper's ball.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    steps : StepSizes
        Step sizes over time.
    iterations, tolerance, points
        As for `costs`.

    Returns
    -------
    Cost

    Raises
    ------
    ValueError
        As for `costs`.
    """
    return costs(teacher, [steps], iterations=iterations, tolerance=tolerance, points=points)[0]


def shortest_rest(teacher: Teacher, output: float, filter: float) -> int:
    """Iterations with the filter at rest after which no start of the ball has q < 0: layer-wise.

    Parameters
    ----------
    teacher : Teacher
        The network to recover; its angle is below pi/2.
    output : float
        eta_a, with eta_a (k + pi - 1) <= 2 pi.
    filter : float
        eta_w afterwards; it does not matter for the answer, only has to be positive.

    Returns
    -------
    int
        Enough for every start, since q > 0, phi < pi/2 and s S <= S^2 is an invariant set
        (`shortcutlib.basin_border`).  With the filter at rest s and q obey linear recurrences, and
        the worst start has the smallest q at all times.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """
    if not teacher.angle < np.pi / 2:
        raise ValueError(f"angle = {teacher.angle / np.pi:.4f} pi: at rest, q never turns positive")
    if not check_finite("output", output) > 0 or not check_finite("filter", filter) > 0:
        raise ValueError(f"output = {output}, filter = {filter}: give positive step sizes")
    current = _starts(teacher, StepSizes.constant(output, filter), 1025)
    count = 0
    while np.any(current.alignment <= 0):
        current = reduced.step(teacher, current, output, 0.0)
        count += 1
    return count


def search(
    teacher: Teacher,
    output: float,
    largest: float,
    lengths: Sequence[int],
    *,
    levels: Sequence[float] = (0.0, 0.25, 1.0),
    points: int = 9,
) -> Best:
    """The cheapest schedule that saves every start, of all those that are fixed on given phases.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    output : float
        eta_a, throughout.
    largest : float
        Bound on eta_w, and its value after the last phase.
    lengths : sequence of int
        Iterations of each phase.
    levels : sequence of float, default (0, 0.25, 1)
        Values of eta_w in a phase, as shares of `largest`, in [0, 1].
    points : int, default 9
        Starts on the worst part of the rim that are run; the winner is then tried with many more.

    Returns
    -------
    Best

    Raises
    ------
    ValueError
        If an argument is impossible or there are more than 100,000 schedules.
    RuntimeError
        If no schedule saves every start: give more or longer phases.

    Notes
    -----
    Nothing is assumed about what the optimum looks like: all schedules run side by side until the
    first one has brought all its starts home.
    """
    count = len(levels) ** len(lengths)
    if not 1 <= count <= _MOST:
        raise ValueError(
            f"{len(levels)} levels in {len(lengths)} phases are {count} schedules: give at least "
            f"one level and no more than {_MOST:,} schedules"
        )
    if not all(0 <= check_finite("a level", level) <= 1 for level in levels):
        raise ValueError(f"levels = {tuple(levels)}: give shares of `largest`, in [0, 1]")
    last = Phase(output, largest)
    schedules = [
        StepSizes(
            (
                *(
                    Phase(output, float(level * largest), int(length))
                    for level, length in zip(shares, lengths, strict=True)
                ),
                last,
            )
        )
        for shares in itertools.product(levels, repeat=len(lengths))
    ]
    starts = _starts(teacher, StepSizes((last,)), points)
    taken = _arrivals(teacher, starts, schedules, 1_000_000, 1e-6, first=True)
    winners = np.flatnonzero(taken >= 0)
    if winners.size == 0:
        raise RuntimeError(
            f"no schedule with {sum(lengths)} iterations before the last phase saves every start: "
            "give more or longer phases"
        )
    best = schedules[int(winners[0])]
    if not saves_every_start(teacher, best):
        raise RuntimeError(f"between {points} starts of the rim others fail: raise `points`")
    return Best(best, cost(teacher, best), count)
