"""The drawings of the networks are legible at every size, and the palette at every eye."""

import io
from collections.abc import Callable, Iterator
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("agg")

import matplotlib.pyplot as plt
from matplotlib.bezier import BezierSegment
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from matplotlib.path import Path
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from shortcutlib.figures import style
from shortcutlib.figures.architecture import (
    one_patch_figure,
    residual_network_figure,
    teacher_student_figure,
)

SIZED = [residual_network_figure, teacher_student_figure]
SIZES = [(1, 1), (1, 8), (2, 5), (3, 4), (4, 3), (5, 8), (6, 1), (6, 8)]

# Machado, Oliveira and Fernandes (2009), complete dichromacy, on linear RGB.
EYES = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}


@pytest.fixture(autouse=True)
def _no_figures_left() -> Iterator[None]:
    yield
    plt.close("all")


def text_boxes(figure: Figure) -> dict[str, Bbox]:
    """Where each text lies, in inches; a number in the key keeps equal words apart."""
    figure.canvas.draw()
    texts = [text for axes in figure.axes for text in axes.texts if text.get_text()]
    to_inches = figure.dpi_scale_trans.inverted()
    return {
        f"{text.get_text()} #{i}": text.get_window_extent().transformed(to_inches)
        for i, text in enumerate(texts)
    }


