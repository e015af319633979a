"""Partial dissipativity in pictures: kinds of functions, two gradients, regions and slacks."""

from collections.abc import Sequence
from itertools import pairwise

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from shortcutlib.angles import FloatArray
from shortcutlib.dissipativity import ACUTE, filter_progress, output_progress
from shortcutlib.figures.landscape import label_angles
from shortcutlib.figures.style import (
    GLOBAL,
    INK,
    MUTED,
    NEUTRAL,
    SHORTCUT,
    SPURIOUS,
    STUDENT,
    TEACHER,
    book_style,
    label_directly,
    label_panel,
    look,
    tint,
)
from shortcutlib.paths import Path
from shortcutlib.reduced import state
from shortcutlib.slack_maps import SlackMap
from shortcutlib.teacher import TeacherNumbers
from shortcutlib.worst_student import worst_student

__all__ = ["kinds_figure", "progress_figure", "regions_figure", "slack_figure"]

#: Levels of the maps, and how strongly the bands beyond each of them are tinted.
_STEPS = (0.03, 0.1, 0.3, 1.0)
_STRENGTHS = (0.08, 0.2, 0.34, 0.48, 0.62)
#: Pixels per inch: maps are heavier than lines, and need not be finer.
_RESOLUTION = 115


def kinds_figure(waves: Sequence[float] = (0.0, 1.05, 2.0), constant: float = 0.3) -> Figure:
    """f(x) = x^2/2 + w (1 - cos 3x)/3 for three w: its graph, and how far -f' pulls to 0.

    Parameters
    ----------
    waves : sequence of float
        Heights w of the waves, one for each column.
    constant : float
        c of the parabola c x^2 that the pull x f'(x) is compared with.

    Returns
    -------
    matplotlib.figure.Figure
        One column for each w; below, where the pull stays under the parabola, the gap is hatched.
    """
    titles = ("convex", "one-point convex", "dissipative")
    x = np.linspace(-3, 3, 601)
    with book_style(), mpl.rc_context({"hatch.color": SPURIOUS, "hatch.linewidth": 0.8}):
        figure, panels = plt.subplots(
            2, len(waves), figsize=(6.6, 4.6), dpi=130, sharex=True, sharey="row", squeeze=False
        )
        for column, (wave, title) in enumerate(zip(waves, titles, strict=True)):
            above, below = panels[:, column]
            above.plot(x, x**2 / 2 + wave * (1 - np.cos(3 * x)) / 3, color=INK)
            above.plot(0, 0, **look("global", marker=True))
            label_panel(above, "abcdef"[column], title)
            pull = x**2 + wave * x * np.sin(3 * x)
            least = constant * x**2
            below.fill_between(
                x, pull, least, where=pull < least, facecolor=tint(SPURIOUS, 0.25), hatch="////"
            )
            below.plot(x, pull, color=INK)
            below.plot(x, least, **look("student"))
            below.axhline(0, color=MUTED, linewidth=0.8)
            below.set_xlabel("$x$")
            below.set_xticks([-2, 0, 2])
        panels[0, 0].set_ylabel("$f(x)$")
        panels[1, 0].set_ylabel("pull to 0")
    return figure


def progress_figure(
    teacher: TeacherNumbers, points: Sequence[tuple[str, float, float]] = ()
) -> Figure:
    """How far each gradient points to its goal, over the angle and x = q/N.

    Parameters
    ----------
    teacher : Teacher or Teachers
        One network to recover.
    points : sequence of (str, float, float)
        Points to mark in both maps: a name, phi and x.

    Returns
    -------
    matplotlib.figure.Figure
        Above the filter, below the output weights of the student that is pulled least.  Where the
        gradient points away from the goal the map is hatched.
    """
    angle, share = np.meshgrid(np.linspace(0, np.pi, 181), np.linspace(-1, 2, 181))
    norm_squared = float(teacher.norm_squared)
    weights = worst_student(teacher, share)
    students = state(weights.output_sum, share * norm_squared, angle, weights.orthogonal_norm)
    maps = (
        ("the filter", filter_progress(students) / norm_squared),
        ("the output weights, at worst", output_progress(teacher, students) / norm_squared),
    )
    with book_style():
        figure, panels = plt.subplots(2, 1, figsize=(6.4, 7.4), dpi=_RESOLUTION)
        for axes, letter, (title, values) in zip(panels, "ab", maps, strict=True):
            _draw_map(axes, angle, share, values, np.ones_like(values, dtype=bool))
            for name, phi, x in points:
                axes.plot(phi, x, **look("neutral") | {"marker": "D", "color": INK})
                label_directly(axes, name, (phi, x), INK, offset=(9, 0))
            label_angles(axes)
            axes.set_ylabel(r"alignment $q / N$")
            label_panel(axes, letter, title)
    return figure


