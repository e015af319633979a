"""The loss over the plane through the two optima, with a student that can be dragged."""

import numpy as np

from shortcutlib import reduced
from shortcutlib.explorers.base import Explorer, number, whole
from shortcutlib.population import SpuriousKind, spurious_kind
from shortcutlib.reduced import ReducedState
from shortcutlib.relu_kernel import g_deficit
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["LandscapeExplorer"]


class LandscapeExplorer(Explorer):
    """The loss for filters at any angle and output weights a-bar + t (a* - a-bar).

    Parameters
    ----------
    k, fraction, angle, position
        Initial values; ranges and meanings are in `controls()`.  N = ||a*||^2 is k: another N only
        rescales the loss.
    name, fallback
        As for `Explorer`.
    """

    kind = "landscape"
    title = "The landscape between the two optima"

    k = whole(10, 1, 100, key="k", label="k")
    fraction = number(0.05, 0.0, 1.0, key="f", label="S² / (k N)", step=0.01)
    angle = number(0.7, 0.0, 1.0, key="a", label="student's angle φ / π", step=0.01, more=True)
    position = number(0.6, -0.6, 1.4, key="t", label="student's position t", step=0.01, more=True)

    @property
    def teacher(self) -> Teacher:
        """The teacher that the parameters describe; with k = 1 the fraction can only be 1."""
        share = self.fraction if self.k > 1 else 1.0
        return Teacher.from_numbers(
            k=self.k,
            output_sum=self.k * float(np.sqrt(share)),
            norm_squared=self.k,
            angle=np.pi / 2,
        )

    @property
    def student(self) -> ReducedState:
        """The student in reduced coordinates."""
        spurious, optimum = self._ends()
        s, q = spurious + self.position * (optimum - spurious)
        return reduced.state(s, q, self.angle * np.pi)

    @property
    def steps(self) -> StepSizes:
        """The small steps of the path that is drawn."""
        step = 0.5 / (self.k + np.pi - 1)
        return StepSizes.constant(step, step)

    @property
    def spurious_kind(self) -> SpuriousKind:
        """Whether the spurious point is a local minimum."""
        return spurious_kind(self.teacher)

    def loss(self) -> float:
        """Expected loss of the student."""
        return float(reduced.loss(self.teacher, self.student))

    def gradient(self) -> tuple[float, float]:
        """Slopes of the loss in the angle (radians) and in the position."""
        teacher, student = self.teacher, self.student
        spurious, optimum = self._ends()
        angle, q = float(student.angle), float(student.alignment)
        gap = optimum - spurious
        fixed = gap[0] ** 2 + (np.pi - 1) * (
            reduced.spurious_output_distance(teacher, reduced.state(optimum[0], optimum[1], 0.0))
        )
        slope = -2 * (1 - self.position) * fixed + 2 * g_deficit(angle) * gap[1]
        return q * (np.pi - angle) * np.sin(angle) / (2 * np.pi), float(slope / (4 * np.pi))

    def _ends(self) -> tuple[np.ndarray, np.ndarray]:
        """(s, q) at the spurious point and at the global optimum."""
        teacher = self.teacher
        k, total, size = teacher.k, teacher.output_sum, teacher.norm_squared
        spurious = (
            (k - 1) * total / (k + np.pi - 1),
            (np.pi * total**2 / (k + np.pi - 1) - size) / (np.pi - 1),
        )
        return np.array(spurious), np.array([total, size])
