"""Losses l(p; y) of a prediction p for a target y: convex and twice differentiable in p."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray

__all__ = ["LOGISTIC", "LOSSES", "SMOOTHED_HINGE", "SQUARED", "Loss"]

Function = Callable[[FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True)
class Loss:
    """A loss with its first two derivatives in the prediction.

    Parameters
    ----------
    name : str
        How the loss is called in tables and messages.
    value, slope, curvature : callable
        l, l' and l'' as functions of arrays (prediction, target) of one shape.  l'' must not be
        negative: the theorems rest on convexity.
    signs : bool, default False
        Whether targets have to be -1 or 1.
    steepest : float, default inf
        The least upper bound of |l'|, or infinity.

    Notes
    -----
    Source: Shamir (2018), Assumption 1.
    """

    name: str
    value: Function
    slope: Function
    curvature: Function
    signs: bool = False
    steepest: float = np.inf

    def check_targets(self, targets: ArrayLike) -> FloatArray:
        """Return the targets as an array; refuse those that the loss is not made for.

        Parameters
        ----------
        targets : array_like
            Of any shape.

        Returns
        -------
        ndarray

        Raises
        ------
        ValueError
            If a target is not finite, or not -1 or 1 where it has to be.
        """
        targets = np.asarray(targets, dtype=float)
        if not np.all(np.isfinite(targets)):
            raise ValueError("targets: there is one that is not a finite number")
        if self.signs and not np.all(np.abs(targets) == 1):
            odd = targets[np.abs(targets) != 1].flat[0]
            raise ValueError(f"targets: {odd:g} is there, but the {self.name} loss needs -1 or 1")
        return targets


def _softplus(x: FloatArray) -> FloatArray:
    return np.logaddexp(0, x)


def _hinge_value(p: FloatArray, y: FloatArray) -> FloatArray:
    margin = y * p
    m = np.clip(margin, 0, 1)
    # The polynomial 1/2 - m + m^3 - m^4/2 has a factor (1 - m)^3; written out it would cancel.
    return (1 - m) ** 3 * (1 + m) / 2 + np.maximum(-margin, 0)


def _hinge_slope(p: FloatArray, y: FloatArray) -> FloatArray:
    m = np.clip(y * p, 0, 1)
    return -y * (1 - m) ** 2 * (1 + 2 * m)


def _hinge_curvature(p: FloatArray, y: FloatArray) -> FloatArray:
    m = np.clip(y * p, 0, 1)
    return 6 * m * (1 - m)


#: (p - y)^2 / 2.
SQUARED = Loss(
    "squared", lambda p, y: (p - y) ** 2 / 2, lambda p, y: p - y, lambda p, y: np.ones_like(p + y)
)

#: log(1 + exp(-y p)) for labels y of -1 and 1.
LOGISTIC = Loss(
    "logistic",
    lambda p, y: _softplus(-y * p),
    lambda p, y: -y * np.exp(-_softplus(y * p)),
    lambda p, y: np.exp(-_softplus(y * p) - _softplus(-y * p)),
    signs=True,
    steepest=1.0,
)

#: The hinge max(0, 1/2 - y p), its corner rounded between margins 0 and 1 by a polynomial of
#: degree four, so that the second derivative 6 m (1 - m) is continuous.  The more common rounding
#: by a parabola has no second derivative at margin 0, which is where w = 0 puts every prediction.
SMOOTHED_HINGE = Loss(
    "smoothed hinge", _hinge_value, _hinge_slope, _hinge_curvature, signs=True, steepest=1.0
)

#: The losses by name.
LOSSES = {loss.name: loss for loss in (SQUARED, LOGISTIC, SMOOTHED_HINGE)}
