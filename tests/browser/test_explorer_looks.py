"""How explorers look and answer: themes, paper, narrow screens, fingers, and without colours."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from explorer_pages import (
    KINDS,
    PHONE,
    Show,
    drag_by_finger,
    drawing,
    page_of,
    settle,
    tap_slider,
    values,
    words,
)
from PIL import Image
from playwright.sync_api import Page

from shortcutlib.explorers import (
    BasinExplorer,
    DescentExplorer,
    DissipativityExplorer,
    Explorer,
    LandscapeExplorer,
    NoiseExplorer,
    RegularisedExplorer,
    SurfaceExplorer,
    TableExplorer,
    TwoPhasesExplorer,
)

MAPS: list[type[Explorer]] = [LandscapeExplorer, RegularisedExplorer, DissipativityExplorer]


def shades(page: Page) -> tuple[float, float]:
    """Brightness of the page beside the picture, and the strongest difference to it in the map.

    As the screen shows them: the map is looked at in its right upper corner, away from lines.
    """
    box = page.locator(".se-stage canvas").bounding_box()
    assert box is not None
    picture = Image.open(io.BytesIO(page.screenshot())).convert("L")
    pixels = np.asarray(picture, dtype=float)
    x, y = round(box["x"]), round(box["y"])
    w, h = round(box["width"]), round(box["height"])
    ground = pixels[y + h // 2, 4]
    corner = pixels[y + 4 : y + h // 8, x + 7 * w // 8 : x + w - 4]
    return ground, float(np.abs(np.median(corner) - ground))


@pytest.mark.parametrize("kind", MAPS)
def test_maps_survive_a_change_of_theme(kind: type[Explorer], show: Show) -> None:
    """The theme's button changes an attribute of the page and nothing else."""
    with show([kind()]) as page:
        page.locator(".se-stage canvas").scroll_into_view_if_needed()
        told = []
        for theme in ("light", "dark", "light", "dark"):
            page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
            ground, difference = shades(page)
            assert ground > 200 if theme == "light" else ground < 60
            assert difference > 15, (kind.kind, theme)
            told.append((ground, difference))
        assert told[:2] == told[2:]
    with show([kind()], theme="dark") as page:
        page.locator(".se-stage canvas").scroll_into_view_if_needed()
        assert shades(page) == pytest.approx(told[1], abs=1)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_paper(kind: type[Explorer], theme: str, show: Show) -> None:
    """White, with dark lines, nothing cut, and what lies behind the axes in its place."""
    with show([kind()], theme=theme, viewport={"width": 1280, "height": 900}) as page:
        # As on paper: the drawing is not made anew, but scaled.
        page.evaluate(
            """() => {
                for (const explorer of shortcutExplorers.all) {
                    explorer.resizing.disconnect();
                    explorer.schedule = () => {};
                    clearTimeout(explorer.later);
                }
            }"""
        )
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 700, "height": 900})
        colours = page.evaluate(
            """() => {
                const style = getComputedStyle(document.querySelector('.shortcut-explorer'));
                const canvas = document.querySelector('.se-stage canvas');
                return [style.backgroundColor, style.color,
                    canvas && getComputedStyle(canvas).filter];
            }"""
        )
        assert colours[:2] == ["rgb(255, 255, 255)", "rgb(27, 31, 36)"]
        assert colours[2] in (None, "none")
        places = page.evaluate(
            """() => [...document.querySelectorAll('.se-stage:has(canvas)')].map(stage =>
                [stage.querySelector('canvas'), stage.querySelector('.se-axes path')].map(node => {
                    const b = node.getBoundingClientRect();
                    return [b.left, b.top, b.right, b.bottom];
                }))"""
        )
        assert len(places) == (kind in MAPS)
        for canvas, frame in places:
            assert canvas == pytest.approx(frame, abs=1.0)
        cut = page.evaluate(
            """() => [...document.querySelectorAll('.shortcut-explorer, .shortcut-explorer *')]
                .filter(n => getComputedStyle(n).overflowY !== 'visible'
                    && !n.closest('.se-hidden') && n.scrollHeight > n.clientHeight + 1
                    && n.clientHeight > 0).map(n => n.outerHTML.slice(0, 80))"""
        )
        assert cut == []
        assert page.locator(".se-readout").is_visible()
        for what in ("button", "input", "select", "summary"):
            for control in page.locator(f".shortcut-explorer {what}").all():
                assert not control.is_visible()
        assert page.locator(":is(.se-stage svg, .se-table)").first.is_visible()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not TableExplorer])
