"""The predicted noise of a gradient against Monte Carlo and the population gradient."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shortcutlib import Teacher, gradient_noise, minibatch, population
from tests.conftest import teachers


@settings(max_examples=60)
@given(teachers(max_k=30), st.integers(0, 10**6), st.floats(0, 1))
def test_means_are_population_gradients(teacher, seed, share):
    rng = np.random.default_rng(seed)
    a = np.sqrt(teacher.norm_squared / teacher.k) * rng.standard_normal(teacher.k)
    angle = share * np.pi
    side = population.tangent_basis(teacher.filter)[:, 0]
    v = np.cos(angle) * teacher.filter + np.sin(angle) * side
    e = np.sin(angle) * teacher.filter - np.cos(angle) * side
    here = population.evaluate(v, a, teacher)
    expected = [
        here.output_gradient.sum(),
        here.output_gradient @ teacher.output_weights,
        here.filter_gradient @ e,
    ]
    found = gradient_noise.noise(teacher, a, angle)
    scale = np.sqrt(np.diag(found.covariance)) + 1e-12 * teacher.norm_squared
    np.testing.assert_array_less(np.abs(found.mean - expected), 1e-9 * scale + 1e-12)
    # A covariance is symmetric and has no negative variance.
    np.testing.assert_allclose(found.covariance, found.covariance.T, rtol=1e-9, atol=1e-9)
    assert np.linalg.eigvalsh(found.covariance).min() > -1e-9 * found.covariance.max()
    assert found.across >= 0


def test_no_noise_at_the_global_optimum():
    teacher = Teacher.section_4(9)
    found = gradient_noise.noise(teacher, teacher.output_weights, 0.0)
    assert np.max(np.abs(found.covariance)) < 1e-9
    assert found.across == pytest.approx(0, abs=1e-9)


def test_noise_of_whole_steps(rng):
    """Drift and covariance of (s, q, phi) in one step, the push to the right angle among them."""
    teacher = Teacher.from_numbers(k=6, p=12, output_sum=1.0, norm_squared=4.0, angle=1.0)
    a, angle, batch, steps = rng.standard_normal(6), 0.7, 8, (0.05, 0.05)
    draws = 200_000
    start = minibatch.state(teacher, np.tile(a, (draws, 1)), angle)
    before = minibatch.reduced_state(teacher, start)
    after = minibatch.reduced_state(teacher, minibatch.step(teacher, start, *steps, batch, rng))
    change = np.column_stack([np.subtract(after[i], before[i]) for i in range(3)])
    drift, covariance = gradient_noise.noise(teacher, a, angle).of_step(angle, *steps, batch, 12)
    errors = change.std(axis=0) / np.sqrt(draws)
    z = (change.mean(axis=0) - drift) / errors
    assert np.max(np.abs(z[:2])) < 4.5
    # The drift of phi has terms of third order: they stay below a twentieth of the push.
    push = 10 / np.tan(angle) * steps[1] ** 2 * gradient_noise.noise(teacher, a, angle).across / 16
    assert abs(change[:, 2].mean() - drift[2]) < 0.05 * push + 4.5 * errors[2]
    assert push > 20 * errors[2]
    np.testing.assert_allclose(
        np.cov(change.T), covariance, rtol=0.05, atol=0.02 * covariance.max()
    )


def test_bad_input_is_refused_by_name():
    teacher = Teacher.section_4(9)
    with pytest.raises(ValueError, match="outputs has shape"):
        gradient_noise.noise(teacher, np.ones(8), 1.0)
    with pytest.raises(ValueError, match=r"angle = 4\.0"):
        gradient_noise.noise(teacher, np.ones(9), 4.0)
