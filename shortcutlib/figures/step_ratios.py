"""How the critical line moves with the steps, with k and with N; which ratios are safe."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from shortcutlib.angles import FloatArray
from shortcutlib.exact import separatrix
from shortcutlib.figures.style import (
    GLOBAL,
    INK,
    MUTED,
    PAPER,
    SPURIOUS,
    book_style,
    label_directly,
    label_panel,
    tint,
)
from shortcutlib.safe_ratio import largest_safe_ratio, sufficient_ratio
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["critical_lines_figure", "safe_ratio_figure", "safe_ratios"]


def critical_lines_figure(
    panels: Mapping[str, Mapping[str, tuple[Teacher, StepSizes]]],
    depths: Sequence[float],
) -> Figure:
    """The lower part of the disc of starts with critical lines q*(s_0), one panel above the other.

    Parameters
    ----------
    panels : mapping of str to mapping of str to (Teacher, StepSizes)
        What each panel varies; and for each of its lines a label, and what is run.  A line is left
        out where no start fails.
    depths : sequence of float
        How far down each panel reaches, in units of the disc's radius, in (0, 1].

    Returns
    -------
    matplotlib.figure.Figure
    """
    turn = np.linspace(-0.995, 0.995, 61) * np.pi / 2
    along, half = np.sin(turn), np.cos(turn)
    rim = np.linspace(np.pi, 2 * np.pi, 200)
    with book_style():
        figure, column = plt.subplots(
            len(panels), 1, figsize=(6.0, 3.1 * len(panels)), sharex=True, squeeze=False
        )
        for axes, letter, (title, lines), depth in zip(
            column[:, 0], "abcdefgh", panels.items(), depths, strict=False
        ):
            axes.fill(np.cos(rim), np.sin(rim), color=tint(GLOBAL, 0.14), linewidth=0)
            axes.plot(np.cos(rim), np.sin(rim), color=INK, linewidth=1)
            for label, (teacher, steps) in lines.items():
                s = along * abs(teacher.output_sum)
                border = separatrix(teacher, steps, s, tolerance=1e-5)
                radius = teacher.start_radius * np.sqrt(teacher.spread)
                height = (border - s * teacher.output_sum / teacher.k) / radius
                inside = np.flatnonzero(np.isfinite(height) & (np.abs(height) <= half))
                if inside.size == 0:
                    continue
                axes.plot(along[inside], height[inside], color=SPURIOUS)
                end = (along[inside[-1]], height[inside[-1]])
                label_directly(axes, label, end, SPURIOUS, offset=(5, 0))
            axes.set_ylim(-1.02 * depth, 0.03 * depth)
            axes.set_xlim(-1.05, 1.4)
            axes.set_xticks([-1, -0.5, 0, 0.5, 1])
            label_panel(axes, letter, title)
        column[-1, 0].set_xlabel(r"$a_0$ along $\mathbf{1}$, over $R$: the share $s_0/S$")
        figure.supylabel(r"$a_0$ along the rest of $a^{*}$, over $R$", fontsize=12)
    return figure


def safe_ratios(sizes: Sequence[int], angles: Sequence[float], share: float) -> FloatArray:
    """The largest safe ratio eta_w/eta_a times N, for small steps.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of patches.
    angles : sequence of float
        First angles phi_0 in radians, below pi/2.
    share : float
        S^2/N.

    Returns
    -------
    ndarray, shape (sizes, angles)
    """
    found = np.empty((len(sizes), len(angles)))
    for i, k in enumerate(sizes):
        for j, angle in enumerate(angles):
            # Longer steps hardly matter, but the safe ones must preserve order.
            step = 0.02 / (k + np.pi - 1)
            teacher = _teacher(k, float(angle), share)
            found[i, j] = largest_safe_ratio(teacher, step, points=65, accuracy=0.02)
    return found


def _teacher(k: int, angle: float, share: float) -> Teacher:
    """A teacher with N = 1 and S^2 = share."""
    return Teacher.from_numbers(
        k=k, output_sum=float(np.sqrt(share)), norm_squared=1.0, angle=angle
    )


def safe_ratio_figure(
    sizes: Sequence[int], angles: Sequence[float], found: FloatArray, share: float
) -> Figure:
    """A map of safe ratios over k and phi_0, with what is proved and what Theorem 4 takes.

    Parameters
    ----------
    sizes, angles, share
        As for `safe_ratios`.
    found : ndarray
        What it returned.

    Returns
    -------
    matplotlib.figure.Figure
    """
    proved = np.array([[sufficient_ratio(_teacher(k, a, share)) for a in angles] for k in sizes])
    with book_style():
        figure, axes = plt.subplots(figsize=(6.4, 5.2))
        x = np.asarray(angles) / np.pi
        levels = [1, 2, 5, 10, 20, 50, 100, 200, 500]
        filled = np.clip(found, levels[0] / 2, levels[-1])
        axes.contourf(
            x, sizes, filled, levels=[0.5, *levels], norm=LogNorm(0.5, 500), cmap="cividis"
        )
        lines = axes.contour(x, sizes, filled, levels=levels, colors=PAPER, linewidths=1.4)
        dashed = axes.contour(
            x, sizes, proved, levels=[1, 2, 5, 10, 20], colors=INK, linewidths=1.4, linestyles="--"
        )
        # The map goes from dark to light: every line and number brings its own background.
        for contours, halo in ((lines, INK), (dashed, PAPER)):
            contours.set_path_effects([withStroke(linewidth=2.6, foreground=halo)])
            for number in axes.clabel(contours, fmt="%g", fontsize=11):
                number.set_path_effects([withStroke(linewidth=2.6, foreground=halo)])
        # Theorem 4's ratio does not depend on the angle; it is about Assumption 1's part only.
        for exponent in (-3, -4, -5, -6):
            k = np.sqrt(np.pi / 20 / 10.0**exponent) - np.pi + 1
            if sizes[0] <= k <= sizes[-1]:
                axes.plot([x[0], 1 / 3], [k, k], color=INK, linestyle=":", linewidth=1.6)
                label_directly(
                    axes, f"$10^{{{exponent}}}$", (x[0], k), MUTED, offset=(3, 7), fontsize=11
                )
        axes.axvline(1 / 3, color=INK, linewidth=0.8)
        axes.set_yscale("log")
        axes.set_xlabel(r"first angle $\phi_0/\pi$")
        axes.set_ylabel("number of patches $k$")
        axes.set_title(rf"safe $\eta_w/\eta_a$, times $N$; $S^2/N = {share:g}$", fontsize=12)
    return figure
