"""The figures of the chapter "What if?" show the numbers that the library computes."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from shortcutlib import StepSizes, Teacher, reduced
from shortcutlib.basin_border import border_alignment
from shortcutlib.exact import separatrix
from shortcutlib.figures.basin_surface import surface_figure
from shortcutlib.figures.step_ratios import (
    critical_lines_figure,
    safe_ratio_figure,
    safe_ratios,
)
from shortcutlib.safe_ratio import largest_safe_ratio

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
    figure = critical_lines_figure(teacher, 1 / 256, (0.1, 1.0, 1e-3))
    rim, *lines = figure.axes[0].lines
    assert len(rim.get_xdata()) == 300
    assert len(lines) == 2, "with the smallest ratio no start fails and there is no line"
    x, y = (np.asarray(v) for v in lines[1].get_data())
    place = x.size // 3
    s = x[place] * teacher.output_sum
    border = float(separatrix(teacher, StepSizes.constant(1 / 256, 1 / 256), s))
    across = (border - s * teacher.output_sum / 16) / teacher.start_radius
    assert y[place] == pytest.approx(across / np.sqrt(teacher.spread), abs=1e-4)


def test_safe_ratio_map():
    found = safe_ratios((4, 16), (1.0, 1.2, 1.4), 0.25)
    teacher = Teacher.from_numbers(k=16, output_sum=0.5, norm_squared=1.0, angle=1.2)
    expected = largest_safe_ratio(teacher, 0.001)
    assert found[1, 1] == pytest.approx(expected, rel=0.05)
    figure = safe_ratio_figure((4, 16), (1.0, 1.2, 1.4), found)
    assert figure.axes[0].get_yscale() == "log"
