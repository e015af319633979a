import numpy as np
import pytest
from hypothesis import given

from shortcutlib import Teacher, generalisation, population
from shortcutlib.networks import sample_inputs, teacher_network
from tests.conftest import teachers


@given(teachers())
def test_spurious_error_is_the_loss_there(teacher):
    found = population.loss(*population.spurious_point(teacher), teacher)
    assert generalisation.spurious_error(teacher) == pytest.approx(found, rel=1e-9)


def test_simple_predictors_against_regression(rng):
    teacher = Teacher.from_numbers(k=4, p=3, output_sum=2.0, norm_squared=5.0, angle=1.0, rng=rng)
    n = 200_000
    Z = sample_inputs(n, 3, 4, rng)
    y = teacher_network(teacher, Z)
    for columns, expected in (
        (np.ones((n, 1)), generalisation.constant_error(teacher)),
        (np.hstack([np.ones((n, 1)), Z.reshape(n, 12)]), generalisation.linear_error(teacher)),
    ):
        left = y - columns @ np.linalg.lstsq(columns, y, rcond=None)[0]
        squares = left**2 / 2
        assert abs(squares.mean() - expected) < 4 * squares.std() / np.sqrt(n)


@pytest.mark.parametrize("k", [2, 5, 25, 1000])
def test_where_the_trap_is_worse_than_a_constant(k):
    share = generalisation.worse_than_constant_from(k)
    for factor, worse in ((0.99, False), (1.01, True)):
        teacher = Teacher.from_numbers(
            k=k, output_sum=np.sqrt(factor * share * k), norm_squared=1.0, angle=1.0
        )
        trapped = generalisation.spurious_error(teacher)
        assert (trapped > generalisation.constant_error(teacher)) == worse
        # Never as good as a linear predictor, and still a local minimum at this share.
        assert trapped > 2.9 * generalisation.linear_error(teacher)
        assert population.spurious_kind(teacher) is population.SpuriousKind.MINIMUM


@given(teachers())
def test_the_trap_is_always_worse_than_linear(teacher):
    ratio = generalisation.spurious_error(teacher) / generalisation.linear_error(teacher)
    if teacher.k > 1:
        assert ratio > 2 * np.pi / (np.pi - 1) * (1 - 1e-9)


def test_bad_input_is_refused_by_name():
    with pytest.raises(ValueError, match="k = 1"):
        generalisation.worse_than_constant_from(1)
