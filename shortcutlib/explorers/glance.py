"""A run seen at a few iterates only, in a fraction of the time that all its steps would take."""

import numpy as np

from shortcutlib import reduced
from shortcutlib.angles import FloatArray
from shortcutlib.multirevolution import (
    SHORTEST_STRIDE,
    Recurrence,
    longest_stride,
    pack,
    unpack,
)
from shortcutlib.order import preserves_order
from shortcutlib.reduced import ReducedState
from shortcutlib.step_sizes import Phase, StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["glance"]

#: About sixteen iterates in each decade.
_GROWTH = 1.15
#: Longest run where strides may be taken, and where steps are single.
_LONGEST, _LONGEST_UNPROVED = 1_000_000, 3000


def glance(
    teacher: Teacher, start: ReducedState, steps: StepSizes
) -> tuple[FloatArray, ReducedState]:
    """Iterates of the residual student's descent, evenly in the logarithm, until it has arrived.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    start : ReducedState
        Single numbers; the part of `a` across 1 and a* is zero.
    steps : StepSizes
        Step sizes over time.

    Returns
    -------
    iteration : ndarray, shape (n,)
        Numbers of the iterates, from 0.
    states : ReducedState
        Arrays of shape (n,), to about 1e-6.  Where steps are too long for strides, a run that has
        not arrived is cut short.
    """
    first = reduced.state([start.output_sum], [start.alignment], [start.angle])
    proved = preserves_order(teacher, first.output_sum, first.alignment, steps)
    rows = pack(teacher, first)
    iteration, kept, states = 0, [0], [rows.copy()]
    recurrences: dict[tuple[Phase, int], Recurrence] = {}
    while iteration < (_LONGEST if proved else _LONGEST_UNPROVED):
        target = max(iteration + 1, int(iteration * _GROWTH))
        while iteration < target:
            phase, end = next(
                (phase, end)
                for phase, _, end in steps.stretches()
                if end is None or iteration < end
            )
            left = (target if end is None else min(target, end)) - iteration
            most = longest_stride(teacher, phase, abs(float(rows[1, 0]))) if proved else 1
            stride = min(most, left) if min(most, left) >= SHORTEST_STRIDE else 1
            if (phase, stride) not in recurrences:
                recurrences[phase, stride] = Recurrence(teacher, phase, stride)
            recurrences[phase, stride].advance(rows, left // stride)
            iteration += left // stride * stride
        kept.append(iteration)
        states.append(rows.copy())
        if any(np.any(end) for end in reduced.arrived(teacher, unpack(teacher, rows))):
            break
    return np.array(kept, dtype=float), unpack(teacher, np.hstack(states))
