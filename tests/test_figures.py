"""The figures show what the library computes, and the stored picture is the one it draws."""

import importlib.util
import io
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from shortcutlib import StepSizes, Teacher, population, reduced
from shortcutlib.dissipativity import Teachers
from shortcutlib.figures.basins import basin_figure
from shortcutlib.figures.dissipativity import (
    kinds_figure,
    progress_figure,
    regions_figure,
    slack_figure,
)
from shortcutlib.figures.landscape import best_loss, landscape_figure, slice_loss, valley_figure
from shortcutlib.figures.phase_plane import phase_plane_figure
from shortcutlib.figures.solution_paths import PANELS, paths_figure
from shortcutlib.figures.style import GLOBAL, SPURIOUS
from shortcutlib.figures.success_rates import rates_figure
from shortcutlib.slack_maps import LEMMAS, SlackMap
from shortcutlib.success import success_rate

mpl.use("Agg")
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def teacher():
    return Teacher.from_numbers(k=6, p=4, output_sum=1.5, norm_squared=4.0, angle=1.0)


def turned(teacher, angle):
    side = population.tangent_basis(teacher.filter)[:, 0]
    return np.cos(angle) * teacher.filter + np.sin(angle) * side


@pytest.mark.parametrize("angle", [0.0, 0.7, 2.5, np.pi])
@pytest.mark.parametrize("position", [-0.5, 0.0, 0.4, 1.0])
def test_slice_of_the_landscape_is_the_loss(teacher, angle, position):
    spurious = population.spurious_point(teacher).a
    a = spurious + position * (teacher.output_weights - spurious)
    expected = population.loss(turned(teacher, angle), a, teacher)
    assert float(slice_loss(teacher, angle, position)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("angle", [0.0, 1.0, 2.0, np.pi])
def test_valley_floor_is_the_least_loss(teacher, angle):
    v = turned(teacher, angle)
    floor = float(best_loss(teacher, angle))
    gradient = population.output_gradient(v, np.zeros(6), teacher)
    matrix = (np.ones((6, 6)) + (np.pi - 1) * np.eye(6)) / (2 * np.pi)
    best = -np.linalg.solve(matrix, gradient)
    assert floor == pytest.approx(population.loss(v, best, teacher), abs=1e-12)
    # The floor lies on the line between the two optima, so the map shows it.
    grid = slice_loss(teacher, angle, np.linspace(-0.5, 1.5, 4001))
    assert grid.min() == pytest.approx(floor, abs=1e-6)


def test_phase_plane_draws_one_path_for_each_start_by_its_fate():
    teacher = Teacher.section_4(16)
    steps = StepSizes.section_4(16, warmup=0)
    axes = phase_plane_figure(teacher, steps, [-10.0, 5.0]).axes[0]
    colours = [line.get_color() for line in axes.lines if len(line.get_xdata()) > 10]
    assert colours == [SPURIOUS, GLOBAL]


def test_maps_and_valleys_draw_both_kinds_of_teachers(teacher):
    safe = Teacher.from_numbers(k=6, output_sum=4.5, norm_squared=4.0, angle=1.0)
    assert len(landscape_figure({"trap": teacher, "safe": safe}).axes) == 2
    diamonds = [
        line
        for line in valley_figure({"trap": teacher, "safe": safe}).axes[0].lines
        if line.get_marker() == "D"
    ]
    assert len(diamonds) == 1


def test_disc_shows_every_start(rng):
    teacher = Teacher.section_4(16)
    axes = basin_figure(teacher, {"a": StepSizes.section_4(16, warmup=0)}, starts=50, rng=rng).axes[
        0
    ]
    shown = sum(len(line.get_xdata()) for line in axes.lines)
    assert shown == 50


def test_paths_show_the_recorded_numbers():
    teacher = Teacher.section_4(4)
    start = reduced.state(0.0, 1.0, teacher.angle)
    path = reduced.descend(teacher, start, StepSizes.section_4(4, warmup=5), iterations=50).path
    figure = paths_figure({"run": (path, "global")}, warmup=5)
    assert len(figure.axes) == len(PANELS)
    for axes, (name, _) in zip(figure.axes, PANELS, strict=True):
        np.testing.assert_array_equal(axes.lines[0].get_ydata(), getattr(path, name))


def test_rates_show_ours_the_printed_and_the_exact_ones():
    cells = [success_rate("resnet", k, trials=50) for k in (16, 25, 17)]
    axes = rates_figure(cells, {("resnet", k): 0.7 for k in (16, 17, 25)}).axes[0]
    drawn = [np.asarray(line.get_ydata(), dtype=float).tolist() for line in axes.lines]
    assert [cells[0].success_rate, cells[2].success_rate, cells[1].success_rate] in drawn
    assert [0.7042, 0.7354] in drawn
    assert [0.7, 0.7, 0.7] in drawn


def hatched(axes):
    """Outlines of what is hatched on some axes."""
    return [
        path
        for area in axes.collections
        if any(getattr(area, "hatches", None) or [])
        for path in area.get_paths()
        if len(path.vertices)
    ]


def test_pull_of_the_waves_is_minus_the_slope():
    figure = kinds_figure(waves=(0.0, 2.0, 4.0), constant=0.2)
    for above, below in zip(figure.axes[:3], figure.axes[3:], strict=True):
        x, f = above.lines[0].get_data()
        pull = below.lines[0].get_ydata()
        np.testing.assert_allclose(pull[1:-1], (x * np.gradient(f, x))[1:-1], atol=2e-2)
        np.testing.assert_allclose(below.lines[1].get_ydata(), 0.2 * x**2)


def test_maps_hatch_where_a_gradient_pushes_away():
    filters, weights = progress_figure(Teachers.from_share(4, 0.0), [("P", 1.0, 0.5)]).axes
    assert max(np.max(path.vertices[:, 1]) for path in hatched(filters)) == pytest.approx(
        0, abs=1e-9
    )
    # With S = 0 the worst student is x a*: pushed away between x = 1 and (pi - 1)(1 - x) = pi - g.
    outline = np.vstack([path.vertices for path in hatched(weights)])
    assert np.max(outline[:, 1]) <= 1 + 1e-6
    lowest = 1 - np.pi / (np.pi - 1)
    assert np.min(outline[:, 1]) == pytest.approx(lowest, abs=0.02)
    for axes in (filters, weights):
        assert [text.get_text() for text in axes.texts if text.get_text() == "P"] == ["P"]


def test_regions_show_the_run():
    teacher = Teacher.from_numbers(k=9, output_sum=1.0, norm_squared=4.0, angle=1.0)
    path = reduced.descend(
        teacher, reduced.state(0.0, -0.1, 1.0), StepSizes.constant(0.1, 0.1)
    ).path
    axes = regions_figure(path, 4.0, delta=0.5).axes[0]
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), path.alignment / 4.0)
    near = axes.patches[-1]
    assert 4 * np.sin(near.get_width() / 2) ** 2 == pytest.approx(0.5)