def regions_figure(
    path: Path, norm_squared: float, *, m: float = 1 / 5, largest: float = 3.0, delta: float = 0.3
) -> Figure:
    """The regions of Lemmas 7, 11 and 12, and a run through them.

    Parameters
    ----------
    path : Path
        The run.
    norm_squared : float
        N.
    m, largest : float
        Bounds of q/N.
    delta : float
        Bound of |w - w*|^2, below 4.

    Returns
    -------
    matplotlib.figure.Figure
    """
    low, high = -0.6, 1.6
    near = 2 * float(np.arcsin(np.sqrt(delta) / 2))
    top = min(largest, high)
    with book_style(), mpl.rc_context({"hatch.linewidth": 0.7}):
        figure, axes = plt.subplots(figsize=(6.4, 5.0))
        for corner, width, height, colour, hatch, style in (
            ((0, m), np.pi / 2, high - m, GLOBAL, None, "-"),
            ((0, 1 / 20), ACUTE, high - 1 / 20, TEACHER, None, ":"),
            ((0, low), ACUTE, 1 / 20 - low, TEACHER, None, "-"),
            ((0, m), near, top - m, STUDENT, "....", "--"),
        ):
            tinted = (*mpl.colors.to_rgb(colour), 0.0 if style == ":" else 0.13)
            axes.add_patch(
                Rectangle(
                    corner,
                    width,
                    height,
                    facecolor=tinted,
                    edgecolor=colour,
                    linestyle=style,
                    linewidth=1.6,
                    hatch=hatch,
                )
            )
        axes.plot(
            path.angle, path.alignment / norm_squared, **look("shortcut") | {"linestyle": "-"}
        )
        start = float(path.angle[0]), float(path.alignment[0]) / norm_squared
        axes.plot(*start, **look("shortcut", marker=True))
        axes.plot(0, 1, clip_on=False, zorder=5, **look("global", marker=True))
        label_directly(axes, "start", start, SHORTCUT, offset=(9, -2))
        label_directly(axes, r"$K_m$", (np.pi / 2, 1.2), GLOBAL, offset=(8, 0))
        label_directly(axes, r"$\mathcal{A}$", (ACUTE, -0.4), TEACHER, offset=(8, 0))
        label_directly(
            axes,
            r"$\mathcal{A}$, only far students",
            (ACUTE, high),
            TEACHER,
            offset=(-4, -10),
            ha="right",
        )
        label_directly(axes, r"$\mathcal{A}_{m,M,\delta}$", (near, 0.45), STUDENT, offset=(6, 0))
        label_angles(axes)
        axes.set_xlim(-0.03, 0.62 * np.pi)
        axes.set_ylim(low, high)
        axes.set_ylabel(r"alignment $q / N$")
    return figure


def slack_figure(maps: dict[str, SlackMap]) -> Figure:
    """The slack of several lemmas, with the region outlined and its worst point marked.

    Parameters
    ----------
    maps : dict of str to SlackMap
        A title and a map for each panel, one below the other.

    Returns
    -------
    matplotlib.figure.Figure
        Inside the region, where the lemma fails, the map is hatched.
    """
    low, high = -1.0, 2.0
    with book_style():
        size = (6.4, 3.5 * len(maps))
        figure, panels = plt.subplots(len(maps), 1, figsize=size, dpi=_RESOLUTION, squeeze=False)
        for axes, letter, (title, drawn) in zip(panels[:, 0], "abcdef", maps.items(), strict=False):
            # Lemma 7 speaks of other students above N/20: the slack jumps, and is drawn in two.
            cuts = [low, *([1 / 20] if drawn.lemma == 7 else []), high]
            for first, last in pairwise(cuts):
                rows = np.linspace(np.nextafter(first, last), last, 201)
                angle, share = np.meshgrid(np.linspace(0, np.pi, 241), rows)
                inside = drawn.inside(angle, share)
                _draw_map(axes, angle, share, drawn.slack(angle, share), inside)
            bottom = low if drawn.lemma == 7 else drawn.m
            top = {7: 1 / 20, 11: high, 12: min(drawn.largest, high)}[drawn.lemma]
            axes.add_patch(
                Rectangle(
                    (0, bottom),
                    drawn.largest_angle,
                    top - bottom,
                    fill=False,
                    edgecolor=INK,
                    linewidth=1.6,
                )
            )
            if drawn.lemma == 7:
                axes.plot([drawn.largest_angle] * 2, [1 / 20, high], ":", color=INK, linewidth=1.6)
            worst = drawn.worst()
            place, colour = (worst.angle, worst.share), GLOBAL if drawn.holds() else SPURIOUS
            axes.plot(*place, "D", color=colour, markeredgecolor="white", markersize=8, zorder=6)
            words = f"worst: {worst.slack + 0.0:.3g}".replace("-", "\N{MINUS SIGN}")
            label_directly(axes, words, place, colour, offset=(9, -9))
            label_angles(axes)
            axes.set_ylim(low, high)
            axes.set_ylabel(r"alignment $q / N$")
            label_panel(axes, letter, title)
    return figure


def _draw_map(
    axes: Axes, angle: FloatArray, share: FloatArray, values: FloatArray, inside: NDArray[np.bool_]
) -> None:
    """Bands of one sign in one colour, numbered contours, and hatches on negative values inside."""
    values = np.where(np.isfinite(values), values, np.nan)
    levels = [-np.inf, *(-x for x in reversed(_STEPS)), 0.0, *_STEPS, np.inf]
    colours = [tint(SPURIOUS, x) for x in reversed(_STRENGTHS)]
    colours += [tint(GLOBAL, x) for x in _STRENGTHS]
    axes.contourf(angle, share, values, levels=levels, colors=colours)
    lines = axes.contour(angle, share, values, levels=levels[1:-1], colors=NEUTRAL, linewidths=0.6)
    axes.contour(angle, share, values, levels=[0.0], colors=INK, linewidths=1.6)
    # Contours close to the zero line crowd together: not all of them get a number.
    numbered = [level for level in lines.levels if level != -_STEPS[0]]
    axes.clabel(lines, numbered, fontsize=9, colors=MUTED, fmt="%g", inline_spacing=2)
    failing = np.where(inside, values, np.nan)
    if np.nanmin(failing, initial=np.inf) < -1e-12:
        with mpl.rc_context({"hatch.color": SPURIOUS, "hatch.linewidth": 0.6}):
            axes.contourf(
                angle, share, failing, levels=[-np.inf, -1e-12], colors="none", hatches=["////"]
            )
