"""One training run, with and without warm-up, from a start that can be dragged."""

import numpy as np

from shortcutlib import reduced
from shortcutlib.explorers.base import number, whole
from shortcutlib.explorers.one_teacher import TeacherExplorer
from shortcutlib.paths import Path
from shortcutlib.reduced import ReducedDescent, ReducedState

__all__ = ["DescentExplorer"]

#: Longest run, in the page too.
ITERATIONS = 1_000_000


class DescentExplorer(TeacherExplorer):
    """Angle, alignment, distances and loss of one run against iterations.

    Parameters
    ----------
    k, angle, size, share, output_step, ratio, warmup, along, across, iteration
        Initial values; ranges and meanings are in `controls()`.
    name, fallback
        As for `Explorer`.
    """

    kind = "descent"
    title = "One training run, with and without warm-up"

    along = number(0.0, -1.0, 1.0, key="x", label="start along 1, over R")
    across = number(-0.2, -1.0, 1.0, key="y", label="start along the rest of a*")
    iteration = whole(0, 0, ITERATIONS, key="i", label="iteration", scale="log")

    @property
    def start(self) -> ReducedState:
        """The start; a point outside the disc counts as the nearest one inside."""
        teacher = self.teacher
        scale = teacher.start_radius / max(1.0, float(np.hypot(self.along, self.across)))
        s = np.sqrt(teacher.k) * scale * self.along
        across = np.sqrt(teacher.spread) * scale * self.across
        return reduced.state(s, s * teacher.output_sum / teacher.k + across, teacher.angle)

    @property
    def path(self) -> Path:
        """Every iterate of the run with the warm-up, as the reader has set it."""
        return self.run().path

    def run(self, *, warmup: bool = True) -> ReducedDescent:
        """The run that is shown.

        Parameters
        ----------
        warmup : bool, default True
            With the warm-up, or the one beside it that has none.

        Returns
        -------
        ReducedDescent
            With `path`, every iterate.
        """
        return reduced.descend(
            self.teacher, self.start, self.steps(warmup=warmup), iterations=ITERATIONS
        )
