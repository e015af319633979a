"""The plain network's optima: a curve of scales, one end for each start; no pairs of signs."""

import numpy as np
import pytest

from shortcutlib import Teacher, networks, population
from shortcutlib.angles import angle_between
from shortcutlib.scale_family import descend, evaluate, final_scale, sign_pair_loss


@pytest.fixture
def teacher():
    return Teacher.from_numbers(k=4, p=3, output_sum=1.0, norm_squared=2.0, angle=1.0)


def test_loss_against_samples(teacher, rng):
    v, a = 1.7 * rng.standard_normal(3), rng.standard_normal(4)
    Z = networks.sample_inputs(200_000, 3, 4, rng)
    label = networks.teacher_network(teacher, Z)
    squares = (networks.plain_cnn(v, a, Z) - label) ** 2 / 2
    assert abs(squares.mean() - evaluate(v, a, teacher)[0]) < 4 * squares.std() / np.sqrt(200_000)


def test_gradients_by_differences(teacher, rng):
    v, a = rng.standard_normal(3), rng.standard_normal(4)
    _, in_v, in_a = evaluate(v, a, teacher)
    h = 1e-6
    for gradient, move in (
        (in_v, lambda d: (v + d, a)),
        (in_a, lambda d: (v, a + d)),
    ):
        for i in range(gradient.size):
            d = np.zeros(gradient.size)
            d[i] = h
            up, down = (evaluate(*move(sign * d), teacher)[0] for sign in (1, -1))
            assert gradient[i] == pytest.approx((up - down) / (2 * h), abs=1e-8)
    # The loss does not change along the curve of scales.
    assert v @ in_v == pytest.approx(a @ in_a, rel=1e-12)


@pytest.mark.parametrize("r", [0.2, 1.0, 3.0])
def test_every_scale_is_an_optimum(teacher, r):
    loss, in_v, in_a = evaluate(r * teacher.filter, teacher.output_weights / r, teacher)
    assert loss == pytest.approx(0, abs=1e-15)
    assert np.max(np.abs(in_v)) < 1e-14
    assert np.max(np.abs(in_a)) < 1e-14


@pytest.mark.parametrize("length", [0.25, 1.0, 3.0])
def test_the_start_chooses_the_scale(teacher, length):
    """The error of the predicted scale is of the order of the step, and halves with it."""
    v, a = length * teacher.shortcut, np.zeros(4)
    predicted, errors = final_scale(v, a, teacher), []
    for step in (0.04, 0.02, 0.01):
        end = descend(v, a, teacher, step, iterations=20_000)
        r = np.linalg.norm(end.v)
        assert end.loss < 1e-15
        np.testing.assert_allclose(end.v, r * teacher.filter, atol=1e-7)
        np.testing.assert_allclose(end.a, teacher.output_weights / r, atol=1e-7)
        errors.append(r - predicted)
    assert abs(errors[-1]) < 5e-4
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 2, rtol=0.25)


def test_the_scale_solves_its_equation(teacher, rng):
    for _ in range(50):
        v = 10 ** rng.uniform(-3, 3) * rng.standard_normal(3)
        a = 10 ** rng.uniform(-3, 3) * rng.standard_normal(4)
        r, size = final_scale(v, a, teacher), teacher.norm_squared
        balance = a @ a - v @ v
        assert size / r**2 - r**2 == pytest.approx(balance, rel=1e-9, abs=1e-9)


def test_a_pair_of_signs_is_no_optimum(teacher, rng):
    v, a = -teacher.filter, -teacher.output_weights
    loss, _, in_a = evaluate(v, a, teacher)
    assert loss == pytest.approx(sign_pair_loss(teacher), rel=1e-13)
    assert np.max(np.abs(in_a)) > 0.1
    # From there, or nearly, a run ends in the trap, and not at loss zero.
    trap = population.spurious_point(teacher)
    for kick in (0.0, 0.1):
        end = descend(v + kick * rng.standard_normal(3), a, teacher, 0.05, iterations=4000)
        assert end.loss == pytest.approx(population.loss(trap.v, trap.a, teacher), abs=1e-4)
        assert angle_between(end.v, teacher.filter) > np.pi - 0.05


def test_bad_input_is_refused_by_name(teacher):
    with pytest.raises(ValueError, match="step = 0"):
        descend(teacher.filter, np.zeros(4), teacher, 0.0)
    with pytest.raises(ValueError, match="iterations = 0"):
        descend(teacher.filter, np.zeros(4), teacher, 0.1, iterations=0)
    with pytest.raises(ValueError):
        evaluate(np.zeros(3), np.zeros(4), teacher)
