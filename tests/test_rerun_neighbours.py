"""The panels on a lemma's worst point, on linear predictors and on three students."""

import re

import notebooks
import numpy as np
import pytest

from shortcutlib import Teacher, inequalities
from shortcutlib.comparison import set_task, train_convolutional, train_unit
from shortcutlib.linear_bound import best_linear, descend
from shortcutlib.linear_bound.datasets import problem
from shortcutlib.linear_bound.experiments import start
from shortcutlib.rerun.comparison import students
from shortcutlib.rerun.dissipativity import worst_points
from shortcutlib.rerun.linear_bound import below_the_line
from tests.test_rerun import finish


def test_worst_points_are_the_searcher_s():
    result = finish(worst_points("7", 1.2, samples=1000, seed=3))
    for seed, row in zip((3, 4, 5, 6), result.rows, strict=True):
        worst = inequalities.lemma_7(1.2 / (10 * np.pi)).worst(
            np.random.default_rng(seed), samples=1000, starts=6
        )
        assert row[:2] == (str(seed), f"{worst.value:+.3f}")
    assert result.line == "No violation was found."


@pytest.mark.parametrize(
    ("lemma", "multiple", "holds"),
    # The best constants: 1.7 times the printed one; the printed one; none for all N.
    [("7", 1.6, True), ("7", 1.9, False), ("11", 1, True), ("11", 1.1, False), ("12", 1, False)],
)
def test_constants_that_hold_and_that_fail(lemma, multiple, holds):
    result = finish(worst_points(lemma, multiple, samples=2000))
    assert (result.line == "No violation was found.") == holds


def test_an_unknown_lemma_is_named():
    with pytest.raises(ValueError, match="lemma = '8': choose one of 7, 11, 12"):
        finish(worst_points("8"))


def test_descents_are_the_library_s():
    result = finish(below_the_line("breast cancer", "squared", "gaussian", 4, 200, 2, 5))
    unit = problem("breast cancer", "squared", m=4, seed=5)
    line = best_linear(unit).value
    for number, row in enumerate(result.rows):
        w, V = start(unit, "gaussian", np.random.default_rng([5, number]))
        run = descend(unit, w, V, iterations=200)
        assert row[1] == f"{unit.value(w, V):.4g}"
        assert row[3] == f"{run.value:.4f}"
        assert (row[2] == "never") == (min(r.value for r in run.record) > line)
    assert f"has the loss {line:.4f}. " in result.line
    with pytest.raises(ValueError, match="diabetes"):
        finish(below_the_line("diabetes", "logistic"))


def test_students_are_those_of_the_chapter():
    result = finish(students(output_sum=2.0, angle=0.2, training=300, runs=1, seed=4))
    teacher = Teacher.from_numbers(k=4, p=4, output_sum=2.0, norm_squared=4, angle=0.2 * np.pi)
    task = set_task(teacher, np.random.default_rng(4), training=300)
    rows = {row[0]: row for row in result.rows}
    for name, train in (("Liu et al.", train_convolutional), ("Shamir", train_unit)):
        found = train(task, np.random.default_rng([4, 0]))
        assert rows[name][1:3] == (f"{found.training_ratio:.3f}", f"{found.ratio:.3f}")
    with pytest.raises(ValueError, match=r"S\^2|output_sum"):
        finish(students(output_sum=5.0))


@pytest.mark.parametrize("path", notebooks.chapters(), ids=lambda path: path.stem)
def test_every_chapter_with_an_experiment_runs_it_again(path):
    """Plain Python, linear algebra and probability, before the first chapter, have none."""
    panels = re.findall(r"^(\w+)_panel\(\)$", "\n".join(_code(path)), re.M)
    assert len(panels) == (0 if path.stem == "prerequisites" else 1)


def _code(path):
    cells = notebooks.read(path)["cells"]
    return [notebooks.source_of(cell) for cell in cells if cell["cell_type"] == "code"]
