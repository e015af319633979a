"""One training run, with and without warm-up, from a start that can be dragged."""

from typing import Any

import numpy as np

from shortcutlib import reduced
from shortcutlib.explorers.base import number, whole
from shortcutlib.explorers.glance import glance
from shortcutlib.explorers.one_teacher import TeacherExplorer
from shortcutlib.explorers.still import ANGLES, DISC, Axis, Still, attributes, powers
from shortcutlib.paths import Path, StopReason
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

    Notes
    -----
    The page computes its own runs, so nothing is run in Python until `path` or `run` is read. That
    takes about a second for ten thousand steps; each run is then kept until a parameter changes.
    """

    kind = "descent"
    title = "One training run, with and without warm-up"

    along = number(0.0, -1.0, 1.0, key="x", label="start along 1, over R", more=True)
    across = number(-0.2, -1.0, 1.0, key="y", label="start along the rest of a*", more=True)
    iteration = whole(0, 0, ITERATIONS, key="i", label="iteration", scale="log")

    #: Runs that were asked for, by what they depend on.
    _runs: dict[tuple[object, ...], ReducedDescent]

    def __init__(self, **keywords: Any) -> None:
        self._runs = {}
        super().__init__(**keywords)

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
        """Every iterate of the run with the warm-up; an array's entries are not to be changed."""
        return self.run().path

    def picture(self) -> str:
        """The disc with the start, and angle, alignment and loss of both runs."""
        teacher, radius = self.teacher, max(1.0, float(np.hypot(self.along, self.across)))
        disc = Still(
            f"The disc of starts with the start at ({self.along / radius:.2f}, "
            f"{self.across / radius:.2f}).",
            *DISC,
            title="Start a₀",
            square=True,
        )
        turn = np.linspace(0, 2 * np.pi, 73)
        disc.line("ink", np.cos(turn), np.sin(turn))
        disc.mark("shortcut", "square", self.along / radius, self.across / radius)
        runs = [
            (look, name, glance(teacher, self.start, self.steps(warmup=warmup)))
            for look, name, warmup in (
                ("spurious dashed", "without warm-up", False),
                ("global", "with warm-up", True),
            )
        ]
        last = max(int(iteration[-1]) for _, _, (iteration, _) in runs)
        digits = max(2, int(np.ceil(np.log10(last + 1))))
        steps = Axis(1, 10.0**digits, "iterations + 1", powers(0, digits), log=True)
        parts = [disc.svg()]
        for title, axis, measured in (
            ("Angle φ", Axis(0, np.pi, "", ANGLES), lambda state: state.angle),
            (
                "Alignment q / N",
                Axis(-1.2, 1.2, "", ((-1.0, "−1"), (0.0, "0"), (1.0, "1"))),
                lambda state: state.alignment / teacher.norm_squared,
            ),
            (
                "Loss",
                Axis(1e-8, 1e3, "", powers(-8, 2, 2), log=True),
                lambda state: reduced.loss(teacher, state),
            ),
        ):
            ends = "; ".join(
                f"{name} {float(measured(state)[0]):.3g} at first and "
                f"{float(measured(state)[-1]):.3g} after {int(iteration[-1]):,} iterations"
                for _, name, (iteration, state) in runs
            )
            still = Still(f"{title}: {ends}.", steps, axis, title=title)
            if self.warmup:
                still.line("thin", [self.warmup + 1] * 2, [axis.low, axis.high])
            for look, _, (iteration, state) in runs:
                still.line(look, iteration + 1, measured(state))
            parts.append(still.svg())
        return (
            f'{"".join(parts)}<p><svg width="26" height="12" aria-hidden="true">'
            f'<path {attributes("global")} d="M1,6H25"/></svg> with warm-up '
            '<svg width="26" height="12" aria-hidden="true">'
            f'<path {attributes("spurious dashed")} d="M1,6H25"/></svg> without.</p>'
        )

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
        # What is shown of a run does not change it.
        values = {**self.values(), "iteration": 0}
        key = (warmup, *values.values())
        if key not in self._runs:
            run = reduced.descend(
                self.teacher, self.start, self.steps(warmup=warmup), iterations=ITERATIONS
            )
            if run.stop is StopReason.INTERRUPTED:
                return run
            # Both runs of the present parameters, and none of earlier ones: they can be long.
            self._runs = {k: kept for k, kept in self._runs.items() if k[1:] == key[1:]}
            self._runs[key] = run
        return self._runs[key]
