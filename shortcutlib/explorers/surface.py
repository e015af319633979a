"""The border between the two basins over s and phi, to be turned, and one run through it."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib import reduced
from shortcutlib.angles import FloatArray
from shortcutlib.basin_border import border_alignment
from shortcutlib.explorers.base import Explorer, number, whole
from shortcutlib.outcomes import Outcomes, classify
from shortcutlib.reduced import ReducedState
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["SurfaceExplorer"]

#: The border is sought for |q| up to so many times N.
LARGEST = 2.5


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
    output_sum = number(3.0, -1.0, 4.0, key="x", label="start s / S", step=0.05)
    angle = number(0.47, 0.02, 0.98, key="a", label="start φ / π", step=0.01)
    alignment = number(0.05, -1.5, 1.5, key="y", label="start q / N", step=0.01)
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

    def border(self, sums: ArrayLike, angles: ArrayLike) -> FloatArray:
        """The surface q*/N.

        Parameters
        ----------
        sums, angles : array_like
            s/S and phi/pi, of one common shape after broadcasting.

        Returns
        -------
        ndarray
            -inf where everything up to |q| = 2.5 N succeeds, inf where everything fails.
        """
        s = np.asarray(sums, dtype=float) * self.teacher.output_sum
        angle = np.asarray(angles, dtype=float) * np.pi
        return border_alignment(self.teacher, self.steps, s, angle, largest=LARGEST)
