"""Shamir's Example 1: the three panels of his Figure 1, and when weight decay sets a trap."""

from collections.abc import Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from shortcutlib.figures.style import (
    GLOBAL,
    INK,
    SPURIOUS,
    book_style,
    label_directly,
    label_panel,
    look,
    tint,
)
from shortcutlib.linear_bound.example_1 import Example, Kind, largest_trapping_decay

__all__ = ["MapPanel", "maps_figure", "trap_figure"]


class MapPanel(NamedTuple):
    """One map: a title, the objective, and the radius of a disc if there is one."""

    title: str
    example: Example
    radius: float | None = None


def maps_figure(panels: Sequence[MapPanel]) -> Figure:
    """Bands of the objective, dark where it is high, with its stationary points; one map a panel.

    Parameters
    ----------
    panels : sequence of MapPanel

    Returns
    -------
    matplotlib.figure.Figure
    """
    with book_style():
        # Three large maps: at the usual resolution they would be the heaviest thing on the page.
        figure, grid = plt.subplots(
            len(panels), 1, figsize=(4.6, 4.1 * len(panels)), squeeze=False, dpi=110
        )
        w, v = np.meshgrid(np.linspace(-3, 3, 241), np.linspace(-3, 3, 241))
        for number, (title, example, radius) in enumerate(panels):
            axes = grid[number, 0]
            values = example.value(w, v)
            # Even bands of the fourth root, so that the floors of the valleys show.
            root = values**0.25
            levels = np.linspace(0, root.max(), 15)
            if len(stationary := example.stationary_points()) == 3:
                # Two levels that show the spurious minimum to be one.
                _, trap, saddle = (point.value for point in stationary)
                levels = np.sort([*levels, saddle**0.25, ((trap + saddle) / 2) ** 0.25])
            # Bands without outlines: thin lines would make the picture several times as large.
            axes.contourf(w, v, root, levels=levels, cmap="Greys", alpha=0.75)
            if example.decay == 0:
                axes.contour(
                    w, v, w * (1 + example.epsilon * v), levels=[1], colors=[GLOBAL], linewidths=2
                )
                label_directly(axes, "zero loss", (0.45, 1.3), GLOBAL, offset=(8, 8))
            points = example.stationary_points()
            if radius is not None:
                points = [p for p in points if np.hypot(p.w, p.v) < radius]
                points += [p for p in example.rim_minima(radius) if p.kind is Kind.SPURIOUS]
                angle = np.linspace(0, 2 * np.pi, 300)
                axes.plot(radius * np.cos(angle), radius * np.sin(angle), color=INK, linewidth=1.4)
            for point in points:
                place = (point.w, point.v)
                if point.kind is Kind.SADDLE:
                    axes.plot(*place, "D", color=INK, markeredgecolor="white", markersize=8)
                    label_directly(axes, "saddle", place, INK, offset=(10, 6))
                elif point.kind is Kind.SPURIOUS:
                    axes.plot(*place, **look("spurious", marker=True))
                    label_directly(axes, "spurious", place, SPURIOUS, offset=(-10, -12), ha="right")
                else:
                    axes.plot(*place, **look("global", marker=True))
                    label_directly(axes, "minimum", place, GLOBAL, offset=(10, 4))
            axes.set_aspect("equal")
            axes.set_xlim(-3, 3)
            axes.set_ylim(-3, 3)
            axes.set_xlabel("$w$")
            axes.set_ylabel("$v$")
            label_panel(axes, "abcdef"[number], title)
    return figure


def trap_figure(marks: Sequence[tuple[float, float, str]] = ()) -> Figure:
    """For which strengths of branch and decay a spurious minimum exists.

    Parameters
    ----------
    marks : sequence of (epsilon, decay, label)
        Settings to mark.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with book_style():
        figure, axes = plt.subplots(figsize=(6.4, 4.0), dpi=120)
        epsilon = np.geomspace(0.02, 3, 200)
        border = [largest_trapping_decay(float(e)) for e in epsilon]
        axes.fill_between(epsilon, border, color=tint(SPURIOUS, 0.25), linewidth=0)
        axes.plot(epsilon, border, **look("spurious"))
        label_directly(axes, "spurious minimum", (2.0, 0.25), SPURIOUS, offset=(0, 0), ha="center")
        label_directly(axes, "none", (0.5, 0.75), GLOBAL, offset=(0, 0), ha="center")
        for strength, decay, label in marks:
            axes.plot(strength, decay, "o", color=INK, markersize=7)
            label_directly(axes, label, (strength, decay), INK, offset=(8, 6))
        axes.set_xlim(0, 3)
        axes.set_ylim(0, 1)
        axes.set_xlabel(r"strength of the branch $\epsilon$")
        axes.set_ylabel(r"weight decay $\lambda$")
    return figure
