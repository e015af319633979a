"""A step of the residual student preserves an order, so some fates follow from others.

In the coordinates x = q - s S/k, y = s S and phi one step of the reduced descent reads

    x+ = (1 - eta_a (pi - 1)/(2 pi)) x + eta_a/(2 pi) (g(phi) - 1) (N - S^2/k),
    y+ = (1 - eta_a (k + pi - 1)/(2 pi)) y + eta_a/(2 pi) (k + g(phi) - 1) S^2,
    phi+ = |phi - arctan(eta_w (x + y/k) (pi - phi) sin(phi)/(2 pi))|.

Call a student better than another if its x and y are no smaller and its phi is no larger.

**A step keeps the better student better** if eta_a (k + pi - 1) <= 2 pi and eta_w |q| < 2.  The
first two lines rise with x and y, and fall with phi because g does and N >= S^2/k.  With
r(phi) = (pi - phi) sin(phi) >= 0 and |r'| <= pi, the turn rises with q = x + y/k and changes with
phi by at most eta_w |q| pi/(2 pi) < 1: so no step passes a pole, and the new angle falls with x and
y and rises with phi.

So wherever one student reaches the global optimum (phi to 0), every better one does; where one is
trapped (phi to pi), so is every worse one.  From equal angles, the failing starts of each s are
exactly those with q below some q*(s): success is a matter of one curve.
"""

import numpy as np
from numpy.typing import NDArray

from shortcutlib.angles import FloatArray
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["follow_from_others", "largest_alignment", "preserves_order"]


def largest_alignment(teacher: Teacher, output_sum: FloatArray, alignment: FloatArray) -> float:
    """Bound on |q| for ever, for steps with eta_a (k + pi - 1) <= 2 pi.

    Parameters
    ----------
    teacher : Teacher
        Only its k, S and N are used.
    output_sum, alignment : ndarray
        s and q of the starts.

    Returns
    -------
    float
        Each new q is an average of the last one and of ((g - 1) N + (1 - s/S) S^2)/(pi - 1), whose
        range `shortcutlib.certificates` derives.
    """
    total, norm_squared = teacher.output_sum, teacher.norm_squared
    slack = total * (total - output_sum)
    high = max(float(np.max(slack)), total**2 * np.pi / (teacher.k + np.pi - 1))
    low = min(float(np.min(slack)), 0.0)
    forced = max(norm_squared + high / (np.pi - 1), (norm_squared - low) / (np.pi - 1))
    return max(float(np.max(np.abs(alignment))), forced)


def preserves_order(
    teacher: Teacher, output_sum: FloatArray, alignment: FloatArray, steps: StepSizes
) -> bool:
    """Whether every step that these residual students will take preserves the order.

    Parameters
    ----------
    teacher : Teacher
        Only its k, S and N are used.
    output_sum, alignment : ndarray
        s and q of the starts.
    steps : StepSizes
        Step sizes over time.

    Returns
    -------
    bool
    """
    largest = largest_alignment(teacher, output_sum, alignment)
    return all(
        phase.output * (teacher.k + np.pi - 1) <= 2 * np.pi and phase.filter * largest < 2
        for phase in steps.phases
    )


def follow_from_others(
    x: FloatArray,
    y: FloatArray,
    known_x: FloatArray,
    known_y: FloatArray,
    known_success: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which fates follow from known ones, for students of one angle at the same time.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        x = q - s S/k and y = s S of the students asked about.
    known_x, known_y : ndarray, shape (j,)
        The same of students whose fate is known.
    known_success : ndarray of bool, shape (j,)
        Their fate: success, or trapped.

    Returns
    -------
    success, trapped : ndarray of bool, shape (n,)
        Neither holds for students about whom nothing follows.
    """
    by_y = np.argsort(known_y)
    sorted_x, sorted_y, won = known_x[by_y], known_y[by_y], known_success[by_y]
    # Smallest x that succeeded at this y or below; largest x that failed at this y or above.
    enough = np.minimum.accumulate(np.where(won, sorted_x, np.inf))
    short = np.maximum.accumulate(np.where(won, -np.inf, sorted_x)[::-1])[::-1]
    below = np.searchsorted(sorted_y, y, side="right")
    above = np.searchsorted(sorted_y, y, side="left")
    return (
        x >= np.concatenate([[np.inf], enough])[below],
        x <= np.concatenate([short, [-np.inf]])[above],
    )
