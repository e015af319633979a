"""The two stages of the convergence proof, drawn along real runs."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from shortcutlib import reduced
from shortcutlib.angles import FloatArray
from shortcutlib.convergence import alignment_time, stage_one_iterations
from shortcutlib.dissipativity import ACUTE, filter_distance
from shortcutlib.figures.style import (
    GLOBAL,
    INK,
    MUTED,
    SPURIOUS,
    STUDENT,
    book_style,
    label_directly,
    label_panel,
    look,
    text_colour,
    tint,
)
from shortcutlib.reduced import ReducedState
from shortcutlib.relu_kernel import g
from shortcutlib.teacher import Teacher

__all__ = [
    "History",
    "Run",
    "history",
    "lemmas_figure",
    "margins_figure",
    "race_figure",
    "rates_figure",
]

#: The levels of q/N that Lemmas 8 and 9 are about.
_LEVELS = (1 / 20, 1 / 5)


class Run(NamedTuple):
    """One training run with fixed step sizes.

    Attributes
    ----------
    teacher : Teacher
        The network to recover.
    start : ReducedState
        One student.
    output_step, filter_step : float
        eta_a and eta_w.
    meaning : str
        Key of `shortcutlib.figures.style.LOOKS`.
    """

    teacher: Teacher
    start: ReducedState
    output_step: float
    filter_step: float
    meaning: str


class History(NamedTuple):
    """Some iterates of a run.

    Attributes
    ----------
    iteration : ndarray, shape (n,)
        Their numbers, from 0.
    states : ReducedState
        Arrays of shape (n,).
    """

    iteration: FloatArray
    states: ReducedState


def history(run: Run, iterations: int, *, points: int = 400, even: bool = False) -> History:
    """Run gradient descent and keep some iterates.

    Parameters
    ----------
    run : Run
        Teacher, start and steps.
    iterations : int
        Number of steps, at least 1.
    points : int, default 400
        How many iterates are kept, about.
    even : bool, default False
        Evenly spaced, instead of evenly in their logarithm.

    Returns
    -------
    History
    """
    places = np.linspace(0, iterations, points) if even else np.geomspace(1, iterations, points)
    kept = np.unique(np.concatenate([[0], np.round(places)])).astype(int)
    wanted, current, found = set(kept.tolist()), run.start, []
    for iteration in range(iterations + 1):
        if iteration in wanted:
            found.append(current)
        current = reduced.step(run.teacher, current, run.output_step, run.filter_step)
    columns = (np.array(column, dtype=float) for column in zip(*found, strict=True))
    return History(kept.astype(float), ReducedState(*columns))


def race_figure(runs: Mapping[str, Run], *, duration: float) -> Figure:
    """Alignment and angle of several runs: who wins the race between a and w.

    Parameters
    ----------
    runs : mapping of str to Run
        Labels, written beside the angles, and runs.
    duration : float
        Length of the runs in units of 1/eta_a.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with book_style():
        figure, panels = plt.subplots(2, 1, figsize=(6.4, 6.2), sharex=True)
        panels[0].axhline(0, color=MUTED, linewidth=0.8)
        panels[1].axhline(1 / 2, color=MUTED, linewidth=0.8)
        panels[1].axhline(ACUTE / np.pi, color=MUTED, linewidth=0.8, linestyle=":")
        for label, run in runs.items():
            iteration, states = history(run, int(duration / run.output_step), even=True)
            time = iteration * run.output_step
            panels[0].plot(time, states.alignment / run.teacher.norm_squared, **look(run.meaning))
            panels[1].plot(time, states.angle / np.pi, **look(run.meaning))
            # Where the curves have parted and are not yet at the edge.
            place = int(0.6 * time.size)
            point = (float(time[place]), float(states.angle[place] / np.pi))
            label_directly(panels[1], label, point, look(run.meaning)["color"], offset=(2, 11))
        panels[0].set_ylabel(r"alignment $q/N$")
        panels[1].set_ylabel(r"angle $\phi$")
        _angle_ticks(panels[1])
        panels[1].set_ylim(0, 1.08)
        panels[1].set_xlabel(r"time $\eta_a t$")
        panels[1].set_xlim(0, duration)
        label_panel(panels[0], "a", "the output weights")
        label_panel(panels[1], "b", "the filter")
    return figure