@pytest.mark.parametrize("lemma", LEMMAS)
@pytest.mark.parametrize("norm_squared", [0.5, 5.0])
def test_slack_figure_marks_the_worst_point_and_hatches_violations(lemma, norm_squared):
    drawn = SlackMap(lemma, Teachers.from_share(6, 0.1, norm_squared))
    axes = slack_figure({"title": drawn}).axes[0]
    diamond = next(line for line in axes.lines if line.get_marker() == "D")
    worst = drawn.worst()
    assert (diamond.get_xdata()[0], diamond.get_ydata()[0]) == (worst.angle, worst.share)
    assert diamond.get_color() == (GLOBAL if drawn.holds() else SPURIOUS)
    assert bool(hatched(axes)) == (not drawn.holds())
    for path in hatched(axes):
        angle, share = path.vertices[:, 0], path.vertices[:, 1]
        assert np.all(drawn.inside(angle - 0.02, share + 0.02) | (angle < 0.02))


def test_the_stored_cover_is_what_the_library_draws():
    spec = importlib.util.spec_from_file_location("cover", ROOT / "tools" / "cover.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    drawn = io.BytesIO()
    module.cover().savefig(drawn, format="png")
    drawn.seek(0)
    new, stored = plt.imread(drawn), plt.imread(module.TARGET)
    assert new.shape == stored.shape
    # Fonts may be rendered a little differently elsewhere; the picture may not.
    assert np.mean(np.abs(new - stored)) < 0.005
