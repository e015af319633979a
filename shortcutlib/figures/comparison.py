"""Figures of the three theories: a filter's loss, what the students reach, two kinds of phases."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from shortcutlib.comparison import best_linear_loss, best_output_loss, linear_path_loss
from shortcutlib.figures.style import (
    HAIRLINE,
    INK,
    MUTED,
    book_style,
    label_directly,
    label_panel,
    look,
    text_colour,
)
from shortcutlib.teacher import Teacher

__all__ = ["filter_figure", "students_figure", "two_kinds_figure"]

#: Losses below this share of the linear predictor's are drawn there.
_FLOOR = 1e-4


def filter_figure(teacher: Teacher) -> Figure:
    """Draw the least loss for a filter against its angle, with and without a linear path.

    Parameters
    ----------
    teacher : Teacher

    Returns
    -------
    matplotlib.figure.Figure
    """
    angle = np.linspace(0, np.pi, 241)
    linear = best_linear_loss(teacher)
    with book_style():
        figure, axes = plt.subplots(figsize=(6.4, 4.4))
        axes.axhline(1, **{**look("neutral"), "lw": 1.4})
        axes.plot(angle / np.pi, best_output_loss(teacher, angle) / linear, **look("spurious"))
        axes.plot(angle / np.pi, linear_path_loss(teacher, angle) / linear, **look("global"))
        top = float(best_output_loss(teacher, np.pi)) / linear
        axes.plot([1], [top], "X", color=look("spurious")["color"], markersize=10, clip_on=False)
        for text, meaning, at, height in (
            ("output weights only", "spurious", 0.52, 0.93 * top),
            ("best linear predictor", "neutral", 0.6, 1.14),
            ("with a linear path", "global", 0.36, 0.45),
        ):
            colour = text_colour(look(meaning)["color"])
            label_directly(axes, text, (at, height), colour, offset=(0, 0), ha="left")
        axes.set_xlabel(r"angle $\varphi/\pi$ between the filter and $v^{*}$")
        axes.set_ylabel("least loss / linear loss")
        axes.set_xlim(0, 1)
        axes.set_ylim(bottom=0)
    return figure


def students_figure(results: Mapping[str, Mapping[str, ArrayLike]]) -> Figure:
    """Draw what every student reached, one panel for each teacher.

    Parameters
    ----------
    results : mapping of str to mapping
        For the title of each panel, and the name of each student, the losses of all runs in units
        of the best linear predictor's.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with book_style():
        figure, grid = plt.subplots(
            len(results),
            1,
            figsize=(6.4, 3.5 * len(results)),
            squeeze=False,
            layout="constrained",
            sharex=True,
        )
        panels = grid[:, 0]
        for letter, axes, (title, students) in zip("abcdef", panels, results.items(), strict=False):
            for row, losses in enumerate(students.values()):
                ratio = np.maximum(np.asarray(losses, dtype=float), _FLOOR)
                # Spread in a fixed pattern, so that equal points do not hide each other.
                spread = 0.5 * (np.arange(ratio.size) * 0.618 % 1 - 0.5)
                meaning = "global" if row % 2 == 0 else "spurious"
                style = look(meaning, marker=True) | {"linestyle": "none", "alpha": 0.6}
                axes.plot(ratio, row + (spread if ratio.size > 1 else 0), **style, clip_on=False)
                axes.axhline(row, color=HAIRLINE, linewidth=0.6, zorder=0)
            axes.axvline(1, color=INK, linewidth=1.0)
            axes.set_yticks(range(len(students)), list(students))
            axes.set_ylim(len(students) - 0.5, -0.5)
            axes.set_xscale("log")
            axes.set_xlim(_FLOOR, 10)
            label_panel(axes, letter, title)
        panels[-1].set_xlabel("loss / loss of the best linear predictor")
    return figure


def two_kinds_figure(
    trained: Sequence[float], known: Sequence[float], columns: Mapping[str, Sequence[float]]
) -> Figure:
    """Draw Stage I of Liu et al. and Phase I of Li and Yuan under each other.

    Parameters
    ----------
    trained, known : sequence of float
        q/N along a descent, with trained and with known output weights.  Stage I is shaded: until
        q/N is 1/5.
    columns : mapping of str to sequence
        Columns ``step``, ``inner_product``, ``potential`` of a ResLink training.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with book_style():
        figure, (first, second) = plt.subplots(2, 1, figsize=(6.4, 7.2), layout="constrained")
        first.plot(trained, **look("student"), label="trained $a$")
        first.plot(known, **look("global"), label="known $a = a^{*}$")
        first.set_ylabel("$q/N$")
        label_panel(first, "a", "Liu et al.")
        second.plot(
            columns["step"], columns["inner_product"], **look("global"), label="inner product"
        )
        second.plot(
            columns["step"], columns["potential"], **look("spurious"), label="potential $g$"
        )
        label_panel(second, "b", "ResLink, known output weights")
        turns = (
            (first, "Stage I", 0.45, np.arange(len(trained)), trained, 0.2),
            (second, "Phase I", 0.55, np.asarray(columns["step"]), columns["inner_product"], 0.0),
        )
        for axes, name, height, step, values, enough in turns:
            axes.axhline(0, color=MUTED, linewidth=0.8)
            wrong = np.asarray(values) <= enough
            turn = float(step[int(np.argmin(wrong))]) if wrong[0] else 0.0
            axes.axvspan(0, turn, color=HAIRLINE, alpha=0.5, linewidth=0)
            axes.text(
                turn / 2,
                height,
                name,
                ha="center",
                color=INK,
                transform=axes.get_xaxis_transform(),
            )
            axes.set_xlim(0, step[-1])
            axes.set_xlabel("iterations")
            axes.legend(loc="lower right")
    return figure
