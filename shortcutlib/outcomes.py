"""Where each start ends up: the global optimum or the spurious point.

A student is followed only until its fate is sealed, in one of three ways, each proved: it has
entered a set that it cannot leave (`shortcutlib.certificates`); a better student failed or a worse
one succeeded (`shortcutlib.order`); or it has arrived.  Residual students take many steps at a time
(`shortcutlib.multirevolution`).  That is an approximation, so those that linger near the border
between the two fates, where a small error could decide, are run again with shorter strides, and
the last of them step by step.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shortcutlib import multirevolution, order
from shortcutlib.angles import FloatArray
from shortcutlib.certificates import certify
from shortcutlib.paths import Network, StopReason, check_network
from shortcutlib.reduced import ReducedState, arrived, descend_batch
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["Outcomes", "classify", "follow", "growth_rate"]

#: Students run together: their 20 or so arrays of 48 KiB stay in the second-level cache.
_CHUNK = 6144
#: Students whose fate is found first, so that others' may follow from it.
_PILOTS = 200
#: A pilot is given up, for the time being, once a deviation has grown by this factor.
_PILOTS_GROWTH = 20.0
#: Strides, and single steps, between two looks at the certificates.
_LOOK_EVERY = {True: 8, False: 5}
#: A stride is shortened to this fraction, and in the end to one step, for students that stay
#: undecided until a deviation from the border has grown by this factor.
_LADDER = ((1, 1e4), (4, 1e7), (None, np.inf))
#: Looks after which a stride may be doubled: by then s has settled, and only q and phi count.
_DOUBLE_AFTER = 2
#: Largest stride times growth rate for that.
_SLOW_RATE = 0.27
#: Steps before the paper's own stopping rule is tried as well, first; then at every doubling.
_FIRST_ARRIVAL = 4096
#: Steps after which a trial is given up as undecided; the slowest of Table 1 needs under a tenth.
PATIENCE = 10_000_000

#: Codes of the fates that `follow` returns.
RUNNING, SUCCESS, TRAPPED, DIVERGED = 0, 1, 2, 3


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Fate of every trial of a batch.

    Attributes
    ----------
    success : ndarray of bool, shape (n,)
        The trial reaches the global optimum.
    trapped : ndarray of bool, shape (n,)
        The trial ends at the spurious point.
    diverged : ndarray of bool, shape (n,)
        The weights grow without bound.
    steps : ndarray of int, shape (n,)
        Steps after which the fate was certain; 0 also where it followed from another trial's.
    """

    success: NDArray[np.bool_]
    trapped: NDArray[np.bool_]
    diverged: NDArray[np.bool_]
    steps: NDArray[np.int64]

    def stop(self, index: int) -> StopReason:
        """Where trial number `index` goes."""
        if self.success[index]:
            return StopReason.GLOBAL_OPTIMUM
        if self.trapped[index]:
            return StopReason.SPURIOUS_POINT
        return StopReason.DIVERGED if self.diverged[index] else StopReason.ITERATIONS_SPENT


