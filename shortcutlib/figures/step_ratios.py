"""How the critical line moves with the ratio of the two steps, and which ratios are safe."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from shortcutlib.exact import separatrix
from shortcutlib.figures.style import (
    GLOBAL,
    INK,
    PAPER,
    SPURIOUS,
    book_style,
    label_directly,
    tint,
)
from shortcutlib.safe_ratio import largest_safe_ratio
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["critical_lines_figure", "safe_ratio_figure", "safe_ratios"]


def critical_lines_figure(teacher: Teacher, output_step: float, ratios: Sequence[float]) -> Figure:
    """The disc of starts with the critical line q*(s_0) of several ratios eta_w/eta_a.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    output_step : float
        eta_a.
    ratios : sequence of float
        Values of eta_w/eta_a.

    Returns
    -------
    matplotlib.figure.Figure
    """
    turn = np.linspace(-0.995, 0.995, 61) * np.pi / 2
    along, half = np.sin(turn), np.cos(turn)
    radius = teacher.start_radius * np.sqrt(teacher.spread)
    with book_style():
        figure, axes = plt.subplots(figsize=(5.4, 5.2))
        rim = np.linspace(0, 2 * np.pi, 300)
        axes.fill(np.cos(rim), np.sin(rim), color=tint(GLOBAL, 0.14), linewidth=0)
        axes.plot(np.cos(rim), np.sin(rim), color=INK, linewidth=1)
        for ratio in ratios:
            steps = StepSizes.constant(output_step, ratio * output_step)
            s = along * abs(teacher.output_sum)
            border = separatrix(teacher, steps, s, tolerance=1e-5)
            height = (border - s * teacher.output_sum / teacher.k) / radius
            inside = np.isfinite(height) & (np.abs(height) <= half)
            if not np.any(inside):
                continue
            axes.plot(along[inside], height[inside], color=SPURIOUS)
            middle = int(np.flatnonzero(inside)[np.sum(inside) // 2])
            label_directly(
                axes,
                rf"$\eta_w/\eta_a = {ratio:g}$",
                (along[middle], height[middle]),
                SPURIOUS,
                offset=(0, 8),
                ha="center",
            )
        axes.set_aspect("equal")
        axes.set_xticks([-1, 0, 1])
        axes.set_yticks([-1, 0, 1])
        axes.set_xlabel(r"$a_0$ along $\mathbf{1}$, over $R$")
        axes.set_ylabel(r"$a_0$ along the rest of $a^{*}$, over $R$")
    return figure


def safe_ratios(
    sizes: Sequence[int], angles: Sequence[float], share: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
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
            teacher = Teacher.from_numbers(
                k=k, output_sum=float(np.sqrt(share)), norm_squared=1.0, angle=float(angle)
            )
            # Longer steps hardly matter, but the safe ones must preserve order.
            step = 0.02 / (k + np.pi - 1)
            found[i, j] = largest_safe_ratio(teacher, step, points=65, accuracy=0.02)
    return found


def safe_ratio_figure(
    sizes: Sequence[int],
    angles: Sequence[float],
    found: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> Figure:
    """A map of safe ratios over k and phi_0.

    Parameters
    ----------
    sizes, angles
        As for `safe_ratios`.
    found : ndarray
        What it returned.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with book_style():
        figure, axes = plt.subplots(figsize=(6.4, 4.4))
        x = np.asarray(angles) / np.pi
        levels = [1, 2, 5, 10, 20, 50, 100, 200, 500]
        filled = np.clip(found, levels[0] / 2, levels[-1])
        axes.contourf(
            x, sizes, filled, levels=[0.5, *levels], norm=LogNorm(0.5, 500), cmap="cividis"
        )
        lines = axes.contour(x, sizes, filled, levels=levels, colors=PAPER, linewidths=1)
        axes.clabel(lines, fmt="%g", fontsize=11)
        axes.axvline(1 / 3, color=PAPER, linestyle=(0, (4, 2)))
        axes.set_yscale("log")
        axes.set_xlabel(r"first angle $\phi_0/\pi$")
        axes.set_ylabel("number of patches $k$")
        axes.set_title(r"largest safe $\eta_w/\eta_a$, times $N$", fontsize=12)
    return figure
