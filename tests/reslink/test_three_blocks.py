"""The network of three blocks: gradients, running statistics, training."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from shortcutlib.reslink.three_blocks import BlockNetwork, BlockTraining


def test_gradients_are_slopes(rng):
    network = BlockNetwork(6, rng, hidden=5)
    network.layers = [part + 0.1 * rng.normal(size=part.shape) for part in network.layers]
    x, y = rng.normal(size=(9, 6)), rng.normal(size=9)
    _, gradients, _ = network.loss_and_gradients(x, y)
    for layer, slope in zip(network.layers, gradients, strict=True):
        numeric = np.zeros_like(layer)
        for place in np.ndindex(layer.shape):
            old = layer[place]
            layer[place] = old + 1e-6
            up = network.loss_and_gradients(x, y)[0]
            layer[place] = old - 1e-6
            numeric[place] = (up - network.loss_and_gradients(x, y)[0]) / 2e-6
            layer[place] = old
        assert_allclose(slope, numeric, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("blocks", [1, 3])
def test_gradients_against_autodiff(blocks, rng):
    network = BlockNetwork(6, rng, hidden=7, blocks=blocks)
    network.layers = [part + 0.1 * rng.normal(size=part.shape) for part in network.layers]
    x, y = rng.normal(size=(20, 6)), rng.normal(size=20)

    def loss(layers):
        hidden = x
        for block in range(blocks):
            weights, scale, shift = layers[3 * block : 3 * block + 3]
            linear = hidden @ weights
            centred = linear - anp.mean(linear, axis=0)
            variance = anp.mean(centred**2, axis=0)
            hidden = anp.maximum(centred / anp.sqrt(variance + 1e-5) * scale + shift, 0)
        return anp.mean((anp.sum(hidden, axis=1) - y) ** 2)

    value, gradients, _ = network.loss_and_gradients(x, y)
    assert value == pytest.approx(loss(network.layers))
    for found, expected in zip(gradients, autograd.grad(loss)(network.layers), strict=True):
        assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


def test_settled_statistics_are_those_of_the_inputs(rng):
    """After settling on a batch, training and later answers agree on it."""
    network = BlockNetwork(4, rng, hidden=6)
    x, y = rng.normal(1.0, 2.0, size=(300, 4)), rng.normal(size=300)
    network.settle(x)
    assert network.loss_and_gradients(x, y)[0] == pytest.approx(
        np.mean((network.output(x) - y) ** 2), rel=1e-10
    )


def test_running_statistics_are_used_after_training(rng):
    network = BlockNetwork(4, rng, hidden=3, blocks=1)
    x = rng.normal(2.0, 3.0, size=(5000, 4))
    for _ in range(200):
        network.running = network.loss_and_gradients(x, np.zeros(5000))[2]
    linear = x @ network.layers[0]
    normal = (linear - linear.mean(axis=0)) / linear.std(axis=0)
    assert_allclose(network.output(x), np.maximum(normal, 0).sum(axis=1), rtol=1e-3, atol=1e-2)


def test_training_learns_and_goes_on(rng):
    x = rng.normal(size=(400, 5))
    y = np.abs(x).sum(axis=1)
    sets = (x[:300], y[:300]), (x[300:], y[300:])

    def fresh():
        network = BlockNetwork(5, np.random.default_rng(1), hidden=8)
        order = np.random.Generator(np.random.PCG64(2))
        return BlockTraining(network, *sets, order, batch=30, rate=0.003)

    whole = fresh()
    before = whole.measure()["training_error"]
    whole.advance(20)
    assert whole.measure()["training_error"] < 0.1 * before
    half, other = fresh(), fresh()
    half.advance(9)
    other.restore(*half.state())
    other.step = 9
    other.advance(20)
    assert other.measure() == whole.measure()


def test_sizes_are_checked(rng):
    with pytest.raises(ValueError, match="positive whole numbers"):
        BlockNetwork(0, rng)
