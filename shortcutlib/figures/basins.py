"""The disc of starts: which of the paper's random starts succeed, and which are trapped."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from shortcutlib import reduced
from shortcutlib.figures.style import GLOBAL, INK, SPURIOUS, book_style, label_panel, look, tint
from shortcutlib.starts import sample_reduced
from shortcutlib.step_sizes import StepSizes
from shortcutlib.success import classify
from shortcutlib.teacher import Teacher

__all__ = ["basin_figure"]

#: Points across the disc.
_RESOLUTION = 401


def basin_figure(
    teacher: Teacher,
    schedules: dict[str, StepSizes],
    *,
    starts: int = 300,
    rng: np.random.Generator,
) -> Figure:
    """The disc of all starts (s_0, q_0) by their fate, with random starts on top.

    The horizontal coordinate is the part of a_0 along 1, the vertical one the part along the rest
    of a*, both in units of the ball's radius R = |S|/sqrt(k).

    Parameters
    ----------
    teacher : Teacher
        The network to recover; a* is not a multiple of 1.
    schedules : dict of str to StepSizes
        A title and step sizes for each disc.
    starts : int, default 300
        Number of random starts shown.
    rng : numpy.random.Generator
        Draws them.

    Returns
    -------
    matplotlib.figure.Figure
    """
    radius = teacher.start_radius
    axis = np.linspace(-1, 1, _RESOLUTION)
    along, across = np.meshgrid(axis, axis)
    inside = along**2 + across**2 <= 1
    sample = sample_reduced(teacher, starts, rng)

    def coordinates(s: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rest = (q - s * teacher.output_sum / teacher.k) / np.sqrt(teacher.spread)
        return s / np.sqrt(teacher.k) / radius, rest / radius

    s = np.sqrt(teacher.k) * radius * along[inside]
    q = s * teacher.output_sum / teacher.k + np.sqrt(teacher.spread) * radius * across[inside]
    disc = reduced.state(s, q, teacher.angle)
    with book_style():
        figure, panels = plt.subplots(
            1, len(schedules), figsize=(3.3 * len(schedules), 3.9), squeeze=False, sharey=True
        )
        colours = ListedColormap([tint(SPURIOUS, 0.35), tint(GLOBAL, 0.25)])
        for number, (title, steps) in enumerate(schedules.items()):
            axes = panels[0, number]
            fate = np.full(inside.shape, np.nan)
            fate[inside] = classify(teacher, disc, steps).success
            axes.pcolormesh(axis, axis, fate, cmap=colours, vmin=0, vmax=1, rasterized=True)
            if 0 < np.nanmean(fate) < 1:
                axes.contour(axis, axis, fate, levels=[0.5], colors=INK, linewidths=1.2)
            success = classify(teacher, sample, steps).success
            x, y = coordinates(sample.output_sum, sample.alignment)
            # Hundreds of marks: smaller than usual, with a rim thin enough to leave their colour.
            for meaning, size, chosen in (("global", 4, success), ("spurious", 5.5, ~success)):
                style = look(meaning, marker=True) | {"linestyle": "none"}
                style |= {"markersize": size, "markeredgewidth": 0.4}
                axes.plot(x[chosen], y[chosen], **style)
            axes.add_patch(Circle((0, 0), 1, fill=False, edgecolor=INK, linewidth=1))
            axes.set_aspect("equal")
            axes.set_xticks([-1, 0, 1])
            axes.set_yticks([-1, 0, 1])
            axes.set_xlabel(r"$a_0$ along $\mathbf{1}$, over $R$")
            label_panel(axes, "abcdef"[number], title)
        panels[0, 0].set_ylabel(r"$a_0$ along the rest of $a^{*}$, over $R$")
    return figure
