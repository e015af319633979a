"""The loss as a landscape: over the angle of the filter and the position of the output weights."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from shortcutlib import reduced
from shortcutlib.angles import FloatArray
from shortcutlib.figures.style import (
    GLOBAL,
    INK,
    MUTED,
    PALETTE,
    SPURIOUS,
    book_style,
    label_directly,
    label_panel,
    look,
)
from shortcutlib.population import SpuriousKind, saddle_angle, spurious_kind
from shortcutlib.relu_kernel import g
from shortcutlib.teacher import Teacher

__all__ = ["best_loss", "landscape_figure", "slice_loss", "valley_figure"]

_ANGLE_TICKS = (0, np.pi / 4, np.pi / 2, 3 * np.pi / 4, np.pi)
_ANGLE_LABELS = ("0", r"$\pi/4$", r"$\pi/2$", r"$3\pi/4$", r"$\pi$")


def label_angles(axes: Axes) -> None:
    """Mark the horizontal axis as an angle from 0 to pi."""
    axes.set_xlim(0, np.pi)
    axes.set_xticks(_ANGLE_TICKS, _ANGLE_LABELS)
    axes.set_xlabel(r"angle $\phi$ between the filter and $v^{*}$")


def slice_loss(teacher: Teacher, angle: ArrayLike, position: ArrayLike) -> FloatArray:
    """Loss on the plane through the two optima: a = a-bar + t (a* - a-bar), filter at an angle.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    angle : array_like
        Angles phi in [0, pi].
    position : array_like
        Positions t: 0 at a-bar, 1 at a*.

    Returns
    -------
    ndarray
        Of the common shape.
    """
    k, total = teacher.k, teacher.output_sum
    spurious_sum = (k - 1) * total / (k + np.pi - 1)
    spurious_alignment = (np.pi * total**2 / (k + np.pi - 1) - teacher.norm_squared) / (np.pi - 1)
    angle, position = np.broadcast_arrays(angle, position)
    return reduced.loss(
        teacher,
        reduced.state(
            spurious_sum + position * (total - spurious_sum),
            spurious_alignment + position * (teacher.norm_squared - spurious_alignment),
            angle,
        ),
    )


def best_loss(teacher: Teacher, angle: ArrayLike) -> FloatArray:
    """Loss at the best output weights for each angle: the floor of the valley.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    angle : array_like
        Angles phi in [0, pi].

    Returns
    -------
    ndarray
        Of the shape of `angle`.

    Notes
    -----
    The best weights solve (11' + (pi - 1) I) a = (11' + (g - 1) I) a*.
    """
    angle = np.asarray(angle, dtype=float)
    k, total, norm_squared = teacher.k, teacher.output_sum, teacher.norm_squared
    kernel = g(angle)
    s = (k + kernel - 1) * total / (k + np.pi - 1)
    q = ((kernel - 1) * norm_squared + total * (total - s)) / (np.pi - 1)
    return reduced.loss(teacher, reduced.state(s, q, angle))


def landscape_figure(teachers: dict[str, Teacher]) -> Figure:
    """Maps of the loss, one above the other, with the optima and the saddle.

    Parameters
    ----------
    teachers : dict of str to Teacher
        A title and a teacher for each map.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with book_style():
        figure, panels = plt.subplots(
            len(teachers), 1, figsize=(6.4, 3.9 * len(teachers)), squeeze=False
        )
        angle, position = np.meshgrid(np.linspace(0, np.pi, 161), np.linspace(-0.6, 1.4, 141))
        for number, (title, teacher) in enumerate(teachers.items()):
            axes = panels[number, 0]
            values = slice_loss(teacher, angle, position) / teacher.norm_squared
            levels = np.linspace(0, 1, 17) ** 2 * values.max()
            axes.contourf(angle, position, values, levels=levels, cmap="Greys", alpha=0.75)
            axes.contour(angle, position, values, levels=levels, colors=MUTED, linewidths=0.4)
            axes.plot([0], [1], clip_on=False, zorder=5, **look("global", marker=True))
            axes.plot([np.pi], [0], clip_on=False, zorder=5, **look("spurious", marker=True))
            label_directly(axes, "global optimum", (0, 1), GLOBAL, offset=(10, -14))
            kind = spurious_kind(teacher)
            name = "local minimum" if kind is SpuriousKind.MINIMUM else "a saddle here"
            label_directly(axes, name, (np.pi, 0), SPURIOUS, offset=(-10, -16), ha="right")
            saddle = saddle_angle(teacher)
            if saddle is not None:
                floor = _position_on_floor(teacher, saddle)
                axes.plot([saddle], [floor], "D", color=INK, markeredgecolor="white", markersize=8)
                label_directly(axes, "saddle", (saddle, floor), INK, offset=(8, 8))
            label_angles(axes)
            axes.set_ylabel(r"position $t$ of $a$: 0 at $\bar a$, 1 at $a^{*}$")
            label_panel(axes, "abcdef"[number], title)
    return figure


def _position_on_floor(teacher: Teacher, angle: float) -> float:
    """Position t of the best output weights: (g(phi) - g(pi)) / (g(0) - g(pi)) = g(phi) / pi."""
    return float(g(angle)) / np.pi


def valley_figure(teachers: dict[str, Teacher]) -> Figure:
    """The floor of the valley: the least loss for every angle, one line per teacher.

    Parameters
    ----------
    teachers : dict of str to Teacher
        A label and a teacher for each line, at most four.

    Returns
    -------
    matplotlib.figure.Figure
    """
    styles = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), "-.")
    with book_style():
        figure, axes = plt.subplots(figsize=(6.4, 4.0))
        angle = np.linspace(0, np.pi, 400)
        for number, (label, teacher) in enumerate(teachers.items()):
            colour = list(PALETTE.values())[number]
            values = best_loss(teacher, angle) / teacher.norm_squared
            axes.plot(angle, values, linestyle=styles[number], color=colour, linewidth=2)
            label_directly(axes, label, (np.pi, values[-1]), colour, offset=(8, 0))
            saddle = saddle_angle(teacher)
            if saddle is not None:
                top = float(best_loss(teacher, saddle)) / teacher.norm_squared
                axes.plot([saddle], [top], "D", color=INK, markeredgecolor="white", markersize=8)
        label_angles(axes)
        axes.set_ylabel(r"least loss over $a$, divided by $N$")
        axes.set_ylim(bottom=0)
    return figure
