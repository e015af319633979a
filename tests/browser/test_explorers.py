"""Explorers in a browser: what is drawn and said are the numbers that Python gives."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from book_pages import Visit, watch
from playwright.sync_api import Browser, Locator, Page

from conftest import QuietHandler, QuietServer
from shortcutlib import Teacher, minibatch
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
from shortcutlib.explorers.base import SCRIPTS, SHARED
from shortcutlib.success import PRINTED_K, SETTINGS
from shortcutlib.whereabouts import Place, whereabouts

AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
KINDS = [
    BasinExplorer,
    DescentExplorer,
    DissipativityExplorer,
    LandscapeExplorer,
    RegularisedExplorer,
    NoiseExplorer,
    SurfaceExplorer,
    TableExplorer,
    TwoPhasesExplorer,
]
DARK = """:root { --pst-color-background: #14181e; --pst-color-text-base: #ced6dd;
    --pst-color-text-muted: #9ca4af; --pst-color-border: #48566b; }
    body { background: #14181e; color: #ced6dd; }"""

PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 780},
    "has_touch": True,
    "is_mobile": True,
}

Show = Callable[..., contextlib.AbstractContextManager[Page]]


def page_of(explorers: list[Explorer], theme: str) -> str:
    """A page with some explorers and nothing else."""
    names = (*SHARED, *dict.fromkeys(f"{explorer.kind}.js" for explorer in explorers))
    scripts = "".join(f'<script defer src="{name}"></script>' for name in names)
    elements = "".join(explorer.to_html() for explorer in explorers)
    return (
        f'<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<title>Explorers</title><link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="explorers.css">'
        f"<style>{DARK if theme == 'dark' else ''}</style>{scripts}</head>"
        f"<body><main><h1>Explorers</h1>{elements}</main></body></html>"
    )


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Show]:
    """Open a page with explorers: ``with show([explorer], http=True) as page: ...``."""
    for script in SCRIPTS.iterdir():
        shutil.copy(script, tmp_path)
    handler = functools.partial(QuietHandler, directory=str(tmp_path))

    @contextlib.contextmanager
    def shown(
        explorers: list[Explorer],
        *,
        http: bool = False,
        theme: str = "light",
        fragment: str = "",
        scripts: bool = True,
        **options: Any,
    ) -> Iterator[Page]:
        options.setdefault("viewport", {"width": 1000, "height": 900})
        (tmp_path / "page.html").write_text(page_of(explorers, theme), encoding="utf-8")
        where = address if http else tmp_path.as_uri()
        context = browser.new_context(java_script_enabled=scripts, **options)
        try:
            visit = Visit(context.new_page())
            watch(context, visit)
            visit.page.goto(f"{where}/page.html{fragment}", wait_until="load")
            if scripts:
                settle(visit.page)
            yield visit.page
            assert visit.troubles == []
        finally:
            context.close()

    with QuietServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        yield shown
        server.shutdown()


def settle(page: Page) -> None:
    """Wait until everything is drawn, finely too."""
    page.evaluate(
        """async () => {
            const drawn = e => e.spoken.textContent === e.words.textContent && e.costs.length;
            for (let i = 0; i < 100; i++) {
                await new Promise(r => setTimeout(r, 100));
                if (shortcutExplorers.all.every(drawn)) return;
            }
            throw new Error('the explorers do not come to rest');
        }"""
    )


def values(page: Page, number: int = 0) -> dict[str, Any]:
    return page.locator(".shortcut-explorer").nth(number).evaluate("host => host.explorer.values")


def words(page: Page, number: int = 0) -> str:
    return page.locator(".se-readout").nth(number).inner_text()


def drawing(page: Page, number: int = 0) -> str:
    return page.locator(".se-panels").nth(number).inner_html()


def centre(page: Page) -> tuple[float, float]:
    """Where the handle is, in pixels of the window."""
    handle = page.locator(".se-handle")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize("http", [False, True])
