"""The figures of ResLink draw what they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from shortcutlib.figures import reslink
from shortcutlib.reslink.shipped import load_shipped


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


@pytest.fixture
def columns():
    return load_shipped("dynamics-without-noise")["trainings"][0]["columns"]


def curves(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def test_phases(columns):
    early = {name: values[:101] for name, values in columns.items()}
    figure = reslink.phases_figure(early, columns, other=early)
    first, second = figure.axes
    drawn = curves(first)["inner product"].get_ydata()
    np.testing.assert_array_equal(drawn, early["inner_product"])
    assert first.get_xlim() == (0, 100)
    assert second.get_xlim() == (0, columns["step"][-1])
    shaded = first.patches[0].get_extents().transformed(first.transData.inverted())
    turn = next(i for i, y in zip(early["step"], early["inner_product"], strict=True) if y > 0)
    assert shaded.x1 == pytest.approx(turn)
    assert len(reslink.phases_figure(early).axes) == 1


def test_detour(columns):
    axes = reslink.detour_figure(columns).axes[0]
    points = np.concatenate([line.get_xdata() for line in axes.get_lines()[:2]])
    assert points[0] == columns["potential"][0]
    assert points[-1] == columns["potential"][-1]


def test_convergence():
    trainings = load_shipped("convergence")["trainings"]
    errors, norms = reslink.convergence_figure(trainings).axes
    assert {"ResLink, test", "Vanilla, training", "3-Block, test"} <= set(curves(errors))
    for name, student in (("ResLink", "reslink"), ("3-Block", "three-block")):
        runs = [
            training["columns"]["test_error"][-1] / training["variance"]
            for training in trainings
            if training["configuration"]["student"] == student
            and training["configuration"]["teacher"] == "own"
        ]
        last = curves(errors)[f"{name}, test"].get_ydata()[-1]
        assert last == pytest.approx(np.mean(runs))
    assert len(curves(norms)) == 4
    # Without runs of a student its lines are missing.
    only = [t for t in trainings if t["configuration"]["student"] == "vanilla"]
    assert len(curves(reslink.convergence_figure(only).axes[0])) == 2


def test_constant():
    columns = load_shipped("adversary")["trainings"][0]["columns"]
    figure = reslink.constant_figure(columns, limit=0.166)
    for axes in figure.axes:
        assert "0.03, as printed" in [text.get_text() for text in axes.texts]
        drawn = curves(axes)
        line = drawn["any matrices, $d = 16$"]
        assert list(line.get_xdata()) == sorted(set(columns["gamma"]))
        rows = zip(*(columns[n] for n in ("gamma", "block", "copies", "ratio")), strict=True)
        expected = [ratio for gamma, block, copies, ratio in rows if (block, copies) == (16, 1)]
        assert list(line.get_ydata()) == expected
        largest = max(b * c for b, c in zip(columns["block"], columns["copies"], strict=True))
        assert any(f"to {largest}" in label for label in drawn)


def test_pairs():
    columns = load_shipped("pairs")["trainings"][0]["columns"]
    rates = {"before": columns["error_at_zero"], "after": columns["error"]}
    figure = reslink.pairs_figure(columns["first"], columns["second"], rates)
    shown = figure.axes[0].get_images()[0].get_array()
    assert shown[0, 1] == pytest.approx(100 * columns["error_at_zero"][0])
    assert len(figure.axes[0].texts) == 45


def test_zero_start():
    trainings = load_shipped("zero-start")["trainings"]
    axes = reslink.zero_start_figure(trainings).axes[0]
    drawn = curves(axes)
    assert len(drawn) == 4
    for name, start, link in (
        ("zero start, links", "zero", True),
        ("random start, no links", "random", False),
    ):
        last = [
            training["columns"]["test_error"][-1]
            for training in trainings
            if training["configuration"]["start"] == start
            and training["configuration"]["link"] is link
        ]
        assert len(last) == 5
        assert drawn[name].get_ydata()[-1] == pytest.approx(100 * np.mean(last))
