"""The border between the two basins as a surface over s and phi, with the quarters R1 and R2."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d.art3d import Line3DCollection

from shortcutlib import reduced
from shortcutlib.basin_border import border_alignment
from shortcutlib.figures.style import GLOBAL, INK, MUTED, SHORTCUT, SPURIOUS, book_style
from shortcutlib.paths import StopReason
from shortcutlib.reduced import ReducedState
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["surface_figure"]

#: Grid of the surface, and the largest |q| shown, over N.
_SUMS, _ANGLES, _HIGH = 15, 25, 1.5


def surface_figure(
    teacher: Teacher,
    steps: StepSizes,
    starts: Sequence[ReducedState] = (),
    *,
    sums: tuple[float, float] = (-1.0, 4.0),
    view: tuple[float, float] = (16.0, -58.0),
) -> Figure:
    """Draw q*(s, phi) over N, the boxes R1 and R2, and some runs.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    steps : StepSizes
        Step sizes over time; small enough to preserve order.
    starts : sequence of ReducedState, optional
        Students, each of one entry, whose runs are drawn and coloured by where they end.
    sums : tuple of float, optional
        Range of s/S.
    view : tuple of float, optional
        Elevation and azimuth in degrees.

    Returns
    -------
    matplotlib.figure.Figure
    """
    size, total = teacher.norm_squared, teacher.output_sum
    s, angle = np.meshgrid(
        np.linspace(*sums, _SUMS), np.linspace(0.03, 0.97, _ANGLES) * np.pi, indexing="ij"
    )
    border = border_alignment(teacher, steps, s * total, angle, largest=2.5 * size, tolerance=1e-4)
    height = np.clip(border / size, -_HIGH, _HIGH)
    with book_style():
        figure = plt.figure(figsize=(6.4, 5.6), layout="none")
        # Matplotlib types the method, not what the projection makes of it.
        axes: Any = figure.add_axes((0.02, 0.04, 0.9, 0.94), projection="3d")
        axes.plot_surface(
            angle / np.pi, s, height, color=SHORTCUT, alpha=0.45, linewidth=0.3, edgecolor=INK
        )
        half, low, high = 0.5, sums[0], sums[1]
        for name, colour, angles, heights in (
            ("$R_1$", GLOBAL, (0, half), (0, _HIGH)),
            ("$R_2$", SPURIOUS, (half, 1), (-_HIGH, 0)),
        ):
            axes.add_collection3d(
                Line3DCollection(
                    _edges(angles, (low, high), heights), colors=colour, linewidths=1.6
                )
            )
            place = (np.mean(angles), high, np.mean(heights))
            axes.text(*place, name, color=colour, fontsize=16, ha="center")
        for given in starts:
            start = reduced.state(*(float(np.squeeze(column)) for column in given))
            run = reduced.descend(teacher, start, steps, iterations=200_000)
            path = _path(teacher, start, steps, run.iterations)
            won = run.stop is StopReason.GLOBAL_OPTIMUM
            colour = GLOBAL if won else SPURIOUS
            style = "-" if won else (0, (3.5, 1.6))
            x, y, z = path.angle / np.pi, path.output_sum / total, path.alignment / size
            shown = (y <= high) & (np.abs(z) <= _HIGH)
            axes.plot(x[shown], y[shown], z[shown], color=colour, linestyle=style, linewidth=2.6)
            axes.plot(x[:1], y[:1], z[:1], "o", color=INK, markersize=5)
        axes.set_xlabel(r"$\phi/\pi$")
        axes.set_ylabel("$s/S$")
        axes.set_zlabel("$q/N$")
        axes.set_xlim(0, 1)
        axes.set_ylim(*sums)
        axes.set_zlim(-_HIGH, _HIGH)
        for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
            axis.pane.set_alpha(0.0)
            axis.label.set_color(MUTED)
        axes.view_init(*view)
    return figure


def _path(teacher: Teacher, start: ReducedState, steps: StepSizes, iterations: int) -> ReducedState:
    """Iterates of one run with all three numbers, at evenly many in each decade."""
    kept, current, due = [start], start, 1.0
    for iteration in range(iterations):
        current = reduced.step(teacher, current, *steps.at(iteration))
        if iteration + 1 >= due:
            kept.append(current)
            due = max(due + 1, 1.03 * due)
    return ReducedState(*(np.array(column, float).ravel() for column in zip(*kept, strict=True)))


def _edges(*ranges: tuple[float, float]) -> list[list[tuple[float, ...]]]:
    """The twelve edges of a box."""
    edges = []
    for axis in range(3):
        others = [i for i in range(3) if i != axis]
        for first in ranges[others[0]]:
            for second in ranges[others[1]]:
                ends = []
                for value in ranges[axis]:
                    point = [0.0, 0.0, 0.0]
                    point[axis], point[others[0]], point[others[1]] = value, first, second
                    ends.append(tuple(point))
                edges.append(ends)
    return edges
