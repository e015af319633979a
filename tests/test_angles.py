import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortcutlib.angles import angle_between, tangent_projection, unit


def rotated(angle, dimension, rng):
    """A unit vector and another at exactly this angle from it, as well as rounding allows."""
    frame = np.linalg.qr(rng.standard_normal((dimension, 2)))[0]
    u, e = frame[:, 0], frame[:, 1]
    return u, np.cos(angle) * u + np.sin(angle) * e


@pytest.mark.parametrize("angle", [1e-9, 1e-7, 1e-3, 0.5, np.pi / 2, 3.0])
@pytest.mark.parametrize("dimension", [2, 8, 64])
def test_angle_is_relatively_accurate_from_tiny_to_large(angle, dimension, rng):
    u, v = rotated(angle, dimension, rng)
    assert angle_between(3.0 * u, 0.2 * v) == pytest.approx(angle, rel=1e-6)


@pytest.mark.parametrize("complement", [1e-9, 1e-6, 1e-2])
def test_angle_near_pi_keeps_its_complement(complement, rng):
    u, v = rotated(complement, 8, rng)
    assert np.pi - angle_between(u, -v) == pytest.approx(complement, rel=1e-6)


def test_the_textbook_formula_would_fail(rng):
    u, v = rotated(1e-9, 8, rng)
    naive = np.arccos(np.clip(u @ v, -1, 1))
    assert naive != pytest.approx(1e-9, rel=0.5)


@given(st.integers(1, 64), st.integers(0, 2**32 - 1))
def test_angle_is_symmetric_and_ignores_length(dimension, seed):
    generator = np.random.default_rng(seed)
    u, v = generator.standard_normal((2, dimension))
    expected = angle_between(u, v)
    assert 0 <= expected <= np.pi
    assert angle_between(v, u) == pytest.approx(expected, rel=1e-12)
    assert angle_between(1e150 * u, 1e-150 * v) == pytest.approx(expected, abs=1e-12)
    assert angle_between(u, -v) == pytest.approx(np.pi - expected, abs=1e-12)


def test_projection_is_accurate_for_nearly_parallel_vectors(rng):
    for angle in (1e-12, 1e-8, 1e-3, 1.0, np.pi - 1e-8):
        u, v = rotated(angle, 8, rng)
        across = tangent_projection(u, v)
        assert abs(u @ across) < 1e-15
        assert np.linalg.norm(across) == pytest.approx(np.sin(angle), rel=1e-3)


@pytest.mark.parametrize("bad", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0], [[1.0]], []])
def test_vectors_without_direction_are_refused(bad):
    with pytest.raises(ValueError, match="got"):
        unit(bad)


def test_vectors_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="lengths 2 and 3"):
        angle_between([1.0, 0.0], [1.0, 0.0, 0.0])
