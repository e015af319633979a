"""Still pictures of explorers in SVG: for paper, and where no script runs.

They have the looks of the live pictures, by the same classes of the style sheet; where there is no
style sheet, as in a notebook that was not run, attributes say the light theme's looks.
"""

import html
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["ANGLES", "COLOURS", "DISC", "Axis", "Still", "attributes", "powers"]

_INK, _QUIET, _PAPER = "#1b1f24", "#4a5059", "#ffffff"
#: Of the light theme.
COLOURS = {
    "ink": _INK,
    "thin": "#c9cdd3",
    "global": "#0072b2",
    "spurious": "#b84f00",
    "student": "#0f7a44",
    "shortcut": "#8e1b5e",
}
_DASHES = {"dashed": "7 4", "dotted": "2 3", "dotdash": "9 3 2 3"}
_MARKS = {
    "circle": "M-6,0a6,6 0 1,0 12,0a6,6 0 1,0 -12,0Z",
    "cross": "M-7,-4l3,-3l4,4l4,-4l3,3l-4,4l4,4l-3,3l-4,-4l-4,4l-3,-3l4,-4Z",
    "diamond": "M0,-7L7,0L0,7L-7,0Z",
    "square": "M-5,-5H5V5H-5Z",
}


class Axis(NamedTuple):
    """A range with its ticks, from data to pixels.

    Attributes
    ----------
    low, high : float
        The range; above 0 if logarithmic.
    label : str
        What is measured.
    ticks : tuple of (float, str)
        Places and their names.
    log : bool
        Whether the scale is logarithmic.
    """

    low: float
    high: float
    label: str
    ticks: tuple[tuple[float, str], ...]
    log: bool = False

    def share(self, values: ArrayLike) -> NDArray[np.float64]:
        """How far along the axis values are, from 0 to 1; what leaves it is at its end."""
        x = np.clip(np.asarray(values, dtype=float), self.low, self.high)
        if self.log:
            return np.asarray(np.log(x / self.low) / np.log(self.high / self.low))
        return np.asarray((x - self.low) / (self.high - self.low))


#: The angle between a filter and v*.
ANGLES = ((0.0, "0"), (np.pi / 2, "π/2"), (np.pi, "π"))
#: The disc of starts, in units of its radius.
DISC = tuple(
    Axis(-1.05, 1.05, label, ((-1.0, "−1"), (0.0, "0"), (1.0, "1")))
    for label in ("a₀ along 1, over R", "along the rest of a*")
)


def powers(low: int, high: int, every: int = 1) -> tuple[tuple[float, str], ...]:
    """Ticks at powers of ten.

    Parameters
    ----------
    low, high : int
        First and last exponent.
    every : int, default 1
        Step from one to the next.

    Returns
    -------
    tuple of (float, str)
    """
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    names = {0: "1", 1: "10"}
    return tuple(
        (10.0**e, names.get(e, f"10{str(e).translate(raised)}"))
        for e in range(low, high + 1, every)
    )


def attributes(look: str) -> str:
    """Class and attributes of a line.

    Parameters
    ----------
    look : str
        A colour, and dashes if any, such as ``"spurious dashed"``.

    Returns
    -------
    str
    """
    colour, *dashes = look.split()
    css = " ".join(f"se-{name}" for name in (colour, *dashes))
    width = "1" if colour == "thin" else "2.2"
    dash = f' stroke-dasharray="{_DASHES[dashes[0]]}"' if dashes else ""
    stroke = f'stroke="{COLOURS[colour]}" stroke-width="{width}"'
    return f'class="se-line {css}" fill="none" {stroke}{dash}'


def _path(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    # A hundredth of a pixel less to the left or right is the same picture, and half the text.
    points = [f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True)]
    kept = [p for i, p in enumerate(points) if i == 0 or p != points[i - 1]]
    return f"M{'L'.join(kept)}"