def test_all_kinds_live_on_one_page(http: bool, show: Show) -> None:
    explorers = [*(kind() for kind in KINDS), BasinExplorer(k=16)]
    with show(explorers, http=http) as page:
        ids = page.locator(".shortcut-explorer").evaluate_all("x => x.map(y => y.explorer.id)")
        assert ids == [*(kind.kind for kind in KINDS), "basins-2"]
        for number, explorer in enumerate(explorers):
            assert values(page, number) == pytest.approx(explorer.values(), rel=1e-5)
            assert len(words(page, number)) > 20
        duplicates = page.evaluate(
            "() => { const ids = [...document.querySelectorAll('[id]')].map(n => n.id);"
            "return ids.length - new Set(ids).size; }"
        )
        assert duplicates == 0
        # A change in one leaves its twin alone.
        last = len(explorers) - 1
        twin = words(page, last), drawing(page, last)
        page.locator("#basins-share").focus()
        page.keyboard.press("ArrowRight")
        settle(page)
        assert values(page)["share"] == pytest.approx(0.26)
        assert (words(page, last), drawing(page, last)) == twin


def check_descent(page: Page) -> None:
    """The drawing and the words are those of the Python class with the same parameters."""
    explorer = DescentExplorer(**values(page))
    runs = page.evaluate("() => shortcutExplorers.all[0].view.runs()")
    said = words(page)
    for name, warmup in (("warm", True), ("plain", False)):
        run = explorer.run(warmup=warmup)
        assert runs[name]["iterations"] == run.iterations
        assert f"({run.iterations:,} iterations)" in said
        at = np.array(runs[name]["path"]["iteration"])
        for key, theirs in (
            ("angle", run.path.angle),
            ("loss", run.path.loss),
            ("output", run.path.output_distance),
            ("filter", run.path.filter_distance),
        ):
            scale = np.max(np.abs(theirs))
            np.testing.assert_allclose(runs[name][key], theirs[at], rtol=0, atol=1e-9 * scale)
    assert f"q₀ = {float(explorer.start.alignment):.4g}" in said.replace("−", "-")


def test_descent_follows_mouse_and_keyboard(show: Show) -> None:
    with show([DescentExplorer()]) as page:
        check_descent(page)
        before, picture = values(page), drawing(page)
        x, y = centre(page)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 20, y - 30, steps=4)
        page.mouse.move(x + 40, y - 60, steps=4)
        page.mouse.up()
        settle(page)
        after = values(page)
        assert after["along"] > before["along"] + 0.2
        assert after["across"] > before["across"] + 0.3
        assert drawing(page) != picture
        check_descent(page)
        page.locator(".se-handle").focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Shift+ArrowDown")
        settle(page)
        assert values(page)["along"] == pytest.approx(after["along"] - 0.01)
        assert values(page)["across"] == pytest.approx(after["across"] - 0.1)
        check_descent(page)
        page.locator("#descent-warmup").focus()
        page.keyboard.press("Home")
        page.get_by_label("k, as a number", exact=True).fill("9")
        page.keyboard.press("Tab")
        settle(page)
        assert (values(page)["k"], values(page)["warmup"]) == (9, 0)
        check_descent(page)


def drag_by_finger(page: Page, dx: float, dy: float) -> None:
    """Draw the handle with a finger, in two movements."""
    x, y = centre(page)
    client = page.context.new_cdp_session(page)
    for kind, points in (
        ("touchStart", [{"x": x, "y": y}]),
        ("touchMove", [{"x": x + dx / 2, "y": y + dy / 2}]),
        ("touchMove", [{"x": x + dx, "y": y + dy}]),
        ("touchEnd", []),
    ):
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    settle(page)


def tap_slider(page: Page, selector: str, share: float) -> None:
    """Tap a slider at a share of its length."""
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
    settle(page)


def test_descent_follows_a_finger(show: Show) -> None:
    with show([DescentExplorer()], **PHONE) as page:
        before = values(page)
        drag_by_finger(page, 30, -40)
        assert values(page)["along"] > before["along"] + 0.1
        assert values(page)["across"] > before["across"] + 0.15
        check_descent(page)
        # A tap on the disc brings the point there.
        svg = page.locator(".se-stage svg").first.bounding_box()
        assert svg is not None
        page.touchscreen.tap(svg["x"] + 0.3 * svg["width"], svg["y"] + 0.3 * svg["height"])
        settle(page)
        assert values(page)["along"] < 0
        check_descent(page)


def test_descent_plays_pauses_and_respects_reduced_motion(show: Show) -> None:
    with show([DescentExplorer()]) as page:
        page.get_by_role("button", name="Play").click()
        page.wait_for_function("shortcutExplorers.all[0].values.iteration > 20")
        page.get_by_role("button", name="Pause").click()
        stopped = values(page)["iteration"]
        page.wait_for_timeout(200)
        assert values(page)["iteration"] == stopped
        settle(page)
        assert "At iteration" in words(page)
    with show([DescentExplorer()], reduced_motion="reduce") as page:
        page.get_by_role("button", name="Play").click()
        explorer = DescentExplorer()
        last = max(explorer.run(warmup=flag).iterations for flag in (True, False))
        assert values(page)["iteration"] == pytest.approx(last, rel=1e-5)


