"""Blocks of identity links from zero and from random starts."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from shortcutlib.reslink.identity_blocks import BlockClassifier, ZeroStart
from shortcutlib.reslink.images import Images, load_images


@pytest.mark.parametrize("link", [True, False])
def test_gradients_are_slopes(link, rng):
    network = BlockClassifier(6, rng, start="random", link=link, blocks=3, classes=4)
    x, labels = rng.normal(size=(5, 6)), rng.integers(0, 4, 5)
    loss, gradients = network.loss_and_gradients(x, labels)
    scores = network.scores(x)
    share = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert loss == pytest.approx(-np.mean(np.log(share[np.arange(5), labels])))
    for layer, slope in zip(network.layers, gradients, strict=True):
        numeric = np.zeros_like(layer)
        for place in np.ndindex(layer.shape):
            old = layer[place]
            layer[place] = old + 1e-6
            up = network.loss_and_gradients(x, labels)[0]
            layer[place] = old - 1e-6
            numeric[place] = (up - network.loss_and_gradients(x, labels)[0]) / 2e-6
            layer[place] = old
        assert_allclose(slope, numeric, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("link", [True, False])
def test_gradients_against_autodiff(link, rng):
    network = BlockClassifier(6, rng, start="random", link=link, blocks=5, classes=4)
    x, labels = rng.normal(size=(20, 6)), rng.integers(0, 4, 20)

    def loss(layers):
        hidden = x
        for weights in layers[:-2]:
            hidden = anp.maximum(hidden @ weights + (hidden if link else 0.0), 0)
        scores = hidden @ layers[-2] + layers[-1]
        total = anp.log(anp.sum(anp.exp(scores), axis=1))
        return anp.mean(total - scores[np.arange(20), labels])

    value, gradients = network.loss_and_gradients(x, labels)
    assert value == pytest.approx(loss(network.layers))
    for found, expected in zip(gradients, autograd.grad(loss)(network.layers), strict=True):
        assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_zero_works_with_links_only(tmp_path):
    results = {}
    for link in (True, False):
        for start in ("zero", "random"):
            records = ZeroStart(start, link, epochs=60).run_in(tmp_path)
            assert [record["step"] for record in records] == [0, 10, 20, 30, 40, 50, 60]
            results[start, link] = records[-1]["test_error"]
    assert results["zero", True] < 0.1
    assert results["random", True] < 0.1
    assert results["zero", False] > 0.85


def test_a_training_goes_on_where_it_was():
    images = load_images()
    images = Images(*(part[:100] for part in images))
    whole = ZeroStart("random").prepare(images)
    half, other = ZeroStart("random").prepare(images), ZeroStart("random").prepare(images)
    whole.advance(6)
    half.advance(3)
    other.restore(*half.state())
    other.step = 3
    other.advance(6)
    assert_allclose(other.network.scores(images.test), whole.network.scores(images.test))


def test_what_does_not_fit_is_refused(rng):
    with pytest.raises(ValueError, match="no start 'one'"):
        BlockClassifier(4, rng, start="one")
    with pytest.raises(ValueError, match="positive whole numbers"):
        BlockClassifier(0, rng)
