"""The neighbours' inequalities against the library's own functions, one point at a time."""

from __future__ import annotations

import numpy as np
import pytest

from shortcutlib import neighbour_inequalities, reslink
from shortcutlib.linear_bound import ResidualUnit, bounds
from shortcutlib.linear_bound.losses import LOSSES, SQUARED

SHAMIR = ("shamir_lemma_1", "shamir_theorem_1", "shamir_theorem_2")


def _drawn(inequality, rng, count):
    return {name: interval.at(rng.random(count)) for name, interval in inequality.ranges.items()}


def _units(points, loss):
    """The residual units, weights and predictors that the columns stand for."""
    for row in zip(*points.values(), strict=True):
        v = dict(zip(points, row, strict=True))
        y = np.array([v["y1"], v["y2"]])
        if "pull" in v:
            labels = np.where(y < 0, -1.0, 1.0) if loss.signs else y
            slope = loss.slope(np.zeros(2), labels)
            v["z2"] = (2 * v["pull"] - slope[0] * v["z1"]) / slope[1]
        unit = ResidualUnit(
            [[v["x11"], v["x12"]], [v["x21"], v["x22"]]],
            [[v["z1"]], [v["z2"]]],
            np.where(y < 0, -1.0, 1.0) if loss.signs else y,
            loss,
        )
        w = np.array([v.get("w1", 0.0), v.get("w2", 0.0)])
        yield unit, w, np.array([[v["v1"]], [v["v2"]]]), np.array([v["s1"], v["s2"]]), v


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("statement", SHAMIR)
def test_sides_are_those_of_the_library(statement, name):
    rng = np.random.default_rng(5)
    inequality = getattr(neighbour_inequalities, statement)(loss=name)
    # Short predictors are better more often: theorems on a gap ask for one.
    points = _drawn(inequality, rng, 200)
    points |= {name: 0.05 * points[name] for name in ("s1", "s2")}
    left, right = inequality.sides(**points)
    np.testing.assert_array_equal(inequality.slack(**points), left - right)
    inside = 0
    for i, (unit, w, V, star, v) in enumerate(_units(points, LOSSES[name])):
        if statement == "shamir_lemma_1":
            in_w, in_V = bounds.comparison_matrix(w, V, star)
            slope_w, slope_V = unit.gradient(w, V)
            ours = (
                in_w @ slope_w + np.vdot(in_V, slope_V),
                unit.value(w, V) - unit.linear_value(star),
            )
        elif statement == "shamir_theorem_1":
            slope_w, slope_V = unit.gradient(w, V)
            steep = np.hypot(np.linalg.norm(slope_w), np.linalg.norm(slope_V))
            ours = steep, bounds.gradient_bound(unit, w, V, star)
        else:
            if v["stationary"] > 0 and np.linalg.norm(bounds.stationary_at_zero(unit)) < 1e3:
                V = bounds.stationary_at_zero(unit)
            found = bounds.origin_bound(unit, V, star)
            ours = found.left, found.right
        if not np.isfinite(left[i]):
            # Outside: there is no gap, or w* is short.
            assert ours[1] <= 1e-6 or np.linalg.norm(star) <= 1e-3
            continue
        inside += 1
        # The sides are in units of their own.
        assert left[i] * ours[1] == pytest.approx(right[i] * ours[0], rel=1e-6, abs=1e-9)
        # Where the loss is a straight line both sides are the same.
        if abs(ours[0] - ours[1]) > 1e-9 * (abs(ours[0]) + abs(ours[1])):
            assert np.sign(left[i] - right[i]) == np.sign(ours[0] - ours[1])
    assert inside > 40


def test_sharper_side_of_theorem_2():
    rng = np.random.default_rng(6)
    inequality = neighbour_inequalities.shamir_theorem_2(share=0.0)
    points = _drawn(inequality, rng, 200) | {"stationary": np.full(200, -1.0)}
    left, right = inequality.sides(**points)
    for i, (unit, _, V, star, _) in enumerate(_units(points, SQUARED)):
        found = bounds.origin_bound(unit, V, star)
        if not np.isfinite(left[i]):
            assert found.right <= 1e-6
            continue
        assert left[i] / right[i] == pytest.approx(found.sharp / found.right, rel=1e-6)


