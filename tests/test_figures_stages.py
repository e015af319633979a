"""The figures of the two stages show real runs, and the numbers that the library proves."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from shortcutlib import Teacher, reduced
from shortcutlib.convergence import alignment_time, stage_one_iterations
from shortcutlib.dissipativity import ACUTE, filter_distance
from shortcutlib.figures.stages import (
    Run,
    history,
    lemmas_figure,
    margins_figure,
    race_figure,
    rates_figure,
)
from shortcutlib.figures.style import GLOBAL, SPURIOUS

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def run():
    teacher = Teacher.from_numbers(k=4, output_sum=1.0, norm_squared=2.0, angle=1.0)
    return Run(teacher, reduced.state(-0.5, -0.4, 1.0, 0.2), 0.03, 0.01, "global")


def single_steps(run, iterations):
    states = [run.start]
    for _ in range(iterations):
        states.append(reduced.step(run.teacher, states[-1], run.output_step, run.filter_step))
    return [np.array(column, dtype=float) for column in zip(*states, strict=True)]


@pytest.mark.parametrize("even", [False, True])
def test_history_keeps_iterates_of_the_run(run, even):
    found = history(run, 500, points=40, even=even)
    assert found.iteration[0] == 0
    assert found.iteration[-1] == 500
    assert 20 < found.iteration.size <= 41
    kept = found.iteration.astype(int)
    for column, all_of_it in zip(found.states, single_steps(run, 500), strict=True):
        np.testing.assert_array_equal(column, all_of_it[kept])
    gaps = np.diff(found.iteration)
    assert bool(gaps.max() <= gaps.min() + 1) is even


def test_race_shows_every_run(run):
    fast = run._replace(filter_step=5.0, meaning="spurious")
    panels = race_figure({"slow": run, "fast": fast}, duration=9.0).axes
    for axes, column in ((panels[0], 1), (panels[1], 2)):
        unit = 2.0 if column == 1 else np.pi
        curves = [line for line in axes.lines if len(line.get_xdata()) > 10]
        assert [line.get_color() for line in curves] == [GLOBAL, SPURIOUS]
        for line, one in zip(curves, (run, fast), strict=True):
            steps = np.round(np.asarray(line.get_xdata()) / 0.03).astype(int)
            assert steps[-1] == 300
            expected = single_steps(one, 300)[column][steps] / unit
            assert line.get_ydata() == pytest.approx(expected)
    assert {text.get_text() for text in panels[1].texts} == {"slow", "fast"}


def test_lemmas_show_the_run_and_the_proved_times(run):
    panels = lemmas_figure({"a run": run, "another": run._replace(meaning="spurious")}).axes
    s, q, angle, *_ = single_steps(run, 666)
    for axes, expected in zip(panels, (q / 2, angle / np.pi, s - 1), strict=True):
        assert axes.lines[0].get_label() == "a run"
        assert axes.lines[0].get_ydata()[-1] == pytest.approx(expected[666])
        assert axes.lines[1].get_color() == SPURIOUS
    dots = [line for line in panels[0].lines if line.get_marker() == "o"]
    assert [float(dot.get_xdata()[0]) for dot in dots] == pytest.approx(
        [alignment_time(-1, 1 / 20, 0.03) * 0.03, stage_one_iterations(0.03) * 0.03]
    )
    # The dots lie on the proved bound, and the run is above it.
    bound = next(line for line in panels[0].lines if line.get_linestyle() == ":")
    x, y = np.asarray(bound.get_xdata()), np.asarray(bound.get_ydata())
    assert np.interp(dots[0].get_xdata()[0], x, y) == pytest.approx(1 / 20, abs=0.01)
    time, value = panels[0].lines[0].get_data()
    assert np.all(value >= np.interp(time, x, y) - 1e-3)


def test_margins_leave_out_what_is_not_finite():
    axes = margins_figure([0.1, 0.2, 0.4], {2: [6, 5, 4.5], 25: [12, 20, np.inf]}, 0.48).axes[0]
    curves = [line for line in axes.lines if line.get_marker() != "None"]
    assert [list(line.get_ydata()) for line in curves] == [[6, 5, 4.5], [12, 20]]
    assert {"k = 2", "k = 25"} <= {text.get_text() for text in axes.texts}


def test_rates_show_distances_and_the_linearised_slopes():
    teacher = Teacher.from_numbers(k=3, output_sum=0.7, norm_squared=2.0, angle=1.0)
    run = Run(teacher, reduced.state(0.0, 0.4, ACUTE), 0.02, 0.02, "global")
    panels = rates_figure(run, duration=30).axes
    columns = reduced.ReducedState(*single_steps(run, 1500))
    values = (filter_distance(columns), reduced.output_distance(teacher, columns))
    for axes, value, rate in zip(panels, values, (2.0, (np.pi - 1) / np.pi), strict=True):
        lines = {line.get_label(): line for line in axes.lines}
        time, seen = lines["observed"].get_data()
        assert seen == pytest.approx(value[np.round(time / 0.02).astype(int)])
        time, line = lines["linearised"].get_data()
        slope = -np.polyfit(time, np.log(line), 1)[0]
        assert slope == pytest.approx(rate, rel=0.03)
        assert lines["promised rate"].get_ydata()[0] == pytest.approx(value[0])
    # For the filter the promise is a bound from the start on (Lemma 14).
    lines = {line.get_label(): line for line in panels[0].lines}
    promised = lines["promised rate"].get_ydata()[: lines["observed"].get_ydata().size]
    assert np.all(lines["observed"].get_ydata() <= promised * (1 + 1e-12))