class Still:
    """One panel with two axes.

    Parameters
    ----------
    alt : str
        What the picture shows, for those who do not see it.
    x, y : Axis
        What is measured.
    title : str
        What stands above.
    square : bool, default False
        Whether both axes have one scale.
    name : str, optional
        Tells the hatching of this picture from others of the page.
    """

    def __init__(
        self, alt: str, x: Axis, y: Axis, *, title: str, square: bool = False, name: str = ""
    ) -> None:
        self._alt, self._x, self._y, self._title, self._name = alt, x, y, title, name
        self._left, self._top = 46.0, 30.0
        self._wide, self._tall = (200.0, 200.0) if square else (250.0, 160.0)
        self._parts: list[str] = []

    def _at(self, x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return (
            self._left + self._wide * self._x.share(x),
            self._top + self._tall * (1 - self._y.share(y)),
        )

    def line(self, look: str, x: ArrayLike, y: ArrayLike) -> None:
        """A line; `look` as in `attributes`."""
        self._parts.append(f'<path {attributes(look)} d="{_path(*self._at(x, y))}"/>')

    def hatch(self, x: ArrayLike, y: ArrayLike) -> None:
        """An area of what fails, tinted and hatched."""
        self._fill(_path(*self._at(x, y)) + "Z")

    def tint(self, x: ArrayLike, y: ArrayLike) -> None:
        """An area of what succeeds."""
        d = _path(*self._at(x, y))
        self._parts.append(f'<path class="se-won" fill="#cce3f0" d="{d}Z"/>')

    def mark(self, look: str, shape: str, x: float, y: float) -> None:
        """A mark: circle, cross, diamond or square."""
        a, b = self._at(x, y)
        self._parts.append(
            f'<path class="se-mark se-{look}" fill="{COLOURS[look]}" stroke="{_PAPER}" '
            f'stroke-width="1.2" transform="translate({a:.1f},{b:.1f})" d="{_MARKS[shape]}"/>'
        )

    def words(self, look: str, x: float, y: float, text: str, *, anchor: str = "middle") -> None:
        """Words at a place."""
        a, b = self._at(x, y)
        self._parts.append(
            f'<text class="se-text se-{look}" x="{a:.1f}" y="{b:.1f}" fill="{COLOURS[look]}" '
            f'text-anchor="{anchor}" font-weight="600" paint-order="stroke" stroke="{_PAPER}" '
            f'stroke-width="3">{html.escape(text)}</text>'
        )

    def bands(self, bands: NDArray[np.int_], looks: Sequence[tuple[str, float]]) -> None:
        """Cells in colours: a colour and its opacity for every number; -1 stays empty.

        Rows go from the lowest up.
        """
        rows, columns = bands.shape
        size = f"{self._wide / columns:.4f} {-self._tall / rows:.4f}"
        pieces = []
        for number, (look, opacity) in enumerate(looks):
            d = _cells(bands == number)
            if d:
                pieces.append(
                    f'<path class="se-dot se-{look}" fill="{COLOURS[look]}" '
                    f'fill-opacity="{opacity:.3f}" d="{d}"/>'
                )
        self._parts.append(
            f'<g shape-rendering="crispEdges" transform="translate({self._left:g},'
            f'{self._top + self._tall:g}) scale({size})">{"".join(pieces)}</g>'
        )

    def hatched_cells(self, cells: NDArray[np.bool_]) -> None:
        """Cells that are hatched; rows go from the lowest up."""
        rows, columns = cells.shape
        w, h = self._wide / columns, self._tall / rows
        bottom = self._top + self._tall
        d = "".join(
            f"M{self._left + a * w:.1f},{bottom - (j + 1) * h:.1f}h{n * w:.1f}v{h:.1f}"
            f"h{-n * w:.1f}Z"
            for j, a, n in _runs(cells)
        )
        self._fill(d)

    def _fill(self, d: str) -> None:
        name = f"still-{self._name}-hatch"
        if not d:
            return
        self._parts.append(
            f'<pattern id="{name}" width="7" height="7" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><rect width="7" height="7" class="se-lost" '
            'fill="#edd1bd"/><path d="M0,0V7" class="se-stroke" stroke="#b84f00" '
            f'stroke-width="1.6"/></pattern><path fill="url(#{name})" d="{d}"/>'
        )

    def svg(self) -> str:
        """The picture.

        Returns
        -------
        str
            An ``svg`` element with its description.
        """
        left, top = self._left, self._top
        right, bottom = left + self._wide, top + self._tall
        width, height = right + 14, bottom + 40
        quiet = f'fill="{_QUIET}" stroke="none"'
        axes = [f'<path d="M{left:g},{top:g}V{bottom:g}H{right:g}"/>']
        for value, text in self._x.ticks:
            x, _ = self._at(value, self._y.low)
            axes.append(
                f'<path d="M{x:.1f},{bottom:g}v4"/>'
                f'<text {quiet} x="{x:.1f}" y="{bottom + 16:g}" text-anchor="middle">{text}</text>'
            )
        for value, text in self._y.ticks:
            _, y = self._at(self._x.low, value)
            axes.append(
                f'<path d="M{left:g},{y:.1f}h-4"/>'
                f'<text {quiet} x="{left - 7:g}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
            )
        middle = (top + bottom) / 2
        axes.append(
            f'<text {quiet} x="{(left + right) / 2:g}" y="{bottom + 33:g}" text-anchor="middle">'
            f"{html.escape(self._x.label)}</text>"
            f'<text {quiet} x="11" y="{middle:g}" text-anchor="middle" '
            f'transform="rotate(-90 11 {middle:g})">{html.escape(self._y.label)}</text>'
        )
        return (
            f'<svg class="se-still" role="img" aria-label="{html.escape(self._alt)}" '
            f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
            'font-family="system-ui, sans-serif" font-size="12">'
            f'<text class="se-ink" fill="{_INK}" x="4" y="16" font-weight="600">'
            f"{html.escape(self._title)}</text>"
            f'<g class="se-axes" fill="none" stroke="{_QUIET}" stroke-width="0.8">'
            f"{''.join(axes)}</g>{''.join(self._parts)}</svg>"
        )


def _runs(cells: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Row, first column and length of every unbroken run in a row."""
    edge = np.zeros((cells.shape[0], 1), dtype=np.int8)
    change = np.diff(np.hstack([edge, cells.astype(np.int8), edge]), axis=1)
    begins, ends = np.argwhere(change == 1), np.argwhere(change == -1)
    return [(int(j), int(a), int(b - a)) for (j, a), (_, b) in zip(begins, ends, strict=True)]


def _cells(cells: NDArray[np.bool_]) -> str:
    return "".join(f"M{a},{j}h{n}v1h-{n}z" for j, a, n in _runs(cells))
