"""The disc of starts by fate, with and without warm-up, and the success probability."""

import numpy as np
from numpy.typing import NDArray

from shortcutlib import exact
from shortcutlib.angles import FloatArray
from shortcutlib.exact import ExactProbability
from shortcutlib.explorers.one_teacher import TeacherExplorer
from shortcutlib.explorers.still import DISC, Still
from shortcutlib.order import preserves_order
from shortcutlib.outcomes import Outcomes, classify
from shortcutlib.reduced import ReducedState, state

__all__ = ["BasinExplorer"]

#: Steps after the warm-up within which a start decides, where there is no proof that it does.
_IMPATIENCE = 3000


class BasinExplorer(TeacherExplorer):
    """Two discs of starts, their borders, and the probability of success, at every slider's move.

    Parameters
    ----------
    k, angle, size, share, output_step, ratio, warmup
        Initial values; ranges and meanings are in `controls()`.
    name, fallback
        As for `Explorer`.
    """

    kind = "basins"
    title = "Which starts succeed, and how probable that is"

    def probability(self, *, warmup: bool = True, tolerance: float = 1e-8) -> ExactProbability:
        """The success probability by quadrature (needs SciPy).

        Parameters
        ----------
        warmup : bool, default True
            With the warm-up or without.
        tolerance : float, default 1e-8
            Accuracy sought.

        Returns
        -------
        ExactProbability
        """
        steps = self.steps(warmup=warmup)
        return exact.success_probability(self.teacher, steps, tolerance=tolerance)

    def picture(self) -> str:
        """Both discs with their borders."""
        parts = []
        for warmup, title in ((False, "Without warm-up"), (True, "With warm-up")):
            still = Still(
                f"Disc of starts {title.lower()}: those below the border fail and are hatched.",
                *DISC,
                title=title,
                square=True,
                name=f"{self._name}-{title.split()[0].lower()}",
            )
            turn = np.linspace(0, 2 * np.pi, 73)
            still.tint(np.cos(turn), np.sin(turn))
            border = self._border(warmup=warmup)
            if border is None:
                still.hatched_cells(self._failing(warmup=warmup))
            else:
                u, place = border
                half = np.sqrt(1 - u**2)
                still.hatch(np.append(u, u[::-1]), np.append(half * place, -half[::-1]))
                inside = np.abs(place) < 1
                if np.any(inside):
                    still.line("ink", u[inside], (half * place)[inside])
            still.line("ink", np.cos(turn), np.sin(turn))
            parts.append(still.svg())
        return "".join(parts)

    def _border(self, *, warmup: bool) -> tuple[FloatArray, FloatArray] | None:
        """The border as a share of the half chord at each place along 1.

        None where steps are too long for the proof that there is one border only.
        """
        teacher, steps = self.teacher, self.steps(warmup=warmup)
        u = np.sin(np.linspace(-0.49, 0.49, 33) * np.pi)
        s = u * abs(teacher.output_sum)
        reach = np.sqrt(teacher.norm_squared) * teacher.start_radius
        if not preserves_order(teacher, s, np.resize([-reach, reach], s.size), steps):
            return None
        q = exact.separatrix(teacher, steps, s, tolerance=1e-3)
        half = np.sqrt(1 - u**2) * np.sqrt(teacher.spread) * teacher.start_radius
        return u, np.clip((q - s * teacher.output_sum / teacher.k) / half, -1, 1)

    def _failing(self, *, warmup: bool) -> NDArray[np.bool_]:
        """The cells of the disc whose starts have not reached the optimum soon."""
        teacher = self.teacher
        place = DISC[0].high * (2 * (np.arange(40) + 0.5) / 40 - 1)
        u, v = np.meshgrid(place, place)
        inside = np.hypot(u, v) < 1
        s = np.sqrt(teacher.k) * teacher.start_radius * u[inside]
        q = s * teacher.output_sum / teacher.k
        q += np.sqrt(teacher.spread) * teacher.start_radius * v[inside]
        starts = state(s, q, teacher.angle)
        patience = (self.warmup if warmup else 0) + _IMPATIENCE
        fates = classify(teacher, starts, self.steps(warmup=warmup), patience=patience)
        failing = np.zeros_like(inside)
        failing[inside] = ~fates.success
        return failing

    def fates(self, starts: ReducedState, *, warmup: bool = True) -> Outcomes:
        """The fates of given starts under the parameters shown.

        Parameters
        ----------
        starts : ReducedState
            Arrays of shape (n,).
        warmup : bool, default True
            With the warm-up or without.

        Returns
        -------
        Outcomes
        """
        return classify(self.teacher, state(*starts), self.steps(warmup=warmup))