def check_basins(page: Page, number: int = 0) -> None:
    explorer = BasinExplorer(**values(page, number))
    found = (
        page.locator(".shortcut-explorer")
        .nth(number)
        .evaluate(
            "host => { const {plain, warm} = host.explorer.found;"
            "return [plain.probability, warm.probability]; }"
        )
    )
    for ours, warmup in zip(found, (False, True), strict=True):
        theirs = explorer.probability(warmup=warmup)
        assert ours == pytest.approx(theirs.probability, abs=1e-6 + theirs.error_estimate)
        assert f"{ours:.5f}" in words(page, number)


def test_basins_give_the_exact_probability(show: Show) -> None:
    explorers = [
        BasinExplorer(),
        BasinExplorer(k=64, size=3.0, share=1.2, angle=0.4, warmup=300),
        BasinExplorer(k=16, output_step=0.3, ratio=2.0, angle=0.6),
    ]
    with show(explorers) as page:
        for number in range(3):
            check_basins(page, number)
        picture = drawing(page)
        page.locator("#basins-angle").focus()
        page.keyboard.press("ArrowLeft")
        settle(page)
        assert drawing(page) != picture
        check_basins(page)
        box = page.locator("#basins-warmup").bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + box["height"] / 2)
        settle(page)
        assert values(page)["warmup"] != 1000
        check_basins(page)


def test_basins_follow_a_finger(show: Show) -> None:
    with show([BasinExplorer()], **PHONE) as page:
        picture, said = drawing(page), words(page)
        tap_slider(page, "#basins-share", 0.5)
        assert values(page)["share"] > 0.5
        assert drawing(page) != picture
        assert words(page) != said
        check_basins(page)


def test_basins_say_when_there_may_be_several_borders(show: Show) -> None:
    with show([BasinExplorer(k=2, output_step=2.0, ratio=3.0)]) as page:
        assert "several borders" in words(page)


def check_landscape(page: Page) -> None:
    explorer = LandscapeExplorer(**values(page))
    found = page.evaluate("() => shortcutExplorers.all[0].found")
    angle, position = explorer.gradient()
    assert found["loss"] == pytest.approx(explorer.loss(), rel=1e-9)
    assert found["slopeAngle"] == pytest.approx(angle, rel=1e-9, abs=1e-12)
    assert found["slopePosition"] == pytest.approx(position, rel=1e-9, abs=1e-12)
    minimum = explorer.spurious_kind.value == "local minimum"
    assert found["minimum"] == minimum
    assert f"loss = {explorer.loss():.4g}"[:10] in words(page)
    label = "local minimum" if minimum else "no minimum: a saddle"
    assert label in page.locator(".se-stage").inner_text()


def test_landscape_follows_mouse_and_keyboard(show: Show) -> None:
    with show([LandscapeExplorer()]) as page:
        check_landscape(page)
        before = values(page)
        x, y = centre(page)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x - 50, y + 40, steps=5)
        page.mouse.up()
        settle(page)
        after = values(page)
        assert after["angle"] < before["angle"]
        assert after["position"] < before["position"]
        check_landscape(page)
        page.keyboard.press("ArrowRight")
        settle(page)
        assert values(page)["angle"] == pytest.approx(after["angle"] + 0.01)
        check_landscape(page)
        page.locator("#landscape-fraction").focus()
        page.keyboard.press("End")
        settle(page)
        check_landscape(page)
        assert "no minimum" in words(page)


def check_dissipativity(page: Page) -> None:
    explorer = DissipativityExplorer(**values(page))
    found = page.evaluate("() => shortcutExplorers.all[0].found")
    worst = explorer.worst()
    assert found["slack"] == pytest.approx(explorer.slack(), rel=1e-9, abs=1e-12)
    ours = [found["worst"][name] for name in ("slack", "angle", "share")]
    assert ours == pytest.approx([worst.slack, worst.angle, worst.share], rel=1e-9, abs=1e-12)
    said = words(page)
    for repaired, ending in ((False, "as printed"), (True, "with the best constants")):
        holds = explorer.map(repaired=repaired, multiple=1.0).holds()
        assert f"{'holds' if holds else 'fails'} {ending}" in said
    inside = explorer.map().inside(explorer.angle * np.pi, explorer.position)
    assert ("inside the region" in said) == bool(inside)
    # What violates the lemma is hatched, and only that.
    hatched = page.locator('.se-stage path[fill^="url"]').get_attribute("d")
    assert bool(hatched) == (worst.slack < -1e-12)
    assert f"worst: {worst.slack:.3g}".replace("-", "−") in page.locator(".se-stage").inner_text()


