"""One-point convexity, and what Lemma 2.5 makes of it."""

import numpy as np
import pytest

from shortcutlib import reslink


def test_inner_product_is_the_speed_of_approach(rng):
    W, W_star = rng.normal(scale=0.3, size=(2, 5, 5))
    here = reslink.one_point(W, W_star)
    h = 1e-6
    after = W - h * reslink.gradient(W, W_star)
    speed = (np.sum((W_star - W) ** 2) - np.sum((W_star - after) ** 2)) / (2 * h)
    assert here.inner_product == pytest.approx(speed, rel=1e-4)
    assert here.inner_product == reslink.inner_product(W, W_star)
    assert here.squared_distance == pytest.approx(np.sum((W_star - W) ** 2))
    assert here.loss == pytest.approx(reslink.loss(W, W_star))
    assert here.ratio == pytest.approx(here.inner_product / here.squared_distance)
    assert np.isnan(reslink.one_point(W, W).ratio)


def test_step_and_bound_belong_together():
    delta, steps, alpha, second = 0.03, 5000, 0.7, 4.0
    rate = reslink.convergence_step(delta, steps, alpha)
    assert rate == pytest.approx(1.7 * np.log(5000) / (0.03 * 5000))
    bound = reslink.convergence_bound(delta, steps, alpha, second)
    assert bound == pytest.approx(rate * second / delta)
    edge = np.sqrt(5000**alpha * np.log(5000) * 1.7 * second) / delta
    assert reslink.enough_steps(delta, steps, alpha, second, 0.999 * edge)
    assert not reslink.enough_steps(delta, steps, alpha, second, 1.001 * edge)
    assert reslink.enough_steps(1.0, 10**6, 400.0, 1.0, 1e300)


def test_sgd_obeys_the_bound(rng):
    """A quadratic bowl in four dimensions, with noise; the mean over 400 runs."""
    delta, steps, alpha = 0.5, 400, 0.5
    rate = reslink.convergence_step(delta, steps, alpha)
    start = np.full(4, 1.0)
    x = np.tile(start, (400, 1))
    largest = 0.0
    for _ in range(steps):
        noisy = delta * x + rng.normal(scale=0.5, size=x.shape)
        largest = max(largest, float(np.mean(np.sum(noisy**2, axis=1))))
        x = x - rate * noisy
    assert reslink.enough_steps(delta, steps, alpha, largest, 2.0)
    error = float(np.mean(np.sum(x**2, axis=1)))
    assert error < reslink.convergence_bound(delta, steps, alpha, largest)


@pytest.mark.parametrize(
    "delta, steps, alpha, word",
    [(0.0, 10, 1.0, "delta"), (1.0, 1, 1.0, "T is 1"), (1.0, 10, 0.0, "alpha")],
)
def test_what_is_out_of_range(delta, steps, alpha, word):
    with pytest.raises(ValueError, match=word):
        reslink.convergence_step(delta, steps, alpha)
    with pytest.raises(ValueError, match="G"):
        reslink.convergence_bound(1.0, 10, 1.0, 0.0)
    with pytest.raises(ValueError, match="D is"):
        reslink.enough_steps(1.0, 10, 1.0, 1.0, -1.0)
