"""Stochastic gradient descent: step (8) with a mean over B sampled inputs, drawn exactly and fast.

A step of (8) on a mini-batch needs B inputs of k patches with p numbers each.  All but 2 of the p
can be left out.  Let v be the student's filter, of length 1, and v* = cos(phi) v + sin(phi) e
with a unit vector e orthogonal to v.  Patch j of input i has the coordinates

    x_ij = Z_ij'v,    y_ij = Z_ij'e,    r_ij: the p - 2 coordinates orthogonal to both.

All of them are independent standard normal numbers.  The error of input i,
E_i = sum_j a_j relu(x_ij) - sum_j a*_j relu(cos(phi) x_ij + sin(phi) y_ij), contains no r.  So

    output gradient          (1/B) sum_i E_i relu(x_ij)            contains no r,
    filter gradient along e  (1/B) sum_i E_i sum_j a_j [x_ij > 0] y_ij    contains no r,
    filter gradient across   (1/B) sum_i sum_j E_i a_j [x_ij > 0] r_ij    is linear in r,

and there is no part along v: the network divides its filter by the filter's length, so the loss
does not change if the filter is stretched.  Given all x and y, the last line is a sum of
independent normal vectors times known numbers: a normal vector with independent components of
variance

    c^2 = (1/B^2) sum_i E_i^2 sum_j a_j^2 [x_ij > 0].

**So one normal vector in p - 2 dimensions a batch replaces the B k (p - 2) numbers r_ij, with the
same law**, jointly with the other two gradients.  If only the angle to v* is followed, the length
of that vector is enough: c times a chi variable.  A run is then a walk of (a, phi), k + 1 numbers,
for every patch size.  The number of random numbers falls from B k p to 2 B k + 1 a step, and the
cost of a step is little more than that of drawing them (`benchmarks/minibatch.py`).

Noise in the labels enters through the errors alone, one normal number an input, and everything
above stays true.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shortcutlib.angles import FloatArray
from shortcutlib.paths import check_record_every
from shortcutlib.reduced import ReducedState
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher, check_finite, check_size

__all__ = [
    "Gradients",
    "SampledDescent",
    "SampledState",
    "descend",
    "gradients",
    "reduced_state",
    "state",
    "step",
    "step_from_numbers",
    "whole_step",
]

#: Patches worked on at once: the four arrays of so many numbers stay in the second-level cache.
_PATCHES = 24_576


class SampledState(NamedTuple):
    """Students of the residual network, as far as stochastic training sees them.

    Attributes
    ----------
    outputs : ndarray, shape (n, k)
        Output weights a of each student.
    angle : ndarray, shape (n,)
        phi in [0, pi], between each filter and v*.
    """

    outputs: FloatArray
    angle: FloatArray


class Gradients(NamedTuple):
    """The mini-batch gradient of each student, as far as its law needs it.

    Attributes
    ----------
    outputs : ndarray, shape (n, k)
        Gradient in a.
    towards : ndarray, shape (n,)
        Component of the filter's gradient along e, the unit tangent that points to v*.
    across : ndarray, shape (n,)
        c: the standard deviation, given everything else, of each of the p - 2 components orthogonal
        to v and v*, which are independent and normal.
    """

    outputs: FloatArray
    towards: FloatArray
    across: FloatArray


@dataclass(frozen=True, eq=False)
class SampledDescent:
    """The ends of many stochastic runs, and what was recorded on the way.

    Attributes
    ----------
    state : SampledState
        Last iterates.
    iteration : ndarray of int, shape (r,)
        Recorded iterates, the first and the last among them.
    path : ReducedState
        Arrays of shape (r, n): s, q, phi and the rest of a at the recorded iterates.
    """

    state: SampledState
    iteration: NDArray[np.int64]
    path: ReducedState


def state(teacher: Teacher, outputs: ArrayLike, angle: ArrayLike | None = None) -> SampledState:
    """Build a state from output weights.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    outputs : array_like, shape (n, k)
        Output weights of each student.
    angle : array_like, shape (n,) or (), optional
        Angles to v*, in [0, pi]; by default that of the shortcut, where w = 0.

    Returns
    -------
    SampledState
        Of fresh arrays.

    Raises
    ------
    ValueError
        If a shape does not fit, a value is not finite or an angle is outside [0, pi].
    """
    a = np.array(outputs, dtype=float)
    if a.ndim != 2 or a.shape[1] != teacher.k:
        raise ValueError(f"outputs has shape {a.shape}: give (n, k) with k = {teacher.k}")
    phi = np.array(np.broadcast_to(teacher.angle if angle is None else angle, a.shape[:1]), float)
    if not (np.all(np.isfinite(a)) and np.all((phi >= 0) & (phi <= np.pi))):
        raise ValueError("outputs must be finite, and angles radians in [0, pi]")
    return SampledState(a, phi)


def reduced_state(teacher: Teacher, current: SampledState) -> ReducedState:
    """The reduced coordinates of students with sampled gradients.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    current : SampledState
        n students.

    Returns
    -------
    ReducedState
        Arrays of shape (n,).
    """
    a, angle = current
    s, q = a.sum(axis=1), a @ teacher.output_weights
    rest = np.einsum("nk,nk->n", a, a) - s * s / teacher.k
    if teacher.spread > 0:
        rest = rest - (q - s * teacher.output_sum / teacher.k) ** 2 / teacher.spread
    return ReducedState(s, q, angle, np.sqrt(np.maximum(rest, 0.0)), np.ones_like(angle))


def gradients(
    teacher: Teacher, current: SampledState, along: FloatArray, sideways: FloatArray
) -> Gradients:
    """The gradients that given patches lead to.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    current : SampledState
        n students.
    along, sideways : ndarray, shape (n, B, k)
        x and y of every patch of each student's batch.

    Returns
    -------
    Gradients
    """
    sums = _Sums(teacher, current, np.empty((4, along.size)))
    sums.add(along, sideways)
    return sums.gradients(along.shape[1])


class _Sums:
    """Sums over the inputs of a batch, which may arrive in parts."""

    def __init__(self, teacher: Teacher, current: SampledState, room: FloatArray) -> None:
        self._teacher = teacher
        self._a = current.outputs
        self._squares = current.outputs**2
        self._cosine = np.cos(current.angle)[:, None, None]
        self._sine = np.sin(current.angle)[:, None, None]
        self._room = room
        self._outputs = np.zeros_like(current.outputs)
        self._towards = np.zeros_like(current.angle)
        self._across = np.zeros_like(current.angle)

    def add(self, x: FloatArray, y: FloatArray, label_errors: FloatArray | None = None) -> None:
        """Add inputs; x and y of shape (n, inputs, k) are left as they are.

        `label_errors`, of shape (n, inputs), are added to the teacher's outputs.
        """
        n, inputs, k = x.shape
        hidden, label, active, work = (r[: x.size].reshape(x.shape) for r in self._room)
        a = self._a[:, :, None]
        np.maximum(x, 0.0, out=hidden)
        np.multiply(x, self._cosine, out=label)
        np.multiply(y, self._sine, out=work)
        np.add(label, work, out=label)
        np.maximum(label, 0.0, out=label)
        errors = np.matmul(hidden, a)[:, :, 0]
        errors -= (label.reshape(-1, k) @ self._teacher.output_weights).reshape(n, inputs)
        if label_errors is not None:
            errors -= label_errors
        self._outputs += np.matmul(errors[:, None, :], hidden)[:, 0]
        np.greater(x, 0.0, out=active, casting="unsafe")
        np.multiply(y, active, out=work)
        self._towards += np.einsum("nb,nb->n", errors, np.matmul(work, a)[:, :, 0])
        share = np.matmul(active, self._squares[:, :, None])[:, :, 0]
        np.multiply(errors, errors, out=errors)
        self._across += np.einsum("nb,nb->n", errors, share)

    def gradients(self, batch: int) -> Gradients:
        """The gradients of a batch of so many inputs."""
        return Gradients(
            self._outputs / batch, self._towards / batch, np.sqrt(self._across) / batch
        )


def _moved(
    current: SampledState,
    found: Gradients,
    length: FloatArray,
    output_step: float,
    filter_step: float,
) -> SampledState:
    """The next iterate; `length` is that of the p - 2 standard normal numbers of each student."""
    cosine, sine = np.cos(current.angle), np.sin(current.angle)
    forward, sideways = filter_step * found.towards, filter_step * found.across * length
    # Components of the new filter along v*, in the plane across v*, and out of the plane.
    angle = np.arctan2(np.hypot(sine + forward * cosine, sideways), cosine - forward * sine)
    return SampledState(current.outputs - output_step * found.outputs, angle)


def step_from_numbers(
    teacher: Teacher,
    current: SampledState,
    output_step: float,
    filter_step: float,
    along: FloatArray,
    sideways: FloatArray,
    length: FloatArray,
) -> SampledState:
    """One stochastic step as a function of its random numbers.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    current : SampledState
        n students.
    output_step, filter_step : float
        Step sizes eta_a and eta_w.
    along, sideways : ndarray, shape (n, B, k)
        x and y: independent standard normal numbers.
    length : ndarray, shape (n,)
        Length of a standard normal vector in p - 2 dimensions: a chi variable (0 if p = 2).

    Returns
    -------
    SampledState
    """
    found = gradients(teacher, current, along, sideways)
    return _moved(current, found, length, output_step, filter_step)


def step(
    teacher: Teacher,
    current: SampledState,
    output_step: float,
    filter_step: float,
    batch: int,
    rng: np.random.Generator,
    *,
    label_noise: float = 0.0,
) -> SampledState:
    """One step of (8) with a mini-batch of fresh inputs for every student, with the exact law.

    Parameters
    ----------
    teacher : Teacher
        The network to recover, with p >= 2.
    current : SampledState
        n students.
    output_step, filter_step : float
        Step sizes eta_a and eta_w.
    batch : int
        B, inputs a student, at least 1.
    rng : numpy.random.Generator
        Source of the randomness.
    label_noise : float, default 0
        Standard deviation of independent normal noise in every label.

    Returns
    -------
    SampledState

    Raises
    ------
    ValueError
        If the batch is not a positive whole number, a step size is impossible or p = 1.
    """
    steps = StepSizes.constant(output_step, filter_step)
    return descend(
        teacher, current, steps, batch=batch, iterations=1, rng=rng, label_noise=label_noise
    ).state


def descend(
    teacher: Teacher,
    start: SampledState,
    steps: StepSizes,
    *,
    batch: int,
    iterations: int,
    rng: np.random.Generator,
    record_every: int | None = None,
    label_noise: float = 0.0,
) -> SampledDescent:
    """Train many students by stochastic gradient descent, each on inputs of its own.

    Parameters
    ----------
    teacher : Teacher
        The network to recover, with p >= 2.
    start : SampledState
        n students; left as they are.
    steps : StepSizes
        Step sizes over time.
    batch : int
        B, fresh inputs a student and step, at least 1.
    iterations : int
        Number of steps, the same for all: with noise no fate is final.
    rng : numpy.random.Generator
        Source of the randomness.
    record_every : int, optional
        Record every so many iterates; by default the first and the last.
    label_noise : float, default 0
        Standard deviation of independent normal noise in every label.

    Returns
    -------
    SampledDescent

    Raises
    ------
    ValueError
        If an argument is impossible; nothing has been run then.

    Notes
    -----
    Source: Liu et al. (2019), equation (8), with a mini-batch mean for the expectation (7).  The
    order in which random numbers are used depends on n, B, k, the number of iterations and whether
    labels are noisy: students are run in groups, one group after the other.
    """
    check_size("batch", batch)
    check_size("iterations", iterations if iterations != 0 else 1)
    if record_every is not None:
        check_record_every(record_every)
    if not check_finite("label_noise", label_noise) >= 0:
        raise ValueError(f"label_noise = {label_noise}: give a number of at least 0")
    if teacher.p < 2:
        raise ValueError("p = 1: the filter has two directions and cannot turn; take p >= 2")
    start = state(teacher, *start)
    n, k = start.outputs.shape
    if n == 0:
        raise ValueError("outputs has no rows: give at least one student")
    every = record_every or max(iterations, 1)
    recorded = np.array(sorted({*range(0, iterations + 1, every), iterations}), dtype=np.int64)
    path = ReducedState(*(np.empty((recorded.size, n)) for _ in range(5)))
    last = SampledState(np.empty((n, k)), np.empty(n))
    # Students together as long as a batch of each fits; beyond that, a batch in parts.
    together = max(1, _PATCHES // (batch * k))
    together = -(-n // -(-n // together))  # parts of equal size
    inputs = min(batch, max(1, _PATCHES // k))
    numbers = np.empty((2, together * inputs * k))
    room = np.empty((4, together * inputs * k))
    for first in range(0, n, together):
        rows = slice(first, min(first + together, n))
        current = SampledState(start.outputs[rows].copy(), start.angle[rows].copy())
        size, row = current.angle.size, 0
        for iteration in range(iterations + 1):
            if iteration == recorded[row]:
                for kept, column in zip(path, reduced_state(teacher, current), strict=True):
                    kept[row, rows] = column
                row += 1
            if iteration == iterations:
                break
            sums = _Sums(teacher, current, room)
            for begin in range(0, batch, inputs):
                shape = (size, min(inputs, batch - begin), k)
                x, y = (part[: np.prod(shape)] for part in numbers)
                rng.standard_normal(out=x)
                rng.standard_normal(out=y)
                errors = label_noise * rng.standard_normal(shape[:2]) if label_noise else None
                sums.add(x.reshape(shape), y.reshape(shape), errors)
            length = np.sqrt(2 * rng.standard_gamma((teacher.p - 2) / 2, size))
            current = _moved(current, sums.gradients(batch), length, *steps.at(iteration))
        last.outputs[rows], last.angle[rows] = current
    return SampledDescent(last, recorded, path)


def whole_step(
    teacher: Teacher,
    v: FloatArray,
    a: FloatArray,
    output_step: float,
    filter_step: float,
    batch: int,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """One step of one student with its whole filter, by the same exact sampler.

    Parameters
    ----------
    teacher : Teacher
        The network to recover, with p >= 2.
    v : ndarray, shape (p,)
        Filter of length 1; 1/sqrt(p) + w.
    a : ndarray, shape (k,)
        Output weights.
    output_step, filter_step : float
        Step sizes eta_a and eta_w.
    batch : int
        B, at least 1.
    rng : numpy.random.Generator
        Source of the randomness.

    Returns
    -------
    v, a : ndarray
        The next iterate, with the law of a step on B inputs of k patches with p numbers each.

    Raises
    ------
    ValueError
        If a shape or a number is impossible.
    """
    check_size("batch", batch)
    for name, value in (("output_step", output_step), ("filter_step", filter_step)):
        check_finite(name, value)
    v = np.asarray(v, dtype=float)
    if v.shape != (teacher.p,) or teacher.p < 2 or abs(np.linalg.norm(v) - 1) > 1e-9:
        raise ValueError(f"v must be of length 1 and shape ({teacher.p},) with p >= 2")
    forward = teacher.filter - (teacher.filter @ v) * v
    if np.linalg.norm(forward) < 1e-12:
        # v and v* are parallel: any direction across them will do for e.
        forward = rng.standard_normal(teacher.p)
        forward -= (forward @ v) * v
    forward /= np.linalg.norm(forward)
    angle = float(np.arctan2(teacher.filter @ forward, teacher.filter @ v))
    current = state(teacher, np.asarray(a, dtype=float)[None, :], abs(angle))
    along, sideways = rng.standard_normal((2, 1, batch, teacher.k))
    found = gradients(teacher, current, along, sideways)
    beyond = rng.standard_normal(teacher.p)
    for direction in (v, forward):
        beyond -= (beyond @ direction) * direction
    moved = v - filter_step * (found.towards[0] * forward + found.across[0] * beyond)
    return moved / np.linalg.norm(moved), current.outputs[0] - output_step * found.outputs[0]
