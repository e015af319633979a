"""Phase I and Phase II of ResLink: one descent, from a start that can be dragged."""

from typing import NamedTuple

import numpy as np

from shortcutlib.angles import FloatArray
from shortcutlib.explorers.base import Explorer, number, whole
from shortcutlib.explorers.still import Axis, Still, powers
from shortcutlib.reslink.circulant import (
    CirculantState,
    circulant_start,
    circulant_teacher,
    descend,
    measure,
)

__all__ = ["PhasesPath", "TwoPhasesExplorer"]

#: Longest run, in the page too.
ITERATIONS = 20_000
#: Steps that the still picture shows.
_SHOWN = 1000


class PhasesPath(NamedTuple):
    """What is drawn, for every iterate: arrays of equal length."""

    distance: FloatArray
    inner_product: FloatArray
    potential: FloatArray
    loss: FloatArray


class TwoPhasesExplorer(Explorer):
    """Potential, inner product, distance and loss of one descent with circulant weights.

    Parameters
    ----------
    d, trace, size, teacher, rate, iteration
        Initial values; ranges and meanings are in `controls()`.
    name, fallback
        As for `Explorer`.
    """

    kind = "phases"
    title = "Two phases: the potential first, then the distance"
    needs = ("circulant.js",)

    d = whole(64, 8, 64, key="d", label="d")
    trace = number(-0.6, -1.5, 0.5, key="t", label="start: trace ÷ ‖W₀‖²", step=0.01, more=True)
    size = number(0.5, 0.05, 0.6, key="s", label="start: ‖W₀‖ ÷ √d", step=0.01, more=True)
    teacher = number(0.0, 0.0, 0.6, key="w", label="teacher: spectral norm", step=0.01)
    rate = number(0.15, 0.02, 3.0, key="e", label="step size × d", scale="log")
    iteration = whole(0, 0, ITERATIONS, key="i", label="iteration", scale="log")

    @property
    def start(self) -> FloatArray:
        """First column of W_0."""
        return circulant_start(self.d, self.size * float(np.sqrt(self.d)), trace=self.trace)

    @property
    def teacher_column(self) -> FloatArray:
        """First column of W*."""
        return circulant_teacher(self.d, self.teacher)

    @property
    def first(self) -> CirculantState:
        """What is measured at the start."""
        return measure(self.start, self.teacher_column)

    def picture(self) -> str:
        """The plane of starts, and inner product and distance in the first steps."""
        trace, size = (self.controls()[name] for name in ("trace", "size"))
        across, up = (
            Axis(control["low"], control["high"], label, ticks)
            for control, label, ticks in (
                (trace, "trace ÷ ‖W₀‖²", ((-1.5, "−1.5"), (-0.5, "−0.5"), (0.5, "0.5"))),
                (size, "‖W₀‖ ÷ √d", ((0.2, "0.2"), (0.4, "0.4"), (0.6, "0.6"))),
            )
        )
        plane = Still(
            f"Starts by trace and size for d = {self.d}; hatched where the gradient points away "
            "from the teacher.",
            across,
            up,
            title="Start W₀ (hatched: points away)",
            name=self._name,
        )
        cells = np.zeros((11, 20), dtype=bool)
        for (row, column), _ in np.ndenumerate(cells):
            t = across.low + (column + 0.5) / 20 * (across.high - across.low)
            s = up.low + (row + 0.5) / 11 * (up.high - up.low)
            start = circulant_start(self.d, s * float(np.sqrt(self.d)), trace=t)
            cells[row, column] = measure(start, self.teacher_column).inner_product < 0
        plane.hatched_cells(cells)
        plane.mark("shortcut", "square", self.trace, self.size)
        path = self.run(_SHOWN)
        low, high = (f(np.append(path.inner_product, 0)) for f in (np.min, np.max))
        steps = Axis(1, _SHOWN + 1, "iterations + 1", powers(0, 3), log=True)
        kept = np.unique(np.geomspace(1, _SHOWN + 1, 90).round().astype(int)) - 1
        inner = Still(
            f"The inner product over the first {_SHOWN} steps: {path.inner_product[0]:.3g} at "
            f"first, {path.inner_product[-1]:.3g} at the end.",
            steps,
            Axis(float(low), float(high), "⟨−∇L, W* − W⟩", ((0.0, "0"),)),
            title="Inner product",
        )
        inner.line("thin", [1, _SHOWN + 1], [0, 0])
        inner.line("global", kept + 1, path.inner_product[kept])
        late = Still(
            f"The distance to the teacher over the first {_SHOWN} steps: {path.distance[0]:.3g} at "
            f"first, {path.distance[-1]:.3g} at the end.",
            steps,
            Axis(0, float(1.1 * path.distance.max()), "‖W − W*‖", ((0.0, "0"),)),
            title="Distance",
        )
        late.line("student dotdash", kept + 1, path.distance[kept])
        return plane.svg() + inner.svg() + late.svg()

    def run(self, iterations: int = 200) -> PhasesPath:
        """The first iterates of the descent on the population loss.

        Parameters
        ----------
        iterations : int, default 200
            Number of steps.

        Returns
        -------
        PhasesPath
            With ``iterations + 1`` entries.
        """
        rows: list[tuple[float, float, float, float]] = []

        def record(_: int, here: CirculantState) -> None:
            distance = float(np.sqrt(here.squared_distance))
            rows.append((distance, here.inner_product, here.potential, here.loss))

        descend(self.start, self.teacher_column, self.rate / self.d, iterations, record)
        return PhasesPath(*np.array(rows).T)
