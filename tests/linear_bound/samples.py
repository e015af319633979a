"""Random data and points over a wide range, for the tests of this folder."""

import numpy as np

from shortcutlib.linear_bound import LOGISTIC, SMOOTHED_HINGE, SQUARED, ResidualUnit

SCALAR = (SQUARED, LOGISTIC, SMOOTHED_HINGE)


def random_unit(rng, loss=None, *, largest=4, weights=False):
    """A unit with few examples, scales from small to large, and now and then a zero input."""
    loss = loss or SCALAR[rng.integers(3)]
    n, d, m = rng.integers(1, 7), rng.integers(1, largest + 1), rng.integers(1, largest + 1)
    x = rng.standard_normal((n, d)) * 10 ** rng.uniform(-1, 1)
    z = rng.standard_normal((n, m)) * 10 ** rng.uniform(-1, 1)
    if rng.random() < 0.2:
        x[0] = 0
    y = rng.choice([-1.0, 1.0], n) if loss.signs else rng.standard_normal(n)
    y = y if loss.signs else y * 10 ** rng.uniform(-1, 1)
    q = rng.dirichlet(np.ones(n)) if weights else None
    return ResidualUnit(x, z, y, loss, q)


def random_point(rng, unit):
    """w and V of independent scales."""
    w = rng.standard_normal(unit.d) * 10 ** rng.uniform(-2, 1)
    V = rng.standard_normal((unit.d, unit.m)) * 10 ** rng.uniform(-2, 1)
    return w, V


def norm(in_w, in_V):
    """Length of a pair (w, V) as one vector."""
    return float(np.hypot(np.linalg.norm(in_w), np.linalg.norm(in_V)))
