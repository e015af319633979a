"""The three theories on one teacher, against sampling, other modules and the definitions."""

import numpy as np
import pytest

from shortcutlib import comparison, population, theories
from shortcutlib.convergence import stage_one_iterations
from shortcutlib.linear_bound import SQUARED, ResidualUnit, best_joint, best_linear
from shortcutlib.reslink import output
from shortcutlib.teacher import Teacher

MIXED = Teacher.from_numbers(k=4, p=4, output_sum=1, norm_squared=4, angle=0.3 * np.pi)
POSITIVE = Teacher(MIXED.filter, 2 * np.array([8.0, 1, 1, 1]) / np.sqrt(67))
BOTH = pytest.mark.parametrize("teacher", [MIXED, POSITIVE], ids=["mixed", "positive"])


@BOTH
@pytest.mark.parametrize("constant", [True, False])
def test_best_linear_loss_against_least_squares(teacher, constant):
    x, y = comparison.draw(teacher, 200_000, np.random.default_rng(0))
    if constant:
        x = np.hstack([x, np.ones((len(x), 1))])
    rest = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    squares = rest**2 / 2
    error = 5 * squares.std() / np.sqrt(len(y)) + 1e-4
    exact = comparison.best_linear_loss(teacher, constant=constant)
    assert exact == pytest.approx(squares.mean(), abs=error)


