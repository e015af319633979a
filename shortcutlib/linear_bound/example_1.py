"""Example 1: a residual unit with two parameters, w (x + eps v x) on the single example x = y = 1.

With t = 1 + eps v the objective is F(w, v) = (w t - 1)^2 / 2: two valleys of zero loss, w t = 1,
and one saddle at w = t = 0.  Adding lambda (w^2 + v^2) / 2 leaves stationary points that solve one
equation in t, so all of them can be listed.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray

__all__ = ["Example", "Kind", "StationaryPoint", "largest_trapping_decay", "valley_distance"]

#: Step of the descent: a share of the inverse curvature, and never longer than this.
SHARE, LONGEST = 0.5, 0.05
#: A path has arrived when it moves by less than this.
STILL = 1e-10
#: Angles at which the rim of a disc is sampled before its minima are refined.
RIM = 720


class Kind(Enum):
    """What a stationary point is."""

    BEST = "global minimum"
    SPURIOUS = "spurious local minimum"
    SADDLE = "saddle"


@dataclass(frozen=True)
class StationaryPoint:
    """A stationary point (w, v), the objective there, and its kind."""

    w: float
    v: float
    value: float
    kind: Kind


@dataclass(frozen=True)
class Example:
    """The objective of Example 1, with weight decay.

    Parameters
    ----------
    epsilon : float
        Strength of the residual branch, f(x) = epsilon x; positive.
    decay : float, default 0
        lambda of the regulariser lambda (w^2 + v^2) / 2; at least 0.

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    Source: Shamir (2018), Example 1 and section 4.
    """

    epsilon: float
    decay: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.epsilon < np.inf:
            raise ValueError(f"epsilon = {self.epsilon}: give a positive number")
        if not 0 <= self.decay < np.inf:
            raise ValueError(f"decay = {self.decay}: give a number of at least 0")

    def value(self, w: ArrayLike, v: ArrayLike) -> FloatArray:
        """F(w, v) + lambda (w^2 + v^2) / 2.

        Parameters
        ----------
        w, v : array_like

        Returns
        -------
        ndarray
            Of the common shape.
        """
        w, v = np.asarray(w, dtype=float), np.asarray(v, dtype=float)
        return ((w * (1 + self.epsilon * v) - 1) ** 2 + self.decay * (w**2 + v**2)) / 2

    def gradient(self, w: float, v: float) -> FloatArray:
        """Slopes in w and v.

        Parameters
        ----------
        w, v : float

        Returns
        -------
        ndarray, shape (2,)
        """
        t = 1 + self.epsilon * v
        short = w * t - 1
        return np.array([short * t + self.decay * w, self.epsilon * short * w + self.decay * v])

    def hessian(self, w: float, v: float) -> FloatArray:
        """Second derivatives.

        Parameters
        ----------
        w, v : float

        Returns
        -------
        ndarray, shape (2, 2)
        """
        t = 1 + self.epsilon * v
        mixed = self.epsilon * (2 * w * t - 1)
        return np.array([[t**2 + self.decay, mixed], [mixed, (self.epsilon * w) ** 2 + self.decay]])

    def stationary_points(self) -> list[StationaryPoint]:
        """Every stationary point; without decay the saddle alone, beside the valleys w t = 1.

        Returns
        -------
        list of StationaryPoint
            With decay the global minimum first; then, if decay is below `largest_trapping_decay`,
            the spurious minimum and the saddle.

        Notes
        -----
        The slope in w vanishes at w = t/(t^2 + lambda); put into the slope in v this gives
        (t - 1)(t^2 + lambda)^2 = eps^2 t.  For t > 1 there is one solution, for 0 <= t <= 1 none,
        and for t = -s < 0 the convex function (1 + s)(s^2 + lambda)^2 - eps^2 s has two or none.
        """
        decay, square = self.decay, self.epsilon**2
        if decay == 0:
            return [self._point(0.0, Kind.SADDLE)]

        def right(t: float) -> float:
            return (t - 1) * (t * t + decay) ** 2 - square * t

        def left(s: float) -> float:
            return (1 + s) * (s * s + decay) ** 2 - square * s

        def slope(s: float) -> float:
            return (s * s + decay) * (s * s + decay + 4 * s * (1 + s)) - square

        found = [self._point(bisect(right, 1.0, 2.0 + square), Kind.BEST)]
        far = 1.0 + square
        if slope(0.0) < 0:
            lowest = bisect(slope, 0.0, far)
            if left(lowest) < 0:
                found.append(self._point(-bisect(left, lowest, far), Kind.SPURIOUS))
                found.append(self._point(-bisect(lambda s: -left(s), 0.0, lowest), Kind.SADDLE))
        return found

    def rim_minima(self, radius: float) -> list[StationaryPoint]:
        """Local minima on the rim of a disc around 0, under the constraint ||(w, v)|| <= radius.

        Parameters
        ----------
        radius : float
            Positive.

        Returns
        -------
        list of StationaryPoint
            Minima along the rim from which the objective does not fall inwards, anticlockwise; all
            are called spurious but those whose value is the least over the disc.

        Raises
        ------
        ValueError
            If the radius is not positive.
        """
        if not 0 < radius < np.inf:
            raise ValueError(f"radius = {radius}: give a positive number")

        def along(angle: float) -> float:
            c, s = np.cos(angle), np.sin(angle)
            g = self.gradient(radius * c, radius * s)
            return float(radius * (g[1] * c - g[0] * s))

        grid = 2 * np.pi * np.arange(RIM + 1) / RIM
        slopes = [along(angle) for angle in grid]
        found = []
        for low, high, before, after in zip(grid, grid[1:], slopes, slopes[1:], strict=False):
            if before < 0 <= after:
                angle = bisect(along, float(low), float(high))
                w, v = radius * np.cos(angle), radius * np.sin(angle)
                if self.gradient(w, v) @ (w, v) <= 1e-9:
                    found.append((float(self.value(w, v)), float(w), float(v)))
        inside = [p for p in self.stationary_points() if np.hypot(p.w, p.v) < radius]
        least = min([v for v, _, _ in found] + [p.value for p in inside if p.kind is Kind.BEST])
        return [
            StationaryPoint(w, v, value, Kind.BEST if value <= least + 1e-9 else Kind.SPURIOUS)
            for value, w, v in found
        ]

    def path(
        self, w: float, v: float, *, radius: float | None = None, iterations: int = 4000
    ) -> FloatArray:
        """Gradient descent in short steps, projected onto a disc if there is one.

        Parameters
        ----------
        w, v : float
            Start; outside of the disc it counts as the nearest point inside.
        radius : float, optional
            Of the disc; by default there is none.
        iterations : int, default 4000
            Most steps.

        Returns
        -------
        ndarray, shape (steps + 1, 2)
            Every iterate; it ends early where nothing moves any more.
        """
        here = project(np.array([w, v], dtype=float), radius)
        path = [here]
        for _ in range(iterations):
            slope, bend = self.gradient(*here), self.hessian(*here)
            steep = float(np.hypot(*slope))
            curved = float(np.sqrt(np.sum(bend**2)))
            rate = min(SHARE / max(curved, 1e-12), LONGEST / max(steep, 1e-12))
            there = project(here - rate * slope, radius)
            moved = float(np.hypot(*(there - here)))
            here = there
            path.append(here)
            if moved < STILL:
                break
        return np.array(path)

    def _point(self, t: float, kind: Kind) -> StationaryPoint:
        w = t / (t * t + self.decay) if t else 0.0
        v = (t - 1) / self.epsilon
        return StationaryPoint(w, v, float(self.value(w, v)), kind)


def largest_trapping_decay(epsilon: float) -> float:
    """The decay from which on there is no spurious minimum.

    Parameters
    ----------
    epsilon : float
        Positive.

    Returns
    -------
    float
        s^2 (3 + 4 s), where 4 (s (1 + s))^(3/2) = epsilon: there the spurious minimum meets the
        saddle.  It exists for every positive decay below.
    """
    if not 0 < epsilon < np.inf:
        raise ValueError(f"epsilon = {epsilon}: give a positive number")
    s = (np.sqrt(1 + 4 * (epsilon / 4) ** (2 / 3)) - 1) / 2
    return float(s**2 * (3 + 4 * s))


def valley_distance(epsilon: float) -> float:
    """Distance from 0 to the valley of negative w, where a small decay traps the descent.

    Parameters
    ----------
    epsilon : float
        Positive.

    Returns
    -------
    float
        The least length of (w, v) with w (1 + epsilon v) = 1 and w < 0.  A disc of at least this
        radius has no spurious minimum on its rim.
    """
    if not 0 < epsilon < np.inf:
        raise ValueError(f"epsilon = {epsilon}: give a positive number")
    s = bisect(lambda s: s**3 * (1 + s) - epsilon**2, 0.0, 1.0 + epsilon**2)
    return float(np.hypot(1 / s, (1 + s) / epsilon))


def bisect(function: object, low: float, high: float) -> float:
    """The zero of an increasing function between two points, by halving 100 times."""
    assert callable(function)
    for _ in range(100):
        middle = (low + high) / 2
        if function(middle) < 0:
            low = middle
        else:
            high = middle
    return high


def project(point: FloatArray, radius: float | None) -> FloatArray:
    """The nearest point of the disc."""
    if radius is None:
        return point
    return point * min(1.0, radius / max(float(np.hypot(*point)), 1e-300))