def test_on_a_phone_the_picture_stays_in_sight(kind: type[Explorer], show: Show) -> None:
    with show([kind()], **PHONE) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        opened = page.locator(".se-more")
        if opened.count():
            assert not opened.locator("input").first.is_visible()
            opened.locator("summary").tap()
        for control in page.locator(".se-controls :is(input[type=range], select)").all():
            if not control.is_visible() or control.is_disabled():
                continue
            # Where the focus leads, the control and the picture are both to be seen.
            control.evaluate("node => { scrollTo(0, 0); node.focus(); }")
            place, picture = control.evaluate(
                """node => [node, node.closest('.shortcut-explorer').querySelector('.se-panels')]
                    .map(n => { const b = n.getBoundingClientRect(); return [b.top, b.bottom]; })"""
            )
            assert picture[0] >= -1
            assert picture[1] <= place[0], control.get_attribute("id")
            assert place[1] <= 780
            # And there is room for more than one control.
            assert picture[1] - picture[0] < 400


def test_on_a_phone_the_further_panels_are_reached(show: Show) -> None:
    with show([DescentExplorer()], **PHONE) as page:
        last = page.locator(".se-panel").last
        before = last.bounding_box()
        assert before is not None
        assert before["x"] > 360
        page.locator(".se-panels").evaluate("node => node.scrollTo({left: 9999})")
        page.wait_for_timeout(300)
        after, first = last.bounding_box(), page.locator(".se-panel").first.bounding_box()
        assert after is not None
        assert first is not None
        assert after["x"] + after["width"] <= 360
        # The disc, where the start is dragged, is still there and covers nothing.
        assert first["x"] >= 0
        assert first["x"] + first["width"] <= after["x"] + 1


def test_on_a_phone_the_table_is_whole(show: Show) -> None:
    with show([TableExplorer(trials=100)], **PHONE) as page:
        page.get_by_role("button", name="Run").tap()
        page.wait_for_function("shortcutExplorers.all[0].words.textContent.includes('trials in')")
        settle(page)
        sizes = page.evaluate(
            "(t => [t.scrollWidth, t.clientWidth, t.scrollHeight, t.clientHeight])"
            "(document.querySelector('.se-table'))"
        )
        assert sizes[0] <= sizes[1]
        assert sizes[2] <= sizes[3] + 1, "it scrolls with the page alone"
        heights = page.locator("tbody th[scope=row]").evaluate_all(
            "cells => cells.map(c => c.getBoundingClientRect().height)"
        )
        assert max(heights) < 60
        # The heading stays while the rows scroll by.
        page.locator("tbody tr").nth(14).evaluate("row => row.scrollIntoView()")
        head = page.locator("thead th").first.bounding_box()
        assert head is not None
        assert 0 <= head["y"] < 50


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_told_by_colour_alone(kind: type[Explorer], show: Show) -> None:
    """Lines of two colours differ in their dashes too, marks in their shapes, areas in hatching."""
    with show([kind()]) as page:
        if kind is NoiseExplorer:
            page.wait_for_function("shortcutExplorers.all[0].cloud")
        panels = page.evaluate(
            """() => shortcutExplorers.all[0].drawings.map(({root}) => {
                const seen = [];
                for (const node of root.querySelectorAll('.se-line:not(.se-thin), .se-mark')) {
                    const style = getComputedStyle(node), d = node.getAttribute('d');
                    if (!d) continue;
                    const mark = node.classList.contains('se-mark');
                    // Spots are many marks of one shape: the first, without its place.
                    if (node.classList.contains('se-spots'))
                        seen.push(['mark', style.stroke, d.split('M')[1].replace(/^[^m]*/, '')]);
                    else seen.push(mark ? ['mark', style.fill, d]
                        : ['line', style.stroke, style.strokeDasharray + style.strokeWidth]);
                }
                return seen;
            })"""
        )
        for seen in panels:
            for what in ("line", "mark"):
                forms: dict[str, set[str]] = {}
                for form, colour, shape in seen:
                    if form == what:
                        forms.setdefault(shape, set()).add(colour)
                for shape, colours in forms.items():
                    assert len(colours) == 1, (what, shape, colours)