def test_dissipativity_follows_mouse_and_keyboard(show: Show) -> None:
    with show([DissipativityExplorer()]) as page:
        check_dissipativity(page)
        before = values(page)
        x, y = centre(page)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y + 30, steps=5)
        page.mouse.up()
        settle(page)
        after = values(page)
        assert after["angle"] > before["angle"]
        assert after["position"] < before["position"]
        check_dissipativity(page)
        page.keyboard.press("ArrowRight")
        settle(page)
        assert values(page)["angle"] == pytest.approx(after["angle"] + 0.01)
        page.locator("#dissipativity-multiple").focus()
        page.keyboard.press("End")
        settle(page)
        check_dissipativity(page)
        # The list of lemmas, and the sliders that each of them has.
        choice = page.get_by_label("lemma", exact=True)
        assert not page.locator("#dissipativity-delta").is_visible()
        choice.select_option("12")
        page.get_by_label("c ÷ the lemma's, as a number").fill("1")
        page.keyboard.press("Tab")
        settle(page)
        assert values(page)["lemma"] == 12
        assert page.locator("#dissipativity-delta").is_visible()
        check_dissipativity(page)
        assert "fails as printed" in words(page)
        page.get_by_label("best constants").check()
        settle(page)
        check_dissipativity(page)
        choice.focus()
        page.keyboard.press("ArrowUp")
        settle(page)
        assert values(page)["lemma"] == 11
        check_dissipativity(page)


def test_dissipativity_says_when_there_is_nothing_to_judge(show: Show) -> None:
    with show([DissipativityExplorer(lemma=12, m=1.2, largest=0.8)]) as page:
        assert "the region is empty" in words(page)
        assert "says nothing" in words(page)
    with show([DissipativityExplorer(k=1, position=1.4)]) as page:
        assert "no student meets the lemma's conditions" in words(page)


def test_dissipativity_follows_a_finger(show: Show) -> None:
    with show([DissipativityExplorer()], **PHONE) as page:
        before, picture = values(page), drawing(page)
        drag_by_finger(page, 60, -30)
        assert values(page)["angle"] > before["angle"] + 0.05
        assert values(page)["position"] > before["position"] + 0.05
        assert drawing(page) != picture
        check_dissipativity(page)
        tap_slider(page, "#dissipativity-multiple", 0.9)
        assert values(page)["multiple"] > 1.5
        check_dissipativity(page)


def test_landscape_follows_a_finger(show: Show) -> None:
    with show([LandscapeExplorer()], **PHONE) as page:
        before, picture = values(page), drawing(page)
        drag_by_finger(page, -40, 30)
        assert values(page)["angle"] < before["angle"] - 0.05
        assert values(page)["position"] < before["position"] - 0.05
        assert drawing(page) != picture
        check_landscape(page)
        tap_slider(page, "#landscape-fraction", 0.8)
        assert values(page)["fraction"] > 0.6
        check_landscape(page)


@pytest.mark.parametrize("way", ["keyboard", "touch"])
def test_table_needs_no_mouse(way: str, show: Show) -> None:
    explorer = TableExplorer(trials=100, k16=False, k36=False, k49=False, k64=False, k81=False)
    options = PHONE if way == "touch" else {}
    with show([explorer], **options) as page:
        before = page.locator("tbody tr").count()

        def press(thing: Locator, key: str) -> None:
            if way == "touch":
                thing.tap()
            else:
                thing.focus()
                page.keyboard.press(key)

        press(page.get_by_label("k = 100"), "Space")
        settle(page)
        assert values(page)["k100"] is False
        assert page.locator("tbody tr").count() == before - len(SETTINGS)
        press(page.get_by_role("button", name="Run"), "Enter")
        page.wait_for_function("shortcutExplorers.all[0].words.textContent.includes('trials in')")
        counts = page.evaluate("shortcutExplorers.all[0].counts")
        for setting in SETTINGS:
            assert counts[f"{setting} 25"]["won"] == explorer.count(setting, 25)


