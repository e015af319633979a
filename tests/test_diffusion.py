"""The diffusion in s, q, phi: its moments, and stochastic descent against it."""

import numpy as np
import pytest
from scipy import stats

from shortcutlib import StepSizes, Teacher, diffusion, gradient_noise, minibatch, reduced
from shortcutlib.starts import sample_ball

#: Level of a whole family of tests; each is made at this divided by their number (Bonferroni).
LEVEL = 0.001


def one_student(teacher, a, angle):
    state = minibatch.reduced_state(teacher, minibatch.state(teacher, a[None], angle))
    return reduced.ReducedState(*(column[0] for column in state))


def in_s_and_q(teacher):
    """The matrix that takes (along 1, along b, rest, e) to (s, q, e)."""
    k, S = teacher.k, teacher.output_sum
    return np.array(
        [[np.sqrt(k), 0, 0, 0], [S / np.sqrt(k), np.sqrt(teacher.spread), 0, 0], [0, 0, 0, 1]]
    )


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.3, 2.9, np.pi])
def test_moments_of_error_and_features(angle, rng):
    """Means and covariances against Monte Carlo, feature by feature."""
    teacher = Teacher.from_numbers(
        k=5, output_sum=1.5, norm_squared=4.0, angle=1.0, rng=np.random.default_rng(2)
    )
    a, draws = rng.standard_normal(5), 200_000
    student = one_student(teacher, a, angle)
    found = diffusion.moments(teacher, student)
    x, y = rng.standard_normal((2, draws, 5))
    star, hidden = teacher.output_weights, np.maximum(x, 0)
    error = hidden @ a - np.maximum(np.cos(angle) * x + np.sin(angle) * y, 0) @ star
    one, b = np.ones(5) / np.sqrt(5), star - star.mean()
    b /= np.linalg.norm(b)
    rest = a - (a @ one) * one - (a @ b) * b
    rest /= np.linalg.norm(rest)
    features = np.stack([hidden @ one, hidden @ b, hidden @ rest, ((x > 0) * y) @ a], axis=1)
    columns = np.column_stack([error, features])
    mean = np.append(found.error_mean, found.feature_mean)
    z = (columns.mean(axis=0) - mean) / columns.std(axis=0) * np.sqrt(draws)
    assert np.max(np.abs(z)) < 4.5
    covariance = np.diag(np.append(found.error_variance, found.feature_variance))
    covariance[0, 1:] = covariance[1:, 0] = found.cross[0]
    for i in range(5):
        for j in range(i, 5):
            product = (columns[:, i] - mean[i]) * (columns[:, j] - mean[j])
            z = (product.mean() - covariance[i, j]) / product.std() * np.sqrt(draws)
            assert abs(z) < 4.5
    assert np.mean(error**2) == pytest.approx(2 * reduced.loss(teacher, student), rel=0.05)
    assert found.error_square[0] == pytest.approx(2 * reduced.loss(teacher, student), rel=1e-12)


def test_the_closure_is_exact_for_many_patches():
    gaps = []
    for k in (20, 80, 320):
        teacher = Teacher.from_numbers(
            k=k, output_sum=1.0, norm_squared=3.0, angle=1.0, rng=np.random.default_rng(k)
        )
        a = np.random.default_rng(k + 1).standard_normal(k) * np.sqrt(3 / k)
        exact = gradient_noise.noise(teacher, a, 1.3)
        close = diffusion.moments(teacher, one_student(teacher, a, 1.3))
        turn = in_s_and_q(teacher)
        np.testing.assert_allclose(turn @ close.gradient[0], exact.mean, atol=1e-9)
        across = close.error_square[0] * close.feature_variance[0, 3]
        ratio = np.append(np.diag(turn @ close.covariance[0] @ turn.T), across) / np.append(
            np.diag(exact.covariance), exact.across
        )
        gaps.append(np.max(np.abs(ratio - 1)))
    assert gaps[0] < 0.2
    # Of order 1/k.
    assert gaps[2] < gaps[1] / 2 < gaps[0] / 4


def test_one_step_has_the_mean_and_the_covariance(rng):
    teacher = Teacher.from_numbers(k=12, output_sum=1.0, norm_squared=3.0, angle=1.0, rng=rng)
    a, n, step = rng.standard_normal(12) / 2, 300_000, 1e-4
    student = one_student(teacher, a, 1.1)
    found = diffusion.moments(teacher, student)
    many = reduced.ReducedState(*(np.full(n, column) for column in student))
    steps = StepSizes.constant(step, step)
    path = diffusion.descend(teacher, many, steps, batch=4, iterations=1, rng=rng).path
    s, q, angle = (path[i][1] - path[i][0] for i in range(3))
    change = np.column_stack([s, q, -angle]) / -step
    turn = in_s_and_q(teacher)
    expected = turn @ found.covariance[0] @ turn.T / 4
    z = (change.mean(axis=0) - turn @ found.gradient[0]) / change.std(axis=0) * np.sqrt(n)
    # The angle's push to the right angle is of relative order `step`.
    assert np.max(np.abs(z)) < 4.5
    for i in range(3):
        for j in range(i, 3):
            product = (change[:, i] - change[:, i].mean()) * (change[:, j] - change[:, j].mean())
            error = product.std() / np.sqrt(n)
            assert abs(product.mean() - expected[i, j]) < 4.5 * error