def test_theorem_3_is_the_uniform_bound():
    rng = np.random.default_rng(7)
    inequality = neighbour_inequalities.shamir_theorem_3()
    points = _drawn(inequality, rng, 300)
    left, right = inequality.sides(**points)
    for i, row in enumerate(zip(*points.values(), strict=True)):
        v = dict(zip(points, row, strict=True))
        x, z, y = (np.array([v[f"{n}1"], v[f"{n}2"]]) for n in "xzy")
        w, V, b, r = v["w"] * v["b"], v["v"] * v["b"], v["b"], v["r"]
        unit = ResidualUnit(x[:, None], z[:, None], y, SQUARED)
        steepest = np.max(np.abs(z))
        jacobian = np.hypot(np.max(np.abs(x) + b * np.abs(z)), b * steepest)
        farthest = b * np.max(np.abs(x) + b * np.abs(z)) + np.max(np.abs(y))
        mu = {
            "mu_0": farthest * jacobian,
            "mu_1": jacobian**2 + farthest * steepest,
            "mu_2": 3 * jacobian * steepest,
        }
        steep = np.hypot(*(float(np.squeeze(part)) for part in unit.gradient([w], [[V]])))
        least = min(unit.curvature([w], [[V]]).least, 0.0)
        epsilon = max(steep, least**2 / mu["mu_2"])
        assert unit.is_sopsp([w], [[V]], epsilon=epsilon * 1.001, hessian_lipschitz=mu["mu_2"])
        bound = bounds.uniform_bound(epsilon=epsilon, b=b, r=r, **mu)
        # No predictor within the bound is better than the one that was compared with.
        line = unit.linear_value([np.clip(x @ y / (x @ x), -r, r)])
        assert line <= min(unit.linear_value([s]) for s in np.linspace(-r, r, 21)) + 1e-12
        gap = unit.value([w], [[V]]) - line
        assert left[i] * gap == pytest.approx(right[i] * bound, rel=1e-9)
        # The Lipschitz constants, at another point of the box and by a difference of Hessians.
        other = b * rng.uniform(-1, 1, 2)
        slope = np.hypot(*(float(np.squeeze(p)) for p in unit.gradient(other[:1], other[1:, None])))
        here, there = (unit.hessian(p[:1], p[1:, None]) for p in (np.array([w, V]), other))
        apart = np.hypot(w - other[0], V - other[1])
        assert slope <= mu["mu_0"] * (1 + 1e-12)
        assert np.linalg.norm(there, 2) <= mu["mu_1"] * (1 + 1e-12)
        assert np.linalg.norm(there - here, 2) <= mu["mu_2"] * apart * (1 + 1e-12)


@pytest.mark.parametrize("share", [None, 0.5])
def test_lemma_2_5_is_attained_by_a_recursion(share):
    """The worst error is that of the recursion which the assumptions leave, step by step."""
    inequality = neighbour_inequalities.li_yuan_lemma_2_5(share)
    rng = np.random.default_rng(8)
    points = _drawn(inequality, rng, 400)
    points["steps"] = np.minimum(points["steps"], 300.0)
    left, right = inequality.sides(**points)
    checked = 0
    for i, row in enumerate(zip(*points.values(), strict=True)):
        v = dict(zip(points, row, strict=True))
        if not np.isfinite(left[i]):
            continue
        steps, delta = int(v["steps"]), v["delta"]
        rate = reslink.convergence_step(delta, steps, v["alpha"])
        bound = reslink.convergence_bound(delta, steps, v["alpha"], v["second"])
        most = error = min(v["diameter"] ** 2, v["second"] / delta**2)
        for _ in range(steps):
            error = max(1 - 2 * rate * delta, 0.0) * error + rate**2 * v["second"]
        assert right[i] == pytest.approx(min(error, most) / bound, rel=1e-9)
        if share is None:
            assert left[i] == 1
        else:
            assert left[i] == pytest.approx(share + steps ** -(1 + v["alpha"]))
            assert rate * delta <= 0.5
        checked += 1
    assert checked > 50


def test_an_unknown_loss_is_refused():
    for statement in SHAMIR:
        with pytest.raises(ValueError, match="'cubic': choose among squared"):
            getattr(neighbour_inequalities, statement)(loss="cubic")
