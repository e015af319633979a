"""The network, its twin and the batch gradient."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from shortcutlib import reslink


def test_output_is_the_sum_of_rectified_units(rng):
    W = rng.normal(size=(4, 4))
    x = rng.normal(size=(7, 4))
    by_hand = [sum(max(0.0, (np.eye(4)[j] + W[:, j]) @ row) for j in range(4)) for row in x]
    assert_allclose(reslink.output(x, W), by_hand, rtol=1e-12)
    assert_allclose(reslink.vanilla_output(x, np.eye(4) + W), by_hand, rtol=1e-12)
    assert_allclose(reslink.output(x[0], W), by_hand[:1])


@pytest.mark.parametrize("link", [True, False])
def test_batch_gradient_is_the_slope_of_the_loss(link, rng):
    W, x, y = rng.normal(size=(5, 5)), rng.normal(size=(30, 5)), rng.normal(size=30)
    found = reslink.batch_gradient(W, x, y, link=link)
    answer = reslink.output if link else reslink.vanilla_output
    assert found.loss == pytest.approx(np.mean((answer(x, W) - y) ** 2))
    numeric = np.zeros((5, 5))
    for i, j in np.ndindex(5, 5):
        change = np.zeros((5, 5))
        change[i, j] = 1e-6
        up = reslink.batch_gradient(W + change, x, y, link=link).loss
        down = reslink.batch_gradient(W - change, x, y, link=link).loss
        numeric[i, j] = (up - down) / 2e-6
    assert_allclose(found.gradient, numeric, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("link", [True, False])
def test_batch_gradient_against_autodiff(link, rng):
    W, x, y = rng.normal(size=(6, 6)), rng.normal(size=(50, 6)), rng.normal(size=50)

    def loss(W):
        units = x @ (np.eye(6) + W) if link else x @ W
        return anp.mean((anp.sum(anp.maximum(units, 0), axis=1) - y) ** 2)

    found = reslink.batch_gradient(W, x, y, link=link)
    assert_allclose(found.gradient, autograd.grad(loss)(W), rtol=1e-11, atol=1e-12)
    assert found.loss == pytest.approx(loss(W))


def test_single_precision_stays_single(rng):
    W = rng.normal(size=(3, 3)).astype(np.float32)
    x = rng.standard_normal((5, 3), dtype=np.float32)
    assert reslink.batch_gradient(W, x, reslink.output(x, W)).gradient.dtype == np.float32


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="square matrix"):
        reslink.output([1.0, 2.0], [[1.0, 2.0]])
    with pytest.raises(ValueError, match="rows of length 2"):
        reslink.output([1.0, 2.0, 3.0], np.eye(2))
    with pytest.raises(ValueError, match="not finite"):
        reslink.vanilla_output([1.0], [[np.nan]])
    with pytest.raises(ValueError, match="one for each of the 2 inputs"):
        reslink.batch_gradient(np.eye(2), np.ones((2, 2)), [1.0])
