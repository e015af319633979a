"""Step-size schedules for the filter: which save every start, what they cost, and the best one.

A schedule is judged by its worst start on the rim of the paper's ball (`shortcutlib.warmup.rim`):
it must succeed, and its cost is the number of iterations until the last of those starts has
arrived, |a - a*|^2 + |w - w*|^2 <= 1e-6.  Smooth schedules are stored as short phases of fixed step
sizes.

**What the best one looks like.**  Fix eta_a and a bound on eta_w.  For one start with q < 0 any
turn of the filter is a turn away from v*, and by the order of `shortcutlib.order` a smaller angle
is never worse: so eta_w = 0 is best while q < 0, and the largest eta_w once q > 0.  `search` finds
the same by trial.  Layer-wise training, with the switch at the right moment, is the optimum.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from shortcutlib import order, reduced
from shortcutlib.angles import FloatArray
from shortcutlib.outcomes import classify
from shortcutlib.paths import check_run
from shortcutlib.step_sizes import Phase, StepSizes
from shortcutlib.teacher import Teacher, check_finite, check_size
from shortcutlib.warmup import rim

__all__ = ["Cost", "cosine_warmup", "cost", "linear_warmup", "ramp", "search", "shortest_rest"]

#: Starts on the rim; the slowest of them decides.
_POINTS = 33
#: Phases into which a ramp is cut.
_PIECES = 32


@dataclass(frozen=True)
class Cost:
    """What a schedule does to the worst starts.

    Attributes
    ----------
    success : float
        Share of the starts on the rim that reach the global optimum.
    iterations : int or None
        Steps until the last of them has arrived; None if one fails or is not there in time.
    """

    success: float
    iterations: int | None


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
    pieces : int, default 32
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


def cost(
    teacher: Teacher,
    steps: StepSizes,
    *,
    iterations: int = 1_000_000,
    tolerance: float = 1e-6,
    points: int = _POINTS,
) -> Cost:
    """Judge a schedule by the worst starts of the paper's ball.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    steps : StepSizes
        Step sizes over time.
    iterations : int, default 1000000
        Largest number of steps.
    tolerance : float, default 1e-6
        When a run has arrived.
    points : int, default 33
        Starts on the worst part of the rim.

    Returns
    -------
    Cost

    Raises
    ------
    ValueError
        If steps are too long for the rim to hold the worst starts, or an argument is impossible.
    """
    check_run(iterations, tolerance)
    starts = _starts(teacher, steps, points)
    success = float(np.mean(classify(teacher, starts, steps).success))
    if success < 1:
        return Cost(success, None)
    runs = reduced.descend_batch(teacher, starts, steps, iterations=iterations, tolerance=tolerance)
    if not np.all(runs.reached_global):
        return Cost(success, None)
    return Cost(success, int(np.max(runs.iterations)))


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
    levels: int = 5,
    points: int = _POINTS,
) -> tuple[StepSizes, Cost]:
    """The cheapest schedule that saves every start, among filter steps that are fixed on phases.

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
    levels : int, default 5
        Values of eta_w that are tried in each phase: 0, and `largest` times powers of 1/4.
    points : int, default 33
        Starts on the rim.

    Returns
    -------
    steps : StepSizes
        The best schedule found.
    cost : Cost
        What it costs.

    Raises
    ------
    ValueError
        If an argument is impossible.
    RuntimeError
        If even eta_w = 0 in all phases does not save every start: give more or longer phases.

    Notes
    -----
    Descent in coordinates from the schedule at rest: one phase at a time takes its best level,
    until no phase wants another.  No random numbers, and no use of what the optimum should look
    like.
    """
    check_size("levels", levels)
    choices = np.concatenate([[0.0], largest * 0.25 ** np.arange(levels - 1.0, -1.0, -1.0)])

    def schedule(values: FloatArray) -> StepSizes:
        phases = [
            Phase(output, float(v), int(length)) for v, length in zip(values, lengths, strict=True)
        ]
        return StepSizes((*phases, Phase(output, largest)))

    def price(values: FloatArray) -> float:
        found = cost(teacher, schedule(values), points=points)
        return np.inf if found.iterations is None else found.iterations

    values = np.zeros(len(lengths))
    best = price(values)
    if not np.isfinite(best):
        raise RuntimeError(
            f"{sum(lengths)} iterations with the filter at rest do not save every start: "
            "give more or longer phases"
        )
    changed = True
    while changed:
        changed = False
        # From the last phase on: late steps are the safest.
        for place in range(len(lengths) - 1, -1, -1):
            for choice in choices:
                trial = values.copy()
                trial[place] = choice
                price_of_trial = price(trial)
                if price_of_trial < best:
                    values, best, changed = trial, price_of_trial, True
    return schedule(values), cost(teacher, schedule(values), points=points)
