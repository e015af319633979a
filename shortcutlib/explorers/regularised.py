"""Example 1 of Shamir (2018) with weight decay or a disc: drag the start, see where it leads."""

from typing import Literal

import numpy as np

from shortcutlib.angles import FloatArray
from shortcutlib.explorers.base import Explorer, flag, number
from shortcutlib.explorers.still import Axis, Still
from shortcutlib.linear_bound.example_1 import Example, Kind, StationaryPoint

__all__ = ["RegularisedExplorer"]

#: Half the width of the map.
WIDTH = 4.0
#: An end this near to a point is that point.
NEAR = 1e-3

Fate = Literal[
    "global minimum", "spurious local minimum", "saddle", "valley of zero loss", "still on its way"
]


class RegularisedExplorer(Explorer):
    """The objective (w (1 + epsilon v) - 1)^2 / 2 + lambda (w^2 + v^2) / 2 over the plane.

    Parameters
    ----------
    epsilon, decay, bounded, radius, w, v
        Initial values; ranges and meanings are in `controls()`.
    name, fallback
        As for `Explorer`.
    """

    kind = "regularised"
    title = "The regularised landscape"
    needs = ("example_1.js",)

    epsilon = number(1.0, 0.3, 2.0, key="e", label="ε, strength of the branch", step=0.01)
    decay = number(0.25, 0.0, 1.0, key="l", label="λ, weight decay", step=0.005)
    bounded = flag(False, key="b", label="stay inside a disc")
    radius = number(2.0, 0.5, WIDTH, key="r", label="radius of the disc", step=0.01)
    w = number(-1.0, -WIDTH, WIDTH, key="w", label="start, w", step=0.01, more=True)
    v = number(-2.5, -WIDTH, WIDTH, key="v", label="start, v", step=0.01, more=True)

    @property
    def example(self) -> Example:
        """The objective that the parameters describe."""
        return Example(self.epsilon, self.decay)

    @property
    def limit(self) -> float | None:
        """Radius of the disc, or None where there is none."""
        return self.radius if self.bounded else None

    def points(self) -> list[StationaryPoint]:
        """Stationary points inside, then minima on the rim."""
        example, limit = self.example, self.limit
        inside = example.stationary_points()
        if limit is None:
            return inside
        inside = [p for p in inside if np.hypot(p.w, p.v) < limit]
        return inside + example.rim_minima(limit)

    def path(self) -> FloatArray:
        """Every iterate of the descent that is drawn, shape (steps + 1, 2)."""
        return self.example.path(self.w, self.v, radius=self.limit)

    def fate(self) -> Fate:
        """Where the descent ends."""
        end = self.path()[-1]
        for point in self.points():
            if np.hypot(point.w - end[0], point.v - end[1]) < NEAR:
                return point.kind.value
        if self.decay == 0 and self.example.value(*end) < 1e-8:
            return "valley of zero loss"
        return "still on its way"

    def picture(self) -> str:
        """The objective in bands, with its stationary points and the descent."""
        kinds = ", ".join(f"a {p.kind.value} at ({p.w:.2f}, {p.v:.2f})" for p in self.points())
        axes = [
            Axis(-WIDTH, WIDTH, label, ((-WIDTH, "−4"), (0.0, "0"), (WIDTH, "4")))
            for label in ("w", "v")
        ]
        still = Still(
            f"Map of the objective for ε = {self.epsilon:g} and λ = {self.decay:g}, darker where "
            f"it is larger: {kinds}; a descent from ({self.w:g}, {self.v:g}): {self.fate()}.",
            *axes,
            title="Objective over (w, v)",
            square=True,
        )
        cells, levels = 48, 15
        place = WIDTH * (2 * (np.arange(cells) + 0.5) / cells - 1)
        value = self.example.value(place[None], place[:, None])
        most = float(self.example.value(WIDTH, WIDTH))
        bands = np.floor(levels * (value / most) ** 0.25 - 1e-9).astype(int)
        still.bands(bands, [("ink", (6 + 9 * band) / 255) for band in range(levels + 1)])
        if self.limit is not None:
            turn = np.linspace(0, 2 * np.pi, 73)
            still.line("ink", self.limit * np.cos(turn), self.limit * np.sin(turn))
        still.line("ink dashed", *self.path().T)
        for point in self.points():
            look, shape = {
                Kind.BEST: ("global", "circle"),
                Kind.SPURIOUS: ("spurious", "cross"),
                Kind.SADDLE: ("ink", "diamond"),
            }[point.kind]
            still.mark(look, shape, point.w, point.v)
            if point.kind is Kind.SPURIOUS:
                still.words(look, point.w - 0.35, point.v - 0.15, "spurious", anchor="end")
            else:
                name = "minimum" if point.kind is Kind.BEST else "saddle"
                still.words(look, point.w, point.v + 0.45, name)
        still.mark("shortcut", "square", *self.path()[0])
        return still.svg()

    def best_linear(self) -> float:
        """Least objective of a linear predictor, v = 0, with the same decay in the same disc."""
        w = 1 / (1 + self.decay)
        if self.limit is not None:
            w = min(w, self.limit)
        return float(self.example.value(w, 0.0))

    def trapped(self) -> bool:
        """Whether there is a spurious minimum at all."""
        return any(point.kind is Kind.SPURIOUS for point in self.points())
