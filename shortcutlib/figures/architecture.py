"""Drawings of the two networks: what the teacher computes, and what the student computes.

Every figure is drawn on one set of axes whose unit is an inch, from the bottom left corner, so
that sizes in the code are sizes on paper.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.path import Path

from shortcutlib.figures.style import (
    INK,
    MUTED,
    NEUTRAL,
    PAPER,
    PHONE_FONT_SIZE,
    SHORTCUT,
    STUDENT,
    TEACHER,
    book_style,
    text_colour,
    tint,
)

__all__ = ["one_patch_figure", "residual_network_figure", "teacher_student_figure"]

#: More would make cells and labels too small to read on a phone.
_MOST_PATCHES: Final = 6
_LARGEST_PATCH: Final = 8

_NODE_RADIUS: Final = 0.19
_THIN: Final = 1.1
_THICK: Final = 2.8

#: Formulas that stand alone: Computer Modern looks smaller than the words' DejaVu Sans.
_MATHS_SIZE: Final = 15.0
_LENGTH: Final = r"\|\mathbf{1}/\sqrt{p}+w\|_2"

_Point = tuple[float, float]


@book_style()
def residual_network_figure(patches: int = 3, patch_size: int = 4) -> Figure:
    """Draw the student layer by layer: the shortcut goes around the convolution.

    Parameters
    ----------
    patches : int, optional
        Number k of patches, from 1 to 6.
    patch_size : int, optional
        Numbers p in each patch, from 1 to 8.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If a size is not a whole number in its range.

    Notes
    -----
    Source: Liu et al. (2019), Figure 1.
    """
    _check_sizes(patches, patch_size)
    axes = _paper(5.9, 6.75)
    centre, width, height, side = 2.1, 3.75, 0.54, 4.98
    lanes = _lanes(patches, centre, span=width, widest=1.3)
    strip = min(0.86 * lanes.width, 0.3 * patch_size)
    y_cells, y_tap, y_filter, y_sum, y_norm = 5.8, 5.25, 4.56, 3.72, 2.92
    y_relu, y_output = 1.98, 0.4

    _write(axes, (centre, 6.53), "input $Z$: $k$ patches of $p$ numbers each", color=MUTED)
    for j, x in enumerate(lanes.centres):
        _write(axes, (x, y_cells + 0.34), f"$Z_{{{j + 1}}}$", fontsize=_MATHS_SIZE)
        _cells(axes, (x, y_cells), strip, patch_size, patch=j)
        _arrow(axes, (x, y_cells - 0.14), (x, y_filter + height / 2))
        _arrow(axes, (x, y_filter - height / 2), (x, y_sum + 0.2))
        _arrow(axes, (x, y_sum - 0.2), (x, y_norm + height / 2))
        _arrow(axes, (x, y_norm - height / 2), (x, y_relu + _NODE_RADIUS))

    # One wide line carries all k patches around the convolution; a dot is where it taps them.
    _detour(axes, (lanes.centres[0], y_tap), side, (centre + width / 2, y_sum))
    for x in lanes.centres:
        axes.add_patch(Circle((x, y_tap), 0.06, color=SHORTCUT, zorder=5))
    _write(axes, (side - 0.15, y_tap + 0.24), "shortcut", color=text_colour(SHORTCUT))

    _block(axes, (centre, y_filter), width, height, STUDENT)
    _write(axes, (centre, y_filter), r"convolution with $w$:  $Z_j^{\!\top} w$")
    _block(axes, (side, y_filter - 0.06), 1.46, 1.02, SHORTCUT)
    _write(axes, (side, y_filter + 0.13), "average\npooling", linespacing=1.1)
    _write(
        axes, (side, y_filter - 0.36), r"$Z_j^{\!\top}\mathbf{1}/\sqrt{p}$", fontsize=_MATHS_SIZE
    )
    _block(axes, (centre, y_sum), width, 0.4, INK, fill=PAPER, rounding=0.2)
    _write(axes, (centre, y_sum), "$+$", fontsize=20)
    _block(axes, (centre, y_norm), width, height, NEUTRAL)
    _write(axes, (centre, y_norm), f"normalise: divide by ${_LENGTH}$")

    _read_out(axes, lanes, y_relu, (centre, y_output), "a_{{{}}}", "$f(w, a, Z)$")
    _write(axes, (side, y_relu), r"ReLU $\sigma$", color=MUTED)
    _write(axes, (side, (y_relu + y_output) / 2), "output\nweights $a_j$", color=MUTED)
    return _figure_of(axes)


@book_style()
def teacher_student_figure(patches: int = 3, patch_size: int = 4) -> Figure:
    """Draw the teacher above the student, unit by unit, on the same input.

    Parameters
    ----------
    patches : int, optional
        Number k of patches, from 1 to 6.
    patch_size : int, optional
        Numbers p in each patch, from 1 to 8.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If a size is not a whole number in its range.

    Notes
    -----
    Source: Liu et al. (2019), Figure 2.
    """
    _check_sizes(patches, patch_size)
    axes = _paper(5.9, 8.55)
    _network(axes, 8.3, patches, patch_size, teacher=True)
    axes.plot([0.15, 5.75], [4.93, 4.93], color=NEUTRAL, linewidth=0.8, linestyle=(0, (2, 3)))
    _network(axes, 4.62, patches, patch_size, teacher=False)
    return _figure_of(axes)


def _network(axes: Axes, top: float, patches: int, patch_size: int, *, teacher: bool) -> None:
    """Draw one of the two networks of `teacher_student_figure` below the height `top`."""
    colour = TEACHER if teacher else STUDENT
    centre, width = 2.92, 3.7
    lanes = _lanes(patches, centre, span=width, widest=1.45)
    # Narrow strips leave the shortcuts room to pass between the patches.
    strip = min(0.6 * lanes.width, 0.26 * patch_size)
    y_cells = top - 0.58
    y_meet = y_cells - 1.0
    y_norm = y_meet - 0.6
    y_hidden = y_meet if teacher else y_norm - 0.62
    y_output = y_hidden - 1.18

    name = "Teacher" if teacher else "Student"
    _write(axes, (0.15, top), name, ha="left", color=colour, fontsize=15, weight="bold")
    _row_label(axes, y_cells, "patches")
    _row_label(axes, y_cells - 0.48, "shared\nfilter " + ("$v^{*}$" if teacher else "$w$"), colour)
    for j, x in enumerate(lanes.centres):
        _write(axes, (x, y_cells + 0.34), f"$Z_{{{j + 1}}}$", fontsize=_MATHS_SIZE)
        _cells(axes, (x, y_cells), strip, patch_size, patch=j)
        for x_cell in _cell_centres(x, strip, patch_size):
            axes.plot([x_cell, x], [y_cells - 0.13, y_meet], color=colour, linewidth=_THIN)
        if teacher:
            continue
        beside = _shortcut_arc(axes, (x + strip / 2, y_cells), (x, y_meet), lanes.width - strip)
        _node(axes, (x, y_meet))
        _write(axes, (x, y_meet), "$+$", fontsize=_MATHS_SIZE)
        _arrow(axes, (x, y_meet - _NODE_RADIUS), (x, y_norm + 0.2))
        _arrow(axes, (x, y_norm - 0.2), (x, y_hidden + _NODE_RADIUS))
    if not teacher:
        words = "shortcut\n" + r"$\mathbf{1}/\sqrt{p}$"
        _write(axes, (beside + 0.09, y_cells - 0.48), words, ha="left", color=text_colour(SHORTCUT))
        _row_label(axes, y_norm, "BN")
        _block(axes, (centre, y_norm), width, 0.4, NEUTRAL)
        _write(axes, (centre, y_norm), f"divide by ${_LENGTH}$")
    _row_label(axes, y_hidden, r"ReLU $\sigma$")
    _row_label(axes, (y_hidden + y_output) / 2, "output\nweights")
    if teacher:
        _read_out(
            axes, lanes, y_hidden, (centre, y_output), "a_{{{}}}^{{*}}", "$g(v^{*}, a^{*}, Z)$"
        )
    else:
        _read_out(axes, lanes, y_hidden, (centre, y_output), "a_{{{}}}", "$f(w, a, Z)$")


@book_style()
def one_patch_figure() -> Figure:
    """Work out, with numbers, what the student computes from a single patch.

    Returns
    -------
    matplotlib.figure.Figure

    Notes
    -----
    Source: Liu et al. (2019), equation (6), for one term of the sum.
    """
    # Chosen so that every step gives another number, each with one decimal place at most.
    patch = [1.0, -2.0, 1.0, 1.0]
    weights = [0.9, -0.3, 0.9, -0.3]
    shortcut = [0.5] * 4
    output_weight = 3.0
    through_filter, around = float(np.dot(patch, weights)), float(np.dot(patch, shortcut))
    length = float(np.linalg.norm(np.add(shortcut, weights)))
    total = through_filter + around
    normalised = total / length
    hidden = max(normalised, 0.0)

    axes = _paper(5.9, 7.2)
    centre, apart, cell = 2.95, 1.4, 0.55
    y_patch, y_filters, y_products, y_sum, y_norm, y_relu, y_weight, y_end = (
        6.5, 5.35, 4.58, 3.98, 3.2, 2.15, 1.06, 0.3
    )  # fmt: skip

    _write(axes, (centre, y_patch + 0.42), "one patch $Z_j$")
    _numbers(axes, (centre, y_patch), cell, patch, INK)
    for direction, colour, vector, name, product in (
        (-1, STUDENT, weights, "filter $w$", rf"$Z_j^{{\!\top}}w={through_filter:g}$"),
        (1, SHORTCUT, shortcut, r"shortcut $\mathbf{1}/\sqrt{p}$",
         rf"$Z_j^{{\!\top}}\mathbf{{1}}/\sqrt{{p}}={around:g}$"),
    ):  # fmt: skip
        x = centre + direction * apart
        stroke = _THICK if colour == SHORTCUT else _THIN
        start = (centre + 0.4 * direction, y_patch - 0.18)
        _arrow(axes, start, (x - 0.2 * direction, y_filters + 0.58), colour, stroke)
        _write(axes, (x, y_filters + 0.4), name, color=text_colour(colour))
        _numbers(axes, (x, y_filters), cell, vector, colour)
        _arrow(axes, (x, y_filters - 0.18), (x, y_products + 0.19), colour, stroke)
        _write(axes, (x, y_products), product, fontsize=_MATHS_SIZE)
        # Down beside the sum and into it from its own side, like the arms of a balance.
        corner = [
            (x, y_products - 0.2),
            (x, y_sum + 0.18),
            (x, y_sum),
            (x - 0.18 * direction, y_sum),
            (centre + _NODE_RADIUS * direction, y_sum),
        ]
        codes = [Path.MOVETO, Path.LINETO, Path.CURVE3, Path.CURVE3, Path.LINETO]
        _curve(axes, Path(corner, codes), colour, stroke)

    _node(axes, (centre, y_sum))
    _write(axes, (centre, y_sum), "$+$", fontsize=_MATHS_SIZE)
    _step(axes, (centre, y_sum - _NODE_RADIUS), y_norm + 0.22, total)
    _block(axes, (centre, y_norm), 3.1, 0.44, NEUTRAL)
    _write(axes, (centre, y_norm), f"divide by ${_LENGTH}={length:g}$")
    _step(axes, (centre, y_norm - 0.22), y_relu + 0.42, normalised)
    _relu_plot(axes, (centre, y_relu), normalised)
    _step(axes, (centre, y_relu - 0.42), y_weight + 0.22, hidden)
    _block(axes, (centre, y_weight), 3.1, 0.44, NEUTRAL)
    _write(axes, (centre, y_weight), f"times output weight $a_j={output_weight:g}$")
    _step(axes, (centre, y_weight - 0.22), y_end + 0.16, output_weight * hidden)
    _write(axes, (centre, y_end), "one of the $k$ terms of $f(w, a, Z)$", color=MUTED)
    return _figure_of(axes)


def _step(axes: Axes, start: _Point, y_end: float, value: float) -> None:
    """Draw an arrow straight down, with the number that travels along it."""
    _arrow(axes, start, (start[0], y_end))
    middle = (start[0] + 0.12, (start[1] + y_end) / 2)
    _write(axes, middle, f"${value:.3g}$", ha="left", fontsize=_MATHS_SIZE)


def _relu_plot(axes: Axes, centre: _Point, value: float) -> None:
    """Draw the graph of the ReLU with one point on it."""
    x, y = centre
    _block(axes, centre, 1.6, 0.84, INK, fill=PAPER)
    x_origin, y_origin, unit = x - 0.12, y - 0.22, 0.34
    for line in (
        [(x - 0.68, y_origin), (x + 0.68, y_origin)],
        [(x_origin, y - 0.3), (x_origin, y + 0.34)],
    ):
        axes.plot(*zip(*line, strict=True), color=NEUTRAL, linewidth=0.8, zorder=7)
    kink = [
        (x - 0.68, y_origin),
        (x_origin, y_origin),
        (x_origin + 1.6 * unit, y_origin + 1.6 * unit),
    ]
    axes.plot(*zip(*kink, strict=True), color=INK, linewidth=2, zorder=8)
    axes.plot(
        x_origin + value * unit, y_origin + max(value, 0) * unit, "o", color=STUDENT, zorder=9
    )
    _write(axes, (x + 0.95, y), r"ReLU $\sigma$", ha="left", color=MUTED)


class _Lanes(NamedTuple):
    """Where the patches stand: one column each, side by side."""

    centres: list[float]
    width: float


def _lanes(count: int, centre: float, *, span: float, widest: float) -> _Lanes:
    """Divide at most `span` inches around `centre` into `count` equal columns."""
    width = min(span / count, widest)
    return _Lanes([centre + (j - (count - 1) / 2) * width for j in range(count)], width)


def _check_sizes(patches: int, patch_size: int) -> None:
    """Refuse sizes that cannot be drawn legibly, naming the value."""
    sizes: list[tuple[str, object, int]] = [
        ("patches", patches, _MOST_PATCHES),
        ("patch_size", patch_size, _LARGEST_PATCH),
    ]
    for name, value, largest in sizes:
        # True and False are whole numbers to Python, but never what the caller means here.
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not (whole and value in range(1, largest + 1)):
            raise ValueError(f"{name} = {value!r}: give a whole number from 1 to {largest}")


def _paper(width: float, height: float) -> Axes:
    """Open a figure whose coordinates are inches from its bottom left corner."""
    figure = plt.figure(figsize=(width, height), layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    return axes


def _figure_of(axes: Axes) -> Figure:
    """Give back the figure that `_paper` opened."""
    figure = axes.figure
    assert isinstance(figure, Figure)  # not a subfigure: _paper made it
    return figure


def _write(axes: Axes, point: _Point, text: str, **arguments: Any) -> None:
    """Write text centred on a point, at a size that a phone can show."""
    settings: dict[str, Any] = {
        "ha": "center", "va": "center", "fontsize": PHONE_FONT_SIZE, "zorder": 10
    }  # fmt: skip
    axes.text(*point, text, **(settings | arguments))


def _row_label(axes: Axes, y: float, text: str, colour: str = MUTED) -> None:
    """Name a row of the drawing at its left edge."""
    _write(axes, (0.15, y), text, ha="left", color=text_colour(colour), linespacing=1.1)


def _arrow(axes: Axes, start: _Point, end: _Point, colour: str = INK, width: float = _THIN) -> None:
    """Draw a straight arrow."""
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=8 + 2.5 * width,
            shrinkA=0,
            shrinkB=0,
            color=colour,
            linewidth=width,
            zorder=2,
        )
    )


def _curve(axes: Axes, path: Path, colour: str = SHORTCUT, width: float = _THICK) -> None:
    """Draw an arrow along a path: unless told otherwise, the wide one of a shortcut."""
    axes.add_patch(
        FancyArrowPatch(
            path=path,
            arrowstyle="-|>",
            mutation_scale=8 + 2.5 * width,
            color=colour,
            linewidth=width,
            # The curve ends exactly at its target, and only the head is filled.
            shrinkA=0,
            shrinkB=0,
            capstyle="round",
            zorder=4,
        )
    )


def _detour(axes: Axes, start: _Point, x_side: float, end: _Point) -> None:
    """Draw the shortcut from `start` out to `x_side`, down, and back to `end`."""
    turn = 0.32
    (x_start, y_start), (x_end, y_end) = start, end
    corner_top, corner_bottom = (x_side, y_start), (x_side, y_end)
    _curve(
        axes,
        Path(
            [
                (x_start, y_start), (x_side - turn, y_start),
                corner_top, (x_side, y_start - turn), (x_side, y_end + turn),
                corner_bottom, (x_side - turn, y_end), (x_end, y_end),
            ],
            [
                Path.MOVETO, Path.LINETO,
                Path.CURVE3, Path.CURVE3, Path.LINETO,
                Path.CURVE3, Path.CURVE3, Path.LINETO,
            ],
        ),
    )  # fmt: skip


def _shortcut_arc(axes: Axes, start: _Point, node: _Point, room: float) -> float:
    """Draw one patch's shortcut around the filter to the sum; return how far right it reaches."""
    (x, y), (x_node, y_node) = start, node
    bulge = min(1.1 * room, 0.44)
    end = (x_node + _NODE_RADIUS, y_node)
    _curve(
        axes,
        Path(
            [(x, y), (x + bulge, y), (x + bulge, y_node), end],
            [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4],
        ),
        width=2.2,
    )
    return x + 0.75 * bulge  # where a cubic with these control points turns back


