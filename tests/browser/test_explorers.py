"""Explorers in a browser: what is drawn and said are the numbers that Python gives."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from explorer_pages import (
    KINDS,
    PHONE,
    Show,
    centre,
    drag_by_finger,
    drawing,
    settle,
    spelled,
    tap_slider,
    values,
    words,
)
from playwright.sync_api import Locator, Page

from shortcutlib import StopReason, Teacher, minibatch
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
from shortcutlib.explorers.base import SCRIPTS
from shortcutlib.explorers.base import scripts as scripts_of
from shortcutlib.explorers.table import EXACT
from shortcutlib.success import PRINTED, PRINTED_K, SETTINGS
from shortcutlib.whereabouts import Place, whereabouts
from shortcutlib.wilson import wilson_interval

AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"


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
        assert runs[name]["exact"]
        assert runs[name]["stop"] == (1 if run.stop is StopReason.GLOBAL_OPTIMUM else 2)
        at = np.array(runs[name]["path"]["iteration"])
        for key, theirs in (
            ("angle", run.path.angle),
            ("loss", run.path.loss),
            ("output", run.path.output_distance),
            ("filter", run.path.filter_distance),
        ):
            scale = np.max(np.abs(theirs))
            np.testing.assert_allclose(runs[name][key], theirs[at], rtol=0, atol=1e-9 * scale)
    teacher, path = explorer.teacher, explorer.path
    # The iterate that is kept next.
    at = runs["warm"]["path"]["iteration"]
    now = next((i for i in at if i >= explorer.iteration), at[-1])
    ends = {1: "reaches the global optimum", 2: "is trapped at the spurious point"}
    told = [
        f"{ends[runs[name]['stop']]} ({runs[name]['iterations']:,} iterations)"
        for name in ("warm", "plain")
    ]
    assert said == (
        f"s₀ = {spelled(float(explorer.start.output_sum))}, "
        f"q₀ = {spelled(float(explorer.start.alignment))}, "
        f"S = {spelled(teacher.output_sum)}, N = {spelled(teacher.norm_squared)}. "
        f"With warm-up the run {told[0]}; without it {told[1]}. "
        f"At iteration {now:,} with warm-up: φ = {spelled(path.angle[now] / np.pi)} π, "
        f"q = {spelled(path.alignment[now])}, loss = {spelled(path.loss[now])}."
    )


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
    teacher, student = explorer.teacher, explorer.student
    assert words(page).startswith(
        f"Student at φ = {spelled(explorer.angle)} π, t = {spelled(explorer.position)}: "
        f"q = {spelled(float(student.alignment))}, loss = {spelled(explorer.loss())}, "
        f"slopes ∂L/∂φ = {spelled(angle)}, ∂L/∂t = {spelled(position)}. "
    )
    ratio, limit = teacher.output_sum**2 / teacher.norm_squared, (explorer.k + np.pi - 1) / np.pi
    assert words(page).endswith(
        f"S²/N = {spelled(ratio)} is {'below' if minimum else 'not below'} "
        f"(k + π − 1)/π = {spelled(limit)}: the spurious point is "
        f"{'a local minimum' if minimum else 'no minimum'}."
    )
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
    assert f"worst: {spelled(worst.slack, 3)}" in page.locator(".se-stage").inner_text()
    unit = "N |w − w*|²" if explorer.lemma == 11 else "N"
    assert f"the least slack is {spelled(explorer.slack(), 3)} {unit}" in said
    assert (
        f"the worst in the region is {spelled(worst.slack, 3)} {unit} "
        f"at φ = {spelled(worst.angle / np.pi, 3)} π, q = {spelled(worst.share, 3)} N. "
    ) in said


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
        before = page.locator("tbody th[scope=row]").count()

        def press(thing: Locator, key: str) -> None:
            if way == "touch":
                thing.tap()
            else:
                thing.focus()
                page.keyboard.press(key)

        press(page.get_by_label("k = 100"), "Space")
        settle(page)
        assert values(page)["k100"] is False
        assert page.locator("tbody th[scope=row]").count() == before - len(SETTINGS)
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
    first = explorer.first
    assert words(page).startswith(
        f"At first the inner product is {spelled(first.inner_product)}: the gradient points "
        f"{direction} the teacher; g = {spelled(first.potential)}, "
        f"distance {spelled(float(np.sqrt(first.squared_distance)))}. "
    )
    away = ours.inner_product <= 0
    if away[0] and not away.all():
        assert found["turn"] == int(np.argmin(away))


def test_phases_follow_mouse_and_keyboard(show: Show) -> None:
    with show([TwoPhasesExplorer()]) as page:
        check_phases(page)
        assert page.evaluate("() => shortcutExplorers.all[0].found.cells.length") > 30
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
    best = explorer.best_linear()
    assert f"The best linear predictor (v = 0) has objective {spelled(best)}. " in said
    start, objective = explorer.path()[0], float(explorer.example.value(*end))
    assert said.startswith(f"From ({spelled(start[0])}, {spelled(start[1])}) the descent ")
    assert f", objective {spelled(objective)}. " in said
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
        rows = page.locator("tbody").evaluate_all(
            "bodies => bodies.map(b => [...b.rows].slice(1).map("
            "r => [...r.cells].map(c => c.textContent)))"
        )
        for setting in SETTINGS:
            for k in (16, 25, 100):
                count = explorer.count(setting, k)
                assert counts[f"{setting} {k}"] == {"won": count, "open": 0, "trials": 700}
                row = rows[SETTINGS.index(setting)][(16, 25, 100).index(k)]
                low, high = wilson_interval(count, 700)
                assert row[:3] == [str(k), f"{count / 700:.4f}", f"{low:.4f} to {high:.4f}"]
                for text, rate, digits in (
                    (row[3], PRINTED[setting][k], 4),
                    (row[4], EXACT[setting][PRINTED_K.index(k)], 6),
                ):
                    assert text == f"{rate:.{digits}f} {'✓' if low <= rate <= high else '✗'}"


def test_table_can_be_cancelled(show: Show) -> None:
    with show([TableExplorer(trials=20_000)]) as page:
        assert page.locator("tbody th[scope=row]").count() == len(SETTINGS) * len(PRINTED_K)
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
        x, y = centre(page)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 20, y - 30, steps=4)
        page.mouse.up()
        settle(page)
        check_cloud(page)


def check_cloud(page: Page) -> None:
    """The runs are over, and as Python simulates them."""
    explorer, cloud = NoiseExplorer(**values(page)), page.evaluate("shortcutExplorers.all[0].cloud")
    assert cloud["iteration"] == explorer.iterations
    np.testing.assert_allclose(cloud["phi"], explorer.simulate().angle, rtol=1e-6)


def test_clouds_follow_a_finger(show: Show) -> None:
    with show([NoiseExplorer(k=5, batch=2, runs=20)], **PHONE) as page:
        before, picture = values(page), drawing(page)
        drag_by_finger(page, 12, -18)
        after = values(page)
        assert after["along"] > before["along"] + 0.1
        assert after["across"] > before["across"] + 0.1
        assert drawing(page) != picture
        check_cloud(page)
        tap_slider(page, "#noise-batch", 0.6)
        assert values(page)["batch"] > 5
        check_cloud(page)


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_clouds_respect_reduced_motion(motion: str, show: Show) -> None:
    with show([NoiseExplorer()], reduced_motion=motion) as page:
        seen = page.evaluate(
            """async () => {
                const [explorer] = shortcutExplorers.all, seen = new Set();
                explorer.set({seed: 5});
                do {
                    await new Promise(done => requestAnimationFrame(done));
                    if (explorer.cloud) seen.add(explorer.cloud.iteration);
                } while (!explorer.resting);
                return [...seen];
            }"""
        )
        last = NoiseExplorer().iterations
        assert seen[-1] == last
        assert len(seen) == 1 if motion == "reduce" else len(seen) > 3


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


def varied(kind: type[Explorer]) -> dict[str, Any]:
    """A value for every parameter, none of them the default."""
    chosen: dict[str, Any] = {}
    for name, control in kind.controls().items():
        default = control["default"]
        if control["kind"] == "flag":
            chosen[name] = not default
        elif control["kind"] == "choice":
            chosen[name] = next(value for value, _ in control["options"] if value != default)
        else:
            low, high = control["low"], control["high"]
            value = low + 0.37 * (high - low)
            if control["scale"] == "log" and low > 0:
                value = low * (high / low) ** 0.37
            value = float(f"{value:.3g}")
            chosen[name] = round(value) if control["kind"] == "whole" else value
            assert chosen[name] != default
    return chosen


@pytest.mark.parametrize("kind", KINDS)
def test_a_link_and_python_bring_the_same_state(kind: type[Explorer], show: Show) -> None:
    """Beginning with a state that is not the default, as chapters do."""
    chapter = varied(kind)
    defaults = {name: control["default"] for name, control in kind.controls().items()}
    *_, last = chapter
    # All defaults but one: what a link relative to the defaults would leave out.
    wanted = {**defaults, last: chapter[last]}
    with show([kind(), kind(**chapter)], http=True) as page:
        host = page.locator(".shortcut-explorer").nth(1)
        assert values(page, 1) == pytest.approx(chapter, rel=1e-5)
        host.evaluate("(host, wanted) => host.explorer.set(wanted)", wanted)
        state = values(page, 1)
        assert state == pytest.approx(wanted, rel=1e-5)
        copied = page.locator(".se-copied").nth(1)
        page.get_by_role("button", name="Copy link").nth(1).click()
        link = copied.input_value()
        page.get_by_role("button", name="Copy as Python").nth(1).click()
        code = copied.input_value()
        page.get_by_role("button", name="Reset").nth(1).click()
        assert values(page, 1) == pytest.approx(chapter, rel=1e-5)
        # To follow the link in the same page is to open it.
        key = kind.controls()[last]["key"]
        page.evaluate("link => { location.href = link; }", link)
        page.wait_for_function(
            """state => {
                const {values} = shortcutExplorers.all[1];
                return Object.keys(state).every(name => values[name] === state[name]);
            }""",
            arg=state,
        )
        # What a link leaves out is as the chapter shows it, and nonsense changes nothing.
        fragment = f"#explorer={kind.kind}-2&{key}={float(defaults[last]):g}&nothing=3"
        page.evaluate("fragment => { location.hash = fragment; }", fragment)
        page.wait_for_function(
            "([name, value]) => shortcutExplorers.all[1].values[name] === value",
            arg=[last, defaults[last]],
        )
        assert values(page, 1) == pytest.approx({**chapter, last: defaults[last]}, rel=1e-5)
        nonsense = f"#explorer={kind.kind}-2&{key}=x"
        page.evaluate("fragment => { location.hash = fragment; }", nonsense)
        page.wait_for_function(
            "([name, value]) => shortcutExplorers.all[1].values[name] !== value",
            arg=[last, defaults[last]],
        )
        assert values(page, 1) == pytest.approx(chapter, rel=1e-5)
        assert values(page, 0) == pytest.approx(defaults, rel=1e-5)
    variables: dict[str, Any] = {}
    *first, call = code.split("; ")
    exec("; ".join([*first, f"explorer = {call}"]), variables)
    assert variables["explorer"].values() == pytest.approx(state, rel=1e-5)
    with show([kind(), kind(**chapter)], fragment="#" + link.split("#")[1]) as page:
        assert values(page, 1) == state
        assert values(page, 0) == pytest.approx(defaults, rel=1e-5)
        page.get_by_role("button", name="Reset").nth(1).click()
        assert values(page, 1) == pytest.approx(chapter, rel=1e-5)


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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [360, 1000])
def test_without_scripts_a_picture_remains(kind: type[Explorer], width: int, show: Show) -> None:
    viewport = {"width": width, "height": 900}
    with show([kind()], scripts=False, viewport=viewport) as page:
        for media in ("screen", "print"):
            page.emulate_media(media=media)  # type: ignore[arg-type]
            assert page.get_by_text("run this cell in a notebook").is_visible()
            if kind is TableExplorer:
                assert page.locator("table td").last.is_visible()
                continue
            assert page.get_by_role("img").count() >= 1
            for picture in page.get_by_role("img").all():
                box = picture.bounding_box()
                assert box is not None
                assert box["width"] > 200
                assert box["x"] + box["width"] <= width


def test_another_fallback_may_be_given(show: Show) -> None:
    explorer = BasinExplorer(fallback="<p>The static figure.</p>")
    with show([explorer], scripts=False) as page:
        assert page.get_by_text("The static figure.").is_visible()
        assert not page.get_by_text("run this cell").is_visible()


def test_paper_has_the_picture_alone(show: Show) -> None:
    with show([DescentExplorer()]) as page:
        page.emulate_media(media="print")
        assert page.locator(".se-stage svg").first.is_visible()
        assert page.locator(".se-readout").is_visible()
        assert not page.locator(".se-controls").first.is_visible()
        assert not page.get_by_role("button", name="Reset").is_visible()


def render_widget(page: Page, explorer: Explorer, **further: Any) -> None:
    """Show an explorer as a kernel's widget; its messages to the kernel are kept in `saved`."""
    page.evaluate("() => { delete globalThis.shortcutExplorers; }")
    state = {**explorer.values(), "_specification": explorer.specification(), **further}
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
        [str(explorer._esm), json.loads(json.dumps(state))],
    )
    settle(page)


