"""Two classes told apart by a threshold."""

import numpy as np
import pytest

from shortcutlib.reslink.images import load_images
from shortcutlib.reslink.network import output
from shortcutlib.reslink.pairs import best_threshold, clip_spectral_norm, train_pair


def test_the_threshold_is_the_best(rng):
    for _ in range(50):
        values = np.round(rng.normal(size=20), 1)
        second = rng.random(20) < rng.uniform(0.2, 0.8)
        if not 0 < second.sum() < 20:
            continue
        threshold, above, error = best_threshold(values, second)
        assert threshold not in values
        assert np.mean((values > threshold) != (second == above)) == pytest.approx(error)
        tried = [np.mean((values > t) != second) for t in np.arange(-4.05, 4, 0.1)]
        assert error == pytest.approx(min(*tried, *(1 - t for t in tried)))


def test_clipping(rng):
    W = rng.normal(size=(6, 6))
    clipped = clip_spectral_norm(W, 0.6)
    assert np.linalg.norm(clipped, 2) == pytest.approx(0.6)
    # The nearest such matrix: no other one on the way to W is nearer.
    assert np.vdot(W - clipped, clipped) >= np.vdot(W - clipped, 0.6 * np.eye(6))
    assert clip_spectral_norm(clipped, 0.7) is clipped


def test_training_a_pair_of_digits():
    images = load_images()
    chosen = np.isin(images.training_labels, (0, 1))
    second = images.training_labels[chosen] == 1
    found = train_pair(images.training[chosen], second)
    assert np.linalg.norm(found.weights, 2) <= 0.6 + 1e-12
    assert found.error_at_zero > 0.3
    assert found.error < 0.03
    above = output(images.training[chosen], found.weights) > found.threshold
    error = np.mean(above != second)
    assert found.error == pytest.approx(min(error, 1 - error))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="two classes has no images"):
        best_threshold(np.arange(3.0), np.array([True, True, True]))
    with pytest.raises(ValueError, match="positive number"):
        train_pair(np.ones((2, 2)), np.array([True, False]), spectral=0.0)