def _block(
    axes: Axes,
    centre: _Point,
    width: float,
    height: float,
    colour: str,
    *,
    fill: str | None = None,
    rounding: float = 0.08,
) -> None:
    """Draw a rounded box for one operation on all patches at once."""
    axes.add_patch(
        FancyBboxPatch(
            (centre[0] - width / 2, centre[1] - height / 2),
            width,
            height,
            boxstyle=f"round,pad=0,rounding_size={rounding}",
            facecolor=tint(colour) if fill is None else fill,
            edgecolor=colour,
            linewidth=1.4,
            zorder=6,
        )
    )


def _node(axes: Axes, centre: _Point) -> None:
    """Draw the circle of one unit."""
    axes.add_patch(
        Circle(centre, _NODE_RADIUS, facecolor=PAPER, edgecolor=INK, linewidth=1.4, zorder=6)
    )


def _relu_node(axes: Axes, centre: _Point) -> None:
    """Draw a unit with the graph of the ReLU in it."""
    _node(axes, centre)
    x, y = centre
    axes.plot(
        [x - 0.12, x, x + 0.09],
        [y - 0.05, y - 0.05, y + 0.09],
        color=INK,
        linewidth=1.8,
        solid_joinstyle="miter",
        zorder=7,
    )


def _cell_centres(centre: float, width: float, count: int) -> list[float]:
    """Place `count` cells across a strip of this width."""
    return [centre + ((i + 0.5) / count - 0.5) * width for i in range(count)]


