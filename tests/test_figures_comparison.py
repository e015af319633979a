"""The figures of the three theories draw what they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from shortcutlib import comparison
from shortcutlib.figures import comparison as figures
from shortcutlib.teacher import Teacher

TEACHER = Teacher.from_numbers(k=4, p=4, output_sum=1, norm_squared=4, angle=1.0)


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def test_filter():
    axes = figures.filter_figure(TEACHER).axes[0]
    trap = comparison.trap_loss(TEACHER) / comparison.best_linear_loss(TEACHER)
    ends = [line.get_ydata()[-1] for line in axes.get_lines()[1:]]
    np.testing.assert_allclose(ends, [trap, 0, trap], atol=1e-12)


def test_students():
    results = {
        "one": {"first": [0.0, 0.5], "second": [3.0]},
        "two": {"first": [1.0], "second": [2.0]},
    }
    panels = figures.students_figure(results).axes
    assert len(panels) == 2
    points = np.concatenate(
        [line.get_xdata() for line in panels[0].get_lines() if line.get_marker() != "None"]
    )
    assert sorted(points) == [1e-4, 0.5, 3.0]
    assert [text.get_text() for text in panels[1].get_yticklabels()] == ["first", "second"]


def test_two_kinds():
    columns = {"step": [0, 1, 2, 3], "inner_product": [-2, -1, 1, 2], "potential": [3, 2, 1, 0]}
    first, second = figures.two_kinds_figure([-1, 0.1, 0.5], [1, 1, 1], columns).axes
    for axes, turn in ((first, 2), (second, 2)):
        shaded = axes.patches[0].get_extents().transformed(axes.transData.inverted())
        assert shaded.x1 == pytest.approx(turn)
