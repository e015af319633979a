"""The book's one visual style: colours named by what they mean, and sizes that survive a phone.

Colours are those of Okabe and Ito where these reach a contrast of 3:1 with white, and darker
relatives where they do not. All of them stay apart under simulated protanopia and deuteranopia
(`tests/test_figures_architecture.py` measures it). Colour never carries a meaning alone:
`look` gives every meaning a marker and a line style as well.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patheffects import withStroke
from matplotlib.rcsetup import cycler
from matplotlib.text import Annotation, Text

__all__ = [
    "GLOBAL",
    "HAIRLINE",
    "INK",
    "LOOKS",
    "MUTED",
    "NEUTRAL",
    "PALETTE",
    "PAPER",
    "PHONE_FONT_SIZE",
    "SHORTCUT",
    "SPURIOUS",
    "STUDENT",
    "TEACHER",
    "Look",
    "book_style",
    "label_directly",
    "label_panel",
    "look",
    "text_colour",
    "tint",
]

#: The global optimum, and runs that reach it.
GLOBAL: Final = "#0072B2"
#: The spurious local optimum, and runs that it traps.
SPURIOUS: Final = "#D55E00"
#: The teacher network.
TEACHER: Final = "#332288"
#: The student network and its trained filter.
STUDENT: Final = "#148A4F"
#: The shortcut connection, and runs that have one.
SHORTCUT: Final = "#8E1B5E"
#: Whatever is there for comparison only.
NEUTRAL: Final = "#858A93"

#: Text and the outlines of what the reader should see first.
INK: Final = "#1B1F24"
#: Secondary text: it still has a contrast of 8:1 with white.
MUTED: Final = "#4A5059"
#: Grid lines and other decoration that carries no information.
HAIRLINE: Final = "#C9CDD3"
#: The background; the book's theme puts white behind images in dark mode too.
PAPER: Final = "#FFFFFF"

#: The colours that carry a meaning, by that meaning.
PALETTE: Final[Mapping[str, str]] = {
    "global": GLOBAL,
    "spurious": SPURIOUS,
    "teacher": TEACHER,
    "student": STUDENT,
    "shortcut": SHORTCUT,
    "neutral": NEUTRAL,
}

#: Points for text in figures about 6 inches wide: about 10 pixels on a phone (330 pixels).
PHONE_FONT_SIZE: Final = 13.0


class Look(NamedTuple):
    """How one meaning is drawn: three signs of it, of which colour is only one."""

    colour: str
    marker: str
    size: float
    linestyle: str | tuple[float, tuple[float, ...]]


#: Marker, its size (equal to the eye, not in points) and line style of every colour in `PALETTE`.
LOOKS: Final[Mapping[str, Look]] = {
    "global": Look(GLOBAL, "o", 7.0, "-"),
    "spurious": Look(SPURIOUS, "X", 9.0, (0, (3.5, 1.6))),
    "teacher": Look(TEACHER, "*", 13.0, (0, (1, 1.2))),
    "student": Look(STUDENT, "s", 6.5, (0, (7, 2, 1.5, 2))),
    "shortcut": Look(SHORTCUT, "D", 6.5, (0, (12, 2.5))),
    "neutral": Look(NEUTRAL, "v", 7.5, (0, (5, 1.5, 1, 1.5, 1, 1.5))),
}

_SETTINGS: Final[dict[Any, Any]] = {
    "figure.figsize": (7.0, 4.3),
    "figure.dpi": 160,
    "figure.facecolor": PAPER,
    "figure.constrained_layout.use": True,
    "savefig.dpi": "figure",
    "savefig.facecolor": "auto",
    "font.family": "sans-serif",
    # DejaVu Sans comes with matplotlib, so a figure looks the same on every machine.
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 12,
    "mathtext.fontset": "cm",  # the letter shapes of the book's formulas (MathJax)
    "text.usetex": False,
    "text.color": INK,
    "axes.titlesize": 13,
    "axes.titlelocation": "left",
    "axes.labelsize": 12,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.facecolor": PAPER,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.axisbelow": True,
    "grid.color": HAIRLINE,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "legend.fontsize": 11,
    "legend.frameon": False,
    "lines.linewidth": 2.0,
    "lines.markersize": 7,
    "image.cmap": "cividis",
    # Without a salt, the identifiers inside an SVG differ from run to run.
    "svg.hashsalt": "shortcutlib",
}


@contextmanager
def book_style() -> Iterator[None]:
    """Draw in the book's style inside this context, or decorate a function with ``@book_style()``.

    Yields
    ------
    None
        Nothing; matplotlib's previous settings come back on leaving.
    """
    # The cycle has colours only: with line styles in it, `plot(..., color=GLOBAL)` would come out
    # dashed or not by its turn. Lines that differ in meaning take both from `look`.
    cycle = cycler("color", list(PALETTE.values()))
    with mpl.rc_context({**_SETTINGS, "axes.prop_cycle": cycle}):
        yield


def look(meaning: str, *, marker: bool = False) -> dict[str, Any]:
    """Give the keyword arguments with which ``Axes.plot`` draws a line of this meaning.

    Parameters
    ----------
    meaning : str
        A key of `LOOKS`: "global", "spurious", "teacher", "student", "shortcut", "neutral".
    marker : bool, optional
        Whether to mark the points as well, with a white rim that keeps crowded ones apart.

    Returns
    -------
    dict
        ``color`` and ``linestyle``, and with `marker` also the marker, its size and its rim.

    Raises
    ------
    ValueError
        If `meaning` has no look.
    """
    if meaning not in LOOKS:
        raise ValueError(f"no look is called {meaning!r}; choose one of {', '.join(LOOKS)}")
    entry = LOOKS[meaning]
    arguments: dict[str, Any] = {"color": entry.colour, "linestyle": entry.linestyle}
    if marker:
        arguments |= {
            "marker": entry.marker,
            "markersize": entry.size,
            "markeredgecolor": PAPER,
            "markeredgewidth": 0.8,
        }
    return arguments


def tint(colour: str, strength: float = 0.14) -> str:
    """Mix a colour with white, for fills behind text.

    Parameters
    ----------
    colour : str
        Any colour that matplotlib understands.
    strength : float, optional
        Share of `colour` in the mixture, between 0 (white) and 1 (`colour` itself).

    Returns
    -------
    str
        The mixture as ``#rrggbb``.
    """
    return _mixture(colour, PAPER, strength)


def text_colour(colour: str) -> str:
    """Darken a colour so far that words written in it can be read on white.

    Parameters
    ----------
    colour : str
        A colour of `PALETTE`.

    Returns
    -------
    str
        A relative of `colour` as ``#rrggbb``, with a contrast of at least 4.5:1 with white.
    """
    # Lines are legible at 3:1, letters only at 4.5:1; vermilion and grey lie in between.
    return _mixture(colour, INK, 0.72)


def label_panel(axes: Axes, letter: str, title: str = "") -> Text:
    """Put a bold panel letter, and perhaps a title, above the left end of the axes.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        The panel.
    letter : str
        Its letter, such as "a".
    title : str, optional
        What the panel shows, after the letter.

    Returns
    -------
    matplotlib.text.Text
        The text, which the layout makes room for.
    """
    # Mathtext sets the letter in bold; a second text object would have to be aligned by hand.
    text = rf"$\mathbf{{{letter}}}$  {title}".rstrip()
    return axes.set_title(text, loc="left", math_fontfamily="dejavusans")


def label_directly(
    axes: Axes,
    text: str,
    point: tuple[float, float],
    colour: str,
    *,
    offset: tuple[float, float] = (6.0, 0.0),
    **text_arguments: Any,
) -> Annotation:
    """Write a label beside the line or point it belongs to, which needs no legend.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to write.
    text : str
        The label.
    point : tuple of float
        What the label belongs to, in data coordinates.
    colour : str
        Colour of the line or point; the words take a darker relative of it.
    offset : tuple of float, optional
        Distance from `point` in typographic points.
    **text_arguments
        Passed on to ``Axes.annotate``, for instance ``ha="right"``.

    Returns
    -------
    matplotlib.text.Annotation
        The label, with a white halo so that lines may pass behind it.
    """
    arguments: dict[str, Any] = {"ha": "left", "va": "center", **text_arguments}
    return axes.annotate(
        text,
        point,
        xytext=offset,
        textcoords="offset points",
        color=text_colour(colour),
        path_effects=[withStroke(linewidth=3, foreground=PAPER)],
        annotation_clip=False,
        **arguments,
    )


def _mixture(colour: str, other: str, share: float) -> str:
    """Mix `share` of `colour` with the rest of `other`."""
    if not 0 <= share <= 1:
        raise ValueError(f"the share of a colour is {share}; choose a number between 0 and 1")
    channels = zip(to_rgb(colour), to_rgb(other), strict=True)
    red, green, blue = (share * first + (1 - share) * second for first, second in channels)
    return to_hex((red, green, blue))
