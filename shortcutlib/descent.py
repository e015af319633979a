"""Gradient descent on the population loss with whole weight vectors.

This is the paper's algorithm as a reader would write it down.  `reduced` runs the same dynamics on
three numbers; this module is the oracle it is tested against.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib import population
from shortcutlib.angles import FloatArray, unit
from shortcutlib.paths import (
    Network,
    Path,
    Record,
    Recorder,
    StopReason,
    check_network,
    check_run,
    progress_bar,
)
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["Descent", "descend", "step"]

#: A run whose |a| passes this many times |a*| (or 1) counts as diverged.
DIVERGED_BEYOND = 1e8


@dataclass(frozen=True, eq=False)
class Descent:
    """The end of a run and the way there.

    Attributes
    ----------
    stop : StopReason
        Why the run stopped.
    iterations : int
        Steps taken.
    v : ndarray, shape (p,)
        Last filter; of unit length for the residual network.
    a : ndarray, shape (k,)
        Last output weights.
    path : Path
        What was recorded.
    """

    stop: StopReason
    iterations: int
    v: FloatArray
    a: FloatArray
    path: Path


def step(
    v: FloatArray,
    a: FloatArray,
    teacher: Teacher,
    output_step: float,
    filter_step: float,
    network: Network = "residual",
) -> tuple[FloatArray, FloatArray]:
    """One step of gradient descent from (v, a).

    Parameters
    ----------
    v : ndarray, shape (p,)
        Filter; of unit length for the residual network, where v = 1/sqrt(p) + w.
    a : ndarray, shape (k,)
        Output weights.
    teacher : Teacher
        The network to recover.
    output_step, filter_step : float
        Step sizes eta_a and eta_w.
    network : {"residual", "cnn"}
        Whether the filter is brought back to unit length afterwards.

    Returns
    -------
    v, a : ndarray
        The next iterate; both gradients are taken at the old one.

    Raises
    ------
    ValueError
        If the shapes do not match the teacher or v is zero.

    Notes
    -----
    Source: Liu et al. (2019), equation (8); Du et al. (2018), algorithm 1.
    """
    here = population.evaluate(v, a, teacher)
    return _moved(v, a, here, output_step, filter_step, network)


def _moved(
    v: FloatArray,
    a: FloatArray,
    here: population.Evaluation,
    output_step: float,
    filter_step: float,
    network: Network,
) -> tuple[FloatArray, FloatArray]:
    v = v - filter_step * here.filter_gradient
    return (unit(v) if network == "residual" else v), a - output_step * here.output_gradient


def descend(
    teacher: Teacher,
    a: ArrayLike,
    steps: StepSizes,
    *,
    v: ArrayLike | None = None,
    network: Network = "residual",
    iterations: int = 100_000,
    tolerance: float = 1e-6,
    record_every: int = 1,
    progress: bool = False,
) -> Descent:
    """Run gradient descent until it arrives, diverges or has spent its iterations.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    a : array_like, shape (k,)
        Output weights a_0 to start from.
    steps : StepSizes
        Step sizes over time.
    v : array_like, shape (p,), optional
        Filter to start from; the default is the shortcut, that is w_0 = 0.  For the residual
        network its length must be 1.
    network : {"residual", "cnn"}
        The paper's descent with normalisation, or that of Du et al. without.
    iterations : int, default 100000
        Largest number of steps.
    tolerance : float, default 1e-6
        The run has arrived when |a - a*|^2 + |w - w*|^2, or the same distance from the spurious
        point, is at most this.
    record_every : int, default 1
        Record every so many iterates; the first and the last are always recorded.
    progress : bool, default False
        Show a progress bar (needs tqdm).

    Returns
    -------
    Descent
        An interrupt from the keyboard ends the run early and still returns what was done.

    Raises
    ------
    ValueError
        If an argument makes no sense; nothing has been run then.

    Notes
    -----
    Source: Liu et al. (2019), equation (8) and section 4.
    """
    check_network(network)
    check_run(iterations, tolerance)
    start = teacher.shortcut if v is None else v
    v, a = np.array(start, dtype=float), np.array(a, dtype=float)
    iteration = 0
    here = population.evaluate(v, a, teacher)  # refuses wrong shapes and a zero filter
    record = _record(iteration, a, here, teacher)
    if not (np.all(np.isfinite(a)) and np.all(np.isfinite(v))):
        raise ValueError("the start contains a value that is not finite: give finite weights")
    if network == "residual" and abs(np.linalg.norm(v) - 1) > 1e-9:
        raise ValueError(
            f"v has length {np.linalg.norm(v):.12g}: the residual network starts on |v| = 1"
        )
    recorder = Recorder(record_every)
    spurious = population.spurious_point(teacher)
    largest = DIVERGED_BEYOND * max(1.0, float(np.sqrt(teacher.norm_squared)))
    stop = StopReason.ITERATIONS_SPENT
    try:
        with progress_bar(iterations, "gradient descent", enabled=progress) as bar:
            for iteration in range(iterations + 1):
                here = population.evaluate(v, a, teacher)
                record = _record(iteration, a, here, teacher)
                if recorder.is_due(iteration):
                    recorder.add(record)
                if record.filter_distance + record.output_distance <= tolerance:
                    stop = StopReason.GLOBAL_OPTIMUM
                    break
                if 4 - record.filter_distance + _squared(a - spurious.a) <= tolerance:
                    stop = StopReason.SPURIOUS_POINT
                    break
                if not np.linalg.norm(a) < largest:
                    stop = StopReason.DIVERGED
                    break
                if iteration == iterations:
                    break
                v, a = _moved(v, a, here, *steps.at(iteration), network)
                bar.update()
    except KeyboardInterrupt:
        stop = StopReason.INTERRUPTED
    recorder.add(record)
    return Descent(stop, iteration, v, a, recorder.path())


def _squared(vector: FloatArray) -> float:
    return float(vector @ vector)


def _record(iteration: int, a: FloatArray, here: population.Evaluation, teacher: Teacher) -> Record:
    """The quantities of Figure 5; distances of filters are those of their directions."""
    return Record(
        iteration=iteration,
        alignment=float(a @ teacher.output_weights),
        angle=here.angle,
        filter_distance=float(4 * np.sin(here.angle / 2) ** 2),
        output_distance=_squared(a - teacher.output_weights),
        loss=here.loss,
    )
