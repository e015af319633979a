"""Phase I and Phase II of ResLink: one descent, from a start that can be dragged."""

from typing import NamedTuple

import numpy as np

from shortcutlib.angles import FloatArray
from shortcutlib.explorers.base import Explorer, number, whole
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
