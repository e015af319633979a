"""Potential, drift and the matrix of mismatch, from their definitions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from shortcutlib import reslink


@pytest.mark.parametrize("d", [1, 2, 7])
def test_definitions(d, rng):
    W, W_star = rng.normal(scale=0.4, size=(2, d, d))
    P, Q = np.eye(d) + W, np.eye(d) + W_star
    lengths = np.linalg.norm(Q, axis=0) - np.linalg.norm(P, axis=0)
    assert reslink.potential(W, W_star) == pytest.approx(lengths.sum(), abs=1e-13)
    without = [lengths[np.arange(d) != j].sum() for j in range(d)]
    assert_allclose(reslink.potential_without(W, W_star), without, atol=1e-13)
    assert_allclose(reslink.drift(W, W_star), (W_star - W) @ np.ones(d), atol=1e-13)
    parts = [
        np.outer(Q[:, i], Q[:, i]) / np.linalg.norm(Q[:, i])
        - np.outer(P[:, i], P[:, i]) / np.linalg.norm(P[:, i])
        for i in range(d)
    ]
    assert_allclose(reslink.mismatch_matrix(W, W_star), sum(parts), atol=1e-13)
    for j in range(d):
        rest = sum((parts[i] for i in range(d) if i != j), np.zeros((d, d)))
        assert_allclose(reslink.mismatch_matrix(W, W_star, j), rest, atol=1e-13)


def test_small_differences_keep_their_digits(rng):
    W_star, away = rng.normal(scale=0.1, size=(2, 5, 5))
    Q = np.eye(5) + W_star
    slope = -np.sum(Q / np.linalg.norm(Q, axis=0) * away)
    for h in (1e-5, 1e-9, 1e-12):
        g = reslink.potential(W_star + h * away, W_star)
        assert g / h == pytest.approx(slope, rel=2e-3 if h < 1e-10 else 1e-4)


def test_there_is_no_such_unit():
    with pytest.raises(ValueError, match="from 0 to 1"):
        reslink.mismatch_matrix(np.eye(2), np.eye(2), 2)
