"""Where a noisy run is: near the global optimum, near the trap, or neither.

Stochastic runs have no final fate, so a count of them needs a stated time and a stated meaning of
"near".  Here a student is near the optimum if its loss is at most a hundredth of the loss at the
spurious point, and near the trap if its alignment is negative and its filter within 60 degrees of
-v*.  A run that noise keeps at some distance from both counts as neither, on whatever side of
phi = pi/2 it is.

Another question is where a run *would* go if the noise were switched off now: it is in the basin
of one optimum or the other (`in_basin`).
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from shortcutlib.generalisation import spurious_error
from shortcutlib.outcomes import classify
from shortcutlib.reduced import ReducedState, loss
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["Place", "in_basin", "whereabouts"]

#: Share of the spurious point's loss below which a student counts as arrived.
_SHARE = 0.01
#: Least angle to v* near the trap.
_OBTUSE = 2 * np.pi / 3


class Place(IntEnum):
    """Where a student is."""

    NEITHER = 0
    OPTIMUM = 1
    TRAP = 2


def whereabouts(teacher: Teacher, state: ReducedState) -> NDArray[np.int8]:
    """The place of each student.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    state : ReducedState
        One student or a batch.

    Returns
    -------
    ndarray of int8
        Values of `Place`.
    """
    near = loss(teacher, state) <= _SHARE * spurious_error(teacher)
    trapped = (state.alignment < 0) & (state.angle >= _OBTUSE)
    places = np.where(near, Place.OPTIMUM, np.where(trapped, Place.TRAP, Place.NEITHER))
    return places.astype(np.int8)


def in_basin(teacher: Teacher, state: ReducedState) -> NDArray[np.bool_]:
    """Whether plain descent with short steps of both layers would lead to the global optimum.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    state : ReducedState
        Arrays of shape (n,).

    Returns
    -------
    ndarray of bool, shape (n,)
        False for students that would be trapped.

    Notes
    -----
    The step is min(1/(k + pi - 1), 1/(2 N)), short enough to preserve order near both optima.
    """
    step = min(1 / (teacher.k + np.pi - 1), 0.5 / teacher.norm_squared)
    return classify(teacher, state, StepSizes.constant(step, step)).success
