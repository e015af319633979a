"""A searcher for the worst point of an inequality: how every claim of the ledger is tried.

An inequality "left >= right" holds where its slack, left minus right, is nowhere negative.  The
search draws many points of a box, puts some of their coordinates exactly on an end of its range or
within a millionth of it, where inequalities break, and improves the worst of them: first all at
once, by random steps that grow with success and shrink with failure and by moves onto the ends of
single ranges; then the best few one by one, by the method of Nelder and Mead.
"""

import math
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortcutlib.angles import FloatArray

__all__ = ["Range", "Worst", "search"]

#: What a random coordinate does: lie anywhere, on an end, or close to one.
_ANYWHERE, _ON_END = 0.6, 0.2
#: The closest that a coordinate comes to an end without lying on it, as a power of ten.
_CLOSEST = 7.0
#: Points that take random steps, for each of the `starts`; rounds of steps; tries in a round.
_LOTS, _ROUNDS, _TRIES = 10, 60, 8
#: The first length of a random step; what success and failure multiply it with.
_REACH, _GROWS, _SHRINKS = 0.2, 1.4, 0.7
#: How many points are improved by the method of Nelder and Mead in the end.
_POLISHED = 3


class Range(NamedTuple):
    """The values that one variable may take.

    Attributes
    ----------
    low, high : float
        Ends, both included.
    scale : {"linear", "log", "whole"}
        How it is drawn: evenly, evenly in its logarithm (ends positive), or the same rounded to
        whole numbers.
    """

    low: float
    high: float
    scale: Literal["linear", "log", "whole"] = "linear"

    def at(self, unit: FloatArray) -> FloatArray:
        """The values at positions `unit` in [0, 1]."""
        if self.scale == "linear":
            # Exact at both ends, which low + unit * (high - low) is not.
            return (1 - unit) * self.low + unit * self.high
        logarithm = (1 - unit) * np.log(self.low) + unit * np.log(self.high)
        value = np.clip(np.exp(logarithm), self.low, self.high)
        # The ends themselves, which the exponential may miss by a rounding.
        value[unit == 0], value[unit == 1] = self.low, self.high
        return np.round(value) if self.scale == "whole" else value


class Worst(NamedTuple):
    """The worst point that a search has found.

    Attributes
    ----------
    value : float
        Its slack; negative where the inequality fails.
    point : dict of str to float
        Its variables.
    evaluations : int
        Points looked at.
    ratio : float
        Left over right side there, where the two are known and the right side is not 0.
    """

    value: float
    point: dict[str, float]
    evaluations: int
    ratio: float = math.nan