def test_without_noise_it_is_descent():
    """Enormous batches: the reduced step, operation for operation."""
    teacher = Teacher.section_4(9)
    start = reduced.state([1.0, -2.0], [3.0, -5.0], [1.0, 2.5], [0.5, 1.0])
    steps = StepSizes.constant(0.02, 0.01)
    path = diffusion.descend(
        teacher, start, steps, batch=10**18, iterations=50, rng=np.random.default_rng(0)
    ).path
    plain = start
    for _ in range(50):
        plain = reduced.step(teacher, plain, 0.02, 0.01)
    for ours, theirs in zip(path[:4], plain[:4], strict=True):
        np.testing.assert_allclose(ours[-1], theirs, rtol=1e-6, atol=1e-7)


@pytest.fixture(scope="module")
def paths():
    """Descent and diffusion from one start: 1,000 independent runs of each, at four times."""
    teacher, n, batch, step = Teacher.section_4(36), 1000, 8, 4 / 36**2
    a = sample_ball(1, 36, teacher.start_radius, np.random.default_rng(5))
    start = minibatch.state(teacher, np.tile(a, (n, 1)))
    steps = StepSizes.constant(step, step)
    options = {"batch": batch, "iterations": 648, "record_every": 162}
    simulated = minibatch.descend(teacher, start, steps, rng=np.random.default_rng(1), **options)
    diffused = diffusion.descend(
        teacher, minibatch.reduced_state(teacher, start), steps,
        rng=np.random.default_rng(2), refine=3, **options,
    )  # fmt: skip
    assert np.array_equal(simulated.iteration, diffused.iteration)
    return teacher, start, steps, simulated.path, diffused.path


def test_stochastic_descent_has_the_law_of_the_diffusion(paths):
    """s, q, phi at eta t = 0.5, 1, 1.5, 2: Kolmogorov-Smirnov, level 0.001 for all twelve."""
    _, _, _, simulated, diffused = paths
    for time in range(1, 5):
        for number in range(3):
            ours, theirs = simulated[number][time], diffused[number][time]
            assert stats.ks_2samp(ours, theirs).pvalue > LEVEL / 12
            # Means within 3.9 errors: the same level for twelve z-scores.
            error = np.hypot(ours.std(), theirs.std()) / np.sqrt(ours.size)
            assert abs(ours.mean() - theirs.mean()) < 3.9 * error


def test_the_noise_is_seen(paths):
    """The same comparison fails for half the noise: it has the power to tell."""
    teacher, start, steps, simulated, _ = paths
    weak = diffusion.descend(
        teacher, minibatch.reduced_state(teacher, start), steps, batch=32, iterations=162,
        rng=np.random.default_rng(3),
    ).path  # fmt: skip
    for number in range(3):
        assert stats.ks_2samp(simulated[number][1], weak[number][1]).pvalue < 1e-6


def test_step_over_batch_is_all_that_counts():
    """In the limit of short steps: eta and B, against eta/4 and B/4 for four times the steps."""
    teacher, n = Teacher.section_4(16), 3000
    start = reduced.state(np.full(n, 1.0), np.full(n, -4.0), 1.4)
    ends = []
    for step, batch, iterations in ((0.004, 8, 100), (0.001, 2, 400)):
        path = diffusion.descend(
            teacher, start, StepSizes.constant(step, step), batch=batch, iterations=iterations,
            rng=np.random.default_rng(batch), refine=2,
        ).path  # fmt: skip
        ends.append([path[i][-1] for i in range(3)])
    for ours, theirs in zip(*ends, strict=True):
        assert stats.ks_2samp(ours, theirs).pvalue > LEVEL / 3


def test_edges_of_the_reduction(rng):
    """a* a multiple of 1, two patches, and a start at the optimum."""
    alike = Teacher.from_numbers(k=4, output_sum=4.0, norm_squared=4.0, angle=1.0)
    steps = StepSizes.constant(0.05, 0.05)
    start = reduced.state(np.full(5, 2.0), np.full(5, 2.0), 1.0, 0.3)
    path = diffusion.descend(alike, start, steps, batch=2, iterations=20, rng=rng).path
    np.testing.assert_allclose(path.alignment, path.output_sum, rtol=1e-12)
    pair = Teacher.from_numbers(k=2, p=2, output_sum=0.5, norm_squared=1.0, angle=1.0)
    start = reduced.state(np.zeros(5), np.zeros(5), 1.0)
    path = diffusion.descend(pair, start, steps, batch=1, iterations=20, rng=rng).path
    assert np.all(np.isfinite(path.angle))
    assert np.all(path.orthogonal_norm == 0)
    best = reduced.state(np.full(3, pair.output_sum), np.full(3, pair.norm_squared), 0.0)
    path = diffusion.descend(pair, best, steps, batch=1, iterations=20, rng=rng).path
    np.testing.assert_allclose(path.alignment[-1], pair.norm_squared, rtol=1e-12)
    assert np.max(path.angle) < 1e-12


def test_bad_input_is_refused_by_name(rng):
    teacher, steps = Teacher.section_4(4), StepSizes.constant(0.1, 0.1)
    start = reduced.state([0.0], [0.0], 1.0)
    for change, words in (
        ({"batch": 0}, "batch = 0"),
        ({"iterations": -1}, "iterations = -1"),
        ({"refine": 0}, "refine = 0"),
        ({"record_every": 0}, "record_every = 0"),
    ):
        options = {"batch": 1, "iterations": 1, "rng": rng} | change
        with pytest.raises(ValueError, match=words):
            diffusion.descend(teacher, start, steps, **options)
    narrow = Teacher.from_numbers(k=2, p=1, output_sum=1.0, norm_squared=2.0, angle=0.0)
    with pytest.raises(ValueError, match="p >= 2"):
        diffusion.descend(narrow, start, steps, batch=1, iterations=1, rng=rng)
