"""The figures of the chapter on noise show the numbers that the library computes."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from shortcutlib import StepSizes, Teacher, minibatch, noise_stability, reduced
from shortcutlib.figures.noise import (
    angle_figure,
    changed_figure,
    cloud_figure,
    diffusion_figure,
    escape_figure,
    outcomes_figure,
    stability_figure,
)
from shortcutlib.grid import Grid
from shortcutlib.minibatch_sweep import Counts, blocks
from shortcutlib.starts import sample_ball
from shortcutlib.whereabouts import Place, whereabouts
from shortcutlib.wilson import wilson_interval

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def counts():
    """Counts of two steps and two batches, of runs that nobody has made."""
    found = []
    for block in blocks(
        Grid(k=(4,), warmup=(0,)), batches=[1, 8], multiples=[1.0, 2.0], records=2, runs=100
    ):
        good = 70 - 5 * block.setting.batch
        found.append(Counts(block.setting, 100, 72, (10, good), (20, 25), (0, 3)))
    return found


def test_clouds_end_where_the_runs_end():
    teacher, steps = Teacher.section_4(4), StepSizes.constant(0.1, 0.1)
    figure = cloud_figure(teacher, steps, (1, 3), runs=10, iterations=7, shown=2, seed=5)
    assert len(figure.axes) == 2
    a = sample_ball(10, 4, teacher.start_radius, np.random.default_rng(5))
    run = minibatch.descend(
        teacher, minibatch.state(teacher, a), steps, batch=3, iterations=7,
        rng=np.random.default_rng([5, 3]), record_every=1,
    )  # fmt: skip
    drawn = np.concatenate([line.get_xdata() for line in figure.axes[1].lines])
    assert np.all(np.isin(np.round(run.state.angle, 12), np.round(drawn, 12)))
    places = whereabouts(teacher, minibatch.reduced_state(teacher, run.state))
    texts = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert f"near the trap: {np.mean(places == Place.TRAP):.0%}" in texts


def test_stability():
    teacher = Teacher.section_4(9)
    tried = [(1, 0.3, 1.0), (1, 0.6, 0.0), (8, 1.0, 0.5)]
    figure = stability_figure(teacher, tried, step_ratio=2.0)
    (axes,) = figure.axes
    line = axes.lines[0]
    limit = noise_stability.largest_stable_step(teacher, 1, step_ratio=2.0)
    assert line.get_ydata()[0] == pytest.approx(limit * teacher.norm_squared)
    marked = {
        text.get_text(): handle.get_xydata().tolist()
        for text, handle in zip(
            axes.get_legend().get_texts(), axes.get_legend_handles_labels()[0], strict=True
        )
    }
    assert marked == {
        "all runs stay": [[1.0, 0.3]],
        "some stay": [[8.0, 1.0]],
        "none stays": [[1.0, 0.6]],
    }


def test_outcomes(counts):
    figure = outcomes_figure(counts, {1.0: 0.72, 2.0: 0.71})
    assert len(figure.axes) == 2
    for axes, plain in zip(figure.axes, (0.72, 0.71), strict=True):
        heights = np.array([bar.get_height() for bar in axes.patches]).reshape(3, 2)
        np.testing.assert_allclose(heights[0], [0.65, 0.30])
        np.testing.assert_allclose(heights[2], 0.25)
        np.testing.assert_allclose(heights.sum(axis=0), 1)
        levels = [line.get_ydata()[0] for line in axes.lines if len(line.get_xdata()) == 2]
        assert any(level == pytest.approx(plain) for level in levels)
    assert [label.get_text() for label in figure.axes[-1].get_xticklabels()] == ["1", "8"]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["near the optimum", "neither", "near the trap"]


def test_changes_of_side(counts):
    figure = changed_figure(counts)
    (axes,) = figure.axes
    # Saved 3, lost 72 - 62 = 10 at B = 1; 3 and 72 - 27 = 45 at B = 8.
    points = [y for line in axes.lines for y in np.atleast_1d(line.get_ydata())]
    for share in (0.13, 0.48):
        assert any(y == pytest.approx(share) for y in points)


def test_escapes_and_angles():
    figure = escape_figure(np.array([0.0, 1.0]), {"1": np.array([0, 30])}, 100)
    (axes,) = figure.axes
    assert axes.lines[0].get_ydata().tolist() == [0.0, 0.3]
    low, high = wilson_interval(30, 100)
    ends = axes.collections[0].get_segments()[1][:, 1]
    np.testing.assert_allclose(ends, [low, high])
    quartiles = np.array([[0.3, 0.4, 0.5], [0.6, 0.7, 0.9]])
    figure = angle_figure([1e-3, 1e-2], quartiles, ([1e-3, 1e-2], quartiles))
    assert figure.axes[0].get_xscale() == "log"


def test_diffusion():
    teacher, rng = Teacher.section_4(4), np.random.default_rng(1)
    paths = [
        reduced.state(rng.random((3, 50)), rng.random((3, 50)), rng.random((3, 50)))
        for _ in range(2)
    ]
    figure = diffusion_figure(teacher, np.arange(3.0), *paths)
    assert len(figure.axes) == 3
    middle = np.median(paths[1].alignment, axis=1) / teacher.norm_squared
    np.testing.assert_allclose(figure.axes[1].lines[0].get_ydata(), middle)