def search(
    slack: Callable[..., FloatArray],
    ranges: Mapping[str, Range],
    rng: np.random.Generator,
    *,
    samples: int = 20_000,
    starts: int = 24,
) -> Worst:
    """Look for the point of a box at which a slack is smallest.

    Parameters
    ----------
    slack : callable
        Called with one array per variable, by name, all of shape (n,); returns shape (n,).  Points
        outside the inequality's region give +inf.
    ranges : mapping of str to Range
        The box.
    rng : numpy.random.Generator
        Same state, same result.
    samples : int, default 20,000
        Random points.
    starts : int, default 24
        Ten times as many of them are improved; 0 leaves it at the random points.

    Returns
    -------
    Worst

    Raises
    ------
    ValueError
        If a range is empty or no random point lies in the region.
    FloatingPointError
        If the slack is not a number somewhere: a claim cannot be judged by that.
    """
    from scipy.optimize import minimize

    names = list(ranges)
    for name, interval in ranges.items():
        positive = interval.scale == "linear" or interval.low > 0
        if not (interval.low <= interval.high and positive):
            raise ValueError(f"the range of {name}, {interval}, is empty: give low <= high")
    seen = 0

    def value(unit: FloatArray) -> FloatArray:
        nonlocal seen
        seen += unit.shape[0]
        found = slack(**{name: ranges[name].at(unit[:, i]) for i, name in enumerate(names)})
        if np.any(np.isnan(found)):
            raise FloatingPointError("the slack is not a number at some point of the box")
        return found

    unit = rng.random((samples, len(names)))
    kind = rng.random(unit.shape)
    side = np.round(unit)
    close = np.abs(side - 10 ** -(_CLOSEST * rng.random(unit.shape)))
    unit = np.where(kind < _ANYWHERE, unit, np.where(kind < _ANYWHERE + _ON_END, side, close))
    values = value(unit)
    best = int(np.argmin(values))
    if not np.isfinite(values[best]):
        raise ValueError("none of the random points lies in the region: give a better box")
    # Whole-numbered variables are flat almost everywhere: leave them as drawn.
    free = np.array([i for i, name in enumerate(names) if ranges[name].scale != "whole"], dtype=int)
    lowest, lowest_unit = float(values[best]), unit[best].copy()
    # The worst points of all often crowd in one corner, which need not be the worst corner: take
    # the worst of each of many parts of the draw.
    parts = np.array_split(np.arange(samples), min(samples, _LOTS * starts)) if starts else []
    chosen = np.array([part[np.argmin(values[part])] for part in parts], dtype=int)
    chosen = chosen[np.isfinite(values[chosen])]
    if chosen.size and free.size:
        units, found = _improve(value, unit[chosen], values[chosen], free, rng)
        for index in np.argsort(found, kind="stable")[:_POLISHED]:
            fixed = units[index]

            def along(x: FloatArray, fixed: FloatArray = fixed) -> float:
                trial = fixed.copy()
                trial[free] = np.clip(x, 0.0, 1.0)
                return float(value(trial[None, :])[0])

            result = minimize(
                along,
                fixed[free],
                method="Nelder-Mead",
                bounds=[(0.0, 1.0)] * len(free),
                options={"maxfev": 150 * len(free), "xatol": 1e-10, "fatol": 1e-14},
            )
            if result.fun < found[index]:
                units[index, free] = np.clip(result.x, 0.0, 1.0)
                found[index] = result.fun
        index = int(np.argmin(found))
        if found[index] < lowest:
            lowest, lowest_unit = float(found[index]), units[index]
    point = {
        name: float(ranges[name].at(lowest_unit[i : i + 1])[0]) for i, name in enumerate(names)
    }
    return Worst(lowest, point, seen)


def _improve(
    value: Callable[[FloatArray], FloatArray],
    unit: FloatArray,
    values: FloatArray,
    free: NDArray[np.int_],
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Better points, one from each of the given ones, by random steps; all are tried together."""
    unit, values = unit.copy(), values.copy()
    count, size = unit.shape
    reach = np.full(count, _REACH)
    for _ in range(_ROUNDS):
        trial = np.repeat(unit[:, None, :], _TRIES, axis=1)
        away = rng.standard_normal((count, _TRIES, free.size)) * reach[:, None, None]
        # A third of the steps moves everything, a third one coordinate, a third puts one on an end.
        one = np.zeros((count, _TRIES, free.size), dtype=bool)
        picked = rng.integers(free.size, size=(count, _TRIES))
        np.put_along_axis(one, picked[:, :, None], True, axis=2)
        everything = np.arange(_TRIES) < _TRIES // 3
        onto = np.arange(_TRIES) >= 2 * _TRIES // 3
        moved = trial[:, :, free] + np.where(everything[None, :, None] | one, away, 0.0)
        ends = rng.integers(2, size=(count, _TRIES)).astype(float)
        snapped = np.where(one, ends[:, :, None], trial[:, :, free])
        trial[:, :, free] = np.clip(np.where(onto[None, :, None], snapped, moved), 0.0, 1.0)
        found = value(trial.reshape(-1, size)).reshape(count, _TRIES)
        pick = np.argmin(found, axis=1)
        lower = found[np.arange(count), pick] < values
        unit[lower] = trial[np.arange(count), pick][lower]
        values[lower] = found[np.arange(count), pick][lower]
        reach = np.clip(reach * np.where(lower, _GROWS, _SHRINKS), 1e-9, 0.5)
    return unit, values
