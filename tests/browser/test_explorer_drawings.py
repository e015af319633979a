"""What explorers draw, read as a reader reads it, is what Python computes.

Lines and marks are taken from the picture in pixels and read by the ticks and numbers of its axes;
bitmaps are read pixel by pixel.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from explorer_pages import (
    Show,
    axes,
    check_curve,
    place_of,
    settle,
    spelled,
    values,
    vertices,
)
from numpy.typing import NDArray
from playwright.sync_api import Page

from shortcutlib import exact, minibatch, population, reduced
from shortcutlib.explorers import (
    BasinExplorer,
    DescentExplorer,
    DissipativityExplorer,
    LandscapeExplorer,
    NoiseExplorer,
    RegularisedExplorer,
    SurfaceExplorer,
    TwoPhasesExplorer,
)
from shortcutlib.linear_bound.example_1 import Kind
from shortcutlib.reslink.circulant import circulant_start, measure
from shortcutlib.whereabouts import Place, whereabouts


def bitmap(page: Page) -> NDArray[np.uint8]:
    """Red, green, blue and opacity of the bitmap behind the first panel."""
    wide, tall, data = page.evaluate(
        """() => {
            const {canvas} = shortcutExplorers.all[0].drawings[0];
            const {width, height} = canvas;
            const {data} = canvas.getContext('2d').getImageData(0, 0, width, height);
            return [width, height, [...data]];
        }"""
    )
    return np.array(data, dtype=np.uint8).reshape(tall, wide, 4)


def bitmap_lies_in_the_axes(page: Page) -> None:
    canvas, frame = page.evaluate(
        """() => {
            const {canvas, axes} = shortcutExplorers.all[0].drawings[0];
            const box = node => { const b = node.getBoundingClientRect();
                return [b.left, b.top, b.right, b.bottom]; };
            return [box(canvas), box(axes.querySelector('path'))];
        }"""
    )
    assert canvas == pytest.approx(frame, abs=0.6)


def handle_of(page: Page, panel: int) -> NDArray[np.float64]:
    """Where the handle is, in pixels of its drawing."""
    moved = page.evaluate(
        "panel => shortcutExplorers.all[0].drawings[panel].top.firstChild"
        ".getAttribute('transform')",
        panel,
    )
    return np.array(re.findall(r"-?[\d.]+", moved), dtype=float)


def check_descent(page: Page) -> None:
    explorer = DescentExplorer(**values(page))
    for panel, name, log in (
        (1, "angle", "x"),
        (2, "alignment", "x"),
        (3, "loss", "xy"),
        (4, "output_distance", "xy"),
        (5, "filter_distance", "xy"),
    ):
        for line, warmup in (("warm", True), ("plain", False)):
            path = explorer.run(warmup=warmup).path
            y = getattr(path, name)
            if name == "alignment":
                y = y / explorer.teacher.norm_squared
            check_curve(page, panel, line, path.iteration + 1.0, y, log=log)
            # The mark is at the iteration chosen, or at the end of a run that is over.
            across, up = axes(page, panel, log=log)
            now = min(explorer.iteration, path.iteration[-1])
            x, y_now = place_of(page, panel, f"{line} now")
            assert across(np.array(x)) == pytest.approx(now + 1, rel=0.05)
            lowest = 1e-8 if "y" in log else -np.inf
            drawn = np.array(up.of(np.maximum(y[now : int(1.03 * now) + 2], lowest)))
            assert drawn.min() - 0.6 <= y_now <= drawn.max() + 0.6
    across, up = axes(page, 0)
    x, y = handle_of(page, 0)
    far = max(1.0, float(np.hypot(explorer.along, explorer.across)))
    assert across(x) == pytest.approx(explorer.along / far, abs=0.01)
    assert up(y) == pytest.approx(explorer.across / far, abs=0.01)


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"k": 4, "size": 0.5, "share": 1.2, "angle": 5 / 12, "warmup": 100, "iteration": 60},
        {"k": 9, "output_step": 0.3, "along": 0.3, "across": -0.9, "iteration": 2000},
    ],
)
def test_descent_draws_its_runs(chosen: dict[str, Any], show: Show) -> None:
    with show([DescentExplorer(**chosen)]) as page:
        check_descent(page)


def test_descent_is_nearly_right_at_once(show: Show) -> None:
    """While a slider moves, long runs are drawn in strides; they end where they should."""
    with show([DescentExplorer(k=16, output_step=0.15, warmup=5000)]) as page:
        exact_runs = page.evaluate("shortcutExplorers.all[0].view.runs()")
        assert exact_runs["plain"]["exact"]
        assert exact_runs["plain"]["iterations"] > 100_000
        # Away and back, so that the run is the same.
        glances, said = page.evaluate(
            """async () => {
                const explorer = shortcutExplorers.all[0];
                const frame = () => new Promise(done => requestAnimationFrame(
                    () => requestAnimationFrame(done)));
                for (const along of [0.01, 0]) {
                    explorer.set({along});
                    await frame();
                }
                return [explorer.view.runs(), explorer.words.textContent];
            }"""
        )
        assert "about" in said
        for name in ("plain", "warm"):
            glance, ours = glances[name], exact_runs[name]
            assert not glance["exact"]
            assert glance["stop"] == ours["stop"]
            assert glance["iterations"] == pytest.approx(ours["iterations"], rel=0.03)
            for quantity in ("angle", "alignment"):
                there = np.interp(
                    glance["path"]["iteration"], ours["path"]["iteration"], ours[quantity]
                )
                np.testing.assert_allclose(glance[quantity], there, atol=2e-3 * np.pi)
        settle(page)
        check_descent(page)


@pytest.mark.parametrize("chosen", [{}, {"k": 25, "fraction": 0.2, "angle": 0.3, "position": 0.1}])
def test_landscape_is_the_loss(chosen: dict[str, Any], show: Show) -> None:
    with show([LandscapeExplorer(**chosen)]) as page:
        explorer = LandscapeExplorer(**values(page))
        teacher = explorer.teacher
        bitmap_lies_in_the_axes(page)
        pixels = bitmap(page)
        tall, wide, _ = pixels.shape
        angle = (np.arange(wide) + 0.5) / wide * np.pi
        control = explorer.controls()["position"]
        low, high = control["low"], control["high"]
        t = (high - (high - low) * (np.arange(tall) + 0.5) / tall)[:, None]
        spurious, optimum = explorer._ends()
        s, q = (spurious[i] + t * (optimum[i] - spurious[i]) for i in (0, 1))
        loss = reduced.loss(teacher, reduced.state(s, q, angle))
        band = 14 * np.sqrt(loss / loss.max())
        clear = np.abs(band - np.round(band)) > 1e-6
        assert np.mean(clear) > 0.99
        expected = np.minimum(120, 8 + 9 * np.floor(band))
        np.testing.assert_array_equal(pixels[..., 3][clear], expected[clear])
        key = page.locator(".se-panel-title").inner_text()
        assert re.search(rf"0\s+{re.escape(spelled(loss.max(), 3))}$", key)
        # The optima, the student, and the path that leads from it.
        across, up = axes(page, 0)
        for mark, (x, y) in (("global", (0.0, 1.0)), ("spurious", (np.pi, 0.0))):
            at = place_of(page, 0, mark)
            assert (across(at[0]), up(at[1])) == (
                pytest.approx(x, abs=0.01),
                pytest.approx(y, abs=0.01),
            )
        saddle = population.saddle_angle(teacher)
        assert saddle is not None
        at = place_of(page, 0, "saddle")
        assert across(at[0]) == pytest.approx(saddle, abs=0.01)
        # On the level q = 0.
        assert up(at[1]) == pytest.approx(-spurious[1] / (optimum[1] - spurious[1]), abs=0.01)
        at = handle_of(page, 0)
        assert across(at[0]) == pytest.approx(explorer.angle * np.pi, abs=0.01)
        assert up(at[1]) == pytest.approx(explorer.position, abs=0.01)
        run = reduced.descend(
            teacher, explorer.student, explorer.steps, iterations=4000, tolerance=1e-5
        )
        height = (run.path.alignment - spurious[1]) / (optimum[1] - spurious[1])
        order = np.argsort(run.path.angle)
        check_curve(page, 0, "path", run.path.angle[order], height[order], pixels=1.0)
        # The arrow leads downhill.
        arrow = vertices(page, 0, "gradient")[:2]
        step = np.diff([across(arrow[:, 0]), up(arrow[:, 1])])[:, 0]
        assert step @ np.array(explorer.gradient()) < 0


@pytest.mark.parametrize("chosen", [{}, {"k": 16, "share": 0.3, "angle": 0.5, "warmup": 100}])
def test_basins_draw_the_separatrix(chosen: dict[str, Any], show: Show) -> None:
    with show([BasinExplorer(**chosen)]) as page:
        explorer = BasinExplorer(**values(page))
        teacher = explorer.teacher
        for panel, warmup in ((0, False), (1, True)):
            across, up = axes(page, panel)
            drawn = vertices(page, panel, "border")
            assert len(drawn) > 10
            u, height = across(drawn[:, 0]), up(drawn[:, 1])
            s = np.clip(u, -1, 1) * teacher.output_sum
            q = exact.separatrix(teacher, explorer.steps(warmup=warmup), s, tolerance=1e-6)
            inside = np.isfinite(q)
            assert np.mean(inside) > 0.9
            wanted = (q - s * teacher.output_sum / teacher.k) / (
                np.sqrt(teacher.spread) * teacher.start_radius
            )
            np.testing.assert_allclose(height[inside], wanted[inside], atol=0.008)
            # The hatched area ends there, and lies below.
            area = vertices(page, panel, "lost")
            assert up(area[:, 1].max()) < up(drawn[:, 1].max()) + 1e-9


@pytest.mark.parametrize("chosen", [{}, {"turn": 30.0, "tilt": 40.0, "share": 0.5, "k": 4}])
def test_surface_draws_the_border_as_it_is_turned(chosen: dict[str, Any], show: Show) -> None:
    with show([SurfaceExplorer(**chosen)]) as page:
        page.wait_for_function("shortcutExplorers.all[0].found.fine")
        explorer = SurfaceExplorer(**values(page))
        found = page.evaluate("shortcutExplorers.all[0].found")
        sums, angles = np.array(found["sums"]), np.array(found["angles"])
        heights = explorer.border(sums[:, None], angles[None] / np.pi)
        turn, tilt = np.deg2rad([explorer.turn, explorer.tilt])
        # To the eye's right, up, and towards the eye, for a box of side 2.
        right = np.array([-np.sin(turn), np.cos(turn), 0])
        towards = np.array([np.cos(tilt) * np.cos(turn), np.cos(tilt) * np.sin(turn), np.sin(tilt)])
        upwards = np.cross(towards, right)

        def project(phi: Any, s: Any, q: Any) -> NDArray[np.float64]:
            x, y, z = 2 * phi / np.pi - 1, 2 * (s + 1) / 5 - 1, q / 1.5
            point = np.array([x, y, z])
            return np.array([170 + 92 * (right @ point), 160 - 92 * (upwards @ point)])

        paths = page.evaluate(
            "[...shortcutExplorers.all[0].drawings[0].layer.querySelectorAll('.se-sheet')]"
            ".map(path => path.getAttribute('d'))"
        )
        numbers = [np.array(re.findall(r"-?[\d.]+", d), dtype=float).reshape(-1, 2) for d in paths]
        corners = np.concatenate(numbers)
        expected = np.array(
            [
                project(phi, s, np.clip(heights[i, j], -1.5, 1.5))
                for i, s in enumerate(sums)
                for j, phi in enumerate(angles)
            ]
        )
        away = np.linalg.norm(corners[:, None] - expected[None], axis=2).min(axis=1)
        assert len(paths) > 100
        assert away.max() < 1.0
        # Away and back: the sheet is the fine one again.
        page.evaluate(
            """async () => {
                const explorer = shortcutExplorers.all[0], {share} = explorer.values;
                for (const there of [share + 0.1, share]) {
                    explorer.set({share: there});
                    await new Promise(done => setTimeout(done, 50));
                }
            }"""
        )
        settle(page)
        assert page.evaluate("shortcutExplorers.all[0].found.fine")
        again = page.evaluate("shortcutExplorers.all[0].found.heights")
        np.testing.assert_array_equal(again, found["heights"])
        # The marks: the start, the optimum and the trap, each with a shape of its own.
        marks = page.evaluate(
            "[...shortcutExplorers.all[0].drawings[0].layer.querySelectorAll('.se-mark')]"
            ".map(m => [m.getAttribute('class'), m.getAttribute('d'),"
            " m.getAttribute('transform')])"
        )
        assert len({d for _, d, _ in marks}) == 3
        places = {c: np.array(re.findall(r"-?[\d.]+", t), dtype=float) for c, _, t in marks}
        start = project(explorer.angle * np.pi, explorer.output_sum, explorer.alignment)
        np.testing.assert_allclose(places["se-mark se-ink"], start, atol=0.1)
        np.testing.assert_allclose(places["se-mark se-global"], project(0, 1, 1), atol=0.1)


def test_phases_draw_the_descent_and_the_plane(show: Show) -> None:
    with show([TwoPhasesExplorer(d=16, rate=1.5, trace=-0.9, size=0.55, iteration=40)]) as page:
        explorer = TwoPhasesExplorer(**values(page))
        found = page.evaluate("shortcutExplorers.all[0].found")
        assert found["whole"]
        last = found["path"]["iteration"][-1]
        assert 200 < last < 5000
        path = explorer.run(last)
        x = np.arange(last + 1) + 1.0
        check_curve(page, 1, "inner", x, path.inner_product, log="x")
        check_curve(page, 1, "potential", x, path.potential, log="x")
        check_curve(page, 2, "distance", x, path.distance, log="xy")
        check_curve(page, 2, "loss", x, path.loss, log="xy")
        across, up = axes(page, 0)
        at = handle_of(page, 0)
        assert across(at[0]) == pytest.approx(explorer.trace, abs=0.01)
        assert up(at[1]) == pytest.approx(explorer.size, abs=0.01)
        # Every cell of the plane by its middle.
        d = page.evaluate("shortcutExplorers.all[0].drawings[0].kept.get('away').getAttribute('d')")
        hatched = np.zeros((22, 40), dtype=bool)
        left, right, top, bottom = page.evaluate(
            "(f => [f.left, f.right, f.top, f.bottom])(shortcutExplorers.all[0].drawings[0].frame)"
        )
        for corner in re.findall(r"M([\d.]+),([\d.]+)h([\d.]+)v([\d.]+)h-([\d.]+)Z", d):
            x0, y0, width, height, back = map(float, corner)
            assert width == back
            first = round((x0 - left) / (right - left) * 40)
            count = round(width / (right - left) * 40)
            row = round((bottom - y0 - height) / (bottom - top) * 22)
            hatched[row, first : first + count] = True
        expected = np.zeros_like(hatched)
        for row in range(22):
            for column in range(40):
                trace = -1.5 + (column + 0.5) / 40 * 2.0
                size = 0.05 + (row + 0.5) / 22 * 0.55
                start = circulant_start(explorer.d, size * np.sqrt(explorer.d), trace=trace)
                expected[row, column] = measure(start, explorer.teacher_column).inner_product < 0
        np.testing.assert_array_equal(hatched, expected)
        assert 0 < np.mean(hatched) < 1


@pytest.mark.parametrize("chosen", [{}, {"angle": 0.6, "along": 0.4, "across": 0.6, "step": 1.0}])
def test_noise_draws_its_runs_and_the_border(chosen: dict[str, Any], show: Show) -> None:
    with show([NoiseExplorer(**{"k": 5, "batch": 8, "runs": 20, **chosen})]) as page:
        explorer = NoiseExplorer(**values(page))
        teacher, end = explorer.teacher, explorer.simulate()
        state = minibatch.reduced_state(teacher, end)
        places = whereabouts(teacher, state)
        across, up = axes(page, 1)
        for name, place in (
            ("neither", Place.NEITHER),
            ("won", Place.OPTIMUM),
            ("lost", Place.TRAP),
        ):
            drawn, here = vertices(page, 1, name), places == place
            assert len(drawn) == np.sum(here)
            share = state.alignment[here] / teacher.norm_squared
            np.testing.assert_allclose(drawn[:, 0], across.of(end.angle[here]), atol=0.3)
            np.testing.assert_allclose(drawn[:, 1], up.of(share), atol=0.3)
        angles = np.array(explorer.extra()["angles"])
        border = explorer.border(angles)
        check_curve(page, 1, "border", angles[np.isfinite(border)], border[np.isfinite(border)])
        # Plain descent, from the start that all runs have.
        first = minibatch.reduced_state(teacher, explorer.start)
        start = reduced.ReducedState(*(column[0] for column in first))
        path = reduced.descend(
            teacher, start, explorer.steps, iterations=explorer.iterations, tolerance=0
        ).path
        drawn = vertices(page, 1, "plain")
        for at, here in ((0, 0), (-1, -1)):
            assert drawn[at, 0] == pytest.approx(across.of(path.angle[here]), abs=0.3)
            share = path.alignment[here] / teacher.norm_squared
            assert drawn[at, 1] == pytest.approx(up.of(share), abs=0.3)
        x, y = across.of(path.angle), up.of(path.alignment / teacher.norm_squared)
        for point in drawn:
            assert np.min(np.hypot(x - point[0], y - point[1])) < 0.3
        at = handle_of(page, 0)
        across, up = axes(page, 0)
        assert across(at[0]) == pytest.approx(explorer.along, abs=0.02)
        assert up(at[1]) == pytest.approx(explorer.across, abs=0.02)


@pytest.mark.parametrize("chosen", [{}, {"epsilon": 0.6, "decay": 0.05, "w": 3.0, "v": 2.0}])
def test_regularised_is_the_objective(chosen: dict[str, Any], show: Show) -> None:
    with show([RegularisedExplorer(**chosen)]) as page:
        explorer = RegularisedExplorer(**values(page))
        bitmap_lies_in_the_axes(page)
        pixels = bitmap(page)
        n = len(pixels)
        place = (np.arange(n) + 0.5) / n * 8 - 4
        value = explorer.example.value(place[None], -place[:, None])
        most = float(explorer.example.value(4.0, 4.0))
        band = 15 * (value / most) ** 0.25
        clear = np.abs(band - np.round(band)) > 1e-6
        expected = np.minimum(130, 6 + 9 * np.floor(band))
        np.testing.assert_array_equal(pixels[..., 3][clear], expected[clear])
        across, up = axes(page, 0)
        drawn = vertices(page, 0, "path")
        path = explorer.path()
        way = np.stack([across(drawn[:, 0]), up(drawn[:, 1])], axis=1)
        away = np.linalg.norm(way[:, None] - path[None], axis=2).min(axis=1)
        assert away.max() < 0.02
        np.testing.assert_allclose(way[[0, -1]], path[[0, -1]], atol=0.02)
        for i, point in enumerate(explorer.points()):
            at = place_of(page, 0, f"point {i}")
            assert (across(at[0]), up(at[1])) == (
                pytest.approx(point.w, abs=0.03),
                pytest.approx(point.v, abs=0.03),
            )
            look = page.evaluate(
                "i => shortcutExplorers.all[0].drawings[0].kept.get(`point ${i}`)"
                ".getAttribute('class')",
                i,
            )
            assert ("se-global" in look) == (point.kind is Kind.BEST)
        # Zero loss on the dotted lines.
        for name in ("right valley", "left valley"):
            line = vertices(page, 0, name)
            w, v = across(line[:, 0]), up(line[:, 1])
            steep = np.abs(1 + explorer.epsilon * v) + explorer.epsilon * np.abs(w)
            assert np.max(np.abs(w * (1 + explorer.epsilon * v) - 1) / steep) < 0.02


@pytest.mark.parametrize(
    "chosen", [{}, {"lemma": 11, "multiple": 1.3}, {"lemma": 12, "angle": 0.2, "position": 0.3}]
)
def test_dissipativity_is_the_slack(chosen: dict[str, Any], show: Show) -> None:
    with show([DissipativityExplorer(**chosen)]) as page:
        explorer = DissipativityExplorer(**values(page))
        drawn = explorer.map()
        bitmap_lies_in_the_axes(page)
        pixels = bitmap(page).astype(int)
        tall, wide, _ = pixels.shape
        angle = (np.arange(wide) + 0.5) / wide * np.pi
        share = (2.5 - 3.5 * (np.arange(tall) + 0.5) / tall)[:, None]
        slack = drawn.slack(angle, np.broadcast_to(share, (tall, wide)))
        steps = np.array([0.01, 0.03, 0.1, 0.3, 1.0])
        band = np.sum(np.abs(slack)[..., None] > steps, axis=-1)
        inside = drawn.inside(angle, np.broadcast_to(share, (tall, wide)))
        expected = np.where(inside, 34 + 24 * band, 10 + 8 * band)
        expected[~np.isfinite(slack)] = 0
        levels = np.concatenate([[0.0], steps])
        clear = np.abs(np.abs(slack)[..., None] - levels).min(axis=-1) > 1e-9
        np.testing.assert_array_equal(pixels[..., 3][clear], expected[clear])
        # Blue where the slack is not negative, orange where it is.
        shown = clear & np.isfinite(slack)
        blue = pixels[..., 2] > pixels[..., 0]
        np.testing.assert_array_equal(blue[shown], (slack >= 0)[shown])
        # The lines of equal slack; a pixel is worth the slope of the slack.
        across, up = axes(page, 0)
        for level in (-0.1, 0, 0.03):
            line = vertices(page, 0, f"level {level}")
            if not len(line):
                continue
            x, y = across(line[:, 0]), up(line[:, 1])
            here = drawn.slack(np.clip(x, 0, np.pi), y)
            near = [
                drawn.slack(np.clip(x + dx * across.slope, 0, np.pi), y + dy * up.slope)
                for dx in (-3, 0, 3)
                for dy in (-3, 0, 3)
            ]
            slope = np.max(near, axis=0) - np.min(near, axis=0)
            assert np.all(np.abs(here - level) <= slope + 1e-3)
        worst = drawn.worst()
        at = place_of(page, 0, "worst")
        assert across(at[0]) == pytest.approx(worst.angle, abs=0.02)
        assert up(at[1]) == pytest.approx(worst.share, abs=0.02)
        # The hatching: corners inside the region, where the slack is not positive.
        area = vertices(page, 0, "violation")
        if len(area):
            x, y = across(area[:, 0]), up(area[:, 1])
            assert np.all(drawn.slack(np.clip(x, 0, np.pi), y) < 5e-3)
            assert x.max() <= drawn.largest_angle + 0.02
