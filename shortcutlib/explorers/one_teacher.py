"""What the explorers of one teacher share: its numbers and the step sizes."""

import numpy as np

from shortcutlib.explorers.base import Explorer, number, whole
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["TeacherExplorer"]


class TeacherExplorer(Explorer):
    """An explorer of one teacher, with the parameters that most of them share."""

    k = whole(25, 2, 100, key="k", label="k")
    share = number(0.25, 0.01, 2.0, key="r", label="S² / N", step=0.01)
    ratio = number(1.0, 0.1, 10.0, key="w", label="filter step ÷ output step", scale="log")
    warmup = whole(1000, 0, 20_000, key="t", label="warm-up, iterations", scale="log")
    angle = number(
        0.475077, 0.02, 0.98, key="a", label="initial angle φ₀ / π", step=0.005, more=True
    )
    size = number(6.0, 0.5, 20.0, key="n", label="N / k", scale="log", more=True)
    output_step = number(
        1.0, 0.1, 4.0, key="e", label="output step size × k²", scale="log", more=True
    )

    @property
    def teacher(self) -> Teacher:
        """The teacher that the parameters describe."""
        norm_squared = self.size * self.k
        return Teacher.from_numbers(
            k=self.k,
            output_sum=float(np.sqrt(self.share * norm_squared)),
            norm_squared=norm_squared,
            angle=self.angle * np.pi,
        )

    def steps(self, *, warmup: bool = True) -> StepSizes:
        """The step sizes that the parameters describe, with or without the warm-up."""
        output = self.output_step / self.k**2
        filter_ = self.ratio * output
        if not warmup or self.warmup == 0:
            return StepSizes.constant(output, filter_)
        # As in the paper, where eta_w is eta_a squared during the warm-up.
        return StepSizes.with_warmup(
            output, filter_, iterations=self.warmup, warmup_filter=filter_ * output
        )
