"""SGD: what a step does, that its mean is the gradient, and that it can be taken up again."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from shortcutlib import reslink


def generator(seed):
    return np.random.Generator(np.random.PCG64(seed))


def test_a_step_is_the_batch_gradient(rng):
    W, W_star = rng.normal(scale=0.2, size=(2, 6, 6))
    training = reslink.FreshBatches(W, W_star, generator(3), batch=50, rate=0.01)
    training.advance(1)
    x = generator(3).standard_normal((50, 6))
    expected = W - 0.01 * reslink.batch_gradient(W, x, reslink.output(x, W_star)).gradient
    assert_allclose(training.weights, expected, rtol=1e-13)


def test_large_batches_follow_the_population(rng):
    W, W_star = rng.normal(scale=0.2, size=(2, 4, 4))
    training = reslink.FreshBatches(W, W_star, rng, batch=100_000, rate=0.1)
    for _ in range(10):
        W = W - 0.1 * reslink.gradient(W, W_star)
    training.advance(10)
    assert_allclose(training.weights, W, atol=0.01)
    found = training.measure()
    assert found["distance"] == pytest.approx(np.linalg.norm(training.weights - W_star))
    assert found["potential"] == pytest.approx(reslink.potential(training.weights, W_star))
    assert found["drift"] == pytest.approx(np.linalg.norm(reslink.drift(training.weights, W_star)))
    assert found["inner_product"] == pytest.approx(reslink.inner_product(training.weights, W_star))


def test_a_zero_teacher_and_single_precision(rng):
    W = reslink.wrong_way_start(100, 4, rng)
    runs = [
        reslink.FreshBatches(W, 0 * W, generator(1), rate=0.0015, precision=precision)
        for precision in ("single", "double")
    ]
    for run in runs:
        run.advance(80)
        assert run.measure()["inner_product"] > 0
        assert run.measure()["potential"] < 0.5
    assert runs[0].weights.dtype == np.float32


def test_training_set_epochs(rng):
    W, W_star = rng.normal(scale=0.2, size=(2, 5, 5))
    x, test = rng.standard_normal((95, 5)), rng.standard_normal((20, 5))
    training = reslink.TrainingSet(W, W_star, x, test, generator(2), batch=20, rate=0.01)
    training.advance(1)
    order = generator(2).permutation(95)
    y = reslink.output(x, W_star)
    for first in range(0, 95, 20):
        chosen = order[first : first + 20]
        W = W - 0.01 * reslink.batch_gradient(W, x[chosen], y[chosen]).gradient
    assert_allclose(training.weights, W, rtol=1e-12)
    found = training.measure()
    wrong = reslink.output(test, W) - reslink.output(test, W_star)
    assert found["test_error"] == pytest.approx(np.mean(wrong**2))
    assert found["norm"] == pytest.approx(np.linalg.norm(W))
    assert found["distance"] == pytest.approx(np.linalg.norm(W - W_star))


def test_vanilla_is_reslink_from_another_start(rng):
    W, W_star = rng.normal(scale=0.2, size=(2, 5, 5))
    x = rng.standard_normal((60, 5))
    link = reslink.TrainingSet(W, W_star, x, x, generator(2), batch=20)
    plain = reslink.TrainingSet(np.eye(5) + W, W_star, x, x, generator(2), batch=20, link=False)
    for training in (link, plain):
        training.advance(5)
    assert_allclose(plain.relative, link.weights, atol=1e-12)
    assert plain.measure() == pytest.approx(link.measure(), rel=1e-9)


def test_what_does_not_fit_is_refused(rng):
    zero = np.zeros((3, 3))
    with pytest.raises(ValueError, match="batch"):
        reslink.FreshBatches(zero, zero, rng, batch=0)
    with pytest.raises(ValueError, match="step size"):
        reslink.FreshBatches(zero, zero, rng, rate=0.0)
    with pytest.raises(ValueError, match="same size"):
        reslink.FreshBatches(zero, np.eye(2), rng)
    with pytest.raises(ValueError, match="'single' or 'double'"):
        reslink.TrainingSet(zero, zero, zero, zero, rng, precision="half")