def test_the_run_on_the_surface_is_dashed_where_it_is_trapped(show: Show) -> None:
    runs = [SurfaceExplorer(), SurfaceExplorer(output_sum=0.5, angle=0.4, alignment=0.3)]
    with show(list(runs)) as page:
        drawn = page.evaluate(
            """() => shortcutExplorers.all.map(e => {
                const look = e.found.code === 1 ? 'se-global' : 'se-spurious';
                const ends = [...e.drawings[0].layer.querySelectorAll(`.se-line.${look}`)]
                    .filter(n => !n.classList.contains('se-edge'))
                    .map(n => n.getAttribute('d').match(/-?[\\d.]+/g).map(Number));
                const key = ([x0, y0, x1, y1]) => [`${x0} ${y0}`, `${x1} ${y1}`];
                const starts = new Set(ends.map(d => key(d)[0]));
                return [ends.length, ends.filter(d => !starts.has(key(d)[1])).length];
            })"""
        )
        # Ends after which no piece begins: one for a whole line, many for dashes.
        (trapped, gaps), (won, whole) = drawn
        assert trapped > 10
        assert won > 10
        assert whole <= 1
        assert gaps > 3


# ---------------------------------------------------------------------------------------------
# Fingers, reduced motion


def test_phases_follow_a_finger(show: Show) -> None:
    with show([TwoPhasesExplorer()], **PHONE) as page:
        before, picture, said = values(page), drawing(page), words(page)
        drag_by_finger(page, -10, 25)
        after = values(page)
        assert after["trace"] < before["trace"] - 0.05
        assert after["size"] < before["size"] - 0.05
        assert drawing(page) != picture
        assert words(page) != said
        check = TwoPhasesExplorer(**after)
        found = page.evaluate("shortcutExplorers.all[0].found.path.inner[0]")
        assert found == pytest.approx(check.first.inner_product, rel=1e-9)
        tap_slider(page, "#phases-teacher", 0.8)
        assert values(page)["teacher"] > 0.4
        check = TwoPhasesExplorer(**values(page))
        found = page.evaluate("shortcutExplorers.all[0].found.path.inner[0]")
        assert found == pytest.approx(check.first.inner_product, rel=1e-9)


def test_phases_respect_reduced_motion(show: Show) -> None:
    with show([TwoPhasesExplorer(d=16, rate=1.5)], reduced_motion="reduce") as page:
        last = page.evaluate("shortcutExplorers.all[0].found.path.iteration.at(-1)")
        page.get_by_role("button", name="Play").click()
        assert values(page)["iteration"] == last
        assert page.get_by_role("button", name="Play").is_visible()
    with show([TwoPhasesExplorer(d=16, rate=1.5)]) as page:
        page.get_by_role("button", name="Play").click()
        page.wait_for_function("shortcutExplorers.all[0].values.iteration > 20")
        page.get_by_role("button", name="Pause").click()
        stopped = values(page)["iteration"]
        assert stopped < last
        page.wait_for_timeout(200)
        assert values(page)["iteration"] == stopped


def test_a_finger_turns_the_surface_and_scrolls_the_page(show: Show) -> None:
    with show([SurfaceExplorer(), BasinExplorer()], **PHONE) as page:
        before, picture = values(page), drawing(page)
        drag_by_finger(page, 60, 6, ".se-turn")
        after = values(page)
        assert after["turn"] == pytest.approx(before["turn"] - 30, abs=8)
        assert after["tilt"] == before["tilt"]
        assert drawing(page) != picture
        # Up and down, the page moves and the picture does not.
        y = page.evaluate("scrollY")
        drag_by_finger(page, 3, -200, ".se-turn")
        assert page.evaluate("scrollY") > y + 100
        assert abs(values(page)["turn"] - after["turn"]) <= 4
        # A turn that the page took over has ended: the next move of the mouse turns nothing.
        settled = values(page)
        page.mouse.move(100, 300)
        page.mouse.move(200, 320)
        assert values(page) == settled


