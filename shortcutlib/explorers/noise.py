"""Many stochastic runs from one start, as a cloud over the phase portrait."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib import minibatch, noise_stability, philox
from shortcutlib.angles import FloatArray
from shortcutlib.basin_border import border_alignment
from shortcutlib.explorers.base import Explorer, number, whole
from shortcutlib.explorers.glance import glance
from shortcutlib.explorers.still import ANGLES, DISC, Axis, Still, attributes
from shortcutlib.minibatch import SampledState
from shortcutlib.population import spurious_point
from shortcutlib.reduced import ReducedState
from shortcutlib.relu_kernel import g
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["NoiseExplorer"]

#: eta t at the end of a run.
_TIME = 12
#: What is drawn of q/N; the border is sought as high.
_LOWEST, _HIGHEST = -0.8, 1.3
#: Angles at which the border is sought.
_BORDER = np.pi * np.linspace(0.03, 0.97, 33)
#: Patch size; its 6 further dimensions make the length of the vector across a chi variable.
_P = 8


class NoiseExplorer(Explorer):
    """Stochastic descent by the exact sampler, in a Web Worker.

    Parameters
    ----------
    k, angle, size, share, step, batch, runs, along, across, seed
        Initial values; ranges and meanings are in `controls()`.
    name, fallback
        As for `Explorer`.

    Notes
    -----
    The random numbers come from `shortcutlib.philox`, so that `simulate` gives the page's runs.
    Settings that need more than a few seconds are not begun before the reader asks for them.
    """

    kind = "noise"
    title = "Stochastic runs from one start"

    k = whole(16, 2, 36, key="k", label="k")
    angle = number(
        0.475077, 0.02, 0.98, key="a", label="initial angle φ₀ / π", step=0.005, more=True
    )
    size = number(6.0, 0.5, 20.0, key="n", label="N / k", scale="log", more=True)
    share = number(0.25, 0.01, 2.0, key="r", label="S² / N", step=0.01, more=True)
    step = number(4.0, 0.5, 32.0, key="e", label="step size × k²", scale="log")
    batch = whole(4, 1, 128, key="b", label="batch size B", scale="log")
    runs = whole(60, 10, 200, key="m", label="runs", step=10)
    along = number(0.0, -1.0, 1.0, key="x", label="start along 1, over R", more=True)
    across = number(-0.1, -1.0, 1.0, key="y", label="start along the rest of a*", more=True)
    seed = whole(0, 0, 999_999, key="s", label="seed", more=True)

    def extra(self) -> dict[str, Any]:
        """The length of a run, and the ranges that are drawn and searched."""
        return {"time": _TIME, "lowest": _LOWEST, "highest": _HIGHEST, "angles": _BORDER.tolist()}

    @property
    def teacher(self) -> Teacher:
        """The teacher that the parameters describe."""
        norm_squared = self.size * self.k
        return Teacher.from_numbers(
            k=self.k,
            p=_P,
            output_sum=float(np.sqrt(self.share * norm_squared)),
            norm_squared=norm_squared,
            angle=self.angle * np.pi,
        )

    @property
    def steps(self) -> StepSizes:
        """One step size for both layers."""
        step = self.step / self.k**2
        return StepSizes.constant(step, step)

    @property
    def iterations(self) -> int:
        """Steps of a run."""
        return round(_TIME * self.k**2 / self.step)

    @property
    def calls(self) -> int:
        """Calls of the random number generator that the page needs for all runs."""
        return self.iterations * self.runs * (-(-self.batch * self.k // 2) + 1)

    @property
    def threshold(self) -> float:
        """The step size times k^2 at which the optimum stops holding runs, outputs held at a*.

        What the page shows: the filter's closed formula, a little above the exact threshold.
        """
        return noise_stability.largest_stable_step(self.teacher, self.batch) * self.k**2

    def border(self, angle: ArrayLike) -> FloatArray:
        """The border between the basins of plain descent, where s has settled.

        Parameters
        ----------
        angle : array_like
            phi, inside (0, pi).

        Returns
        -------
        ndarray
            q*/N at the sum S (k + g - 1)/(k + pi - 1) to which s tends at this angle; for steps
            short enough to preserve order, which move the border little.

        Raises
        ------
        ValueError
            If a* is a multiple of 1, so that s fixes q.
        """
        teacher = self.teacher
        width = teacher.k + np.pi - 1
        step = min(self.step / self.k**2, 1 / width, 1 / (_HIGHEST * teacher.norm_squared))
        settled = teacher.output_sum * (teacher.k + g(angle) - 1) / width
        largest = _HIGHEST * teacher.norm_squared
        steps = StepSizes.constant(step, step)
        found = border_alignment(teacher, steps, settled, angle, largest=largest, tolerance=1e-4)
        return np.asarray(found / teacher.norm_squared)

    @property
    def start(self) -> SampledState:
        """All runs at their common start; outside the disc, at the nearest point inside."""
        teacher = self.teacher
        scale = teacher.start_radius / max(1.0, float(np.hypot(self.along, self.across)))
        # Of length 1 and across 1, also where a* is a multiple of 1.
        sideways = Teacher.from_numbers(
            k=self.k, p=_P, output_sum=0.0, norm_squared=1.0, angle=0.0
        ).output_weights
        a = scale * self.along / np.sqrt(teacher.k) + scale * self.across * sideways
        return minibatch.state(teacher, np.tile(a, (self.runs, 1)))

    def picture(self) -> str:
        """The disc with the start, and plain descent from there with the border of its basins."""
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
        start = minibatch.reduced_state(teacher, self.start)
        first = ReducedState(*(column[0] for column in start))
        _, states = glance(teacher, first, self.steps)
        side = "the optimum" if states.angle[-1] < np.pi / 2 else "the trap"
        plane = Still(
            f"Plain descent from this start, from the angle {self.angle:.3g} π to the side of "
            f"{side}, and the border between the basins.",
            Axis(0, np.pi, "angle φ", ANGLES),
            Axis(_LOWEST, _HIGHEST, "q / N", ((-0.5, "−0.5"), (0.0, "0"), (1.0, "1"))),
            title="Plain descent, without noise",
        )
        plane.line("thin", [0, np.pi], [0, 0])
        if teacher.spread > 0:
            border = self.border(_BORDER)
            inside = np.isfinite(border)
            plane.line("shortcut dotted", _BORDER[inside], border[inside])
        plane.line("ink dashed", states.angle, states.alignment / teacher.norm_squared)
        plane.mark("global", "diamond", 0, 1)
        trap = float(spurious_point(teacher).a @ teacher.output_weights)
        plane.mark("spurious", "square", np.pi, trap / teacher.norm_squared)
        return (
            f'{disc.svg()}{plane.svg()}<p><svg width="26" height="12" aria-hidden="true">'
            f'<path {attributes("ink dashed")} d="M1,6H25"/></svg> plain descent '
            '<svg width="26" height="12" aria-hidden="true">'
            f'<path {attributes("shortcut dotted")} d="M1,6H25"/></svg> border of plain descent.'
            "</p>"
        )

    def numbers(self, iteration: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The random numbers of one step: x, y and the length of the vector across.

        Parameters
        ----------
        iteration : int
            Number of the step, from 0.

        Returns
        -------
        along, sideways : ndarray, shape (runs, B, k)
        length : ndarray, shape (runs,)
        """
        patches = self.batch * self.k
        calls = -(-patches // 2)
        normal = np.empty((self.runs, 2, 2 * calls))
        length = np.empty(self.runs)
        for run in range(self.runs):
            u = philox.uniforms(self.seed, (run, iteration), calls + 1)
            # Box and Muller: a pair of uniform numbers makes x and y of one patch.
            radius, turn = np.sqrt(-2 * np.log(u[:calls, 0::2])), 2 * np.pi * u[:calls, 1::2]
            normal[run] = np.stack([(radius * f(turn)).ravel() for f in (np.cos, np.sin)])
            # A chi-square with six degrees of freedom, from three numbers.
            length[run] = np.sqrt(-2 * np.sum(np.log(u[calls, :3])))
        x, y = np.moveaxis(normal[:, :, :patches].reshape(self.runs, 2, self.batch, self.k), 1, 0)
        return x, y, length

    def simulate(self, iterations: int | None = None) -> SampledState:
        """The runs of the page after some steps.

        Parameters
        ----------
        iterations : int, optional
            By default all that a run has.

        Returns
        -------
        SampledState
        """
        teacher, current = self.teacher, self.start
        for iteration in range(self.iterations if iterations is None else iterations):
            steps = self.steps.at(iteration)
            current = minibatch.step_from_numbers(
                teacher, current, *steps, *self.numbers(iteration)
            )
        return current
