"""Still pictures of explorers: what they show is what the library computes."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from shortcutlib import exact, minibatch, reduced
from shortcutlib.explorers import (
    BasinExplorer,
    DescentExplorer,
    DissipativityExplorer,
    LandscapeExplorer,
    NoiseExplorer,
    RegularisedExplorer,
    SurfaceExplorer,
    TableExplorer,
    TwoPhasesExplorer,
)
from shortcutlib.explorers.glance import glance
from shortcutlib.explorers.still import Axis, Still, powers
from shortcutlib.explorers.table import EXACT
from shortcutlib.step_sizes import StepSizes
from shortcutlib.success import PRINTED, PRINTED_K
from shortcutlib.teacher import Teacher

DRAWN = [
    BasinExplorer,
    DescentExplorer,
    DissipativityExplorer,
    LandscapeExplorer,
    NoiseExplorer,
    RegularisedExplorer,
    SurfaceExplorer,
    TwoPhasesExplorer,
]
#: Bytes of one explorer's picture.
LARGEST = 20_000


def pictures(html):
    """The SVG pictures of some HTML that have words for those who do not see them."""
    found = re.findall(r"<svg.*?</svg>", html)
    parsed = [ElementTree.fromstring(svg) for svg in found]
    return [svg for svg in parsed if svg.get("role") == "img"]


def points(path):
    return np.array(re.findall(r"[ML](-?[\d.]+),(-?[\d.]+)", path.get("d")), dtype=float)


def lines(svg, look):
    """The drawn lines of a look, as points in pixels."""
    wanted = f"se-line se-{look}"
    return [points(path) for path in svg.iter("path") if path.get("class") == wanted]


@pytest.mark.parametrize("kind", DRAWN)
def test_a_picture_that_stands_for_the_explorer(kind):
    html = kind().picture()
    assert 1000 < len(html) < LARGEST
    assert "<script" not in html
    drawn = pictures(html)
    assert drawn
    for svg in drawn:
        assert len(svg.get("aria-label")) > 40
        assert any(character.isdigit() for character in svg.get("aria-label")) or (
            "border" in svg.get("aria-label")
        )
        # Without a style sheet it has the light theme's colours.
        for path in svg.iter("path"):
            assert path.get("fill") or path.get("stroke") or path.get("class") is None
    assert html in kind().to_html()
    identifiers = re.findall(r'id="([^"]*)"', html)
    assert len(set(identifiers)) == len(identifiers)


def test_the_picture_follows_the_parameters_and_is_made_once(monkeypatch):
    explorer = LandscapeExplorer()
    first = explorer.to_html()
    made = []
    monkeypatch.setattr(LandscapeExplorer, "picture", lambda self: made.append(1) or "<p>new</p>")
    assert explorer.to_html() == first
    explorer.angle = 0.2
    assert "<p>new</p>" in explorer.to_html()
    explorer.to_html()
    assert made == [1]
    # Whoever gives another picture has no need of this one.
    assert "<p>own</p></shortcut-explorer>" in LandscapeExplorer(fallback="<p>own</p>").to_html()
    assert made == [1]


def test_a_glance_is_the_descent():
    teacher = Teacher.section_4(9)
    start = reduced.state(0.4, -1.0, teacher.angle)
    for steps in (
        StepSizes.section_4(9, warmup=300),
        StepSizes.section_4(9, warmup=0),
        # Too long for strides.
        StepSizes.constant(0.3, 0.3),
    ):
        iteration, states = glance(teacher, start, steps)
        run = reduced.descend(teacher, start, steps, iterations=int(iteration[-1]), tolerance=0)
        at = iteration.astype(int)
        assert at[0] == 0
        assert np.all(np.diff(at) > 0)
        for ours, theirs in (
            (states.alignment, run.path.alignment),
            (states.angle, run.path.angle),
            (reduced.loss(teacher, states), run.path.loss),
        ):
            np.testing.assert_allclose(ours, theirs[at], rtol=0, atol=1e-4 * np.max(np.abs(theirs)))
    assert iteration[-1] < 4000


def test_descent_draws_both_runs():
    explorer = DescentExplorer(k=9)
    _, angle, alignment, loss = pictures(explorer.picture())
    for look, warmup in (("global", True), ("spurious se-dashed", False)):
        path = explorer.run(warmup=warmup).path
        high = 10 ** np.ceil(np.log10(path.iteration[-1] + 1))
        (drawn,) = lines(angle, look)
        assert drawn[0, 1] == pytest.approx(30 + 160 * (1 - explorer.angle), abs=0.2)
        for x, y in drawn:
            across = (x - 46) / 250
            top = max(explorer.run(warmup=flag).path.iteration[-1] for flag in (True, False))
            high = 10 ** np.ceil(np.log10(top + 1))
            now = min(round(high**across) - 1, path.iteration[-1])
            near = path.angle[round(now * 0.98) : round(now * 1.02) + 2] / np.pi
            assert near.min() - 0.01 <= 1 - (y - 30) / 160 <= near.max() + 0.01
        (ends,) = lines(alignment, look)
        last = path.alignment[-1] / explorer.teacher.norm_squared
        assert (1 - (ends[-1, 1] - 30) / 160) * 2.4 - 1.2 == pytest.approx(last, abs=0.02)
    assert "after" in loss.get("aria-label")


def test_basins_draw_their_borders():
    explorer = BasinExplorer(k=16)
    teacher = explorer.teacher
    for svg, warmup in zip(pictures(explorer.picture()), (False, True), strict=True):
        drawn = lines(svg, "ink")[0] if len(lines(svg, "ink")) == 2 else np.empty((0, 2))
        across, up = (drawn[:, 0] - 46) / 200 * 2.1 - 1.05, 1.05 - (drawn[:, 1] - 30) / 200 * 2.1
        s = across * teacher.output_sum
        q = exact.separatrix(teacher, explorer.steps(warmup=warmup), s)
        place = (q - s * teacher.output_sum / teacher.k) / (
            np.sqrt(teacher.spread) * teacher.start_radius
        )
        np.testing.assert_allclose(up, place, atol=0.01)
        assert len(drawn) > 10 or warmup
        assert "url(#" in ElementTree.tostring(svg, encoding="unicode")
    # Where several borders are possible, the starts themselves are tried.
    html = BasinExplorer(k=2, output_step=2.0, ratio=3.0).picture()
    assert len(pictures(html)) == 2


def test_noise_draws_plain_descent_and_the_border():
    explorer = NoiseExplorer(k=9, angle=0.4, along=0.3, across=0.5)
    teacher = explorer.teacher
    _, plane = pictures(explorer.picture())
    read = [(1 / 250 * np.pi, -46 / 250 * np.pi), (-2.1 / 160, 1.3 + 30 * 2.1 / 160)]

    def data(look):
        (drawn,) = lines(plane, look)
        return [
            slope * column + offset for column, (slope, offset) in zip(drawn.T, read, strict=True)
        ]

    phi, share = data("shortcut se-dotted")
    np.testing.assert_allclose(share, explorer.border(phi), atol=0.03)
    phi, share = data("ink se-dashed")
    start = minibatch.reduced_state(teacher, explorer.start)
    first = reduced.ReducedState(*(column[0] for column in start))
    path = reduced.descend(teacher, first, explorer.steps, iterations=20_000).path
    here = path.alignment / teacher.norm_squared
    for x, y in zip(phi, share, strict=True):
        # The iterates lie a few pixels apart.
        assert np.min(np.hypot((path.angle - x) / np.pi * 250, (here - y) / 2.1 * 160)) < 6
    assert phi[-1] == pytest.approx(0, abs=0.02)
    assert share[-1] == pytest.approx(1, abs=0.02)
    assert "side of the optimum" in plane.get("aria-label")
    # Where a* is a multiple of 1 there is no border.
    flat = NoiseExplorer(k=2, share=2.0)
    assert flat.teacher.spread == 0
    assert not lines(pictures(flat.picture())[1], "shortcut se-dotted")


def test_the_table_has_all_rates():
    html = TableExplorer().picture()
    for setting, rates in EXACT.items():
        for k, rate in zip(PRINTED_K, rates, strict=True):
            assert f"<td>{rate:.4f}</td>" in html
            assert f"<td>{PRINTED[setting][k]:.4f}</td>" in html


def test_the_surface_without_a_trap_has_no_sheet():
    assert "se-sheet" in SurfaceExplorer().picture()
    html = SurfaceExplorer(k=10, share=3.93).picture()
    assert "se-sheet" not in html
    assert "there is no trap and no border" in html


def test_axes_and_cells():
    axis = Axis(1, 100, "x", powers(0, 2), log=True)
    assert axis.ticks == ((1.0, "1"), (10.0, "10"), (100.0, "10²"))
    np.testing.assert_allclose(axis.share([1, 10, 100, 1000]), [0, 0.5, 1, 1])
    assert powers(-8, -2, 3) == ((1e-8, "10⁻⁸"), (1e-5, "10⁻⁵"), (1e-2, "10⁻²"))
    still = Still("alt & more", axis, axis, title="<b>")
    still.bands(np.array([[0, 0, 1], [-1, 1, 1]]), [("ink", 0.1), ("global", 0.2)])
    (svg,) = pictures(still.svg())
    cells = {
        path.get("fill-opacity"): path.get("d")
        for path in svg.iter("path")
        if path.get("fill-opacity")
    }
    assert cells == {"0.100": "M0,0h2v1h-2z", "0.200": "M2,0h1v1h-1zM1,1h2v1h-2z"}
    assert svg.get("aria-label") == "alt & more"