def classify(
    teacher: Teacher,
    starts: ReducedState,
    steps: StepSizes,
    network: Network = "residual",
    *,
    rule: str = "certified",
    patience: int = PATIENCE,
) -> Outcomes:
    """Find out where each start ends up.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    starts : ReducedState
        Starts, arrays of shape (n,).
    steps : StepSizes
        Step sizes over time.
    network : {"residual", "cnn"}
        Which descent is run.
    rule : {"certified", "literal"}
        ``"certified"`` stops a trial as soon as its fate is sealed.  ``"literal"`` runs every trial
        step by step until the paper's own rule stops it, |a - a*|^2 + |w - w*|^2 <= 1e-6 or the
        same distance from the spurious point: the same fates, hundreds of times slower.
    patience : int
        Steps after which a start counts as undecided (all three flags False).

    Returns
    -------
    Outcomes

    Raises
    ------
    ValueError
        If the network or the rule is unknown.

    Notes
    -----
    Beyond the starts, memory is about 40 bytes a trial and 2 MB.  Agreement of the two rules is a
    matter of proof except for trials whose start lies within rounding of the border, where no two
    ways of computing the same descent agree.
    """
    check_network(network)
    if rule == "literal":
        runs = descend_batch(teacher, starts, steps, network=network, iterations=patience)
        return Outcomes(runs.reached_global, runs.reached_spurious, runs.diverged, runs.iterations)
    if rule != "certified":
        raise ValueError(f"rule = {rule!r}: choose 'certified' or 'literal'")
    n = np.size(starts.angle)
    codes = np.zeros(n, dtype=np.int8)
    taken = np.zeros(n, dtype=np.int64)
    active = np.arange(n)
    one_angle = network == "residual" and n > 2 * _PILOTS and np.ptp(starts.angle) == 0
    if one_angle and order.preserves_order(teacher, starts.output_sum, starts.alignment, steps):
        # Many are certain from the start.
        phases = [phase for phase, _, end in steps.stretches() if end is None or end > 0]
        for begin in range(0, n, _CHUNK):
            part = slice(begin, begin + _CHUNK)
            state = ReducedState(*(np.asarray(column, dtype=float)[part] for column in starts))
            sure, lost = certify(teacher, state, phases, network)
            codes[part] = np.where(sure, SUCCESS, np.where(lost, TRAPPED, RUNNING))
        active = np.flatnonzero(codes == RUNNING)
        y = starts.output_sum[active] * teacher.output_sum
        x = starts.alignment[active] - y / teacher.k
        while active.size > 2 * _PILOTS:
            pilots = np.zeros(active.size, dtype=bool)
            pilots[:: active.size // _PILOTS] = True
            chosen = active[pilots]
            # Pilots near the border would hold up the rest; they take their turn with the others.
            start = ReducedState(*(np.asarray(column)[chosen] for column in starts))
            codes[chosen], taken[chosen] = follow(
                teacher,
                multirevolution.pack(teacher, start),
                steps,
                network,
                patience=patience,
                most_growth=_PILOTS_GROWTH,
            )
            known = codes[active] != RUNNING
            sure, lost = order.follow_from_others(
                x, y, x[known], y[known], codes[active[known]] == SUCCESS
            )
            codes[active[~known & sure]] = SUCCESS
            codes[active[~known & lost]] = TRAPPED
            rest = ~(known | sure | lost)
            settled = active.size - np.sum(rest)
            active, x, y = active[rest], x[rest], y[rest]
            if settled < 2 * _PILOTS:
                break
    for begin in range(0, active.size, _CHUNK):
        chosen = active[begin : begin + _CHUNK]
        codes[chosen], taken[chosen] = _settle(teacher, starts, chosen, steps, network, patience)
    return Outcomes(codes == SUCCESS, codes == TRAPPED, codes == DIVERGED, taken)


def growth_rate(teacher: Teacher, output: float, filter: float) -> float:
    """Rate a step at which a small deviation from the border between the fates grows.

    Parameters
    ----------
    teacher : Teacher
        Only its k, S and N are used.
    output, filter : float
        Step sizes eta_a and eta_w.

    Returns
    -------
    float
        The positive eigenvalue of the step's linear part in (q, phi) at the saddle on the border
        (q = 0, g(phi) near 1), with the angle's factor taken as pi/2.
    """
    damping = output * (np.pi - 1) / (2 * np.pi)
    coupling = output * filter / 16 * teacher.norm_squared
    return float(np.sqrt(damping**2 / 4 + coupling) - damping / 2)


def _settle(
    teacher: Teacher,
    starts: ReducedState,
    chosen: NDArray[np.intp],
    steps: StepSizes,
    network: Network,
    patience: int,
) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Codes of the fates of some starts, and the steps after which they were certain."""
    begin = ReducedState(*(np.asarray(column, dtype=float)[chosen] for column in starts))
    rows = multirevolution.pack(teacher, begin, network)
    codes = np.zeros(chosen.size, dtype=np.int8)
    taken = np.zeros(chosen.size, dtype=np.int64)
    left = np.arange(chosen.size)
    strided = network == "residual" and order.preserves_order(
        teacher, begin.output_sum, begin.alignment, steps
    )
    for shorten, most_growth in _LADDER if strided else _LADDER[-1:]:
        codes[left], taken[left] = follow(
            teacher,
            rows[:, left],
            steps,
            network,
            patience=patience,
            shorten=shorten,
            most_growth=most_growth,
        )
        left = left[(codes[left] == RUNNING) & (taken[left] < patience)]
        if left.size == 0:
            break
    return codes, taken


def follow(
    teacher: Teacher,
    rows: FloatArray,
    steps: StepSizes,
    network: Network,
    *,
    patience: int = PATIENCE,
    shorten: int | None = 1,
    most_growth: float = np.inf,
) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Run packed starts until their fate is certified.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    rows : ndarray, shape (3, n) or (4, n)
        Starts, as `shortcutlib.multirevolution.pack` makes them; left as they are.
    steps : StepSizes
        Step sizes over time.
    network : {"residual", "cnn"}
        Which descent is run.
    patience : int
        Steps after which to give up.
    shorten : int or None
        Divisor of the longest stride (the residual network, where no step can pass a pole); None
        takes single steps.
    most_growth : float
        Give up once deviations from the border have grown by this factor.

    Returns
    -------
    codes : ndarray of int8, shape (n,)
        `RUNNING` where given up, `SUCCESS`, `TRAPPED` or `DIVERGED`.
    taken : ndarray of int, shape (n,)
        Steps after which the fate was certified.
    """
    rows = rows.copy()
    n = rows.shape[1]
    codes = np.zeros(n, dtype=np.int8)
    taken = np.zeros(n, dtype=np.int64)
    active = np.arange(n)
    largest = 1e8 * max(1.0, teacher.norm_squared)
    iteration, looks_for_arrival, growth = 0, _FIRST_ARRIVAL, 0.0
    for phase, begin, end in steps.stretches():
        remaining = [p for p, _, e in steps.stretches() if e is None or e > begin]
        stop_at = patience if end is None else min(end, patience)
        stride = 1
        if shorten is not None and active.size:
            reach = float(np.max(np.abs(rows[1])))
            stride = multirevolution.longest_stride(teacher, phase, reach) // shorten
            stride = stride if stride >= multirevolution.SHORTEST_STRIDE else 1
        rate = growth_rate(teacher, phase.output, phase.filter)
        recurrence = multirevolution.Recurrence(teacher, phase, stride, network)
        # Only where doubtful runs are repeated with shorter strides.
        may_double = shorten == 1 and stride > 1 and np.isfinite(most_growth)
        may_double = may_double and 2 * stride * rate <= _SLOW_RATE
        looks = 0
        while active.size:
            state = multirevolution.unpack(teacher, rows)
            sure, lost = certify(teacher, state, remaining, network)
            gone = ~(np.abs(rows[1]) < largest)
            if iteration >= looks_for_arrival:
                # Outside the certificates' conditions a run is followed to its very end.
                looks_for_arrival = 2 * iteration
                there, trap = arrived(teacher, state)
                sure, lost = sure | there, lost | trap
            done = sure | lost | gone
            if np.any(done):
                leaving = active[done]
                codes[leaving] = np.where(sure, SUCCESS, np.where(lost, TRAPPED, DIVERGED))[done]
                taken[leaving] = iteration
                active, rows = active[~done], np.ascontiguousarray(rows[:, ~done])
            if iteration >= stop_at or growth > np.log(most_growth) or active.size == 0:
                break
            left = stop_at - iteration
            if looks == _DOUBLE_AFTER and may_double:
                recurrence = multirevolution.Recurrence(teacher, phase, 2 * stride, network)
            looks += 1
            if left < recurrence.stride:
                # The phase ends exactly where it should: with a shorter stride, or single steps.
                short = left if left >= multirevolution.SHORTEST_STRIDE else 1
                recurrence = multirevolution.Recurrence(teacher, phase, short, network)
            strides = min(_LOOK_EVERY[recurrence.stride > 1], left // recurrence.stride)
            recurrence.advance(rows, strides)
            iteration += strides * recurrence.stride
            growth += strides * recurrence.stride * rate
        taken[active] = iteration
        if growth > np.log(most_growth):
            break
    return codes, taken