def lemmas_figure(runs: Mapping[str, Run], *, longest: float = 20.0) -> Figure:
    """Lemmas 5 to 9 along real runs, with the times that are proved for the first of them.

    Parameters
    ----------
    runs : mapping of str to Run
        Labels and runs; the proved times are drawn for the first.
    longest : float, default 20
        Length of the runs in units of 1/eta_a.

    Returns
    -------
    matplotlib.figure.Figure
    """
    first = next(iter(runs.values()))
    shortest = 0.02
    with book_style():
        figure, panels = plt.subplots(
            3, 1, figsize=(6.4, 9.0), sharex=True, height_ratios=(1.5, 1, 1)
        )
        for label, run in runs.items():
            iteration, states = history(run, int(longest / run.output_step))
            # Iterate 0 has no place on a logarithmic axis; it is drawn at the left end.
            time = np.maximum(iteration * run.output_step, shortest)
            total = run.teacher.output_sum
            values = (
                states.alignment / run.teacher.norm_squared,
                states.angle / np.pi,
                states.output_sum / total - 1,
            )
            for axes, value in zip(panels, values, strict=True):
                axes.plot(time, value, **look(run.meaning), label=label, zorder=3)
        _alignment_panel(panels[0], first, longest, shortest)
        panels[1].axhspan(ACUTE / np.pi, 0.62, color=tint(SPURIOUS), linewidth=0)
        panels[1].text(0.01, 0.92, "excluded by Lemma 6", **_inside(panels[1], SPURIOUS, "left"))
        panels[1].set_yticks(
            [0, 1 / 6, 1 / 3, 5 / 12, 1 / 2], ["0", r"$\pi/6$", r"$\pi/3$", "", r"$\pi/2$"]
        )
        panels[1].set_ylim(0, 0.62)
        panels[1].set_ylabel(r"angle $\phi$")
        panels[2].axhspan(-3, 0, color=tint(STUDENT, 0.12), linewidth=0)
        panels[2].axhspan(-2, 0, color=tint(STUDENT, 0.16), linewidth=0)
        panels[2].text(0.99, 0.10, "band of Lemma 5", **_inside(panels[2], STUDENT))
        panels[2].text(0.99, 0.36, "2 is enough", **_inside(panels[2], STUDENT))
        panels[2].set_yticks([-3, -2, -1, 0])
        panels[2].set_ylim(-3.3, 0.4)
        panels[2].set_ylabel(r"$(S s - S^2)/S^2$")
        panels[2].set_xscale("log")
        panels[2].set_xlim(shortest, longest)
        panels[2].set_xticks([0.1, 1, 10], ["0.1", "1", "10"])
        panels[2].set_xlabel(r"time $\eta_a t$")
        for axes, letter in zip(panels, "abc", strict=True):
            label_panel(axes, letter)
        panels[1].legend(loc="lower left")
    return figure


def _alignment_panel(axes: Axes, run: Run, longest: float, shortest: float) -> None:
    """Levels, regions and proved times of Lemmas 7 to 9, in the panel of q/N."""
    axes.axhspan(-1.05, _LEVELS[0], color=tint(GLOBAL, 0.10), linewidth=0)
    axes.axhspan(_LEVELS[1], 1.1, color=tint(STUDENT, 0.12), linewidth=0)
    axes.text(0.01, 0.94, "Lemma 9 keeps it here", **_inside(axes, STUDENT, "left"))
    axes.text(0.01, 0.16, "Lemma 7 pulls it up", **_inside(axes, GLOBAL, "left"))
    rate = run.output_step * (np.pi - 1) / (2 * np.pi)
    limit = (float(g(ACUTE)) - 1) / (np.pi - 1)
    steps = np.geomspace(1, longest / run.output_step, 300)
    proved = limit - (limit + 1) * np.exp(steps * np.log1p(-rate))
    time = np.maximum(steps * run.output_step, shortest)
    axes.plot(time, proved, color=INK, linewidth=1.2, linestyle=":", zorder=4)
    label_directly(axes, "proved bound", (1.2, -0.6), INK, offset=(-8, 2), ha="right")
    ends = (
        (alignment_time(-1, _LEVELS[0], run.output_step), _LEVELS[0], "Lemma 8", -0.45, "left", 4),
        (stage_one_iterations(run.output_step), _LEVELS[1], "Lemma 9", -0.8, "right", -4),
    )
    for end, level, name, height, side, gap in ends:
        at = (end * run.output_step, level)
        axes.plot(*at, "o", color=INK, markersize=5, zorder=5)
        axes.plot([at[0]] * 2, [-1.05, level], color=INK, linewidth=0.8, zorder=2)
        label_directly(axes, name, (at[0], height), INK, offset=(gap, 0), ha=side)
    axes.set_ylim(-1.05, 1.1)
    axes.set_yticks([-1, 0, 1 / 5, 1], ["-1", "0", "1/5", "1"])
    axes.set_ylabel(r"alignment $q/N$")


