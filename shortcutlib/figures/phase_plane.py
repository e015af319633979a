"""Training as a journey in the plane of the angle phi and the alignment q = a'a*."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from shortcutlib import reduced
from shortcutlib.figures.landscape import label_angles
from shortcutlib.figures.style import (
    GLOBAL,
    HAIRLINE,
    MUTED,
    SPURIOUS,
    book_style,
    label_directly,
    look,
    tint,
)
from shortcutlib.paths import StopReason
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["phase_plane_figure"]


def phase_plane_figure(
    teacher: Teacher,
    steps: StepSizes,
    alignments: Sequence[float],
    *,
    angle: float | None = None,
    output_sum: float = 0.0,
    iterations: int = 100_000,
) -> Figure:
    """Paths of several starts, drawn by where they end.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    steps : StepSizes
        Step sizes over time.
    alignments : sequence of float
        Starting values of q.
    angle : float, optional
        Common starting angle; by default that of the shortcut.
    output_sum : float, default 0
        Common starting value of s.
    iterations : int
        Largest number of steps of a path.

    Returns
    -------
    matplotlib.figure.Figure
    """
    start_angle = teacher.angle if angle is None else angle
    size = teacher.norm_squared
    with book_style():
        figure, axes = plt.subplots(figsize=(6.4, 4.6))
        lowest = -0.75
        axes.fill_between([0, np.pi / 2], 0, 1.25, color=tint(GLOBAL, 0.10), linewidth=0)
        axes.fill_between([np.pi / 2, np.pi], lowest, 0, color=tint(SPURIOUS, 0.10), linewidth=0)
        axes.axhline(0, color=HAIRLINE, linewidth=1)
        axes.axvline(np.pi / 2, color=HAIRLINE, linewidth=1)
        axes.text(0.1, 1.12, r"$R_1$", color=MUTED)
        axes.text(np.pi - 0.3, lowest + 0.06, r"$R_2$", color=MUTED)
        for alignment in alignments:
            run = reduced.descend(
                teacher,
                reduced.state(output_sum, alignment, start_angle),
                steps,
                iterations=iterations,
                record_every=20,
            )
            meaning = "global" if run.stop is StopReason.GLOBAL_OPTIMUM else "spurious"
            axes.plot(run.path.angle, run.path.alignment / size, **look(meaning))
            axes.plot(start_angle, alignment / size, ".", color=MUTED, markersize=5, zorder=4)
        spurious = (np.pi * teacher.output_sum**2 / (teacher.k + np.pi - 1) - size) / (np.pi - 1)
        axes.plot([0], [1], clip_on=False, zorder=5, **look("global", marker=True))
        axes.plot(
            [np.pi], [spurious / size], clip_on=False, zorder=5, **look("spurious", marker=True)
        )
        label_directly(axes, "global optimum", (0, 1), GLOBAL, offset=(12, 2))
        label_directly(
            axes, "spurious point", (np.pi, spurious / size), SPURIOUS, offset=(-8, 12), ha="right"
        )
        label_angles(axes)
        axes.set_ylim(lowest, 1.25)
        axes.set_ylabel(r"alignment $q = a^{\!\top} a^{*}$, divided by $N$")
    return figure
