"""Circulant weights against the full matrices."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from shortcutlib import reslink
from shortcutlib.reslink import circulant as ring


@pytest.mark.parametrize("d", [1, 2, 3, 6, 7, 40])
def test_measures_are_those_of_the_matrices(d, rng):
    c, t = rng.normal(scale=0.5 / np.sqrt(d), size=(2, d))
    W, W_star = ring.circulant(c), ring.circulant(t)
    here, full = ring.measure(c, t), reslink.one_point(W, W_star)
    assert here.squared_distance == pytest.approx(full.squared_distance)
    assert here.inner_product == pytest.approx(full.inner_product, rel=1e-9, abs=1e-12)
    assert here.loss == pytest.approx(full.loss, rel=1e-9, abs=1e-12)
    assert here.potential == pytest.approx(reslink.potential(W, W_star), rel=1e-9, abs=1e-12)
    assert_allclose(ring.circulant(here.gradient), reslink.gradient(W, W_star), atol=1e-12)


def test_close_to_the_teacher(rng):
    t, away = rng.normal(scale=0.1, size=(2, 9))
    near = [ring.measure(t + h * away, t).gradient / h for h in (1e-6, 1e-9)]
    assert_allclose(near[0], near[1], rtol=1e-5, atol=1e-7)


def test_descent_is_that_of_the_matrices():
    start, teacher = ring.circulant_start(12, 1.5), ring.circulant_teacher(12, 0.3)
    seen = []
    last = ring.descend(start, teacher, 0.05, 40, lambda i, s: seen.append((i, s.loss)))
    W, W_star = ring.circulant(start), ring.circulant(teacher)
    for _ in range(40):
        W = W - 0.05 * reslink.gradient(W, W_star)
    assert_allclose(ring.circulant(last), W, atol=1e-12)
    assert [i for i, _ in seen] == list(range(41))
    assert seen[-1][1] == pytest.approx(reslink.loss(W, W_star))


@pytest.mark.parametrize("d", [8, 9, 64, 101])
def test_starts_and_teachers_have_their_norms(d):
    W = ring.circulant(ring.circulant_start(d, 2.0, trace=-0.6))
    assert np.linalg.norm(W) == pytest.approx(2.0)
    assert np.trace(W) == pytest.approx(-2.4)
    assert_allclose(W @ np.ones(d), 0, atol=1e-12)
    W_star = ring.circulant(ring.circulant_teacher(d, 0.4))
    assert_allclose(W_star, -W_star.T, atol=1e-12)
    assert np.linalg.norm(W_star, 2) == pytest.approx(0.4)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="one column"):
        ring.circulant(np.eye(2))
    with pytest.raises(ValueError, match="two of one length"):
        ring.measure([0.0, 0.0], [0.0])
    with pytest.raises(ValueError, match="step size"):
        ring.descend([0.0], [0.0], 0.0, 1, lambda i, s: None)
    with pytest.raises(ValueError, match="at least 4"):
        ring.circulant_start(3, 1.0)
    with pytest.raises(ValueError, match="smaller norm"):
        ring.circulant_start(8, 20.0)
    with pytest.raises(ValueError, match="at least 0"):
        ring.circulant_teacher(8, -1.0)
