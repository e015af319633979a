"""Gradient descent that leaves saddles along directions of negative curvature."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray
from shortcutlib.linear_bound.unit import ResidualUnit
from shortcutlib.paths import check_run

__all__ = ["Descent", "Ending", "Iterate", "descend"]

#: Share of the promised decrease that a step has to keep (Armijo's rule).
PROMISE = 1e-4
#: A step that fails is halved at most so often.
HALVINGS = 60


class Ending(Enum):
    """Why a descent ended."""

    STATIONARY = "second-order stationary"
    SPENT = "iterations spent"
    STALLED = "no decrease that floats can see"


class Iterate(NamedTuple):
    """One iterate: the objective, the length of its gradient, and of w and V."""

    iteration: int
    value: float
    gradient: float
    w: float
    V: float


@dataclass(frozen=True, eq=False)
class Descent:
    """A finished descent.

    Attributes
    ----------
    w : ndarray, shape (d,)
    V : ndarray, shape (d, m)
        Where it ended.
    value : float
        The objective there.
    gradient : float
        Length of the gradient there.
    least : float or None
        Least eigenvalue of the Hessian there, if the descent looked at it.
    iterations : int
        Steps taken, of both kinds.
    escapes : int
        Steps along negative curvature.
    ending : Ending
    points : list of tuple
        (w, V) of the recorded iterates.
    record : list of Iterate
    """

    w: FloatArray
    V: FloatArray
    value: float
    gradient: float
    least: float | None
    iterations: int
    escapes: int
    ending: Ending
    points: list[tuple[FloatArray, FloatArray]]
    record: list[Iterate]


def descend(
    unit: ResidualUnit,
    w: ArrayLike,
    V: ArrayLike,
    *,
    iterations: int = 5000,
    tolerance: float = 1e-6,
    growth: float = 1.1,
) -> Descent:
    """Descend until gradient and negative curvature are both within tolerance.

    Parameters
    ----------
    unit : ResidualUnit
    w : array_like, shape (d,)
    V : array_like, shape (d, m)
        Start; a stationary point is fine.
    iterations : int, default 5000
        Most steps.
    tolerance : float, default 1e-6
        Of the gradient's length; the least eigenvalue may be as low as minus its square root.
    growth : float, default 1.1
        How far apart the recorded iterates are: every one below 1 / (growth - 1), then each
        `growth` times the last.

    Returns
    -------
    Descent

    Raises
    ------
    ValueError
        If a shape or a number makes no sense.

    Notes
    -----
    A step begins with the size of Barzilai and Borwein (1988), which the last two gradients
    suggest, and is halved until it keeps Armijo's rule: the objective never rises.  Where the
    gradient is within tolerance, one step goes along an eigenvector of the least eigenvalue, in the
    direction in which the objective does not rise to first order (McCormick 1977).
    """
    w, V = unit.check(w, V)
    check_run(iterations, tolerance)
    if not growth > 1:
        raise ValueError(f"growth = {growth}: give a number above 1")
    x = np.concatenate([w, V.ravel()])

    def split(x: FloatArray) -> tuple[FloatArray, FloatArray]:
        return x[: unit.d], x[unit.d :].reshape(unit.d, unit.m)

    def slope(x: FloatArray) -> FloatArray:
        in_w, in_V = unit.gradient(*split(x))
        return np.concatenate([in_w, in_V.ravel()])

    record: list[Iterate] = []
    points: list[tuple[FloatArray, FloatArray]] = []
    value, rate, reach, escapes, due = unit.value(w, V), 1.0, 1.0, 0, 0
    least: float | None = None
    before: tuple[FloatArray, FloatArray] | None = None
    ending = Ending.SPENT
    iteration = 0
    while True:
        gradient = slope(x)
        steep = float(np.linalg.norm(gradient))
        here = split(x)
        last = iteration >= iterations
        if iteration >= due or last:
            sizes = float(np.linalg.norm(here[0])), float(np.linalg.norm(here[1], 2))
            record.append(Iterate(iteration, value, steep, *sizes))
            points.append(here)
            due = max(iteration + 1, int(iteration * growth))
        if last:
            break
        if steep > tolerance:
            least = None
            if before is not None:
                moved, turned = x - before[0], gradient - before[1]
                bent = float(moved @ turned)
                rate = float(moved @ moved) / bent if bent > 0 else 2 * rate
            found = _search(unit, split, x, -gradient, value, -(steep**2), 0.0, rate)
            if found is None:
                ending = Ending.STALLED
                break
            before = x, gradient
            x, value, rate = found
        else:
            curvature = unit.curvature(*here)
            least = curvature.least
            if least >= -np.sqrt(tolerance):
                ending = Ending.STATIONARY
                break
            direction = curvature.direction * (-1.0 if gradient @ curvature.direction > 0 else 1.0)
            first = float(gradient @ direction)
            found = _search(unit, split, x, direction, value, first, least, 2 * reach)
            if found is None:
                ending = Ending.STALLED
                break
            x, value, reach = found
            before, escapes = None, escapes + 1
        iteration += 1
    if record[-1].iteration != iteration:
        sizes = float(np.linalg.norm(here[0])), float(np.linalg.norm(here[1], 2))
        record.append(Iterate(iteration, value, steep, *sizes))
        points.append(here)
    w, V = split(x)
    return Descent(w, V, value, steep, least, iteration, escapes, ending, points, record)


def _search(
    unit: ResidualUnit,
    split: object,
    x: FloatArray,
    direction: FloatArray,
    value: float,
    first: float,
    second: float,
    step: float,
) -> tuple[FloatArray, float, float] | None:
    """Halve the step until it keeps its share of the decrease first step + second step^2 / 2."""
    assert callable(split)
    for _ in range(HALVINGS):
        there = x + step * direction
        new = unit.value(*split(there))
        if new < value + PROMISE * (first * step + second * step**2 / 2):
            return there, new, step
        step /= 2
    return None