def margins_figure(
    shares: Sequence[float], margins: Mapping[int, Sequence[float]], proved: float
) -> Figure:
    """The largest filter steps that save every start, against the proved one.

    Parameters
    ----------
    shares : sequence of float
        Values of S^2/(k N).
    margins : mapping of int to sequence of float
        For each k the largest eta_w N/eta_a; inf where nothing is trapped.
    proved : float
        The value that is proved to be safe.

    Returns
    -------
    matplotlib.figure.Figure
    """
    meanings = ("global", "student", "shortcut", "teacher")
    with book_style():
        figure, axes = plt.subplots(figsize=(6.4, 4.4))
        for (k, margin), meaning in zip(margins.items(), meanings, strict=False):
            finite = np.isfinite(margin)
            x, y = np.asarray(shares)[finite], np.asarray(margin)[finite]
            axes.plot(x, y, **look(meaning, marker=True))
            colour = look(meaning)["color"]
            label_directly(axes, f"k = {k}", (x[-1], y[-1]), colour, offset=(8, 0))
        axes.axhspan(0.1, proved, color=tint(GLOBAL, 0.16), linewidth=0)
        axes.axhline(proved, color=INK, linewidth=1)
        axes.text(
            0.98, 0.06, "proved to be safe", color=text_colour(GLOBAL), transform=axes.transAxes,
            ha="right",
        )  # fmt: skip
        axes.set_yscale("log")
        axes.set_yticks([0.5, 1, 2, 5, 10, 20, 50], ["0.5", "1", "2", "5", "10", "20", "50"])
        axes.minorticks_off()
        axes.set_ylim(0.25, 80)
        axes.set_xlim(0, max(shares) * 1.15)
        axes.set_xlabel(r"share $S^2/(kN)$")
        axes.set_ylabel(r"filter step, $\eta_w N/\eta_a$")
    return figure


def rates_figure(run: Run, *, duration: float) -> Figure:
    """Distances of both layers in Stage II: observed, promised, and linearised.

    Parameters
    ----------
    run : Run
        A run with eta_a = eta_w and an angle of at most pi/2.
    duration : float
        Length of the run in units of 1/eta.

    Returns
    -------
    matplotlib.figure.Figure
    """
    teacher, eta = run.teacher, run.output_step
    norm_squared = teacher.norm_squared
    iteration, states = history(run, int(duration / eta), even=True)
    time = iteration * eta
    filters = filter_distance(states)
    outputs = reduced.output_distance(teacher, states)
    promised = (np.exp(-norm_squared * time / 20), np.exp(-time / 4))
    factors = (1 - run.filter_step * norm_squared / 2, 1 - eta * (np.pi - 1) / (2 * np.pi))
    with book_style():
        figure, panels = plt.subplots(2, 1, figsize=(6.4, 7.2), sharex=True)
        titles = (r"$\|w - w^{*}\|^2$", r"$\|a - a^{*}\|^2$")
        rows = zip(panels, (filters, outputs), promised, factors, titles, "ab", strict=True)
        for axes, value, slow, factor, title, letter in rows:
            seen = value > 1e-14 * value[0]
            axes.plot(time, value[0] * slow, **look("neutral"), label="promised rate")
            axes.plot(time[seen], value[seen], **look("global"), label="observed")
            # The line of the linearised factor, through the observed value at half of its way.
            middle = int(np.argmin(np.abs(np.log(value[seen] / value[0]) + 14)))
            line = value[middle] * np.exp(2 * (iteration - iteration[middle]) * np.log(factor))
            shown = (line < value[0] * 30) & (line > 1e-12 * value[0])
            axes.plot(time[shown], line[shown], color=INK, linewidth=1.2, linestyle=":",
                      label="linearised", zorder=4)  # fmt: skip
            axes.set_yscale("log")
            axes.set_ylim(1e-12 * value[0], value[0] * 30)
            axes.set_ylabel(title)
            label_panel(axes, letter)
        panels[0].legend(loc="upper right")
        panels[1].set_xlim(0, duration)
        panels[1].set_xlabel(r"time $\eta t$")
    return figure


def _angle_ticks(axes: Axes) -> None:
    axes.set_yticks([0, 1 / 3, 5 / 12, 1 / 2, 1], ["0", r"$\pi/3$", "", r"$\pi/2$", r"$\pi$"])


def _inside(axes: Axes, colour: str, side: str = "right") -> dict[str, Any]:
    return {"color": text_colour(colour), "ha": side, "va": "center", "transform": axes.transAxes}
