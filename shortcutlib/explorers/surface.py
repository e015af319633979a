"""The border between the two basins over s and phi, to be turned, and one run through it."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib import reduced
from shortcutlib.angles import FloatArray
from shortcutlib.basin_border import border_alignment
from shortcutlib.explorers.base import Explorer, number, whole
from shortcutlib.explorers.glance import glance
from shortcutlib.explorers.still import COLOURS, attributes
from shortcutlib.outcomes import Outcomes, classify
from shortcutlib.population import SpuriousKind, spurious_kind
from shortcutlib.reduced import ReducedState
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["SurfaceExplorer"]

#: The border is sought for |q| up to so many times N.
LARGEST = 2.5
#: What is drawn: s/S from and to, and the largest |q|/N.
_SUMS, _HIGH = (-1.0, 4.0), 1.5


class SurfaceExplorer(Explorer):
    """The surface q*(s, phi) with the boxes R1 and R2, turned by dragging, keys or sliders.

    Parameters
    ----------
    k, share, ratio, turn, tilt, output_sum, angle, alignment
        Initial values; ranges and meanings are in `controls()`.  N = ||a*||^2 is 1: another N only
        divides the ratio.
    name, fallback
        As for `Explorer`.
    """

    kind = "surface"
    title = "The border between the basins, in three dimensions"
    needs = ("basin_border.js",)

    k = whole(10, 2, 100, key="k", label="k")
    share = number(2.0, 0.01, 4.0, key="r", label="S² / N", step=0.01)
    ratio = number(40.0, 0.5, 200.0, key="w", label="N × filter step ÷ output step", scale="log")
    output_sum = number(3.0, *_SUMS, key="x", label="start s / S", step=0.05)
    angle = number(0.47, 0.02, 0.98, key="a", label="start φ / π", step=0.01)
    alignment = number(0.05, -_HIGH, _HIGH, key="y", label="start q / N", step=0.01)
    turn = number(-58.0, -180.0, 180.0, key="t", label="turn, degrees", step=1, more=True)
    tilt = number(16.0, -90.0, 90.0, key="e", label="tilt, degrees", step=1, more=True)

    @property
    def teacher(self) -> Teacher:
        """The teacher; S^2 can be no more than k N."""
        return Teacher.from_numbers(
            k=self.k,
            output_sum=float(np.sqrt(min(self.share, 0.98 * self.k))),
            norm_squared=1.0,
            angle=np.pi / 2,
        )

    @property
    def steps(self) -> StepSizes:
        """Steps so short that the border hardly depends on them."""
        output = min(0.3 / (self.k + np.pi - 1), 0.1 / self.ratio)
        return StepSizes.constant(output, self.ratio * output)

    @property
    def start(self) -> ReducedState:
        """The start of the run that is drawn."""
        return reduced.state(
            [self.output_sum * self.teacher.output_sum], [self.alignment], [self.angle * np.pi]
        )

    def extra(self) -> dict[str, Any]:
        """How far the border is sought."""
        return {"largest": LARGEST}

    def fate(self) -> Outcomes:
        """Where the run ends."""
        return classify(self.teacher, self.start, self.steps)

    def picture(self) -> str:
        """The border, the two quarters and the run, as they are turned."""
        turn, tilt = np.deg2rad([self.turn, self.tilt])
        right = np.array([-np.sin(turn), np.cos(turn), 0.0])
        towards = np.array([np.cos(tilt) * np.cos(turn), np.cos(tilt) * np.sin(turn), np.sin(tilt)])
        up = np.cross(towards, right)

        def project(angles: ArrayLike, sums: ArrayLike, alignments: ArrayLike) -> FloatArray:
            """To the screen and towards the eye; arguments are phi/pi, s/S and q/N."""
            x, y, z = np.broadcast_arrays(angles, sums, np.clip(alignments, -_HIGH, _HIGH))
            box = np.stack([2 * x - 1, (2 * (y - _SUMS[0]) / (_SUMS[1] - _SUMS[0])) - 1, z / _HIGH])
            flat = np.tensordot(np.stack([right, -up, towards]), box, 1)
            return np.stack([170 + 92 * flat[0], 160 + 92 * flat[1], flat[2]], axis=-1)

        def path(points: FloatArray) -> str:
            return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points[:, :2])

        pieces: list[tuple[float, str]] = []
        trap = spurious_kind(self.teacher) is SpuriousKind.MINIMUM
        if trap:
            sums, angles = np.linspace(*_SUMS, 8), np.linspace(0.03, 0.97, 11)
            heights = self.border(sums[:, None], angles[None], tolerance=0.01)
            grid = project(angles[None], sums[:, None], heights)
            for i, j in np.ndindex(7, 10):
                if np.all(np.abs(heights[i : i + 2, j : j + 2]) >= _HIGH):
                    continue
                corners = grid[[i, i, i + 1, i + 1], [j, j + 1, j + 1, j]]
                pieces.append(
                    (
                        float(corners[:, 2].mean()),
                        '<path class="se-sheet" fill="#8e1b5e" fill-opacity="0.38" '
                        f'stroke="#8e1b5e" stroke-width="0.5" d="{path(corners)}Z"/>',
                    )
                )
        start = ReducedState(*(column[0] for column in self.start))
        _, states = glance(self.teacher, start, self.steps)
        won, lost = (bool(end[-1]) for end in reduced.arrived(self.teacher, states))
        way = project(
            states.angle / np.pi,
            np.clip(states.output_sum / self.teacher.output_sum, *_SUMS),
            states.alignment,
        )
        look = attributes("global" if won else "spurious dashed")
        pieces.append((float(way[:, 2].mean()) + 0.02, f'<path {look} d="{path(way)}"/>'))
        boxes = []
        for name, edge, (low, high), (bottom, top) in (
            ("R₁", "global", (0, 0.5), (0, _HIGH)),
            ("R₂", "spurious dashed", (0.5, 1), (-_HIGH, 0)),
        ):
            lines = []
            for a in (0, 1):
                for b in (0, 1):
                    s, phi, q = _SUMS[a], (low, high), (bottom, top)
                    lines += [
                        project(phi, s, q[b]),
                        project(phi[b], s, q),
                        project(phi[a], _SUMS, q[b]),
                    ]
            d = "".join(path(line) for line in lines)
            x, y, _ = project((low + high) / 2, _SUMS[1], (bottom + top) / 2)
            boxes.append(
                f'<path {attributes(edge)} d="{d}"/><text class="se-text se-{edge.split()[0]}" '
                f'x="{x:.1f}" y="{y:.1f}" text-anchor="middle" fill="{COLOURS[edge.split()[0]]}" '
                f'font-weight="600">{name}</text>'
            )
        x, y, _ = way[0]
        told = "its border" if trap else "there is no trap and no border"
        end = "reaches the global optimum" if won else "is trapped" if lost else "is still going on"
        return (
            '<svg class="se-still" role="img" aria-label="The space of φ, s and q with the '
            f"quarters R₁ and R₂ and {told}; the run from s = {self.output_sum:g} S, "
            f"φ = {self.angle:g} π, "
            f'q = {self.alignment:g} N {end}." viewBox="0 0 340 320" width="340" height="320" '
            f'font-family="system-ui, sans-serif" font-size="12">{"".join(boxes)}'
            f"{''.join(piece for _, piece in sorted(pieces))}"
            f'<path class="se-mark se-ink" fill="#1b1f24" transform="translate({x:.1f},{y:.1f})" '
            'd="M-5,-5H5V5H-5Z"/></svg>'
        )

    def border(self, sums: ArrayLike, angles: ArrayLike, *, tolerance: float = 1e-6) -> FloatArray:
        """The surface q*/N.

        Parameters
        ----------
        sums, angles : array_like
            s/S and phi/pi, of one common shape after broadcasting.
        tolerance : float, default 1e-6
            Accuracy as a fraction of 2.5.

        Returns
        -------
        ndarray
            -inf where everything up to |q| = 2.5 N succeeds, inf where everything fails.
        """
        s = np.asarray(sums, dtype=float) * self.teacher.output_sum
        angle = np.asarray(angles, dtype=float) * np.pi
        return border_alignment(
            self.teacher, self.steps, s, angle, largest=LARGEST, tolerance=tolerance
        )
