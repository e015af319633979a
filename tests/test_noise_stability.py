"""Stability of the optimum under noise: moments against Monte Carlo, thresholds against runs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shortcutlib import StepSizes, Teacher, minibatch, noise_stability
from shortcutlib.noise_stability import SecondMoment
from shortcutlib.whereabouts import Place, whereabouts
from tests.conftest import teachers


def small_teacher(k=3, p=4, share=0.4):
    return Teacher.from_numbers(
        k=k, p=p, output_sum=np.sqrt(share * 3.0), norm_squared=3.0, angle=1.0,
        rng=np.random.default_rng(k + p),
    )  # fmt: skip


def linear_step(teacher, alpha, u, output_step, filter_step, batch, rng, label_noise=0.0):
    """The linearised step by its definition, with whole inputs: alpha (n, k), u (n, p - 1)."""
    n, k = alpha.shape
    x = rng.standard_normal((n, batch, k))
    r = rng.standard_normal((n, batch, k, u.shape[1]))
    h = np.maximum(x, 0)
    z = np.einsum("k,nbk,nbkp->nbp", teacher.output_weights, x > 0, r)
    errors = np.einsum("nbk,nk->nb", h, alpha) + np.einsum("nbp,np->nb", z, u)
    errors = errors + label_noise * rng.standard_normal((n, batch))
    return (
        alpha - output_step / batch * np.einsum("nb,nbk->nk", errors, h),
        u - filter_step / batch * np.einsum("nb,nbp->np", errors, z),
    )


@pytest.mark.parametrize(("batch", "label_noise"), [(1, 0.0), (5, 0.7)])
def test_second_moments_are_those_of_sampled_linear_steps(batch, label_noise, rng):
    teacher, n = small_teacher(), 400_000
    root = rng.standard_normal((3, 3))
    m = 0.3
    alpha, u = rng.standard_normal((n, 3)) @ root.T, np.sqrt(m) * rng.standard_normal((n, 3))
    steps = (0.3, 0.4)
    alpha, u = linear_step(teacher, alpha, u, *steps, batch, rng, label_noise)
    predicted = noise_stability.moment_step(
        teacher, SecondMoment(root @ root.T, m), *steps, batch, label_noise=label_noise
    )
    for i in range(3):
        for j in range(i, 3):
            product = alpha[:, i] * alpha[:, j]
            z = (product.mean() - predicted.outputs[i, j]) / product.std() * np.sqrt(n)
            assert abs(z) < 4.5
    square = np.mean(u**2, axis=1)
    assert abs(square.mean() - predicted.filter) / square.std() * np.sqrt(n) < 4.5


def test_a_step_of_training_near_the_optimum_is_the_linear_one(rng):
    """Nothing linear here: the exact sampler, from small deviations of every kind."""
    teacher, n, size = small_teacher(k=4, p=6), 400_000, 1e-3
    alpha = size * rng.standard_normal((n, 4)) * np.array([1.0, 0.5, 1.5, 1.0])
    length = size * np.sqrt(rng.chisquare(5, n))
    start = minibatch.state(teacher, teacher.output_weights + alpha, length)
    after = minibatch.step(teacher, start, 0.3, 0.6, 2, rng)
    predicted = noise_stability.moment_step(
        teacher, SecondMoment(alpha.T @ alpha / n, float(np.mean(length**2)) / 5), 0.3, 0.6, 2
    )
    square = after.angle**2 / 5
    # The angle's deviation from the linear map is of relative size 1e-3; so is the bias.
    error = square.std() / np.sqrt(n) + 2e-3 * predicted.filter
    assert abs(square.mean() - predicted.filter) < 4.5 * error
    moved = after.outputs - teacher.output_weights
    for i in range(4):
        product = moved[:, i] ** 2
        error = product.std() / np.sqrt(n) + 2e-3 * predicted.outputs[i, i]
        assert abs(product.mean() - predicted.outputs[i, i]) < 4.5 * error


def test_the_factor_is_the_largest_eigenvalue_of_the_whole_map(rng):
    """All second moments, symmetric or not, with a map made of sampled steps."""
    teacher = small_teacher(k=2, p=3)
    output_step, filter_step, batch, draws = 0.6, 0.9, 2, 60_000
    scale = np.diag([output_step] * 2 + [filter_step] * 2)
    eigenvalues = []
    for _ in range(12):
        x = rng.standard_normal((draws, batch, 2))
        r = rng.standard_normal((draws, batch, 2, 2))
        z = np.einsum("k,nbk,nbkp->nbp", teacher.output_weights, x > 0, r)
        features = np.concatenate([np.maximum(x, 0), z], axis=2)
        step = np.eye(4) - np.einsum("nbi,nbj->nij", features, features) @ scale / batch
        whole = np.einsum("nij,nkl->ikjl", step, step).reshape(16, 16) / draws
        eigenvalues.append(np.max(np.abs(np.linalg.eigvals(whole))))
    factor = noise_stability.mean_square_factor(teacher, output_step, filter_step, batch)
    error = np.std(eigenvalues, ddof=1) / np.sqrt(12)
    assert abs(np.mean(eigenvalues) - factor) < 4.5 * error
    assert error < 0.01 * factor


@settings(max_examples=25)
@given(teachers(max_k=12, max_p=12), st.sampled_from([1, 2, 7, 64]), st.floats(-1, 2))
def test_the_threshold_is_where_the_factor_is_one(teacher, batch, log_ratio):
    ratio = 10**log_ratio
    limit = noise_stability.largest_stable_step(teacher, batch, step_ratio=ratio)
    factors = []
    for share in (0.97, 1.03):
        filter_step = share * limit
        assert noise_stability.is_stable(teacher, filter_step / ratio, filter_step, batch) == (
            share < 1
        )
        factors.append(
            noise_stability.mean_square_factor(
                teacher, filter_step / ratio, filter_step, batch, iterations=600
            )
        )
    # The power method comes from above where slow modes decay, by at most a hundredth.
    assert factors[0] < 1.01
    assert factors[1] > 1
    assert factors[0] < factors[1]
    # The coupling can only lower the threshold, and the closed formula is that of outputs at rest.
    free = noise_stability.largest_stable_step(teacher, batch)
    assert limit <= free * (1 + 1e-9)
    concentration = np.sum(teacher.output_weights**4) / teacher.norm_squared**2
    closed = 4 * batch / (batch + teacher.p + (teacher.p + 1) * concentration)
    assert free * teacher.norm_squared == pytest.approx(closed, rel=1e-12)


def test_coupling():
    teacher = Teacher.section_4(25)
    for batch in (1, 16):
        found = noise_stability.coupling(teacher, 1e-5, batch)
        # T has the trace N (k + 1)/4.
        assert found == pytest.approx(7 * 26**2 / 25 * 1e-5 / (4 * batch), rel=0.005)
    # An unstable output layer: in plain descent from 4 pi/(k + pi - 1) on, and at B = 1 far below.
    assert noise_stability.coupling(teacher, 0.3, 1) == np.inf
    assert noise_stability.coupling(teacher, 0.47, 10**6) == np.inf
    assert np.isfinite(noise_stability.coupling(teacher, 0.46, 10**6))
    assert noise_stability.coupling(teacher, 0.0, 1) == 0


def test_large_batches_have_the_limit_of_plain_descent():
    teacher = Teacher.section_4(9)
    limit = noise_stability.largest_stable_step(teacher, 10**7, step_ratio=1.0)
    assert limit * teacher.norm_squared == pytest.approx(4, rel=1e-4)
    assert noise_stability.smallest_stable_batch(teacher, 1e-3, 4.01 / 54) is None
    for filter_step in (0.1 / 54, 1.0 / 54, 3.0 / 54):
        batch = noise_stability.smallest_stable_batch(teacher, 1e-3, filter_step)
        assert noise_stability.is_stable(teacher, 1e-3, filter_step, batch)
        assert batch == 1 or not noise_stability.is_stable(teacher, 1e-3, filter_step, batch - 1)


@pytest.mark.parametrize("batch", [1, 4, 32])
def test_training_stays_at_the_optimum_below_the_threshold_and_leaves_it_above(batch):
    """Whole runs of the exact sampler, 10% below the threshold and 40% above it."""
    teacher = Teacher.section_4(9)
    limit = noise_stability.largest_stable_step(teacher, batch, step_ratio=1.0)
    start = minibatch.state(teacher, np.tile(teacher.output_weights, (60, 1)), 0.05)
    for share in (0.9, 1.4):
        step = share * limit
        run = minibatch.descend(
            teacher, start, StepSizes.constant(step, step), batch=batch,
            iterations=round(12 / step), rng=np.random.default_rng(batch),
        )  # fmt: skip
        if share < 1:
            found = whereabouts(teacher, minibatch.reduced_state(teacher, run.state))
            assert np.all(found == Place.OPTIMUM)
            assert np.max(run.state.angle) < 1e-3
        else:
            assert np.min(run.state.angle) > 1e-3
            assert np.median(run.state.angle) > 0.1


def test_growth_rates():
    teacher, rng = Teacher.section_4(9), np.random.default_rng(5)
    limit = noise_stability.largest_stable_step(teacher, 2)
    for share in (0.5, 2.0):
        alone = noise_stability.filter_growth(teacher, share * limit, 2, draws=40_000, rng=rng)
        both = noise_stability.growth_rate(
            teacher, 1e-9, share * limit, 2, runs=60, iterations=800, rng=rng
        )
        if share > 1:
            # With the outputs at rest the two are the same; below, the resting outputs dominate.
            assert abs(alone.mean - both.mean) < 4.5 * np.hypot(alone.error, both.error)
            assert alone.mean > 10 * alone.error
        else:
            assert alone.mean < -10 * alone.error
    # A stable second moment implies a negative growth rate, also with both layers moving.
    for batch in (1, 8):
        step = 0.98 * noise_stability.largest_stable_step(teacher, batch, step_ratio=1.0)
        found = noise_stability.growth_rate(
            teacher, step, step, batch, runs=40, iterations=1500, rng=rng
        )
        assert found.mean < -3 * found.error


def test_stationary_moments_do_not_move():
    teacher = Teacher.section_4(9)
    moment = noise_stability.stationary_moment(teacher, 0.004, 0.003, 2, 0.8)
    after = noise_stability.moment_step(teacher, moment, 0.004, 0.003, 2, label_noise=0.8)
    np.testing.assert_allclose(after.outputs, moment.outputs, rtol=1e-9, atol=1e-15)
    assert after.filter == pytest.approx(moment.filter, rel=1e-9)
    # Far below the threshold: the simple formula.
    slow = noise_stability.stationary_moment(teacher, 1e-6, 1e-6, 1, 1.0)
    assert slow.filter == pytest.approx(1e-6 / 2, rel=1e-3)


def test_noisy_labels_keep_runs_at_the_stationary_angle():
    """Many independent runs to the same time: a z-score without any correlation in time."""
    teacher, step, n = Teacher.section_4(4), 0.002, 4000
    predicted = noise_stability.stationary_moment(teacher, step, step, 1, 0.5)
    start = minibatch.state(
        teacher, np.tile(teacher.output_weights, (n, 1)), np.sqrt(7 * predicted.filter)
    )
    run = minibatch.descend(
        teacher, start, StepSizes.constant(step, step), batch=1, iterations=300,
        rng=np.random.default_rng(3), label_noise=0.5,
    )  # fmt: skip
    square = run.state.angle**2 / 7
    # The angles are about 0.04: what is not linear changes their square by a hundredth at most.
    error = np.hypot(square.std() / np.sqrt(n), 0.003 * predicted.filter)
    assert abs(square.mean() - predicted.filter) < 4 * error


def test_bad_input_is_refused_by_name():
    teacher = Teacher.section_4(4)
    with pytest.raises(ValueError, match="batch = 0"):
        noise_stability.largest_stable_step(teacher, 0)
    with pytest.raises(ValueError, match="step_ratio = 0"):
        noise_stability.largest_stable_step(teacher, 1, step_ratio=0)
    with pytest.raises(ValueError, match="filter_step = -1"):
        noise_stability.is_stable(teacher, 0.1, -1, 1)
    with pytest.raises(ValueError, match="above the threshold"):
        noise_stability.stationary_moment(teacher, 0.1, 1.0, 1, 0.5)
    with pytest.raises(ValueError, match="runs = 1"):
        noise_stability.growth_rate(
            teacher, 0.1, 0.1, 1, runs=1, iterations=5, rng=np.random.default_rng(0)
        )
