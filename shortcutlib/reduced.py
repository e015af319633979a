"""Three numbers are enough: the exact reduction of gradient descent.

With s = 1'a, q = a'a* and phi the angle between filter and v*, one step of the descent (8) is

    s+   = s - eta_a/(2 pi) ((k + pi - 1) s - (k + g - 1) S)
    q+   = q - eta_a/(2 pi) ((pi - 1) q + s S - (g - 1) N - S^2)
    phi+ = |phi - arctan(eta_w q (pi - phi) sin(phi) / (2 pi))|,

folded back at pi.  Whatever k and p are, nothing else enters.  Two more numbers ride along: the
norm of the part of `a` orthogonal to 1 and a*, which only decays but is needed for distances and
the loss, and for the CNN of Du et al. the length of the filter, which divides the angle's step.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shortcutlib.angles import FloatArray, angle_between, tangent_projection, unit
from shortcutlib.paths import (
    Network,
    Path,
    StopReason,
    check_network,
    check_record_every,
    check_run,
    progress_bar,
)
from shortcutlib.relu_kernel import g, g_deficit
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher, TeacherNumbers

__all__ = [
    "BatchDescent",
    "ReducedDescent",
    "ReducedState",
    "arrived",
    "descend",
    "descend_batch",
    "lift",
    "loss",
    "output_distance",
    "reduce",
    "spurious_output_distance",
    "step",
]

#: A run whose |a|^2 passes this many times N (or 1) counts as diverged.
_DIVERGED_BEYOND = 1e16
#: Angles below this become 0: their squares would be denormal numbers, which are slow.
_ANGLE_FLOOR = 1e-150
#: Iterates of one run between two looks at the stopping rule.
_BLOCK = 256


class ReducedState(NamedTuple):
    """A student, or a batch of students, in reduced coordinates (floats or equal-shaped arrays).

    Attributes
    ----------
    output_sum : float or ndarray
        s = 1'a.
    alignment : float or ndarray
        q = a'a*.
    angle : float or ndarray
        phi in [0, pi], between the filter and v*.
    orthogonal_norm : float or ndarray
        Norm of the part of `a` orthogonal to 1 and a*, at least 0.
    filter_norm : float or ndarray
        |v|; 1 for the residual network.
    """

    output_sum: FloatArray
    alignment: FloatArray
    angle: FloatArray
    orthogonal_norm: FloatArray
    filter_norm: FloatArray


def state(
    output_sum: ArrayLike,
    alignment: ArrayLike,
    angle: ArrayLike,
    orthogonal_norm: ArrayLike = 0.0,
    filter_norm: ArrayLike = 1.0,
) -> ReducedState:
    """Build a reduced state, broadcasting scalars to the common shape.

    Parameters
    ----------
    output_sum, alignment, angle, orthogonal_norm, filter_norm : array_like
        The fields of `ReducedState`.

    Returns
    -------
    ReducedState
        Of float arrays of one common shape.

    Raises
    ------
    ValueError
        If an angle is outside [0, pi], a norm is negative, |v| is zero or a value is not finite.
    """
    columns = [
        np.array(x, dtype=float)
        for x in np.broadcast_arrays(output_sum, alignment, angle, orthogonal_norm, filter_norm)
    ]
    built = ReducedState(*columns)
    for name, column in zip(ReducedState._fields, columns, strict=True):
        if not np.all(np.isfinite(column)):
            raise ValueError(f"{name} contains {column[~np.isfinite(column)].flat[0]}: be finite")
    if np.any((built.angle < 0) | (built.angle > np.pi)):
        raise ValueError("an angle lies outside [0, pi]: give radians")
    if np.any(built.orthogonal_norm < 0) or np.any(built.filter_norm <= 0):
        raise ValueError("orthogonal_norm must be at least 0 and filter_norm above 0")
    return built


def _frame(teacher: Teacher) -> FloatArray:
    """Orthonormal basis of the span of 1 and a*, as rows: one row if they are parallel."""
    ones = np.full(teacher.k, 1 / np.sqrt(teacher.k))
    if teacher.spread == 0.0:
        return ones[None, :]
    across = teacher.output_weights - teacher.output_weights.mean()
    return np.stack([ones, across / np.linalg.norm(across)])


def reduce(teacher: Teacher, v: ArrayLike, a: ArrayLike) -> ReducedState:
    """Reduced coordinates of a student with whole weight vectors.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    v : array_like, shape (p,)
        Filter, not zero.
    a : array_like, shape (k,)
        Output weights.

    Returns
    -------
    ReducedState
        Of zero-dimensional arrays.

    Raises
    ------
    ValueError
        If the shapes do not match the teacher or v is zero.
    """
    v, a = np.asarray(v, dtype=float), np.asarray(a, dtype=float)
    if v.shape != (teacher.p,) or a.shape != (teacher.k,):
        raise ValueError(
            f"v and a have shapes {v.shape} and {a.shape}; the teacher needs "
            f"({teacher.p},) and ({teacher.k},)"
        )
    frame = _frame(teacher)
    rest = a - frame.T @ (frame @ a)
    return state(
        np.sum(a),
        a @ teacher.output_weights,
        angle_between(v, teacher.filter),
        np.linalg.norm(rest) if teacher.k > len(frame) else 0.0,
        np.linalg.norm(v),
    )


def lift(
    teacher: Teacher, reduced: ReducedState, rng: np.random.Generator | None = None
) -> tuple[FloatArray, FloatArray]:
    """A student with whole weight vectors that has the given reduced coordinates.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    reduced : ReducedState
        Coordinates of one student.
    rng : numpy.random.Generator, optional
        Draws the free directions; without it the filter lies in the plane of v* and the shortcut
        (on the shortcut's side), where the residual student starts and stays.

    Returns
    -------
    v : ndarray, shape (p,)
        The filter; w = v - 1/sqrt(p).
    a : ndarray, shape (k,)
        The output weights.

    Raises
    ------
    ValueError
        If no student has these coordinates: s and q contradict each other where a* is a multiple
        of 1, a free direction is asked for that k or p has no room for, or a batch is given.
    """
    if any(np.ndim(x) != 0 for x in reduced):
        raise ValueError("lift builds one student: give a state of single numbers, not a batch")
    s, q, angle, rest, length = (float(x) for x in reduced)
    k, p = teacher.k, teacher.p
    frame = _frame(teacher)
    coordinates = [float(s / np.sqrt(k))]
    excess = q - s * teacher.output_sum / k
    if len(frame) == 2:
        coordinates.append(float(excess / np.sqrt(teacher.spread)))
    elif abs(excess) > 1e-9 * max(1.0, abs(q)):
        raise ValueError(
            f"a* is a multiple of 1, so q = s S / k = {s * teacher.output_sum / k:.12g}, "
            f"but the state has q = {q:.12g}"
        )
    a = frame.T @ np.array(coordinates)
    if rest > 0:
        if k == len(frame):
            raise ValueError(f"orthogonal_norm = {rest:.6g}, but with k = {k} no direction is left")
        a = a + rest * _orthogonal_unit(frame, rng)
    if p == 1:
        if 0 < angle < np.pi:
            raise ValueError(f"angle = {angle:.12g} with p = 1: only 0 and pi exist")
        return length * np.cos(angle) * teacher.filter, a
    side = tangent_projection(teacher.filter, teacher.shortcut)
    if rng is not None or np.linalg.norm(side) < 1e-12:
        side = _orthogonal_unit(teacher.filter[None, :], rng)
    return length * (np.cos(angle) * teacher.filter + np.sin(angle) * unit(side)), a


def _orthogonal_unit(frame: FloatArray, rng: np.random.Generator | None) -> FloatArray:
    """A unit vector orthogonal to the orthonormal rows of `frame`."""
    direction = np.zeros(frame.shape[1])
    if rng is not None:
        direction += rng.standard_normal(frame.shape[1])
    else:
        # The coordinate axis that the frame covers least is the best conditioned fixed choice.
        direction[int(np.argmin(np.sum(frame**2, axis=0)))] = 1.0
    for _ in range(2):
        direction = direction - frame.T @ (frame @ direction)
    return direction / np.linalg.norm(direction)


def step(
    teacher: TeacherNumbers,
    reduced: ReducedState,
    output_step: float | FloatArray,
    filter_step: float | FloatArray,
    network: Network = "residual",
) -> ReducedState:
    """One step of gradient descent in reduced coordinates, exact for every k and p.

    Parameters
    ----------
    teacher : Teacher or Teachers
        Only its k, S and N are used; with many teachers, one for each student.
    reduced : ReducedState
        One student or a batch.
    output_step, filter_step : float or ndarray
        Step sizes eta_a and eta_w.
    network : {"residual", "cnn"}
        Whether the filter's length is brought back to 1 or grows.

    Returns
    -------
    ReducedState

    Notes
    -----
    Derived in the chapter "Three numbers are enough" from Liu et al. (2019), equation (8).
    """
    s, q, angle, rest, length = reduced
    k, total, norm_squared = teacher.k, teacher.output_sum, teacher.norm_squared
    rate = output_step / (2 * np.pi)
    angular = g(angle)
    turn = filter_step / (2 * np.pi) * q * (np.pi - angle) * np.sin(angle)
    if network == "cnn":
        turn = turn / length**2
        length = length * np.sqrt(1 + turn * turn)
    # A step may pass the pole v* (below 0) or -v* (above pi); the angle to v* folds there.
    turned = np.abs(angle - np.arctan(turn))
    turned = np.where(turned > np.pi, 2 * np.pi - turned, turned)
    return ReducedState(
        s - rate * ((k + np.pi - 1) * s - (k + angular - 1) * total),
        q - rate * ((np.pi - 1) * q + s * total - (angular - 1) * norm_squared - total**2),
        np.where(turned < _ANGLE_FLOOR, 0.0, turned),
        rest * np.abs(1 - rate * (np.pi - 1)),
        length,
    )


_Numbers = tuple[float, float, float, float, float]


def _step_of_one(
    k: int,
    total: float,
    norm_squared: float,
    current: _Numbers,
    output_step: float,
    filter_step: float,
    cnn: bool,
) -> _Numbers:
    """`step` for one student, in plain numbers: ten times as fast as with arrays of length one."""
    s, q, angle, rest, length = current
    rate = output_step / (2 * math.pi)
    left = math.pi - angle
    sine = math.sin(angle)
    if left < 0.5:
        # g = sin x - x cos x, by its series: the difference would cancel.
        square = left * left
        series = 1.0
        for divisor in (180.0, 130.0, 88.0, 54.0, 28.0, 10.0):
            series = 1.0 - square / divisor * series
        angular = left * square / 3.0 * series
    else:
        angular = left * math.cos(angle) + sine
    turn = filter_step / (2 * math.pi) * q * left * sine
    if cnn:
        turn /= length * length
        length *= math.sqrt(1 + turn * turn)
    turned = abs(angle - math.atan(turn))
    if turned > math.pi:
        turned = 2 * math.pi - turned
    return (
        s - rate * ((k + math.pi - 1) * s - (k + angular - 1) * total),
        q - rate * ((math.pi - 1) * q + s * total - (angular - 1) * norm_squared - total * total),
        0.0 if turned < _ANGLE_FLOOR else turned,
        rest * abs(1 - rate * (math.pi - 1)),
        length,
    )


def _squared_norm(
    teacher: TeacherNumbers, s: FloatArray, q: FloatArray, rest: FloatArray
) -> FloatArray:
    """Squared norm of a vector with sum s, product q with a*, and norm `rest` across both."""
    across = teacher.spread
    squared = s * s / teacher.k + rest * rest
    if np.ndim(across) > 0:
        # Many teachers: where a* is a multiple of 1, the second direction does not exist.
        excess = (q - s * teacher.output_sum / teacher.k) ** 2
        return squared + np.where(across > 0, excess / np.where(across > 0, across, 1.0), 0.0)
    if across > 0:
        squared = squared + (q - s * teacher.output_sum / teacher.k) ** 2 / across
    return squared


def output_distance(teacher: TeacherNumbers, reduced: ReducedState) -> FloatArray:
    """|a - a*|^2 in reduced coordinates.

    Parameters
    ----------
    teacher : Teacher or Teachers
        The network to recover; with many teachers, one for each student.
    reduced : ReducedState
        One student or a batch.

    Returns
    -------
    ndarray
    """
    return _squared_norm(
        teacher,
        reduced.output_sum - teacher.output_sum,
        reduced.alignment - teacher.norm_squared,
        reduced.orthogonal_norm,
    )


def spurious_output_distance(teacher: Teacher, reduced: ReducedState) -> FloatArray:
    """|a - a-bar|^2, the distance from the spurious point's output weights.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    reduced : ReducedState
        One student or a batch.

    Returns
    -------
    ndarray
    """
    k, total = teacher.k, teacher.output_sum
    spurious_sum = (k - 1) * total / (k + np.pi - 1)
    spurious_alignment = (np.pi * total**2 / (k + np.pi - 1) - teacher.norm_squared) / (np.pi - 1)
    return _squared_norm(
        teacher,
        reduced.output_sum - spurious_sum,
        reduced.alignment - spurious_alignment,
        reduced.orthogonal_norm,
    )


def loss(teacher: Teacher, reduced: ReducedState) -> FloatArray:
    """Expected loss in reduced coordinates.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    reduced : ReducedState
        One student or a batch.

    Returns
    -------
    ndarray
    """
    away = reduced.output_sum - teacher.output_sum
    return (
        away * away
        + (np.pi - 1) * output_distance(teacher, reduced)
        + 2 * g_deficit(reduced.angle) * reduced.alignment
    ) / (4 * np.pi)


@dataclass(frozen=True, eq=False)
class ReducedDescent:
    """The end of one reduced run and the way there.

    Attributes
    ----------
    stop : StopReason
        Why the run stopped.
    iterations : int
        Steps taken.
    state : ReducedState
        Last iterate.
    path : Path
        What was recorded.
    """

    stop: StopReason
    iterations: int
    state: ReducedState
    path: Path


def descend(
    teacher: Teacher,
    start: ReducedState,
    steps: StepSizes,
    *,
    network: Network = "residual",
    iterations: int = 100_000,
    tolerance: float = 1e-6,
    record_every: int = 1,
    progress: bool = False,
) -> ReducedDescent:
    """Run one student in reduced coordinates; the counterpart of `shortcutlib.descent.descend`.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    start : ReducedState
        Coordinates of one student.
    steps : StepSizes
        Step sizes over time.
    network, iterations, tolerance, record_every, progress
        As for `shortcutlib.descent.descend`.

    Returns
    -------
    ReducedDescent
        An interrupt from the keyboard ends the run early and still returns what was done.

    Raises
    ------
    ValueError
        If an argument makes no sense; nothing has been run then.
    """
    check_network(network)
    check_run(iterations, tolerance)
    check_record_every(record_every)
    if any(np.ndim(x) != 0 for x in start):
        raise ValueError("descend runs one student; give a batch to descend_batch")
    checked = state(*start)
    current: _Numbers = tuple(float(x) for x in checked)  # type: ignore[assignment]
    numbers = (teacher.k, teacher.output_sum, teacher.norm_squared)
    cnn = network == "cnn"
    kept: list[_Numbers] = []
    stop = StopReason.ITERATIONS_SPENT
    done = 0
    try:
        with progress_bar(iterations, "reduced descent", enabled=progress) as bar:
            while True:
                # Arrival is looked for a block of iterates at a time: one look at 256 iterates
                # costs as much as a look at one.
                block = [current]
                for iteration in range(done, min(done + _BLOCK, iterations)):
                    current = _step_of_one(*numbers, current, *steps.at(iteration), cnn)
                    block.append(current)
                states = ReducedState(*(np.array(column) for column in zip(*block, strict=True)))
                arrived = np.flatnonzero(_arrival(teacher, states, tolerance) != _RUNNING)
                end = int(arrived[0]) if arrived.size else len(block) - 1
                last = bool(arrived.size) or done + end >= iterations
                kept += block[(-done) % record_every : end + last : record_every]
                done += end
                current = block[end]
                bar.update(end)
                if arrived.size:
                    stop = _REASONS[int(_arrival(teacher, states, tolerance)[end])]
                if last:
                    break
    except KeyboardInterrupt:
        stop = StopReason.INTERRUPTED
        current = block[0]
    iterates = np.arange(len(kept), dtype=np.int64) * record_every
    if not kept or iterates[-1] != done:
        kept.append(current)
        iterates = np.append(iterates, done)
    states = ReducedState(*(np.array(column) for column in zip(*kept, strict=True)))
    path = Path(
        iteration=iterates,
        alignment=states.alignment,
        angle=states.angle,
        filter_distance=4 * np.sin(states.angle / 2) ** 2,
        output_distance=output_distance(teacher, states),
        loss=loss(teacher, states),
    )
    return ReducedDescent(stop, done, state(*current), path)


# Codes of the batch's bookkeeping: small integers fit in one array, enumeration members do not.
_RUNNING, _GLOBAL, _SPURIOUS, _DIVERGED = 0, 1, 2, 3
_REASONS = {
    _RUNNING: StopReason.ITERATIONS_SPENT,
    _GLOBAL: StopReason.GLOBAL_OPTIMUM,
    _SPURIOUS: StopReason.SPURIOUS_POINT,
    _DIVERGED: StopReason.DIVERGED,
}


def _arrival(teacher: Teacher, current: ReducedState, tolerance: float) -> NDArray[np.int8]:
    """Code of where each student has arrived, by the paper's stopping rule."""
    filter_part = 4 * np.sin(current.angle / 2) ** 2
    to_global = output_distance(teacher, current) + filter_part
    to_spurious = spurious_output_distance(teacher, current) + (4 - filter_part)
    largest = _DIVERGED_BEYOND * max(1.0, teacher.norm_squared)
    code = np.where(to_global <= tolerance, _GLOBAL, _RUNNING)
    code = np.where((code == _RUNNING) & (to_spurious <= tolerance), _SPURIOUS, code)
    code = np.where(~(to_global < largest), _DIVERGED, code)
    return code.astype(np.int8)


def arrived(
    teacher: Teacher, reduced: ReducedState, tolerance: float = 1e-6
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which students have arrived by the paper's own stopping rule.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    reduced : ReducedState
        One student or a batch.
    tolerance : float, default 1e-6
        Largest |a - a*|^2 + |w - w*|^2, or the same distance from the spurious point.

    Returns
    -------
    at_global, at_spurious : ndarray of bool
    """
    code = _arrival(teacher, reduced, tolerance)
    return code == _GLOBAL, code == _SPURIOUS


@dataclass(frozen=True, eq=False)
class BatchDescent:
    """The ends of a batch of reduced runs.

    Attributes
    ----------
    iterations : ndarray of int, shape (n,)
        Steps that each run took.
    state : ReducedState
        Last iterates, arrays of shape (n,).
    reached_global, reached_spurious, diverged : ndarray of bool, shape (n,)
        Why each run stopped; where all three are False, its iterations were spent.
    """

    iterations: NDArray[np.int64]
    state: ReducedState
    reached_global: NDArray[np.bool_]
    reached_spurious: NDArray[np.bool_]
    diverged: NDArray[np.bool_]

    def stop(self, index: int) -> StopReason:
        """Why run number `index` stopped."""
        if self.reached_global[index]:
            return StopReason.GLOBAL_OPTIMUM
        if self.reached_spurious[index]:
            return StopReason.SPURIOUS_POINT
        return StopReason.DIVERGED if self.diverged[index] else StopReason.ITERATIONS_SPENT


def descend_batch(
    teacher: Teacher,
    starts: ReducedState,
    steps: StepSizes,
    *,
    network: Network = "residual",
    iterations: int = 100_000,
    tolerance: float = 1e-6,
    progress: bool = False,
) -> BatchDescent:
    """Run many students at once by the paper's own stopping rule.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    starts : ReducedState
        Coordinates of n students, arrays of shape (n,).
    steps : StepSizes
        Step sizes over time.
    network, iterations, tolerance, progress
        As for `shortcutlib.descent.descend`.

    Returns
    -------
    BatchDescent

    Raises
    ------
    ValueError
        If an argument makes no sense; nothing has been run then.

    Notes
    -----
    Students that have arrived leave the batch, so the cost is that of the steps really taken.
    """
    check_network(network)
    check_run(iterations, tolerance)
    everyone = state(*starts)
    if everyone.angle.ndim != 1:
        raise ValueError(f"starts have shape {everyone.angle.shape}: give arrays of shape (n,)")
    n = everyone.angle.size
    final = ReducedState(*(column.copy() for column in everyone))
    codes = np.zeros(n, dtype=np.int8)
    taken = np.full(n, iterations, dtype=np.int64)
    active = np.arange(n)
    current = everyone
    with progress_bar(n, "students", enabled=progress) as bar:
        for iteration in range(iterations + 1):
            arrived = _arrival(teacher, current, tolerance)
            done = arrived != _RUNNING
            if iteration == iterations:
                done[:] = True
            if np.any(done):
                leaving = active[done]
                codes[leaving] = arrived[done]
                taken[leaving] = iteration
                for target, column in zip(final, current, strict=True):
                    target[leaving] = column[done]
                active = active[~done]
                current = ReducedState(*(column[~done] for column in current))
                bar.update(leaving.size)
            if active.size == 0:
                break
            current = step(teacher, current, *steps.at(iteration), network)
    return BatchDescent(
        iterations=taken,
        state=final,
        reached_global=codes == _GLOBAL,
        reached_spurious=codes == _SPURIOUS,
        diverged=codes == _DIVERGED,
    )