def test_in_a_kernel_changes_travel_both_ways(show: Show) -> None:
    # A widget's page has none of the book's scripts: everything is in the module.
    with show([], http=True) as page:
        render_widget(page, LandscapeExplorer(k=7))
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


def test_in_a_kernel_the_table_brings_its_counts(show: Show) -> None:
    explorer = TableExplorer(trials=200, seed=3, **{f"k{k}": k == 16 for k in PRINTED_K})
    with show([], http=True) as page:
        render_widget(page, explorer)
        page.get_by_role("button", name="Run").click()
        page.wait_for_function("saved.length")
        ((name, results), said) = page.evaluate("saved")
        assert (name, said) == ("results", "saved")
        assert results == {f"{s} 16": explorer.count(s, 16) for s in SETTINGS}
        # The trait takes them as they come.
        explorer.set_state({"results": results})
        assert explorer.results == results


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
    places = [page.index(f"_static/{name}") for name in scripts_of("basins")]
    assert places == sorted(places)
    assert 'defer="defer" src="_static/core.js' in page
    assert "explorers.css" in page
    assert "table.js" not in page
    plain = (out / "plain.html").read_text(encoding="utf-8")
    assert "core.js" not in plain
    assert "explorers.css" not in plain
    teacher = Teacher.section_4(25)
    assert BasinExplorer().teacher.output_sum == pytest.approx(teacher.output_sum)