def check_phases(page: Page) -> None:
    explorer = TwoPhasesExplorer(**values(page))
    found = page.evaluate("() => shortcutExplorers.all[0].found")
    last = min(150, found["path"]["iteration"][-1])
    ours = explorer.run(last)
    for name, theirs in (
        ("distance", ours.distance),
        ("inner", ours.inner_product),
        ("potential", ours.potential),
        ("loss", ours.loss),
    ):
        scale = np.max(np.abs(theirs))
        shown = found["path"][name][: last + 1]
        np.testing.assert_allclose(shown, theirs, rtol=0, atol=1e-9 * scale)
    direction = "away from" if explorer.first.inner_product < 0 else "towards"
    assert f"points {direction} the teacher" in words(page)
    assert f"inner product is {explorer.first.inner_product:.4g}"[:22] in words(page)
    away = ours.inner_product <= 0
    if away[0] and not away.all():
        assert found["turn"] == int(np.argmin(away))


def test_phases_follow_mouse_and_keyboard(show: Show) -> None:
    with show([TwoPhasesExplorer()]) as page:
        check_phases(page)
        assert page.evaluate("() => shortcutExplorers.all[0].found.cells") > 30
        before, picture = values(page), drawing(page)
        x, y = centre(page)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x - 30, y - 15, steps=5)
        page.mouse.up()
        settle(page)
        after = values(page)
        assert after["trace"] < before["trace"] - 0.1
        assert after["size"] > before["size"]
        assert drawing(page) != picture
        check_phases(page)
        page.keyboard.press("ArrowRight")
        settle(page)
        assert values(page)["trace"] == pytest.approx(after["trace"] + 0.01)
        check_phases(page)
        page.locator("#phases-d").focus()
        page.keyboard.press("Home")
        settle(page)
        assert values(page)["d"] == 8
        check_phases(page)
        assert "points towards the teacher" in words(page)
        page.locator("#phases-teacher").focus()
        page.keyboard.press("End")
        settle(page)
        check_phases(page)


def check_regularised(page: Page) -> None:
    explorer = RegularisedExplorer(**values(page))
    found = page.evaluate("() => shortcutExplorers.all[0].found")
    assert found["fate"] == explorer.fate()
    end = explorer.path()[-1]
    np.testing.assert_allclose(found["end"], end, rtol=0, atol=1e-7)
    said = words(page)
    assert f"objective {found['line']:.4g}" in said
    assert ("There is a spurious" in said) == explorer.trapped()
    marks = page.locator(".se-stage .se-text").all_text_contents()
    assert ("spurious" in marks) == explorer.trapped()


def test_regularised_follows_mouse_and_keyboard(show: Show) -> None:
    with show([RegularisedExplorer()]) as page:
        check_regularised(page)
        before, picture = values(page), drawing(page)
        x, y = centre(page)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 120, y - 130, steps=5)
        page.mouse.up()
        settle(page)
        after = values(page)
        assert after["w"] > before["w"] + 1
        assert after["v"] > before["v"] + 1
        assert drawing(page) != picture
        check_regularised(page)
        page.locator(".se-handle").focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Shift+ArrowDown")
        settle(page)
        assert values(page)["w"] == pytest.approx(after["w"] - 0.01)
        assert values(page)["v"] == pytest.approx(after["v"] - 0.1)
        check_regularised(page)
        page.get_by_label("λ, weight decay, as a number", exact=True).fill("0.5")
        page.keyboard.press("Tab")
        settle(page)
        assert "no spurious" in words(page)
        check_regularised(page)
        page.get_by_label("stay inside a disc").check()
        page.locator("#regularised-decay").focus()
        page.keyboard.press("Home")
        settle(page)
        assert values(page)["decay"] == 0
        check_regularised(page)
        assert "There is a spurious" in words(page)


def test_regularised_follows_a_finger(show: Show) -> None:
    with show([RegularisedExplorer()], **PHONE) as page:
        before, picture = values(page), drawing(page)
        drag_by_finger(page, 40, -50)
        assert values(page)["w"] > before["w"] + 0.3
        assert values(page)["v"] > before["v"] + 0.3
        assert drawing(page) != picture
        check_regularised(page)
        tap_slider(page, "#regularised-decay", 0.8)
        assert values(page)["decay"] > 0.6
        check_regularised(page)


