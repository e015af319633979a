"""Where the gradient of a network with two filters points to one of its optima, as a map."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from shortcutlib.angles import FloatArray
from shortcutlib.figures.style import (
    GLOBAL,
    HAIRLINE,
    INK,
    SPURIOUS,
    book_style,
    label_directly,
    look,
    tint,
)
from shortcutlib.one_optimum import pull_map
from shortcutlib.two_filters import Student

__all__ = ["pull_figure"]

#: Grid lines of the map in each direction.
_GRID = 73


def pull_figure(
    teacher: Student,
    places: Mapping[str, Sequence[FloatArray]],
    looks: Mapping[str, str],
    *,
    grid: int = _GRID,
) -> Figure:
    """Draw where the filters' negative gradient points to the optimum, and where away from it.

    Parameters
    ----------
    teacher : Student
        With two filters.
    places : mapping of str to sequence of ndarray, shape (2,)
        Critical points by name: the turns of their two filters, in radians.
    looks : mapping of str to str
        The meaning, of `shortcutlib.figures.style.look`, of each name.
    grid : int, default 73
        Points of the map in each direction.

    Returns
    -------
    matplotlib.figure.Figure
    """
    angles = np.linspace(-np.pi, np.pi, grid)
    found = pull_map(teacher, angles)
    reach = float(np.max(np.abs(found)))
    degrees = np.degrees(angles)
    with book_style(), mpl.rc_context({"hatch.color": SPURIOUS, "hatch.linewidth": 0.6}):
        figure, axes = plt.subplots(figsize=(5.6, 5.4))
        # Rounding around the critical points and along symmetric lines is neither sign.
        axes.contourf(
            degrees,
            degrees,
            found,
            levels=[-reach, -1e-9, reach],
            colors=[tint(SPURIOUS, 0.3), tint(GLOBAL, 0.14)],
        )
        axes.contour(degrees, degrees, found, levels=[0.0], colors=INK, linewidths=0.8)
        axes.contourf(
            degrees, degrees, found, levels=[-reach, -1e-9], colors="none", hatches=["////"]
        )
        axes.plot([-180, 180], [-180, 180], color=HAIRLINE, linewidth=0.8)
        for name, points in places.items():
            style = look(looks[name], marker=True) | {"linestyle": "none"}
            x, y = np.degrees(np.array(points)).T
            axes.plot(x, y, **style)
            label_directly(axes, name, (x[0], y[0]), style["color"], offset=(0, 9), ha="center")
        axes.set_aspect("equal")
        ticks = [-180, -90, 0, 90, 180]
        axes.set_xticks(ticks)
        axes.set_yticks(ticks)
        axes.set_xlabel("first filter, in degrees from $v_1^*$")
        axes.set_ylabel("second filter, in degrees from $v_1^*$")
    return figure
