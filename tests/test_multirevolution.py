"""The m-fold scheme: against its order conditions, against single steps, and at its edges."""

import numpy as np
import pytest

from shortcutlib import Phase, Teacher, reduced
from shortcutlib.multirevolution import (
    Recurrence,
    longest_stride,
    multirevolution_weights,
    pack,
    unpack,
)
from shortcutlib.starts import sample_reduced


@pytest.mark.parametrize("m", [4, 5, 7, 20, 333])
def test_weights_fulfil_the_eight_conditions(m):
    # Independent of the derivation: m steps are an m-stage Runge-Kutta method with a_ij = 1, j < i.
    steps_a, steps_b = np.tri(m, k=-1) / m, np.ones(m) / m
    a, b = multirevolution_weights(m)

    def elementary(a, b):
        c = a.sum(1)
        trees = [1 + 0 * c, c, c**2, a @ c, c**3, c * (a @ c), a @ c**2, a @ (a @ c)]
        return np.array([b @ tree for tree in trees])

    np.testing.assert_allclose(elementary(a, b), elementary(steps_a, steps_b), rtol=1e-11)


def test_weights_tend_to_a_classical_method_of_order_four():
    a, b = multirevolution_weights(10**6)
    np.testing.assert_allclose(b, [1 / 6, 1 / 3, 1 / 3, 1 / 6], atol=1e-5)
    np.testing.assert_allclose(a[1:, :3], np.diag([0.5, 0.5, 1.0]), atol=1e-5)
    with pytest.raises(ValueError, match="at least 4"):
        multirevolution_weights(3)


@pytest.mark.parametrize("m", [4, 6, 25])
def test_the_error_of_m_steps_is_of_fifth_order(m):
    # Smaller steps, same m: with F ten times smaller the error must fall by 10^5.
    teacher = Teacher.section_4(16)
    starts = sample_reduced(teacher, 50, np.random.default_rng(3))
    errors = []
    for size in (2e-3, 1e-3):
        phase = Phase(size * 16 / m, size * 16 / m)
        many, single = (pack(teacher, starts) for _ in range(2))
        Recurrence(teacher, phase, m).advance(many)
        Recurrence(teacher, phase).advance(single, m)
        errors.append(np.max(np.abs(many - single), axis=1))
    slope = np.log2(errors[0] / errors[1])
    assert np.all(np.abs(slope - 5) < 0.3), slope
    assert np.all(errors[0] > 1e-11)


@pytest.mark.parametrize("network", ["residual", "cnn"])
def test_single_strides_are_the_reduced_step(network, rng):
    teacher = Teacher.section_4(9)
    n = 2000
    length = 10 ** rng.uniform(-0.5, 1, n) if network == "cnn" else np.ones(n)
    states = reduced.state(
        rng.normal(0, 5, n), rng.normal(0, 60, n), np.pi * rng.random(n), 0.0, length
    )
    # Large steps: some pass v* or -v* and fold.
    rows = pack(teacher, states, network)
    Recurrence(teacher, Phase(0.1, 0.1), 1, network).advance(rows, 3)
    for _ in range(3):
        states = reduced.step(teacher, states, 0.1, 0.1, network)
    found = unpack(teacher, rows)
    for name in ("output_sum", "alignment", "angle", "filter_norm"):
        np.testing.assert_allclose(
            getattr(found, name), getattr(states, name), rtol=1e-10, atol=1e-10
        )


def test_strides_suit_the_step_sizes():
    for k in (16, 100, 1000):
        stride = longest_stride(Teacher.section_4(k), Phase(1 / k**2, 1 / k**2), 3.0)
        assert k < stride < 1.6 * k
    assert longest_stride(Teacher.section_4(16), Phase(0.1, 0.1), 3.0) == 1
    with pytest.raises(ValueError, match="one at a time"):
        Recurrence(Teacher.section_4(16), Phase(0.1, 0.1), 8, "cnn")
