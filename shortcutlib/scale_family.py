"""The plain network's many optima: a curve of scales, and why there are no pairs of signs.

The plain network (1) computes a' relu(Z'v) without normalisation.  For r > 0 its output at
(r v, a/r) is the same as at (v, a), so with (v*, a*) every (r v*, a*/r) is a global optimum.

**Which of them a run finds.**  The gradients satisfy v' grad_v = a' grad_a, because the loss does
not change along the curve of scales.  So |a|^2 - |v|^2 stays constant for infinitely short steps,
and changes by eta^2 (|grad_a|^2 - |grad_v|^2) in a step: of order eta over a whole run.  At the
end |a|^2 - |v|^2 = N/r^2 - r^2, which gives r from the start alone.

**Signs.**  With a linear activation (-v*, -a*) would compute the same as (v*, a*).  The ReLU is not
odd, and there the loss is S^2/pi + (pi - 2) N/(2 pi) > 0.  A run from there keeps its filter, and
ends in the trap (-v*, a-bar).

The loss is that of the normalised student with filter v/|v| and outputs |v| a, whose closed form
`shortcutlib.population` has.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib import population
from shortcutlib.angles import FloatArray
from shortcutlib.teacher import Teacher, check_finite, check_size

__all__ = ["PlainRun", "descend", "evaluate", "final_scale", "sign_pair_loss"]


class PlainRun(NamedTuple):
    """The end of a run of the plain network.

    Attributes
    ----------
    v : ndarray, shape (p,)
        The filter, not normalised.
    a : ndarray, shape (k,)
        The output weights.
    loss : float
        Expected loss there.
    """

    v: FloatArray
    a: FloatArray
    loss: float


def evaluate(v: ArrayLike, a: ArrayLike, teacher: Teacher) -> tuple[float, FloatArray, FloatArray]:
    """Expected loss of the plain network, and its gradients.

    Parameters
    ----------
    v : array_like, shape (p,)
        Filter, not zero.
    a : array_like, shape (k,)
        Output weights.
    teacher : Teacher
        The network to recover.

    Returns
    -------
    loss : float
        Half the mean squared error.
    filter_gradient : ndarray, shape (p,)
        Gradient in v, with its part along v.
    output_gradient : ndarray, shape (k,)
        Gradient in a.

    Raises
    ------
    ValueError
        If the shapes do not match the teacher or v is zero.

    Notes
    -----
    Source: Liu et al. (2019), equation (1), with the loss (7).
    """
    v, a = np.asarray(v, dtype=float), np.asarray(a, dtype=float)
    length = float(np.linalg.norm(v))
    # A zero filter is refused there.
    here = population.evaluate(v, length * a, teacher)
    radial = float(a @ here.output_gradient) / length
    return here.loss, here.filter_gradient + radial * v, length * here.output_gradient


def descend(
    v: ArrayLike, a: ArrayLike, teacher: Teacher, step: float, *, iterations: int = 10_000
) -> PlainRun:
    """Gradient descent on both layers of the plain network, with one step size.

    Parameters
    ----------
    v : array_like, shape (p,)
        Filter at the start, not zero.
    a : array_like, shape (k,)
        Output weights at the start.
    teacher : Teacher
        The network to recover.
    step : float
        eta_a = eta_w, positive.
    iterations : int, default 10000
        Largest number of steps; the run also ends where no entry of a gradient exceeds 1e-12.

    Returns
    -------
    PlainRun

    Raises
    ------
    ValueError
        If an argument is out of range.
    """
    if not check_finite("step", step) > 0:
        raise ValueError(f"step = {step}: give a positive number")
    check_size("iterations", iterations)
    v, a = np.array(v, dtype=float), np.array(a, dtype=float)
    loss, in_v, in_a = evaluate(v, a, teacher)
    for _ in range(iterations):
        if max(float(np.max(np.abs(in_v))), float(np.max(np.abs(in_a)))) <= 1e-12:
            break
        v, a = v - step * in_v, a - step * in_a
        loss, in_v, in_a = evaluate(v, a, teacher)
    return PlainRun(v, a, loss)


def final_scale(v: ArrayLike, a: ArrayLike, teacher: Teacher) -> float:
    """The r of the optimum (r v*, a*/r) that a run with short steps finds, if it finds one.

    Parameters
    ----------
    v : array_like, shape (p,)
        Filter at the start.
    a : array_like, shape (k,)
        Output weights at the start.
    teacher : Teacher
        Only its N is used.

    Returns
    -------
    float
        The positive solution of N/r^2 - r^2 = |a|^2 - |v|^2.
    """
    v, a = np.asarray(v, dtype=float), np.asarray(a, dtype=float)
    balance = float(a @ a - v @ v)
    root = float(np.hypot(balance, 2 * np.sqrt(teacher.norm_squared)))
    # Of the two forms of the solution the one that adds numbers of one sign.
    square = (root - balance) / 2 if balance < 0 else 2 * teacher.norm_squared / (root + balance)
    return float(np.sqrt(square))


def sign_pair_loss(teacher: Teacher) -> float:
    """Expected loss at (-v*, -a*).

    Parameters
    ----------
    teacher : Teacher
        The network to recover.

    Returns
    -------
    float
        S^2/pi + (pi - 2) N/(2 pi).
    """
    square, size = teacher.output_sum**2, teacher.norm_squared
    return float(square / np.pi + (np.pi - 2) * size / (2 * np.pi))
