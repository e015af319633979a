"""The three theories on one teacher, against sampling, other modules and the definitions."""

import numpy as np
import pytest

from shortcutlib import comparison, population, theories
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


def test_convolutional_students():
    rng = np.random.default_rng(4)
    shortcut = comparison.train_convolutional(MIXED, 50, rng)
    plain = comparison.train_convolutional(MIXED, 50, rng, shortcut=False)
    assert np.max(shortcut) < 1e-8
    trap = comparison.trap_loss(MIXED)
    assert 5 < np.sum(np.isclose(plain, trap, rtol=1e-2)) < 45


def test_reslink_learns_labels_of_its_form():
    rng = np.random.default_rng(5)
    found = comparison.train_reslink(POSITIVE, rng, steps=600, test=4000)
    assert found.ratio < 0.2
    assert found.linear == pytest.approx(comparison.best_linear_loss(POSITIVE), rel=0.1)


def test_unit_keeps_its_promise_and_its_twin_has_none():
    for seed in range(2):
        with_path = comparison.train_unit(MIXED, np.random.default_rng(seed), examples=500)
        without = comparison.train_unit(
            MIXED, np.random.default_rng(seed), shortcut=False, examples=500
        )
        assert with_path.ratio <= 1 + 1e-6
        assert without.ratio > 1.5


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
        assert all(shown.count(paper) == 10 for paper in theories.PAPERS)
    assert page.count("<dl") == page.count("</dl>") == 10
    with pytest.raises(ValueError, match="at least 1"):
        theories.side_by_side(MIXED, features=0)
