"""A searcher for the worst point of an inequality: how every claim of the ledger is tried.

An inequality "left >= right" holds where its slack, left minus right, is nowhere negative.  The
search draws many points of a box, puts some of their coordinates exactly on an end of its range or
within a millionth of it, where inequalities break, and then improves the worst of them by the
method of Nelder and Mead.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import numpy as np

from shortcutlib.angles import FloatArray

__all__ = ["Range", "Worst", "search"]

#: What a random coordinate does: lie anywhere, on an end, or close to one.
_ANYWHERE, _ON_END = 0.6, 0.2
#: The closest that a coordinate comes to an end without lying on it, as a power of ten.
_CLOSEST = 7.0


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
    """

    value: float
    point: dict[str, float]
    evaluations: int


def search(
    slack: Callable[..., FloatArray],
    ranges: Mapping[str, Range],
    rng: np.random.Generator,
    *,
    samples: int = 20_000,
    starts: int = 12,
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
    starts : int, default 12
        How many of the worst of them are improved.

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
    order = np.argsort(values, kind="stable")
    if not np.isfinite(values[order[0]]):
        raise ValueError("none of the random points lies in the region: give a better box")
    best, best_unit = float(values[order[0]]), unit[order[0]]
    # The worst points often crowd together; every second one also comes from a thinned list.
    chosen = list(dict.fromkeys([*order[: starts // 2], *order[:: max(1, samples // starts)]]))
    for index in chosen[:starts]:
        if not np.isfinite(values[index]):
            continue
        # Whole-numbered variables are flat almost everywhere: leave them as drawn.
        free = [i for i, name in enumerate(names) if ranges[name].scale != "whole"]
        fixed = unit[index].copy()

        def along(x: FloatArray, fixed: FloatArray = fixed, free: list[int] = free) -> float:
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
        if result.fun < best:
            best = float(result.fun)
            best_unit = fixed
            best_unit[free] = np.clip(result.x, 0.0, 1.0)
    point = {name: float(ranges[name].at(best_unit[i : i + 1])[0]) for i, name in enumerate(names)}
    return Worst(best, point, seen)
