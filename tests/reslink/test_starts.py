"""Matrices with prescribed norms."""

import numpy as np
import pytest

from shortcutlib import reslink


@pytest.mark.parametrize("d, spectral, frobenius", [(100, 0.6, 5.7), (100, 0.6, 5.0), (2, 1, 1.3)])
def test_norms_are_as_asked(d, spectral, frobenius, rng):
    W = reslink.random_matrix(d, spectral, frobenius, rng)
    assert np.linalg.norm(W, 2) == pytest.approx(spectral)
    assert np.linalg.norm(W) == pytest.approx(frobenius)
    assert not np.allclose(W, reslink.random_matrix(d, spectral, frobenius, rng))


@pytest.mark.parametrize("d, frobenius, trace", [(100, 4, -0.75), (101, 4, -0.6), (5, 0.5, 0.3)])
def test_wrong_way_start_has_its_properties(d, frobenius, trace, rng):
    W = reslink.wrong_way_start(d, frobenius, rng, trace=trace)
    assert np.linalg.norm(W) == pytest.approx(frobenius)
    assert np.trace(W) == pytest.approx(trace * frobenius**2)
    np.testing.assert_allclose(W @ np.ones(d), 0, atol=1e-12)
    np.testing.assert_allclose(W.T @ np.ones(d), 0, atol=1e-12)
    sigma = np.linalg.svd(W, compute_uv=False)
    # All equal but for the one or two in the kernel of the skew part.
    assert sigma[0] == pytest.approx(sigma[-4], rel=1e-9)


def test_gradient_points_away_in_high_dimension_only(rng):
    zero = np.zeros((200, 200))
    assert reslink.inner_product(reslink.wrong_way_start(200, 5, rng), zero) < -10
    assert reslink.inner_product(reslink.wrong_way_start(200, 2, rng), zero) > 0.2


def test_impossible_norms_are_refused(rng):
    with pytest.raises(ValueError, match=r"between the former and 6"):
        reslink.random_matrix(100, 0.6, 6.1, rng)
    with pytest.raises(ValueError, match="at least 2"):
        reslink.random_matrix(1, 0.6, 0.6, rng)
    with pytest.raises(ValueError, match="smaller norm"):
        reslink.wrong_way_start(8, 20.0, rng)
    with pytest.raises(ValueError, match="at least 4"):
        reslink.wrong_way_start(3, 1.0, rng)