def linear_rgb(colour: str) -> NDArray[np.float64]:
    channels = np.array(to_rgb(colour))
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIELAB under D65, in which a distance of 2 is just noticeable side by side."""
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    ratios = to_xyz @ np.clip(linear, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(ratios > 0.008856, np.cbrt(ratios), 7.787 * ratios + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast_with_white(colour: str) -> float:
    """The contrast ratio of WCAG 2."""
    return float(1.05 / (linear_rgb(colour) @ np.array([0.2126, 0.7152, 0.0722]) + 0.05))


@pytest.fixture(params=[(draw, *size) for draw in SIZED for size in SIZES] + [(one_patch_figure,)])
def figure(request: pytest.FixtureRequest) -> Figure:
    draw, *size = request.param
    drawn = draw(*size)
    assert isinstance(drawn, Figure)
    return drawn


def test_all_text_stays_inside_the_figure(figure: Figure) -> None:
    width, height = figure.get_size_inches()
    margin = 0.04
    for words, box in text_boxes(figure).items():
        assert box.x0 >= margin, words
        assert box.y0 >= margin, words
        assert box.x1 <= width - margin, words
        assert box.y1 <= height - margin, words


def test_no_two_texts_overlap(figure: Figure) -> None:
    for (first, box), (second, other) in combinations(text_boxes(figure).items(), 2):
        assert not box.overlaps(other), f"{first} and {second}"


def test_text_is_large_enough_for_a_phone(figure: Figure) -> None:
    pixels_per_point = 330 / figure.get_size_inches()[0] / 72
    for axes in figure.axes:
        for text in axes.texts:
            assert float(text.get_fontsize()) * pixels_per_point > 10, text.get_text()


@pytest.mark.parametrize(("patches", "patch_size"), SIZES)
def test_shortcuts_pass_beside_the_words(patches: int, patch_size: int) -> None:
    figure = teacher_student_figure(patches, patch_size)
    boxes = text_boxes(figure)
    curves = [
        patch
        for patch in figure.axes[0].patches
        if isinstance(patch, FancyArrowPatch) and to_hex(patch.get_edgecolor()) == "#8e1b5e"
    ]
    assert len(curves) == patches
    # One unit of the axes is an inch, so the path needs no transformation.
    for path in (curve.get_path() for curve in curves):
        control, codes = (np.asarray(part)[:4] for part in (path.vertices, path.codes))
        assert list(codes) == [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
        points = BezierSegment(control)(np.linspace(0, 1, 50))
        for words, box in boxes.items():
            assert not box.padded(0.03).count_contains(points), words


@pytest.mark.parametrize("draw", SIZED)
def test_there_is_one_label_per_patch(draw: Callable[[int, int], Figure]) -> None:
    words = [text.get_text() for text in draw(5, 2).axes[0].texts]
    networks = 2 if draw is teacher_student_figure else 1
    for j in range(1, 6):
        assert words.count(f"$Z_{{{j}}}$") == networks
    assert f"$Z_{{{6}}}$" not in words


@pytest.mark.parametrize("draw", SIZED)
@pytest.mark.parametrize(
    ("patches", "patch_size", "name", "value"),
    [
        (0, 4, "patches", "0"),
        (7, 4, "patches", "7"),
        (2.0, 4, "patches", "2.0"),
        (True, 4, "patches", "True"),
        (3, 0, "patch_size", "0"),
        (3, 9, "patch_size", "9"),
    ],
)
def test_a_size_that_cannot_be_drawn_is_refused(
    draw: Callable[[object, object], Figure],
    patches: object,
    patch_size: object,
    name: str,
    value: str,
) -> None:
    with pytest.raises(ValueError, match=f"^{name} = {value}: give a whole number from 1 to"):
        draw(patches, patch_size)
    assert plt.get_fignums() == []  # nothing half drawn stays behind


def test_drawing_is_deterministic_and_leaves_settings_alone() -> None:
    before = dict(mpl.rcParams)
    pictures = []
    for _ in range(2):
        buffer = io.BytesIO()
        teacher_student_figure().savefig(buffer, format="png", metadata={"Software": None})
        pictures.append(buffer.getvalue())
    assert pictures[0] == pictures[1]
    assert dict(mpl.rcParams) == before


def test_the_worked_example_adds_up() -> None:
    words = [text.get_text() for text in one_patch_figure().axes[0].texts]
    numbers = [word.strip("$") for word in words]
    # 0.9 + 0.6 + 0.9 - 0.3 = 2.1 and (1 - 2 + 1 + 1)/2 = 0.5; then 2.6, / 2, ReLU, * 3.
    assert any(word.endswith("w=2.1") for word in numbers)
    assert any(word.endswith("=0.5") for word in numbers)
    assert [word for word in numbers if word in {"2.6", "1.3", "3.9"}] == [
        "2.6", "1.3", "1.3", "3.9"
    ]  # fmt: skip


@pytest.mark.parametrize("eye", EYES)
def test_palette_stays_distinguishable(eye: str) -> None:
    seen = {name: lab(EYES[eye] @ linear_rgb(colour)) for name, colour in style.PALETTE.items()}
    for first, second in combinations(seen, 2):
        assert np.linalg.norm(seen[first] - seen[second]) > 20, f"{first} and {second}"


@pytest.mark.parametrize("meaning", style.PALETTE)
def test_palette_is_visible_on_white(meaning: str) -> None:
    colour = style.PALETTE[meaning]
    assert contrast_with_white(colour) >= 3
    assert contrast_with_white(style.text_colour(colour)) >= 4.5


def test_text_tones_can_be_read_on_white() -> None:
    assert contrast_with_white(style.INK) >= 7
    assert contrast_with_white(style.MUTED) >= 7


def test_no_meaning_rests_on_colour_alone() -> None:
    assert style.LOOKS.keys() == style.PALETTE.keys()
    assert {name: entry.colour for name, entry in style.LOOKS.items()} == style.PALETTE
    assert len({entry.marker for entry in style.LOOKS.values()}) == len(style.LOOKS)
    assert len({entry.linestyle for entry in style.LOOKS.values()}) == len(style.LOOKS)


def test_look_draws_what_it_promises() -> None:
    (line,) = plt.figure().add_subplot().plot([0, 1], [0, 1], **style.look("spurious", marker=True))
    assert line.get_color() == style.SPURIOUS
    assert line.get_marker() == "X"
    assert "marker" not in style.look("global")
    with pytest.raises(ValueError, match="no look is called 'winner'; choose one of global"):
        style.look("winner")


def test_tint_runs_from_white_to_the_colour() -> None:
    assert style.tint(style.GLOBAL, 0) == "#ffffff"
    assert style.tint(style.GLOBAL, 1) == style.GLOBAL.lower()
    with pytest.raises(ValueError, match=r"is 1.5; choose a number between 0 and 1"):
        style.tint(style.GLOBAL, 1.5)


def test_labels_say_what_they_are_given() -> None:
    with style.book_style():
        axes = plt.figure().add_subplot()
        assert not axes.spines["top"].get_visible()
        assert "a" in style.label_panel(axes, "a", "loss").get_text()
        label = style.label_directly(axes, "trapped", (0.5, 0.5), style.SPURIOUS)
        axes.figure.canvas.draw()
    assert label.get_text() == "trapped"
    assert label.get_color() == style.text_colour(style.SPURIOUS)
