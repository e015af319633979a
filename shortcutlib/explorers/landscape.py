"""The loss over the plane through the two optima, with a student that can be dragged."""

import numpy as np

from shortcutlib import reduced
from shortcutlib.explorers.base import Explorer, number, whole
from shortcutlib.explorers.still import ANGLES, Axis, Still
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

    def picture(self) -> str:
        """The loss in bands, with both optima, the student and its path."""
        control = self.controls()["position"]
        low, high = control["low"], control["high"]
        still = Still(
            f"Map of the loss for k = {self.k} and S²/(k N) = {self.fraction:g}, darker where it "
            "is larger: the global optimum at angle 0, the spurious point at angle π, and the path "
            f"of gradient descent from a student at angle {self.angle:g} π and position "
            f"{self.position:g}.",
            Axis(0, np.pi, "angle φ between the filter and v*", ANGLES),
            Axis(low, high, "position t: 0 at ā, 1 at a*", ((0.0, "0"), (1.0, "1"))),
            title=f"Loss, k = {self.k}",
        )
        spurious, optimum = self._ends()
        columns, rows, levels = 60, 40, 14
        t = low + (high - low) * (np.arange(rows)[:, None] + 0.5) / rows
        s, q = (spurious[i] + t * (optimum[i] - spurious[i]) for i in (0, 1))
        angle = np.pi * (np.arange(columns) + 0.5) / columns
        loss = reduced.loss(self.teacher, reduced.state(s, q, angle))
        bands = np.floor(levels * np.sqrt(loss / loss.max()) - 1e-9).astype(int)
        still.bands(bands, [("ink", (8 + 9 * band) / 255) for band in range(levels)])
        run = reduced.descend(
            self.teacher, self.student, self.steps, iterations=4000, tolerance=1e-5, record_every=8
        )
        height = (run.path.alignment - spurious[1]) / (optimum[1] - spurious[1])
        still.line("ink dashed", run.path.angle, height)
        still.mark("global", "circle", 0, 1)
        still.words("global", 0.15, 1.1, "global optimum", anchor="start")
        still.mark("spurious", "cross", np.pi, 0)
        minimum = self.spurious_kind is SpuriousKind.MINIMUM
        words = "local minimum" if minimum else "no minimum: a saddle"
        still.words("spurious", np.pi - 0.15, 0.1, words, anchor="end")
        still.mark("shortcut", "square", self.angle * np.pi, self.position)
        return still.svg()

    def _ends(self) -> tuple[np.ndarray, np.ndarray]:
        """(s, q) at the spurious point and at the global optimum."""
        teacher = self.teacher
        k, total, size = teacher.k, teacher.output_sum, teacher.norm_squared
        spurious = (
            (k - 1) * total / (k + np.pi - 1),
            (np.pi * total**2 / (k + np.pi - 1) - size) / (np.pi - 1),
        )
        return np.array(spurious), np.array([total, size])