@pytest.mark.parametrize("http", [False, True])
def test_table_counts_what_python_counts(http: bool, show: Show) -> None:
    explorer = TableExplorer(trials=700, seed=11, k36=False, k49=False, k64=False, k81=False)
    with show([explorer], http=http) as page:
        page.get_by_role("button", name="Run").click()
        page.wait_for_function("shortcutExplorers.all[0].words.textContent.includes('trials in')")
        settle(page)
        counts = page.evaluate("shortcutExplorers.all[0].counts")
        assert len(counts) == 9
        for setting in SETTINGS:
            for k in (16, 25, 100):
                count = explorer.count(setting, k)
                assert counts[f"{setting} {k}"] == {"won": count, "open": 0, "trials": 700}
                assert f"{count / 700:.4f}" in page.locator("tbody").inner_text()


def test_table_can_be_cancelled(show: Show) -> None:
    with show([TableExplorer(trials=20_000)]) as page:
        assert page.locator("tbody tr").count() == len(SETTINGS) * len(PRINTED_K)
        page.get_by_role("button", name="Run").click()
        page.get_by_role("button", name="Cancel").click()
        settle(page)
        assert words(page).startswith("Cancelled.")
        assert page.get_by_role("button", name="Run").is_visible()


def test_the_surface_is_the_border_and_turns(show: Show) -> None:
    with show([SurfaceExplorer()]) as page:
        page.wait_for_function("shortcutExplorers.all[0].found.fine")
        found = page.evaluate("shortcutExplorers.all[0].found")
        explorer = SurfaceExplorer()
        sums, angles = np.array(found["sums"]), np.array(found["angles"]) / np.pi
        heights = np.array([[np.nan if x is None else x for x in row] for row in found["heights"]])
        expected = explorer.border(sums[:, None], angles[None])
        inside = np.isfinite(expected) & (np.abs(expected) < 2.4) & np.isfinite(heights)
        assert np.mean(inside) > 0.8
        assert np.max(np.abs(heights - expected)[inside]) < 0.012
        assert found["code"] == 2
        assert "is trapped. So that quarter is no basin of attraction" in words(page)
        before = drawing(page)
        turn = page.locator(".se-turn")
        turn.scroll_into_view_if_needed()
        box = turn.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 40, y + 20, steps=4)
        page.mouse.up()
        assert values(page)["turn"] == -58 - 20
        assert values(page)["tilt"] == 16 + 10
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Shift+ArrowUp")
        assert values(page)["turn"] == -81
        assert values(page)["tilt"] == 41
        settle(page)
        assert drawing(page) != before
        # The sheet itself has not been computed again.
        assert page.evaluate("shortcutExplorers.all[0].found.heights") == found["heights"]


def test_the_surface_tells_other_starts(show: Show) -> None:
    cases = (
        SurfaceExplorer(output_sum=-1.0, angle=0.52, alignment=-0.1),
        SurfaceExplorer(output_sum=0.5, angle=0.4, alignment=0.3),
        SurfaceExplorer(k=30, share=0.3, output_sum=1.0, angle=0.6, alignment=-0.5),
    )
    with show(list(cases)) as page:
        page.wait_for_function("shortcutExplorers.all.every(e => e.found.fine)")
        for number, explorer in enumerate(cases):
            won = bool(explorer.fate().success[0])
            assert ("reaches the global optimum" in words(page, number)) == won
        assert "no basin" in words(page, 0)
        assert "in its invariant part" in words(page, 1)


@pytest.mark.parametrize("http", [False, True])
def test_the_cloud_is_what_python_simulates(http: bool, show: Show) -> None:
    explorer = NoiseExplorer(k=5, batch=2, runs=20)
    with show([explorer], http=http) as page:
        page.wait_for_function(
            f"(shortcutExplorers.all[0].cloud || {{}}).iteration === {explorer.iterations}"
        )
        settle(page)
        cloud = page.evaluate("shortcutExplorers.all[0].cloud")
        expected = explorer.simulate()
        np.testing.assert_allclose(cloud["phi"], expected.angle, rtol=1e-6)
        reduced = minibatch.reduced_state(explorer.teacher, expected)
        places = whereabouts(explorer.teacher, reduced)
        assert cloud["places"] == places.tolist()
        best, trap = (int(np.sum(places == place)) for place in (Place.OPTIMUM, Place.TRAP))
        said = words(page)
        assert f"After 75 of 75 steps: {best} of 20 runs near the optimum" in said
        assert f"{trap} near the trap" in said
        assert f"near step size × k² = {explorer.threshold:.3g}" in said
        border = page.evaluate("shortcutExplorers.all[0].border")
        middle = float(explorer.border(np.pi * 0.5))
        assert border[16] == pytest.approx(middle, abs=1e-3)
        page.get_by_role("button", name="Other random numbers").click()
        page.wait_for_function(
            "(shortcutExplorers.all[0].cloud || {}).seed === 1"
            f" && shortcutExplorers.all[0].cloud.iteration === {explorer.iterations}"
        )
        other = page.evaluate("shortcutExplorers.all[0].cloud")
        assert other["phi"] != cloud["phi"]
        page.locator(".se-handle").focus()
        page.keyboard.press("Shift+ArrowUp")
        assert values(page)["across"] == 0.0


