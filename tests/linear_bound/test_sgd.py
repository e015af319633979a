"""Theorem 4's SGD: its steps, the equivalence behind the proof, and the bound with constants."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from shortcutlib.linear_bound import LOGISTIC, SMOOTHED_HINGE, SQUARED
from shortcutlib.linear_bound.sgd import (
    SkipSetting,
    best_linear_in_ball,
    excess_bound,
    skip_sgd,
)


@pytest.fixture
def setting(rng):
    x = rng.standard_normal((40, 3))
    y = np.sign(x @ [1.0, -1, 0.5] + rng.standard_normal(40))
    return SkipSetting(x, y, LOGISTIC, hidden=2, radius=2.0, hidden_radius=1.5)


def plain(setting, steps, seed):
    """One run written out: the same random numbers, one step after the other."""
    rng = np.random.default_rng(seed)
    (n, d), m = setting.inputs.shape, setting.hidden

    def shrink(array, radius):
        return array * min(1, radius / np.linalg.norm(array))

    joint = rng.standard_normal((1, d + m))[0]
    joint *= setting.radius / np.linalg.norm(joint)
    A = shrink(rng.standard_normal((1, m, d))[0], setting.hidden_radius)
    eta = setting.step_ratio * setting.radius / (setting.lipschitz * np.sqrt(steps))
    values = []
    for _ in range(steps):
        w, v = joint[:d], joint[d:]
        predicted = setting.inputs @ w + np.tanh(setting.inputs @ A.T) @ v
        values.append(np.mean(np.logaddexp(0, -setting.targets * predicted)))
        i = rng.integers(n, size=1)[0]
        x, y = setting.inputs[i], setting.targets[i]
        z = np.tanh(A @ x)
        slope = -y / (1 + np.exp(y * (w @ x + v @ z)))
        A_slope = slope * np.outer(v * (1 - z**2), x)
        joint = shrink(joint - eta * slope * np.concatenate([x, z]), setting.radius)
        A = shrink(A - eta * A_slope, setting.hidden_radius)
    return np.array(values)


@pytest.mark.parametrize("step_ratio", [1.0, 3.0])
def test_every_iterate_is_that_of_plain_sgd(setting, step_ratio):
    setting = replace(setting, step_ratio=step_ratio)
    runs = skip_sgd(setting, steps=30, runs=1, rng=np.random.default_rng(5), looks=30)
    expected = plain(setting, 30, 5)
    np.testing.assert_allclose(runs.objective[:, 0], expected, rtol=1e-12)
    assert runs.looked_at.tolist() == list(range(1, 31))
    ours = [runs.best[0], runs.mean[0], runs.last[0]]
    np.testing.assert_allclose(ours, [expected.min(), expected.mean(), expected[-1]], rtol=1e-12)


def test_lipschitz_constant_and_largest_loss(setting, rng):
    d, m = 3, setting.hidden
    for _ in range(300):
        joint = rng.standard_normal(d + m)
        joint *= setting.radius * rng.random() / np.linalg.norm(joint)
        A = rng.standard_normal((m, d)) * 3
        i = rng.integers(40)
        both = np.concatenate([setting.inputs[i], np.tanh(A @ setting.inputs[i])])
        p, y = np.array([joint @ both]), setting.targets[i : i + 1]
        assert np.linalg.norm(LOGISTIC.slope(p, y) * both) <= setting.lipschitz
        assert LOGISTIC.value(p, y)[0] <= setting.largest_loss


@pytest.mark.parametrize("loss", [LOGISTIC, SMOOTHED_HINGE], ids=lambda loss: loss.name)
@pytest.mark.parametrize("radius", [0.5, 20.0])
def test_best_linear_predictor_of_the_ball(loss, radius, rng):
    x = rng.standard_normal((40, 3))
    y = np.sign(x @ [1.0, -1, 0.5] + rng.standard_normal(40))
    setting = SkipSetting(x, y, loss, radius=radius)
    u, value = best_linear_in_ball(setting)
    peer = minimize(
        lambda w: np.mean(loss.value(x @ w, y)),
        np.zeros(3),
        method="SLSQP",
        constraints={"type": "ineq", "fun": lambda w: radius**2 - w @ w},
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    assert np.linalg.norm(u) <= radius * (1 + 1e-9)
    assert value == pytest.approx(peer.fun, abs=1e-6)


@pytest.mark.parametrize("train_hidden", [True, False])
def test_bound_over_many_runs(setting, train_hidden):
    line = best_linear_in_ball(setting)[1]
    for steps in (10, 100, 1000):
        runs = skip_sgd(
            setting,
            steps=steps,
            runs=300,
            rng=np.random.default_rng(steps),
            train_hidden=train_hidden,
        )
        assert np.mean(runs.mean - line > excess_bound(setting, steps=steps, delta=0.1)) <= 0.1
        assert np.all(runs.best <= runs.mean)


def test_the_regret_bound_against_an_adversary(rng):
    # The step behind the proof: projected descent on any sequence of convex l-Lipschitz functions.
    b, lipschitz = 2.0, 3.0
    for trial in range(200):
        T = int(rng.integers(1, 200))
        eta = b / (lipschitz * np.sqrt(T))
        u = rng.standard_normal(3)
        u *= b * rng.random() / np.linalg.norm(u)
        x = rng.standard_normal(3)
        x *= b / np.linalg.norm(x)
        regret = 0.0
        for _ in range(T):
            # Half of the adversaries push away from u, the others at random.
            g = x - u if trial % 2 else rng.standard_normal(3)
            g = -lipschitz * g / max(np.linalg.norm(g), 1e-9)
            regret += g @ (x - u)
            x = x - eta * g
            x *= min(1, b / np.linalg.norm(x))
        assert regret <= 2.5 * b * lipschitz * np.sqrt(T) + 1e-9


def test_the_rate_cannot_be_better():
    # Labels +1 and -1 almost equally often and the loss -y u: one run in three or so never gets
    # near the better end of [-b, b], and its loss stays b kappa/2 above the best.
    rng = np.random.default_rng(3)
    T, runs, b = 4000, 500, 1.0
    kappa, eta = 0.5 / np.sqrt(T), b / np.sqrt(T)
    u = np.zeros(runs)
    best = u.copy()
    for _ in range(T):
        y = np.where(rng.random(runs) < (1 + kappa) / 2, 1.0, -1.0)
        u = np.clip(u + eta * y, -b, b)
        best = np.maximum(best, u)
    excess = kappa * (b - best)
    assert np.mean(excess * np.sqrt(T) / b > 0.2) > 0.2


def test_arguments_are_checked(setting):
    with pytest.raises(ValueError, match="squared loss has slopes of any size"):
        SkipSetting(np.ones((1, 1)), [1.0], SQUARED)
    with pytest.raises(ValueError, match="radius = 0"):
        SkipSetting(np.ones((1, 1)), [1.0], LOGISTIC, radius=0)
    with pytest.raises(ValueError, match="step_ratio = inf"):
        replace(setting, step_ratio=np.inf)
    with pytest.raises(ValueError, match="delta = 1"):
        excess_bound(setting, steps=10, delta=1)
    with pytest.raises(ValueError, match="steps = 0"):
        skip_sgd(setting, steps=0, runs=1, rng=np.random.default_rng(0))
