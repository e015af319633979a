"""Gradient flow that runs away behind the wall at w = 0, and never gets below the line."""

import numpy as np
import pytest

from shortcutlib.linear_bound import ResidualUnit, best_joint, best_linear
from shortcutlib.linear_bound.losses import SQUARED
from shortcutlib.linear_bound.runaway import gradient_flow, runaway_floor, runaway_unit


@pytest.mark.parametrize("rho", [-0.5, 0.3, 0.6, 0.9])
def test_the_wall_and_the_floor_behind_it(rho, rng):
    unit = runaway_unit(rho)
    assert best_linear(unit).value == pytest.approx(0, abs=1e-12)
    assert best_joint(unit).value == pytest.approx(0, abs=1e-12)
    for v in 10 ** rng.uniform(-3, 6, 50) * rng.choice([-1, 1], 50):
        assert unit.value([0.0], [[v]]) == pytest.approx(0.5)
    # The loss written out; with w < 0 both terms are positive and the floor is approached.
    for _ in range(2000):
        w, v = -(10 ** rng.uniform(-8, 2)), rng.standard_normal() * 10 ** rng.uniform(-2, 6)
        value = ((w - 1 + rho * w * v) ** 2 + (1 - rho**2) * (w * v) ** 2) / 2
        assert unit.value([w], [[v]]) == pytest.approx(value, rel=1e-6, abs=1e-9)
        assert value > runaway_floor(rho) * (1 - 1e-9)
    assert unit.value([-1e-7], [[-rho / 1e-7]]) == pytest.approx(runaway_floor(rho), abs=1e-6)


def test_flow_from_behind_the_wall_runs_away():
    rho = 0.6
    unit = runaway_unit(rho)
    times = np.array([0, 1, 1e3, 1e5, 1e7])
    w, v = gradient_flow(unit, -0.1, -3.0, times)
    values = [unit.value([a], [[b]]) for a, b in zip(w, v, strict=True)]
    assert values[0] < 0.5
    assert np.all(np.diff(values) < 0)
    assert np.all(w < 0)
    assert values[-1] > runaway_floor(rho) > best_linear(unit).value
    assert values[-1] == pytest.approx(runaway_floor(rho), abs=5e-3)
    # |V|^3 grows like 3 rho (1 - rho^2) t.
    assert abs(v[-1]) ** 3 / (3 * rho * (1 - rho**2) * times[-1]) == pytest.approx(1, abs=0.05)


def test_flow_from_the_other_side_arrives():
    w, v = gradient_flow(runaway_unit(0.6), 0.1, -1.0, np.array([0.0, 100]))
    np.testing.assert_allclose([w[-1], v[-1]], [1, 0], atol=1e-6)


def test_with_a_second_input_it_walks_round():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((400, 2))
    z = 0.6 * x[:, :1] + 0.8 * rng.standard_normal((400, 1))
    unit = ResidualUnit(x, z, x[:, 0], SQUARED)
    w, V = np.array([-0.5, 0.1]), np.array([[-2.0], [0.0]])
    for _ in range(10_000):
        in_w, in_V = unit.gradient(w, V)
        w, V = w - 0.02 * in_w, V - 0.02 * in_V
    assert unit.value(w, V) < 1e-6


def test_arguments_are_checked(rng):
    with pytest.raises(ValueError, match="rho = 1"):
        runaway_unit(1)
    wide = ResidualUnit(np.ones((1, 2)), np.ones((1, 1)), [1.0], SQUARED)
    with pytest.raises(ValueError, match="2 inputs, 1 features"):
        gradient_flow(wide, 0.0, 0.0, np.array([1.0]))
