"""How long the warm-up must be.

The paper warms up for 1,000 iterations.  Whether that is enough is a question with an answer: the
shortest warm-up after which every start of the ball succeeds, or all but a given share of them.
Whether one is needed at all is the question of `shortcutlib.safe_ratio`.
"""

from collections.abc import Callable

import numpy as np

from shortcutlib import exact, reduced
from shortcutlib.order import preserves_order
from shortcutlib.outcomes import classify
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["rim", "saves_every_start", "shortest_warmup"]

#: Points of the rim that are tried.
_RIM_POINTS = 1024


def rim(teacher: Teacher, points: int = _RIM_POINTS) -> reduced.ReducedState:
    """Starts on the part of the rim of the ball that holds the worst ones.

    A step preserves order in (q - sS/k, S s, -phi), so below every start of the ball there is one
    with the same fate or a worse one on the rim, where both coordinates are at most 0.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    points : int, default 1024
        Number of starts, evenly spaced over that quarter of the rim.

    Returns
    -------
    ReducedState
        Arrays of shape (points,), at the angle of the shortcut.
    """
    turn = np.linspace(0, np.pi / 2, points)
    s = -teacher.output_sum * np.cos(turn)
    rest = -np.sqrt(teacher.spread) * teacher.start_radius * np.sin(turn)
    return reduced.state(s, s * teacher.output_sum / teacher.k + rest, teacher.angle)


def saves_every_start(teacher: Teacher, steps: StepSizes, points: int = _RIM_POINTS) -> bool:
    """Whether every start of the ball reaches the global optimum.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    steps : StepSizes
        Step sizes over time.
    points : int, default 1024
        Points of the rim; with 1,024 a failing arc shorter than 0.1 degrees could be missed.

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        If the step sizes are too large for the order argument (see `rim`).
    """
    starts = rim(teacher, points)
    if not preserves_order(teacher, starts.output_sum, starts.alignment, steps):
        raise ValueError(
            "the step sizes are too large for one step to preserve order, so the rim does not "
            "decide: take eta_a (k + pi - 1) <= 2 pi and eta_w |q| < 2"
        )
    return bool(np.all(classify(teacher, starts, steps).success))


def shortest_warmup(
    teacher: Teacher,
    schedule: Callable[[int], StepSizes],
    *,
    failure: float = 0.0,
    largest: int = 1_000_000,
) -> int:
    """Fewest iterations of warm-up that save the starts, found by bisection.

    Parameters
    ----------
    teacher : Teacher
        The network to recover; its angle is at most pi/2, where a longer warm-up saves more.
    schedule : callable
        Takes a number of iterations and returns the step sizes, for instance
        ``lambda t: StepSizes.section_4(k, warmup=t)``.
    failure : float, default 0
        Share of the starts that may fail, in [0, 1); 0 saves every single start of the ball.
    largest : int, default 1000000
        Largest number of iterations tried.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If an argument is out of range or even `largest` iterations are not enough.
    """
    if not 0 <= failure < 1:
        raise ValueError(f"failure = {failure}: give a share in [0, 1)")
    if teacher.angle > np.pi / 2:
        raise ValueError(
            f"the teacher's angle is {teacher.angle / np.pi:.4f} pi: beyond pi/2 a warm-up does "
            "not help; take a teacher nearer to the shortcut"
        )

    def enough(length: int) -> bool:
        steps = schedule(length)
        if failure == 0:
            return saves_every_start(teacher, steps)
        found = exact.success_probability(
            teacher, steps, tolerance=max(1e-12, min(1e-8, failure / 1e4))
        )
        return 1 - found.probability <= failure

    if enough(0):
        return 0
    low, high = 0, 1
    while not enough(high):
        if high >= largest:
            raise ValueError(f"{largest} iterations of warm-up are not enough: raise `largest`")
        low, high = high, min(2 * high, largest)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
