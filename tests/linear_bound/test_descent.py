"""Descents end at second-order stationary points, and those are never above the line."""

import numpy as np
import pytest

from shortcutlib.linear_bound import SQUARED, ResidualUnit, best_joint, best_linear, descend
from shortcutlib.linear_bound.bounds import stationary_at_zero
from shortcutlib.linear_bound.descent import Ending
from tests.linear_bound.samples import SCALAR, norm


@pytest.fixture(params=SCALAR, ids=lambda loss: loss.name)
def unit(request):
    rng = np.random.default_rng(11)
    x, z = rng.standard_normal((60, 3)), rng.standard_normal((60, 2))
    score = x @ [1.0, -1, 0.5] + 0.8 * z[:, 0] + rng.standard_normal(60)
    y = np.sign(score) if request.param.signs else score
    return ResidualUnit(x, z, y, request.param)


@pytest.mark.parametrize("seed", range(5))
def test_ends_at_the_best_of_inputs_and_features(unit, seed):
    rng = np.random.default_rng(seed)
    run = descend(unit, rng.standard_normal(3), rng.standard_normal((3, 2)), tolerance=1e-7)
    assert run.ending is Ending.STATIONARY
    assert run.value <= best_linear(unit).value
    assert run.value == pytest.approx(best_joint(unit).value, abs=1e-9)
    assert run.gradient == pytest.approx(norm(*unit.gradient(run.w, run.V)))
    values = [iterate.value for iterate in run.record]
    assert np.all(np.diff(values) < 0)
    assert run.record[-1].iteration == run.iterations
    assert run.least >= -(1e-7**0.5)


def test_leaves_a_saddle_that_has_no_slope(unit):
    V = stationary_at_zero(unit)
    w = np.zeros(3)
    assert norm(*unit.gradient(w, V)) < 1e-12
    run = descend(unit, w, V)
    assert run.escapes >= 1
    assert run.ending is Ending.STATIONARY
    assert run.value <= best_linear(unit).value
    alone = descend(unit, w, V, iterations=0)
    assert (alone.ending, alone.iterations) == (Ending.SPENT, 0)


def test_stays_where_nothing_can_be_gained():
    unit = ResidualUnit([[1.0]], [[1.0]], [1.0], SQUARED)
    run = descend(unit, [1.0], [[0.0]])
    assert (run.iterations, run.value, run.ending) == (0, 0.0, Ending.STATIONARY)


def test_arguments_are_checked():
    unit = ResidualUnit([[1.0]], [[1.0]], [1.0], SQUARED)
    with pytest.raises(ValueError, match="growth = 1"):
        descend(unit, [1.0], [[0.0]], growth=1)
    with pytest.raises(ValueError, match="iterations"):
        descend(unit, [1.0], [[0.0]], iterations=-1)
