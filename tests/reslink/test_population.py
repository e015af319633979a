"""The population loss and gradient: against autodiff, samples, integration, and limits."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from shortcutlib import reslink
from shortcutlib.relu_kernel import relu_kernel


def plain_loss(W, W_star):
    """The loss pair by pair, in a form that autograd can follow."""
    d = len(W)
    total = 0.0
    units = [(1.0, W), (-1.0, W_star)]
    for a, A in units:
        for b, B in units:
            for i in range(d):
                for j in range(d):
                    p, q = anp.eye(d)[i] + A[:, i], anp.eye(d)[j] + B[:, j]
                    lengths = anp.sqrt(anp.sum(p**2)) * anp.sqrt(anp.sum(q**2))
                    if A is B and i == j:
                        total = total + lengths / 2
                        continue
                    c = anp.sum(p * q) / lengths
                    angle = anp.arccos(c)
                    kernel = anp.sqrt(1 - c**2) + (np.pi - angle) * c
                    total = total + a * b * lengths * kernel / (2 * np.pi)
    return total


@pytest.mark.parametrize("d", [1, 2, 5, 9])
def test_loss_is_a_sum_of_kernels(d, rng):
    W, W_star = rng.normal(scale=0.4, size=(2, d, d))
    P, Q = np.eye(d) + W, np.eye(d) + W_star
    by_hand = sum(
        relu_kernel(P[:, i], P[:, j])
        - 2 * relu_kernel(Q[:, i], P[:, j])
        + relu_kernel(Q[:, i], Q[:, j])
        for i in range(d)
        for j in range(d)
    )
    assert reslink.loss(W, W_star) == pytest.approx(by_hand, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("d", [2, 3, 6])
@pytest.mark.parametrize("scale", [0.05, 0.5, 2.0])
def test_gradient_against_autodiff(d, scale, rng):
    W, W_star = rng.normal(scale=scale, size=(2, d, d))
    found = reslink.loss_and_gradient(W, W_star)
    assert found.loss == pytest.approx(float(plain_loss(W, W_star)), rel=1e-9, abs=1e-12)
    expected = autograd.grad(lambda A: plain_loss(A, W_star))(W)
    assert_allclose(found.gradient, expected, rtol=1e-9, atol=1e-11)
    assert_allclose(reslink.gradient(W, W_star), found.gradient)


@pytest.mark.parametrize("d", [1, 3, 20])
def test_against_samples(d, rng):
    W, W_star = rng.normal(scale=0.5 / np.sqrt(d), size=(2, d, d))
    n = 40_000
    x = rng.standard_normal((n, d))
    y = reslink.output(x, W_star)
    errors = (reslink.output(x, W) - y) ** 2
    off = (errors.mean() - reslink.loss(W, W_star)) / (errors.std() / np.sqrt(n))
    assert abs(off) < 4
    active = (x @ (np.eye(d) + W)) >= 0
    wrong = reslink.output(x, W) - y
    away = rng.normal(size=(d, d))
    slopes = 2 * wrong * np.einsum("ni,ij,nj->n", x, away, active)
    off = (slopes.mean() - np.vdot(reslink.gradient(W, W_star), away)) / (slopes.std() / np.sqrt(n))
    assert abs(off) < 4


def test_nothing_is_lost_close_to_the_teacher(rng):
    """The gradient there is the Hessian times the distance, over nine orders of magnitude."""
    W_star, away = rng.normal(scale=0.1, size=(2, 6, 6))
    scaled = [reslink.gradient(W_star + h * away, W_star) / h for h in (1e-3, 1e-6, 1e-9)]
    assert_allclose(scaled[1], scaled[2], rtol=1e-4, atol=1e-6)
    assert_allclose(scaled[0], scaled[2], rtol=1e-2)
    assert reslink.loss(W_star, W_star) == pytest.approx(0, abs=1e-14)
    assert_allclose(reslink.gradient(W_star, W_star), 0, atol=1e-14)


def test_angles(rng):
    W, W_star = rng.normal(size=(2, 4, 4))
    angles = reslink.column_angles(W, W_star)
    P, Q = np.eye(4) + W, np.eye(4) + W_star
    for i, j in np.ndindex(4, 4):
        c = P[:, i] @ Q[:, j] / np.linalg.norm(P[:, i]) / np.linalg.norm(Q[:, j])
        assert angles[i, j] == pytest.approx(np.arccos(c))
    assert_allclose(np.diag(reslink.column_angles(W, W)), 0)
    tiny = W_star.copy()
    tiny[0, 1] += 1e-11
    moved = reslink.column_angles(tiny, W_star)[1, 1]
    assert 1e-13 < moved < 1e-11


def test_angles_of_many_nearly_parallel_columns(rng, monkeypatch):
    """More pairs than are compared at once, against one pair at a time in exact arithmetic."""
    from fractions import Fraction

    from shortcutlib.reslink import population

    monkeypatch.setattr(population, "_PAIRS", 7)
    base = rng.normal(size=5)
    W = np.array([base * length for length in (1, 2, -3, 0.5, 4)]).T - np.eye(5)
    W_star = W + 1e-9 * rng.normal(size=(5, 5))
    angles = reslink.column_angles(W, W_star)
    for i, j in np.ndindex(5, 5):
        p, q = ([Fraction(x) for x in np.eye(5)[:, k] + M[:, k]] for k, M in ((i, W), (j, W_star)))
        pp, qq = sum(x * x for x in p), sum(x * x for x in q)
        dot = sum(x * y for x, y in zip(p, q, strict=True))
        sine = np.sqrt(float((pp * qq - dot * dot) / (pp * qq)))
        expected = np.arcsin(sine) if dot > 0 else np.pi - np.arcsin(sine)
        assert angles[i, j] == pytest.approx(expected, abs=1e-14, rel=1e-5)


def test_a_dead_unit_has_the_right_loss():
    # For d = 1 and p <= 0 < q the two units are never active together.
    assert reslink.loss([[-1.0]], [[0.0]]) == pytest.approx(0.5)
    assert reslink.loss([[-3.0]], [[0.0]]) == pytest.approx(0.5 * 4 + 0.5)
    assert np.isfinite(reslink.gradient([[-1.0]], [[0.0]])).all()


def test_sizes_must_agree():
    with pytest.raises(ValueError, match="two of the same size"):
        reslink.loss(np.eye(2), np.eye(3))