def test_the_surface_follows_its_sliders(show: Show) -> None:
    with show([SurfaceExplorer()], **PHONE) as page:
        for name, share in (("alignment", 0.9), ("share", 0.2), ("k", 0.3)):
            before = drawing(page), words(page)
            tap_slider(page, f"#surface-{name}", share)
            assert (drawing(page), words(page)) != before
            explorer = SurfaceExplorer(**values(page))
            fate = explorer.fate()
            told = "reaches the global optimum" if fate.success[0] else "is trapped"
            assert told in words(page)
            found = page.evaluate("shortcutExplorers.all[0].found")
            assert found["fine"]
            sums, angles = np.array(found["sums"][::5]), np.array(found["angles"][::10]) / np.pi
            heights = np.array(found["heights"])[::5, ::10]
            expected = explorer.border(sums[:, None], angles[None])
            shown = np.isfinite(expected) & np.isfinite(heights)
            assert np.mean(shown) > 0.5
            np.testing.assert_allclose(heights[shown], expected[shown], atol=0.012)
            np.testing.assert_array_equal(heights[~shown], expected[~shown])


# ---------------------------------------------------------------------------------------------
# The surface where there is no trap, or hardly one


@pytest.mark.parametrize("k, share", [(10, 3.93), (4, 2.0), (2, 1.4)])
def test_without_a_trap_there_is_no_border(k: int, share: float, show: Show) -> None:
    explorer = SurfaceExplorer(k=k, share=share)
    assert explorer.fate().success[0]
    with show([explorer]) as page:
        said = words(page)
        assert "there is no trap and no border" in said
        assert "Below the sheet" not in said
        assert page.locator(".se-stage .se-sheet").count() == 0
        assert page.locator(".se-stage .se-mark.se-spurious").count() == 0
        # And back again.
        page.locator("#surface-share").focus()
        page.keyboard.press("Home")
        settle(page)
        assert "Below the sheet" in words(page)
        assert page.locator(".se-stage .se-sheet").count() > 20


def test_just_below_the_threshold_the_page_stays_free(show: Show) -> None:
    """The worst case: a trap that hardly is one, where every run takes long."""
    explorer = SurfaceExplorer(k=10, share=3.85)
    with show([SurfaceExplorer(k=10, share=3.0)]) as page:
        page.evaluate("shortcutExplorers.all[0].costs.length = 0")
        page.evaluate("values => shortcutExplorers.all[0].set(values)", explorer.values())
        # Frames come all the while, and the slider turns the picture.
        for turn in (-40, -20, 0):
            page.evaluate("turn => shortcutExplorers.all[0].set({turn})", turn)
            page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
            drawn = page.evaluate("shortcutExplorers.all[0].words.textContent")
            assert "Below the sheet every start" not in drawn or "has holes there" in drawn
        # The fine sheet, begun when the slider rests, takes longer still, and the picture turns.
        page.wait_for_function("shortcutExplorers.all[0].busy")
        busy, turned = page.evaluate(
            """async () => {
                const [explorer] = shortcutExplorers.all, {root} = explorer.drawings[0];
                const before = root.innerHTML;
                explorer.set({turn: 40});
                await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
                return [explorer.busy, root.innerHTML !== before];
            }"""
        )
        assert busy
        assert turned


def test_without_workers_the_surface_is_coarse(show: Show) -> None:
    with show([]) as page:
        page.add_init_script("delete globalThis.Worker;")
        kinds: list[Explorer] = [SurfaceExplorer(), TwoPhasesExplorer(d=8), TableExplorer()]
        kinds += [DescentExplorer(k=16, output_step=0.3)]
        html = page_of(kinds, "light")
        address = page.url
        page.route("**/page.html", lambda route: route.fulfill(body=html, content_type="text/html"))
        page.goto(address)
        settle(page)
        found = page.evaluate("shortcutExplorers.all[0].found")
        assert len(found["heights"]) == 5
        assert "Below the sheet" in words(page, 0)
        runs = page.evaluate("shortcutExplorers.all[3].view.runs()")
        assert runs["plain"]["exact"]
        page.get_by_role("button", name="Run").click()
        settle(page)
        assert "may not start workers" in words(page, 2)
        explorer: Any = kinds[1]
        inner = page.evaluate("shortcutExplorers.all[1].found.path.inner")
        np.testing.assert_allclose(inner[:50], explorer.run(49).inner_product, rtol=1e-6, atol=1e-9)


def test_a_setting_without_effect_cannot_be_changed(show: Show) -> None:
    with show([RegularisedExplorer()]) as page:
        radius = page.locator("#regularised-radius")
        assert radius.is_disabled()
        page.get_by_label("stay inside a disc").check()
        settle(page)
        assert radius.is_enabled()
        page.get_by_label("stay inside a disc").uncheck()
        settle(page)
        assert radius.is_disabled()
