"""The network of three blocks: gradients, running statistics, training."""

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
