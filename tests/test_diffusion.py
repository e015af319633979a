"""The predicted noise against Monte Carlo, its closure, and the angle of trapped runs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shortcutlib import StepSizes, Teacher, diffusion, minibatch, population, reduced
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
    student = reduced.reduce(teacher, v, a)
    for found in (diffusion.noise(teacher, a, angle), diffusion.closed_noise(teacher, student)):
        scale = np.sqrt(np.diag(found.covariance)) + 1e-12 * teacher.norm_squared
        np.testing.assert_array_less(np.abs(found.mean - expected), 1e-9 * scale + 1e-12)
        # A covariance is symmetric and has no negative variance.
        np.testing.assert_allclose(found.covariance, found.covariance.T, rtol=1e-9, atol=1e-9)
        assert np.linalg.eigvalsh(found.covariance).min() > -1e-9 * found.covariance.max()
        assert found.across >= 0


def test_no_noise_at_the_global_optimum():
    teacher = Teacher.section_4(9)
    found = diffusion.noise(teacher, teacher.output_weights, 0.0)
    assert np.max(np.abs(found.covariance)) < 1e-9
    assert found.across == pytest.approx(0, abs=1e-9)


def test_the_closure_is_exact_for_many_patches(rng):
    gaps = []
    for k in (20, 80, 320):
        teacher = Teacher.from_numbers(
            k=k, output_sum=1.0, norm_squared=3.0, angle=1.0, rng=np.random.default_rng(k)
        )
        a = np.random.default_rng(k + 1).standard_normal(k) * np.sqrt(3 / k)
        exact = diffusion.noise(teacher, a, 1.3)
        student = minibatch.reduced_state(teacher, minibatch.state(teacher, a[None], 1.3))
        close = diffusion.closed_noise(teacher, reduced.ReducedState(*(c[0] for c in student)))
        ratio = np.append(np.diag(close.covariance), close.across) / np.append(
            np.diag(exact.covariance), exact.across
        )
        gaps.append(np.max(np.abs(ratio - 1)))
    assert gaps[0] < 0.2
    # Of order 1/k.
    assert gaps[2] < gaps[1] / 2 < gaps[0] / 4


def test_noise_of_whole_steps(rng):
    """Drift and covariance of (s, q, phi) in one step, the push to the right angle among them."""
    teacher = Teacher.from_numbers(k=6, p=12, output_sum=1.0, norm_squared=4.0, angle=1.0)
    a, angle, batch, steps = rng.standard_normal(6), 0.7, 8, (0.05, 0.05)
    draws = 200_000
    start = minibatch.state(teacher, np.tile(a, (draws, 1)), angle)
    before = minibatch.reduced_state(teacher, start)
    after = minibatch.reduced_state(teacher, minibatch.step(teacher, start, *steps, batch, rng))
    change = np.column_stack([np.subtract(after[i], before[i]) for i in range(3)])
    drift, covariance = diffusion.noise(teacher, a, angle).of_step(angle, *steps, batch, 12)
    errors = change.std(axis=0) / np.sqrt(draws)
    z = (change.mean(axis=0) - drift) / errors
    assert np.max(np.abs(z[:2])) < 4.5
    # The drift of phi has terms of third order: they stay below a twentieth of the push.
    push = 10 / np.tan(angle) * steps[1] ** 2 * diffusion.noise(teacher, a, angle).across / 16
    assert abs(change[:, 2].mean() - drift[2]) < 0.05 * push + 4.5 * errors[2]
    assert push > 20 * errors[2]
    np.testing.assert_allclose(
        np.cov(change.T), covariance, rtol=0.05, atol=0.02 * covariance.max()
    )


@pytest.mark.parametrize("batch", [4, 16])
def test_angle_of_trapped_runs(batch, rng):
    """The stationary law against simulation: its mean cube, and its distribution function."""
    teacher = Teacher.section_4(9)
    step = 1 / 81
    a = np.tile(population.spurious_point(teacher).a, (300, 1))
    start = minibatch.state(teacher, a, np.pi - 0.4)
    run = minibatch.descend(
        teacher, start, StepSizes.constant(step, step), batch=batch, iterations=1600, rng=rng,
        record_every=400,
    )  # fmt: skip
    x = np.pi - run.path.angle[1:].ravel()
    law = diffusion.trapped_angle(teacher, step, batch)
    # Valid to leading order in x; the records are nearly independent.
    assert np.mean(x**3) == pytest.approx(law.mean_cube, rel=0.15)
    grid = np.quantile(x, [0.1, 0.25, 0.5, 0.75, 0.9])
    np.testing.assert_allclose(law.below(grid), [0.1, 0.25, 0.5, 0.75, 0.9], atol=0.08)


def test_bad_input_is_refused_by_name():
    teacher = Teacher.section_4(9)
    with pytest.raises(ValueError, match="outputs has shape"):
        diffusion.noise(teacher, np.ones(8), 1.0)
    with pytest.raises(ValueError, match=r"angle = 4\.0"):
        diffusion.noise(teacher, np.ones(9), 4.0)
    with pytest.raises(ValueError, match="batch = 0"):
        diffusion.trapped_angle(teacher, 0.1, 0)
    with pytest.raises(ValueError, match="filter_step = 0"):
        diffusion.trapped_angle(teacher, 0.0, 1)
    saddle = Teacher.from_numbers(k=4, output_sum=4.0, norm_squared=4.0, angle=1.0)
    with pytest.raises(ValueError, match="no trap"):
        diffusion.trapped_angle(saddle, 0.1, 1)
