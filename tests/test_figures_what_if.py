"""The figures of the chapter "What if?" show the numbers that the library computes."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from shortcutlib import StepSizes, Teacher, reduced, two_filters
from shortcutlib.basin_border import border_alignment
from shortcutlib.exact import separatrix, success_probability
from shortcutlib.figures.basin_surface import surface_figure
from shortcutlib.figures.one_optimum import pull_figure
from shortcutlib.figures.step_ratios import (
    critical_lines_figure,
    safe_ratio_figure,
    safe_ratios,
)
from shortcutlib.figures.style import look
from shortcutlib.figures.what_if import questions_figure, success_of
from shortcutlib.one_optimum import turns
from shortcutlib.outcomes import classify
from shortcutlib.safe_ratio import largest_safe_ratio
from shortcutlib.starts import sample_ball

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_surface_and_runs():
    teacher = Teacher.from_numbers(k=6, output_sum=2.0, norm_squared=4.0, angle=1.2)
    steps = StepSizes.constant(0.05, 0.05)
    start = reduced.state([2.0], [1.0], [1.0])
    figure = surface_figure(teacher, steps, [start], sums=(-1.0, 2.0))
    (axes,) = figure.axes
    path = axes.lines[0]
    x, y, z = path.get_data_3d()
    assert (x[0], y[0], z[0]) == pytest.approx((1 / np.pi, 1.0, 0.25))
    assert x[-1] == pytest.approx(0, abs=1e-3)
    assert z[-1] == pytest.approx(1, abs=1e-2)
    # A corner of the sheet that is not cut off.
    angle = 0.5 * np.pi
    assert abs(float(border_alignment(teacher, steps, 2.0, angle)) / 4.0) < 1.5


def test_critical_lines_are_separatrices():
    teacher = Teacher.section_4(16)
    cases = {f"{r:g}": (teacher, StepSizes.constant(1 / 256, r / 256)) for r in (0.1, 1.0, 1e-3)}
    other = {"k = 9": (Teacher.section_4(9), StepSizes.section_4(9, warmup=0))}
    figure = critical_lines_figure({"ratios": cases, "patches": other}, (1, 0.4))
    assert len(figure.axes) == 2
    rim, *lines = figure.axes[0].lines
    assert len(rim.get_xdata()) == 200
    assert len(lines) == 2, "with the smallest ratio no start fails and there is no line"
    assert [text.get_text() for text in figure.axes[0].texts] == ["0.1", "1"]
    for line, (one, steps) in (
        (lines[1], cases["1"]),
        (figure.axes[1].lines[1], other["k = 9"]),
    ):
        x, y = (np.asarray(v) for v in line.get_data())
        place = x.size // 3
        s = x[place] * one.output_sum
        border = float(separatrix(one, steps, s))
        across = (border - s * one.output_sum / one.k) / one.start_radius
        assert y[place] == pytest.approx(across / np.sqrt(one.spread), abs=1e-4)


def test_safe_ratio_map():
    sizes, angles = (4, 16), (1.0, 1.2, 1.4)
    found = safe_ratios(sizes, angles, 0.25)
    teacher = Teacher.from_numbers(k=16, output_sum=0.5, norm_squared=1.0, angle=1.2)
    expected = largest_safe_ratio(teacher, 0.001)
    assert found[1, 1] == pytest.approx(expected, rel=0.05)
    axes = safe_ratio_figure(sizes, angles, found, 0.25).axes[0]
    assert axes.get_yscale() == "log"
    assert "0.25" in axes.get_title(loc="left")
    # Theorem 4's ratio, C N^2 = 1, is 1e-3 on the one dotted line in this range of k.
    dotted = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert [text.get_text() for text in axes.texts if "10^" in text.get_text()] == ["$10^{-3}$"]
    (line,) = dotted
    k = line.get_ydata()[0]
    assert np.pi / 20 / (k + np.pi - 1) ** 2 == pytest.approx(1e-3)
    assert line.get_xdata()[1] == pytest.approx(1 / 3)


def test_the_four_questions():
    figure = questions_figure((16, 25))
    assert len(figure.axes) == 4
    for k, index in ((16, 0), (25, 2)):
        teacher = Teacher.section_4(k)
        exact = success_probability(
            teacher, StepSizes.section_4(k, warmup=0), tolerance=1e-7
        ).probability
        for axes in figure.axes:
            _, height = axes.lines[index + 1].get_data()
            # The paper's own setting is on every curve.
            assert height[0] == pytest.approx(exact, abs=2e-4)
    x, y = (np.asarray(v) for v in figure.axes[1].lines[0].get_data())
    assert np.all(np.diff(y) < 1e-4)
    teacher = Teacher.section_4(16)
    a = sample_ball(4000, 16, teacher.start_radius, np.random.default_rng(0))
    starts = reduced.state(a.sum(axis=1), a @ teacher.output_weights, x[14] * np.pi)
    won = np.mean(classify(teacher, starts, StepSizes.section_4(16, warmup=0)).success)
    assert abs(won - y[14]) < 4 * np.sqrt(y[14] * (1 - y[14]) / 4000)
    with pytest.raises(ValueError, match="question = 'luck'"):
        success_of("luck", teacher, 1.0)


def test_the_map_of_pulls():
    teacher = two_filters.example()
    optimum = turns(teacher, teacher)
    figure = pull_figure(
        teacher,
        {"chosen": [optimum], "other": [optimum[::-1]]},
        {"chosen": "global", "other": "student"},
        grid=13,
    )
    axes = figure.axes[0]
    marks = {line.get_color(): line.get_xydata()[0] for line in axes.lines[1:]}
    np.testing.assert_allclose(marks[look("global")["color"]], np.degrees(optimum))
    np.testing.assert_allclose(marks[look("student")["color"]], np.degrees(optimum[::-1]))
