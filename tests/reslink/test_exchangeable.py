"""Matrices of equal blocks: against the whole matrices."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from shortcutlib import reslink


@pytest.mark.parametrize("copies", [1, 2, 3, 7])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_all_measures_are_those_of_the_whole(copies, size, rng):
    weights, teacher = (
        reslink.blocks(*rng.normal(scale=0.3, size=(2, size, size)), copies) for _ in range(2)
    )
    here = reslink.measure_blocks(weights, teacher)
    W, W_star = weights.matrix, teacher.matrix
    assert weights.spectral_norm == pytest.approx(np.linalg.norm(W, 2))
    whole = reslink.one_point(W, W_star)
    assert here.inner_product == pytest.approx(whole.inner_product, rel=1e-10)
    assert here.squared_distance == pytest.approx(whole.squared_distance, rel=1e-12)
    assert here.ratio == pytest.approx(whole.ratio, rel=1e-10)
    assert here.potential == pytest.approx(reslink.potential(W, W_star), rel=1e-9, abs=1e-12)
    assert_allclose(here.gradient.matrix, reslink.gradient(W, W_star), rtol=1e-9, atol=1e-12)


def test_equal_blocks_are_block_diagonal(rng):
    block = rng.normal(size=(2, 2))
    assert_allclose(reslink.blocks(block, block, 3).matrix, np.kron(np.eye(3), block), atol=1e-15)


def test_copies_may_be_exchanged(rng):
    W = reslink.blocks(*rng.normal(size=(2, 2, 2)), 4).matrix
    order = np.arange(8).reshape(4, 2)[[2, 0, 3, 1]].ravel()
    assert_allclose(W[np.ix_(order, order)], W, atol=1e-15)


def test_nothing_is_left_at_the_teacher(rng):
    W = reslink.blocks(*rng.normal(scale=0.2, size=(2, 2, 2)), 50)
    here = reslink.measure_blocks(W, W)
    assert here.potential == here.squared_distance == 0
    assert np.isnan(here.ratio)
    assert_allclose(here.gradient.mean, 0, atol=1e-13)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        reslink.blocks(np.eye(2), np.eye(2), 0)
    with pytest.raises(ValueError, match="two square ones"):
        reslink.blocks(np.eye(2), np.eye(3), 2)
    with pytest.raises(ValueError, match="not finite"):
        reslink.blocks([[np.inf]], [[0.0]], 2)
    small, large = (reslink.blocks(np.eye(m), np.eye(m), 2) for m in (2, 3))
    with pytest.raises(ValueError, match="two of one size"):
        reslink.measure_blocks(small, large)
