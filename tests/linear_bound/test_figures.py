"""The figures show what the library computes."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from shortcutlib.figures.example_1 import MapPanel, maps_figure, trap_figure
from shortcutlib.figures.linear_bound import (
    bounds_figure,
    ends_figure,
    runaway_figure,
    shoreline_figure,
    stochastic_figure,
    values_on_grid,
)
from shortcutlib.linear_bound import SQUARED, ResidualUnit, best_linear, descend
from shortcutlib.linear_bound.datasets import PROBLEMS
from shortcutlib.linear_bound.example_1 import Example, largest_trapping_decay
from shortcutlib.linear_bound.experiments import STEPS, recorded, tightness

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def unit():
    x = np.linspace(-2, 2, 11)[:, None]
    z = np.maximum(x, 0)
    return ResidualUnit(x, z, (x + 0.6 * z)[:, 0], SQUARED)


def marked(axes, marker):
    """Positions of the single points drawn with a marker."""
    lines = [line for line in axes.lines if line.get_marker() == marker]
    return [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in lines]


def test_grid_is_the_objective(unit):
    values = values_on_grid(unit, np.array([0.3, -1.0]), np.array([2.0, 0.0, 1.0]))
    assert values.shape == (3, 2)
    assert values[0, 1] == unit.value([-1.0], [[2.0]])


def test_shoreline_marks_minimum_line_and_saddle(unit):
    axes = shoreline_figure(unit).axes[0]
    assert marked(axes, "o")[0] == pytest.approx((1, 0.6))
    assert marked(axes, "v")[0] == pytest.approx((best_linear(unit).weights[0], 0))
    ((w, V),) = marked(axes, "D")
    assert w == 0
    assert np.hypot(*(g.item() for g in unit.gradient([w], [[V]]))) < 1e-12


def test_bounds_lie_below_the_gradient(unit):
    run = descend(unit, [-0.3], [[0.5]])
    way = tightness(unit, run, best_linear(unit).weights)
    lines = bounds_figure(way).axes[0].lines
    gradient, sharp, printed = (np.asarray(line.get_ydata()) for line in lines)
    assert np.all(printed <= sharp)
    assert np.all(sharp <= gradient)


def test_every_end_is_drawn():
    rows = recorded("descents")
    axes = ends_figure(rows).axes[0]
    shown = sum(len(line.get_xdata()) for line in axes.lines if line.get_linestyle() == "None")
    assert shown == len(rows)
    assert len(axes.get_yticks()) == len(PROBLEMS)
    assert max(max(line.get_xdata()) for line in axes.lines) <= 1


def test_runaway_and_stochastic_figures_show_their_numbers():
    times = np.array([1.0, 10, 100])
    axes = runaway_figure(times, times / 300, times / 500, floor=0.3, line=0.0).axes[0]
    assert [line.get_ydata()[0] for line in axes.lines] == [1 / 300, 1 / 500, 0.3, 0.0]
    allowed = {steps: 100 / steps for steps in STEPS}
    axes = stochastic_figure(recorded("sgd"), allowed).axes[0]
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), list(allowed.values()))
    random = [row for row in recorded("sgd") if not row["train_hidden"]]
    medians = [np.median(row["mean"]) for row in random]
    np.testing.assert_allclose(axes.lines[1].get_ydata(), medians)


def test_maps_mark_the_stationary_points():
    panels = [
        MapPanel("a", Example(1.0)),
        MapPanel("b", Example(1.0, 0.25)),
        MapPanel("c", Example(1.0), 2.0),
    ]
    axes = maps_figure(panels).axes
    assert [len(marked(one, "D")) for one in axes] == [1, 1, 1]
    assert [len(marked(one, "X")) for one in axes] == [0, 1, 1]
    assert marked(axes[1], "X")[0] == pytest.approx((-0.9828, -1.6027), abs=1e-4)
    assert np.hypot(*marked(axes[2], "X")[0]) == pytest.approx(2)


def test_trap_figure_draws_the_border():
    axes = trap_figure([(1.0, 0.5, "text")]).axes[0]
    epsilon, border = axes.lines[0].get_data()
    assert border[50] == largest_trapping_decay(epsilon[50])
    assert (1.0, 0.5) in marked(axes, "o")