def _cells(axes: Axes, centre: _Point, width: float, count: int, *, patch: int) -> None:
    """Draw one patch as a strip of cells in different greys: different numbers."""
    height, cell = 0.26, width / count
    for i, x in enumerate(_cell_centres(centre[0], width, count)):
        # The golden ratio spreads the greys evenly, and gives both networks the same input.
        grey = 0.06 + 0.5 * ((patch * count + i + 1) * 0.618034 % 1)
        axes.add_patch(
            Rectangle(
                (x - cell / 2, centre[1] - height / 2),
                cell,
                height,
                facecolor=tint(NEUTRAL, grey),
                edgecolor=INK,
                linewidth=0.9,
                zorder=5,
            )
        )


def _numbers(axes: Axes, centre: _Point, cell: float, values: Sequence[float], colour: str) -> None:
    """Draw a vector as a strip of cells with its numbers written in."""
    for x, value in zip(
        _cell_centres(centre[0], cell * len(values), len(values)), values, strict=True
    ):
        axes.add_patch(
            Rectangle(
                (x - cell / 2, centre[1] - 0.18),
                cell,
                0.36,
                facecolor=tint(colour, 0.1),
                edgecolor=colour,
                linewidth=1.2,
                zorder=5,
            )
        )
        _write(axes, (x, centre[1]), f"${value:g}$")


def _read_out(
    axes: Axes, lanes: _Lanes, y_hidden: float, output: _Point, weight: str, name: str
) -> None:
    """Draw the hidden units, their weighted edges and the output."""
    nearer = 0.42  # the share of an edge above its label: near the unit, where edges are far apart
    for j, x in enumerate(lanes.centres):
        axes.plot([x, output[0]], [y_hidden, output[1]], color=INK, linewidth=_THIN, zorder=1)
        _relu_node(axes, (x, y_hidden))
        on_edge = (x + nearer * (output[0] - x), y_hidden + nearer * (output[1] - y_hidden))
        # A white ground interrupts the edge, so that the label can sit on it.
        ground = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.5}
        label = f"${weight.format(j + 1)}$"
        _write(axes, on_edge, label, fontsize=_MATHS_SIZE, bbox=ground, zorder=3)
    _node(axes, output)
    _write(axes, output, r"$\Sigma$", fontsize=_MATHS_SIZE)
    x_end = output[0] + _NODE_RADIUS + 0.42
    _arrow(axes, (output[0] + _NODE_RADIUS, output[1]), (x_end, output[1]))
    _write(axes, (x_end + 0.08, output[1]), name, ha="left", fontsize=_MATHS_SIZE)