def test_inputs_are_the_patches_in_turn():
    x, y = comparison.draw(MIXED, 50, np.random.default_rng(1))
    direct = sum(
        a * np.maximum(x[:, 4 * j : 4 * j + 4] @ MIXED.filter, 0)
        for j, a in enumerate(MIXED.output_weights)
    )
    np.testing.assert_allclose(y, direct, atol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_trap_is_always_worse_than_the_best_linear_predictor(seed):
    rng = np.random.default_rng(seed)
    filter_ = rng.standard_normal(3)
    teacher = Teacher(
        filter_ / np.linalg.norm(filter_),
        rng.standard_normal(rng.integers(1, 30)) + rng.normal(scale=3),
    )
    trap = comparison.trap_loss(teacher)
    exact = population.loss(*population.spurious_point(teacher), teacher)
    assert trap == pytest.approx(exact, rel=1e-9)
    least = 2 * np.pi / (np.pi - 1)
    assert trap >= least * comparison.best_linear_loss(teacher) * (1 - 1e-12)


@BOTH
def test_best_output_loss_is_the_minimum_over_the_outputs(teacher):
    across = population.tangent_basis(teacher.filter)[:, 0]
    for angle in (0.0, 0.4, 1.5, 2.7, np.pi):
        v = np.cos(angle) * teacher.filter + np.sin(angle) * across
        # The loss is quadratic in a, so one Newton step from anywhere arrives.
        k = teacher.k
        bend = (np.ones((k, k)) + (np.pi - 1) * np.eye(k)) / (2 * np.pi)
        a = -np.linalg.solve(bend, population.output_gradient(v, np.zeros(k), teacher))
        found = comparison.best_output_loss(teacher, angle)
        assert found == pytest.approx(population.loss(v, a, teacher), abs=1e-12)


@pytest.mark.parametrize("angle", [0.0, 0.5, 1.3, np.pi / 2, 2.2, np.pi])
def test_linear_path_loss_against_least_squares(angle):
    across = population.tangent_basis(POSITIVE.filter)[:, 0]
    v = np.cos(angle) * POSITIVE.filter + np.sin(angle) * across
    x, y = comparison.draw(POSITIVE, 100_000, np.random.default_rng(2))
    z = np.maximum(x.reshape(-1, POSITIVE.k, POSITIVE.p) @ v, 0)
    unit = ResidualUnit(x, z, y, SQUARED).with_bias()
    # Relative to the linear loss on the same sample, most of the chance cancels.
    ratio = best_joint(unit).value / best_linear(unit).value
    exact = comparison.linear_path_loss(POSITIVE, angle) / comparison.best_linear_loss(POSITIVE)
    assert ratio == pytest.approx(float(exact), abs=0.01)


@BOTH
def test_linear_path_is_never_worse_and_symmetric(teacher):
    angle = np.linspace(0, np.pi, 101)
    loss = comparison.linear_path_loss(teacher, angle)
    linear = comparison.best_linear_loss(teacher)
    assert np.all(loss <= linear * (1 + 1e-12))
    np.testing.assert_allclose(loss, loss[::-1], atol=1e-12)
    assert loss[50] == pytest.approx(linear)


def test_embedding_gives_the_same_labels():
    x, y = comparison.draw(POSITIVE, 100, np.random.default_rng(3))
    weights = comparison.embed(POSITIVE)
    np.testing.assert_allclose(output(x, weights), y, atol=1e-12)
    assert np.linalg.norm(weights, 2) >= 1
    with pytest.raises(ValueError, match="only adds up"):
        comparison.embed(MIXED)


def test_no_embedding_is_near_the_identity(rng):
    # The weight of every patch shared among the columns at random: the same labels.
    d, k = POSITIVE.p * POSITIVE.k, POSITIVE.k
    x, y = comparison.draw(POSITIVE, 100, rng)
    filters = np.kron(np.eye(k), POSITIVE.filter) * POSITIVE.output_weights[:, None]
    for _ in range(50):
        # Every column has the direction of one patch only.
        shares = rng.random((k, d)) * (np.arange(k)[:, None] == rng.permutation(np.arange(d) % k))
        shares /= shares.sum(axis=1, keepdims=True)
        weights = filters.T @ shares - np.eye(d)
        np.testing.assert_allclose(output(x, weights), y, atol=1e-12)
        assert np.linalg.matrix_rank(weights + np.eye(d)) <= k
        assert np.linalg.norm(weights, 2) >= 1 - 1e-12


def test_descent_on_the_expected_loss():
    rng = np.random.default_rng(4)
    shortcut = comparison.descend_expected(MIXED, 50, rng)
    plain = comparison.descend_expected(MIXED, 50, rng, shortcut=False)
    assert np.max(shortcut) < 1e-8
    trap = comparison.trap_loss(MIXED)
    assert 5 < np.sum(np.isclose(plain, trap, rtol=1e-2)) < 45


def small_task(teacher):
    return comparison.set_task(teacher, np.random.default_rng(7), training=600, held_out=4000)


def test_a_task_and_its_line():
    """The line is the best of its kind on the training examples, and near the best of all."""
    task = small_task(MIXED)
    x = np.hstack([task.training.inputs, np.ones((600, 1))])
    rest = task.training.labels - x @ task.straight
    np.testing.assert_allclose(x.T @ rest, 0, atol=1e-9)
    none = task.judge(np.zeros(600), np.zeros(4000))
    assert none.linear_training == pytest.approx(np.mean(rest**2) / 2)
    assert none.training == pytest.approx(np.mean(task.training.labels**2) / 2)
    assert none.linear_held_out == pytest.approx(comparison.best_linear_loss(MIXED), rel=0.1)
    perfect = task.judge(task.training.labels, task.held_out.labels)
    assert perfect.training_ratio == perfect.ratio == 0


def test_all_students_have_the_same_examples(monkeypatch):
    """Every training reads the task's own arrays, and draws no example of its own."""
    task = small_task(POSITIVE)
    monkeypatch.setattr(comparison, "draw", None)
    monkeypatch.setattr(comparison, "sample_inputs", None)
    for train, more in (
        (comparison.train_convolutional, {"iterations": 2}),
        (comparison.train_reslink, {"steps": 2}),
        (comparison.train_unit, {"iterations": 2}),
    ):
        ends = [train(task, np.random.default_rng(1), **more) for _ in range(2)]
        assert ends[0] == ends[1]
        assert ends[0].linear_training == task.judge(np.zeros(600), np.zeros(4000)).linear_training


def test_convolutional_students():
    task = small_task(MIXED)
    # From this start the plain student falls into the trap, on new inputs too.
    shortcut, plain = (
        comparison.train_convolutional(task, np.random.default_rng(0), shortcut=there)
        for there in (True, False)
    )
    assert max(shortcut.training, shortcut.held_out) < 1e-4
    trap = comparison.trap_loss(MIXED)
    assert plain.held_out < 1e-4 or plain.held_out == pytest.approx(trap, rel=0.1)


def test_reslink_learns_labels_of_its_form():
    found = comparison.train_reslink(small_task(POSITIVE), np.random.default_rng(5), steps=900)
    assert found.training_ratio < 0.1
    assert found.ratio < 0.3


def test_unit_keeps_its_promise_and_its_twin_has_none():
    task = small_task(MIXED)
    for seed in range(2):
        with_path, without = (
            comparison.train_unit(task, np.random.default_rng(seed), shortcut=there)
            for there in (True, False)
        )
        assert with_path.training_ratio <= 1 + 1e-6
        assert without.training_ratio > 1.5


def test_known_outputs_are_one_point_convex_in_the_filter():
    rng = np.random.default_rng(6)
    N, v_star = MIXED.norm_squared, MIXED.filter
    for _ in range(50):
        v = rng.standard_normal(MIXED.p)
        v /= np.linalg.norm(v)
        here = population.evaluate(v, MIXED.output_weights, MIXED)
        pull = -here.filter_gradient @ (v_star - v)
        constant = N * (np.pi - here.angle) * (1 + np.cos(here.angle)) / (4 * np.pi)
        assert pull == pytest.approx(constant * np.sum((v - v_star) ** 2), rel=1e-9)


def test_table():
    table = theories.side_by_side(MIXED)
    assert len(table.rows) == 10
    text, page = repr(table), table._repr_html_()
    trap = comparison.trap_loss(MIXED) / comparison.best_linear_loss(MIXED)
    for shown in (text, page):
        assert f"{trap:.2f} times" in shown
        assert "256 numbers" in shown
        # Computed: eta = 1/16 here.
        steps = stage_one_iterations(1 / 16)
        assert f"at most {steps} steps for η = 1/k², that is {steps / 16:.1f}/η" in shown
        assert all(shown.count(paper) == 10 for paper in theories.PAPERS)
    assert page.count("<dl") == page.count("</dl>") == 10
    with pytest.raises(ValueError, match="at least 1"):
        theories.side_by_side(MIXED, features=0)
