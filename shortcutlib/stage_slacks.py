"""Theorems 4 and 13 along real runs: how much room their bounds leave, step by step.

`shortcutlib.inequalities` tries the steps that the two theorems are proved with.  Here whole runs
are made, many at once, each with its own teacher, steps and deadline, and the smallest slack of
what the theorem promises is returned: negative where a run breaks it.
"""

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray
from shortcutlib.convergence import stage_one_iterations
from shortcutlib.dissipativity import ACUTE, Teachers, filter_distance
from shortcutlib.reduced import ReducedState, output_distance, step

__all__ = ["stage_one_slack", "stage_two_slack"]


def stage_one_slack(
    teachers: Teachers,
    starts: ReducedState,
    output_step: ArrayLike,
    filter_step: ArrayLike,
    *,
    beyond: float = 0.25,
    largest_angle: float = ACUTE,
) -> FloatArray:
    """What Theorem 4, repaired, promises, less what the runs do.

    Parameters
    ----------
    teachers : Teachers
        One for each start.
    starts : ReducedState
        Arrays of shape (n,).
    output_step, filter_step : array_like
        eta_a and eta_w of each run.
    beyond : float, default .25
        How long the runs go on after T_1, as a share of T_1; the theorem has no end.
    largest_angle : float, default 5 pi/12
        The bound of the angle.

    Returns
    -------
    ndarray, shape (n,)
        The smallest of 5 pi/12 - phi over the whole run, and of (q - N/5)/N and
        (N + 2 S^2/(pi - 1) - q)/N from T_1 on.

    Notes
    -----
    Source: Liu et al. (2019), Theorem 4, with T_1 of `shortcutlib.convergence`.
    """
    output_step = np.broadcast_to(np.asarray(output_step, dtype=float), starts.angle.shape)
    deadline = np.array([stage_one_iterations(eta) for eta in output_step])
    size = teachers.norm_squared
    high = size + 2 * teachers.output_sum**2 / (np.pi - 1)
    state, slack = starts, largest_angle - starts.angle
    for t in range(1, int(np.ceil((1 + beyond) * np.max(deadline))) + 1):
        state = step(teachers, state, output_step, np.asarray(filter_step, dtype=float))
        nearer = np.minimum(state.alignment - size / 5, high - state.alignment) / size
        slack = np.minimum(slack, largest_angle - state.angle)
        slack = np.where(t >= deadline, np.minimum(slack, nearer), slack)
    return slack


def stage_two_slack(
    teachers: Teachers,
    starts: ReducedState,
    common_step: ArrayLike,
    delta: ArrayLike,
    *,
    beyond: float = 0.25,
) -> FloatArray:
    """What Theorem 13, repaired, promises, less what the runs do.

    Parameters
    ----------
    teachers : Teachers
        One for each start.
    starts : ReducedState
        Arrays of shape (n,), with angles of at most pi/2.
    common_step : array_like
        eta of each run.
    delta : array_like
        delta of each run.
    beyond : float, default .25
        How long the runs go on after T_2, as a share of it.

    Returns
    -------
    ndarray, shape (n,)
        The smallest of 1 - |w - w*|^2/delta from tau_21 on, and of 5 - |a - a*|^2/delta from T_2
        on, with tau_21 = 4/(m eta) log+(2/delta), m = N/5, and tau_22 as printed.

    Notes
    -----
    Source: Liu et al. (2019), Theorem 13 and Lemmas 14 and 15.
    """
    shape = starts.angle.shape
    eta = np.broadcast_to(np.asarray(common_step, dtype=float), shape)
    delta = np.broadcast_to(np.asarray(delta, dtype=float), shape)
    m = teachers.norm_squared / 5
    first = np.ceil(4 / (m * eta) * np.maximum(np.log(2 / delta), 0.0))
    deadline = np.full(shape, np.inf)
    state, slack, t = starts, np.full(shape, np.inf), 0
    while True:
        distance = output_distance(teachers, state)
        wait = np.ceil(4 / eta * np.log(np.maximum(distance / delta, 1.0)))
        deadline = np.where(t == first, first + wait, deadline)
        slack = np.where(t >= first, np.minimum(slack, 1 - filter_distance(state) / delta), slack)
        slack = np.where(t >= deadline, np.minimum(slack, 5 - distance / delta), slack)
        if t >= (1 + beyond) * np.max(deadline):
            return slack
        state = step(teachers, state, eta, eta)
        t += 1