def test_long_clouds_are_begun_and_stopped_by_the_reader(show: Show) -> None:
    """The largest settings need 14 thousand million pairs of random numbers: not unasked."""
    explorer = NoiseExplorer(k=36, step=0.5, batch=128, runs=200)
    with show([explorer], http=True) as page:
        settle(page)
        said = words(page)
        assert f"{round(explorer.calls / 1e6):,} million pairs of random numbers" in said
        assert "press Run" in said
        assert page.evaluate("shortcutExplorers.all[0].cloud") is None
        page.get_by_role("button", name="Run").click()
        # The first snapshot is the start itself; the worker goes on.
        page.wait_for_function("(shortcutExplorers.all[0].cloud || {}).iteration > 0")
        page.get_by_role("button", name="Stop").click()
        settle(page)
        assert "Stopped." in words(page)
        seen = page.evaluate("shortcutExplorers.all[0].cloud.iteration")
        page.wait_for_timeout(800)
        assert page.evaluate("shortcutExplorers.all[0].cloud.iteration") == seen < 100
        # Smaller settings begin by themselves again.
        page.evaluate("shortcutExplorers.all[0].set({ k: 5, step: 8, batch: 1, runs: 10 })")
        page.wait_for_function("(shortcutExplorers.all[0].cloud || {}).iteration === 38")


def test_a_link_and_python_bring_the_same_state(show: Show) -> None:
    changed = {"k": 36, "along": 0.25, "warmup": 0}
    with show([DescentExplorer(), DescentExplorer(**changed)], http=True) as page:
        page.locator("#descent-2-k").focus()
        page.keyboard.press("ArrowRight")
        copied = page.locator(".se-copied").nth(1)
        page.get_by_role("button", name="Copy link").nth(1).click()
        link = copied.input_value()
        page.get_by_role("button", name="Copy as Python").nth(1).click()
        code = copied.input_value()
        state = values(page, 1)
    assert state["k"] == 37
    variables: dict[str, Any] = {}
    *first, last = code.split("; ")
    exec("; ".join([*first, f"explorer = {last}"]), variables)
    assert variables["explorer"].values() == pytest.approx(state, rel=1e-5)
    fragment = "#" + link.split("#")[1]
    with show([DescentExplorer(), DescentExplorer()], fragment=fragment) as page:
        assert values(page, 1) == state
        assert values(page, 0)["k"] == 25
        page.get_by_role("button", name="Reset").nth(1).click()
        assert values(page, 1)["k"] == 25


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_accessible(theme: str, show: Show) -> None:
    with show([kind() for kind in KINDS], theme=theme, http=True) as page:
        page.add_script_tag(path=str(AXE))
        found = page.evaluate(
            """async () => (await axe.run(document)).violations.map(v =>
                [v.id, v.nodes.map(n => n.html.slice(0, 200) + n.failureSummary)])"""
        )
        assert found == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_tab_key_visits_everything_in_reading_order(kind: type[Explorer], show: Show) -> None:
    with show([kind()]) as page:
        stops = page.evaluate(
            """() => {
                const all = [...document.querySelectorAll(
                    '.shortcut-explorer :is(button, input, select, [tabindex])')].filter(
                    n => n.getClientRects().length && !n.disabled && n.tabIndex >= 0);
                globalThis.stops = all;
                return all.length;
            }"""
        )
        assert stops >= len(kind.controls())
        visited = []
        for _ in range(stops):
            page.keyboard.press("Tab")
            visited.append(page.evaluate("stops.indexOf(document.activeElement)"))
        assert visited == list(range(stops))
        # What is read from left to right and down is visited in that order.
        places = page.evaluate(
            "stops.map(n => { const r = n.getBoundingClientRect(); return [r.top, r.bottom]; })"
        )
        assert all(later[1] > earlier[0] for earlier, later in itertools.pairwise(places))


