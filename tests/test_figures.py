"""The figures show what the library computes, and the stored picture is the one it draws."""

import importlib.util
import io
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from shortcutlib import StepSizes, Teacher, population, reduced
from shortcutlib.figures.basins import basin_figure
from shortcutlib.figures.landscape import best_loss, landscape_figure, slice_loss, valley_figure
from shortcutlib.figures.phase_plane import phase_plane_figure
from shortcutlib.figures.solution_paths import PANELS, paths_figure
from shortcutlib.figures.style import GLOBAL, SPURIOUS
from shortcutlib.figures.success_rates import rates_figure
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
