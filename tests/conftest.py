"""Fixtures and Hypothesis strategies that several test modules share."""

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from shortcutlib import Teacher

# The same examples on every machine; no time limit, since machines differ.
settings.register_profile(
    "book", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("book")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20191207)


@st.composite
def teachers(draw, max_k=128, max_p=64):
    """Random teachers over the whole range of k, p, angle, N and S, edges included."""
    k = draw(st.integers(1, max_k))
    p = draw(st.integers(2, max_p))
    norm_squared = 10 ** draw(st.floats(-2, 3))
    share = 1.0 if k == 1 else draw(st.floats(0, 1))
    sign = draw(st.sampled_from([-1.0, 1.0]))
    angle = draw(st.floats(0, 1)) * np.pi
    seed = draw(st.integers(0, 2**32 - 1))
    return Teacher.from_numbers(
        k=k,
        p=p,
        output_sum=sign * np.sqrt(share * k * norm_squared),
        norm_squared=norm_squared,
        angle=angle,
        rng=np.random.default_rng(seed),
    )