@pytest.mark.parametrize("width", [360, 768])
def test_nothing_sticks_out(width: int, show: Show) -> None:
    with show([kind() for kind in KINDS], viewport={"width": width, "height": 800}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == width
        # Every control can be reached and is large enough for a finger.
        sizes = page.evaluate(
            "[...document.querySelectorAll("
            "'button, select, input[type=range], input[type=number]')]"
            ".filter(n => n.offsetParent).map(n => n.getBoundingClientRect().height)"
        )
        assert min(sizes) >= 24


def test_without_scripts_words_remain(show: Show) -> None:
    explorer = BasinExplorer(fallback="<p>The static figure.</p>")
    with show([explorer], scripts=False) as page:
        assert page.get_by_text("The static figure.").is_visible()


def test_paper_has_the_picture_alone(show: Show) -> None:
    with show([DescentExplorer()]) as page:
        page.emulate_media(media="print")
        assert page.locator(".se-stage svg").first.is_visible()
        assert page.locator(".se-readout").is_visible()
        assert not page.locator(".se-controls").is_visible()
        assert not page.get_by_role("button", name="Reset").is_visible()


def test_in_a_kernel_changes_travel_both_ways(show: Show) -> None:
    explorer = LandscapeExplorer(k=7)
    # A widget's page has none of the book's scripts: everything is in the module.
    with show([], http=True) as page:
        page.evaluate("() => { delete globalThis.shortcutExplorers; }")
        page.evaluate(
            """async ([module, state]) => {
                const address = URL.createObjectURL(new Blob([module], {type: 'text/javascript'}));
                const widget = (await import(address)).default;
                const listeners = {};
                globalThis.saved = [];
                globalThis.model = {
                    get: name => state[name],
                    set: (name, value) => { state[name] = value; saved.push([name, value]); },
                    save_changes: () => saved.push('saved'),
                    on: (name, f) => { listeners[name] = f; },
                    off: name => { delete listeners[name]; },
                    arrive: (name, value) => {
                        state[name] = value;
                        listeners[`change:${name}`]();
                    },
                    listening: () => Object.keys(listeners).length,
                };
                const el = document.querySelector('main');
                globalThis.leave = widget.render({model, el});
            }""",
            [
                str(explorer._esm),
                json.loads(
                    json.dumps({**explorer.values(), "_specification": explorer.specification()})
                ),
            ],
        )
        settle(page)
        check_landscape(page)
        assert page.get_by_role("button", name="Copy link").count() == 0
        page.locator("#landscape-k").focus()
        page.keyboard.press("ArrowRight")
        assert page.evaluate("saved") == [["k", 8], "saved"]
        page.evaluate("model.arrive('angle', 0.25)")
        settle(page)
        assert values(page)["angle"] == 0.25
        assert page.evaluate("saved.length") == 2, "what came from Python does not go back"
        check_landscape(page)
        page.evaluate("leave()")
        assert page.evaluate("[model.listening(), shortcutExplorers.all.length]") == [0, 0]


def test_pages_of_the_book_load_only_what_they_need(tmp_path: Path) -> None:
    from sphinx.application import Sphinx

    source = tmp_path / "source"
    source.mkdir()
    extensions = Path(__file__).resolve().parents[2] / "book" / "_extensions"
    (source / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(extensions)!r})\nextensions = ['explorers']\n"
        f"html_static_path = [{str(SCRIPTS)!r}]\n"
    )
    element = BasinExplorer().to_html()
    (source / "index.rst").write_text(f"Title\n=====\n\n.. raw:: html\n\n   {element}\n")
    (source / "plain.rst").write_text(":orphan:\n\nOther\n=====\n")
    out = tmp_path / "out"
    Sphinx(str(source), str(source), str(out), str(out / "trees"), "html", status=None).build()
    page = (out / "index.html").read_text(encoding="utf-8")
    places = [page.index(f"_static/{name}") for name in (*SHARED, "basins.js")]
    assert places == sorted(places)
    assert 'defer="defer" src="_static/core.js' in page
    assert "explorers.css" in page
    assert "table.js" not in page
    plain = (out / "plain.html").read_text(encoding="utf-8")
    assert "core.js" not in plain
    assert "explorers.css" not in plain
    teacher = Teacher.section_4(25)
    assert BasinExplorer().teacher.output_sum == pytest.approx(teacher.output_sum)
