"""Stochastic descent: the sampler has the law of full sampling, and the known limits."""

import numpy as np
import pytest
from scipy import stats

from shortcutlib import StepSizes, Teacher, gradient_noise, minibatch, population, reduced
from shortcutlib.networks import minibatch_loss, sample_inputs, teacher_network
from shortcutlib.outcomes import classify
from shortcutlib.starts import sample_ball


@pytest.fixture
def teacher(rng):
    return Teacher.from_numbers(k=5, p=6, output_sum=1.5, norm_squared=4.0, angle=1.1, rng=rng)


def frame(teacher, v):
    """e and phi with v* = cos(phi) v + sin(phi) e."""
    e = teacher.filter - (teacher.filter @ v) * v
    e /= np.linalg.norm(e)
    return e, np.arctan2(teacher.filter @ e, teacher.filter @ v)


def random_student(teacher, rng):
    v = rng.standard_normal(teacher.p)
    return v / np.linalg.norm(v), rng.standard_normal(teacher.k)


def full_step(teacher, v, a, output_step, filter_step, batch, rng):
    """The definition: sample whole inputs, take the gradients of the networks module."""
    Z = sample_inputs(batch, teacher.p, teacher.k, rng)
    found = minibatch_loss(v, a, Z, teacher_network(teacher, Z), residual=False)
    v = v - filter_step * found.filter_gradient
    return v / np.linalg.norm(v), a - output_step * found.output_gradient


def test_gradients_are_those_of_the_whole_inputs(teacher, rng):
    for _ in range(20):
        v, a = random_student(teacher, rng)
        e, phi = frame(teacher, v)
        Z = sample_inputs(7, teacher.p, teacher.k, rng)
        whole = minibatch_loss(v, a, Z, teacher_network(teacher, Z), residual=False)
        x, y = (np.einsum("p,npk->nk", d, Z)[None] for d in (v, e))
        ours = minibatch.gradients(teacher, minibatch.state(teacher, a[None], phi), x, y)
        np.testing.assert_allclose(ours.outputs[0], whole.output_gradient, rtol=1e-12, atol=1e-13)
        assert ours.towards[0] == pytest.approx(whole.filter_gradient @ e, rel=1e-11, abs=1e-13)


def test_the_rest_is_one_normal_vector_given_the_plane(teacher, rng):
    v, a = random_student(teacher, rng)
    e, phi = frame(teacher, v)
    across = np.linalg.svd(np.stack([v, e]))[2][2:]  # p - 2 directions across both
    x, y = rng.standard_normal((2, 1, 9, teacher.k))
    ours = minibatch.gradients(teacher, minibatch.state(teacher, a[None], phi), x, y)
    draws = 8000
    found = np.empty((draws, teacher.p - 2))
    plane = np.einsum("p,nk->npk", v, x[0]) + np.einsum("p,nk->npk", e, y[0])
    for i in range(draws):
        r = rng.standard_normal((9, teacher.p - 2, teacher.k))
        Z = plane + np.einsum("rp,nrk->npk", across, r)
        whole = minibatch_loss(v, a, Z, teacher_network(teacher, Z), residual=False)
        found[i] = across @ whole.filter_gradient
    scaled = found / ours.across[0]
    # Mean 0, covariance 1, normal: z-scores of first, second and fourth moments.
    assert np.max(np.abs(scaled.mean(axis=0))) * np.sqrt(draws) < 4
    second = scaled.T @ scaled / draws - np.eye(teacher.p - 2)
    assert np.max(np.abs(second)) * np.sqrt(draws / 2) < 4.5
    assert np.max(np.abs((scaled**4).mean(axis=0) - 3)) * np.sqrt(draws / 96) < 4
    assert stats.kstest(scaled[:, 0], "norm").pvalue > 1e-3


@pytest.mark.parametrize("p", [2, 3, 8])
@pytest.mark.parametrize("batch", [1, 4])
def test_a_step_has_the_law_of_full_sampling(p, batch, rng):
    teacher = Teacher.from_numbers(k=4, p=p, output_sum=1.0, norm_squared=3.0, angle=1.3, rng=rng)
    v, a = random_student(teacher, rng)
    phi = reduced.reduce(teacher, v, a).angle
    draws, steps = 2500, (0.2, 0.3)
    ours = minibatch.step(
        teacher, minibatch.state(teacher, np.tile(a, (draws, 1)), phi), *steps, batch, rng
    )
    mine = minibatch.reduced_state(teacher, ours)
    samples = {"three numbers": np.array(mine[:4]).T}
    for name, take in (("full", full_step), ("whole", minibatch.whole_step)):
        rows = [
            reduced.reduce(teacher, *take(teacher, v, a, *steps, batch, rng)) for _ in range(draws)
        ]
        samples[name] = np.array([[float(x) for x in row[:4]] for row in rows])
    for name in ("three numbers", "whole"):
        for column in range(4):
            # A batch without an active patch moves nothing: rounding must not break such ties.
            pair = (np.round(samples[n][:, column], 9) for n in (name, "full"))
            assert stats.ks_2samp(*pair).pvalue > 1e-4
        # Jointly too: products of standardised columns.
        both = [samples[n] - samples["full"].mean(axis=0) for n in (name, "full")]
        for i, j in ((0, 1), (1, 2), (0, 2), (2, 3)):
            first, second = (s[:, i] * s[:, j] for s in both)
            error = np.hypot(first.std(), second.std()) / np.sqrt(draws)
            assert abs(first.mean() - second.mean()) < 4.5 * error + 1e-12


def rows_of(teacher, pairs):
    """Whole students as rows (v, a, s, q, phi), standardised later."""
    rows = []
    for v, a in pairs:
        small = reduced.reduce(teacher, v, a)
        rows.append(np.concatenate([v, a, [float(x) for x in small[:3]]]))
    return np.array(rows)


def characteristic_gap(first, second, frequencies):
    """Largest z-score between two samples' characteristic functions at random frequencies.

    The characteristic function at all frequencies *is* the joint law, dependences of every order
    included.
    """
    centre, width = second.mean(axis=0), second.std(axis=0) + 1e-12
    angles = [(sample - centre) / width @ frequencies.T for sample in (first, second)]
    worst = 0.0
    for function in (np.cos, np.sin):
        ours, theirs = (function(x) for x in angles)
        error = np.sqrt(ours.var(axis=0) / len(ours) + theirs.var(axis=0) / len(theirs))
        gap = np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) / np.maximum(error, 1e-9)
        worst = max(worst, float(gap.max()))
    return worst


@pytest.mark.parametrize("batch", [1, 3])
def test_the_whole_joint_law_of_a_step(batch, rng):
    """100 random frequencies in all of v and a: no z-score above 4.7 (level 0.0005 for all)."""
    teacher = Teacher.from_numbers(k=3, p=4, output_sum=1.0, norm_squared=3.0, angle=1.3, rng=rng)
    v, a = random_student(teacher, rng)
    draws, steps = 5000, (0.3, 0.5)
    samples = [
        rows_of(teacher, (take(teacher, v, a, *steps, batch, rng) for _ in range(draws)))
        for take in (minibatch.whole_step, full_step)
    ]
    # Frequencies of all sizes, sparse and dense.
    frequencies = rng.standard_normal((100, samples[0].shape[1])) * rng.choice([0.3, 1.0], (100, 1))
    frequencies[::2] *= rng.random((50, samples[0].shape[1])) < 0.3
    assert characteristic_gap(*samples, frequencies) < 4.7


def test_the_joint_test_sees_a_wrong_joint_law(rng):
    """Right marginals, wrong dependence: the filter of one step with the outputs of another."""
    teacher = Teacher.from_numbers(k=3, p=4, output_sum=1.0, norm_squared=3.0, angle=1.3, rng=rng)
    v, a = random_student(teacher, rng)
    draws, steps = 5000, (0.3, 0.5)
    ours = [minibatch.whole_step(teacher, v, a, *steps, 1, rng) for _ in range(draws)]
    mixed = [(ours[i][0], ours[i - 1][1]) for i in range(draws)]
    right = rows_of(teacher, (full_step(teacher, v, a, *steps, 1, rng) for _ in range(draws)))
    frequencies = rng.standard_normal((100, right.shape[1]))
    assert characteristic_gap(rows_of(teacher, mixed), right, frequencies) > 8


def test_noisy_labels_have_the_law_of_full_sampling(rng):
    teacher = Teacher.from_numbers(k=3, p=4, output_sum=1.0, norm_squared=3.0, angle=1.3, rng=rng)
    v, a = random_student(teacher, rng)
    phi = float(reduced.reduce(teacher, v, a).angle)
    draws, steps, batch, tau = 4000, (0.2, 0.3), 2, 1.5
    ours = minibatch.step(
        teacher, minibatch.state(teacher, np.tile(a, (draws, 1)), phi), *steps, batch, rng,
        label_noise=tau,
    )  # fmt: skip
    rows = []
    for _ in range(draws):
        Z = sample_inputs(batch, teacher.p, teacher.k, rng)
        labels = teacher_network(teacher, Z) + tau * rng.standard_normal(batch)
        found = minibatch_loss(v, a, Z, labels, residual=False)
        w = v - steps[1] * found.filter_gradient
        moved = a - steps[0] * found.output_gradient
        rows.append([*moved, np.arccos(np.clip(w @ teacher.filter / np.linalg.norm(w), -1, 1))])
    whole = np.array(rows)
    mine = np.column_stack([ours.outputs, ours.angle])
    for i in range(4):
        assert stats.ks_2samp(np.round(mine[:, i], 9), np.round(whole[:, i], 9)).pvalue > 1e-4
    assert characteristic_gap(mine, whole, rng.standard_normal((50, 4))) < 4.5


def test_filters_stay_of_length_one_and_turn_in_all_directions(teacher, rng):
    v, a = random_student(teacher, rng)
    ends = np.array([minibatch.whole_step(teacher, v, a, 0.1, 0.2, 2, rng)[0] for _ in range(3000)])
    np.testing.assert_allclose(np.linalg.norm(ends, axis=1), 1, rtol=1e-13)
    e, _ = frame(teacher, v)
    across = np.linalg.svd(np.stack([v, e]))[2][2:]
    means = (ends @ across.T).mean(axis=0) / (ends @ across.T).std(axis=0)
    assert np.max(np.abs(means)) * np.sqrt(3000) < 4


@pytest.mark.parametrize("angle", [0.0, 0.3, 1.5, 3.0, np.pi])
def test_mean_and_covariance_of_the_gradient(teacher, angle, rng):
    """The mean against the population gradient, the covariance against its prediction."""
    a = rng.standard_normal(teacher.k)
    draws = 200_000
    current = minibatch.state(teacher, np.tile(a, (draws, 1)), angle)
    x, y = rng.standard_normal((2, draws, 1, teacher.k))
    found = minibatch.gradients(teacher, current, x, y)
    side = population.tangent_basis(teacher.filter)[:, 0]
    v = np.cos(angle) * teacher.filter + np.sin(angle) * side
    here = population.evaluate(v, a, teacher)
    e = np.sin(angle) * teacher.filter - np.cos(angle) * side
    expected = np.append(here.output_gradient, here.filter_gradient @ e)
    sample = np.column_stack([found.outputs, found.towards])
    error = sample.std(axis=0) / np.sqrt(draws)
    assert np.max(np.abs(sample.mean(axis=0) - expected) / error) < 4.5
    predicted = gradient_noise.noise(teacher, a, angle)
    three = np.column_stack(
        [found.outputs.sum(axis=1), found.outputs @ teacher.output_weights, found.towards]
    )
    centred = three - predicted.mean
    for i in range(3):
        for j in range(i, 3):
            product = centred[:, i] * centred[:, j]
            z = (product.mean() - predicted.covariance[i, j]) / product.std() * np.sqrt(draws)
            assert abs(z) < 4.5
    squares = found.across**2
    z = (squares.mean() - predicted.across) / squares.std() * np.sqrt(draws)
    assert abs(z) < 4.5


@pytest.mark.parametrize("k", [1, 5])
def test_large_batches_take_the_plain_step(k, rng):
    teacher = Teacher.from_numbers(
        k=k, p=4, output_sum=1.5, norm_squared=2.25 if k == 1 else 4.0, angle=1.1
    )
    a, batch = rng.standard_normal((3, k)), 40_000
    current = minibatch.state(teacher, a, [0.5, 1.5, 2.9])
    before = minibatch.reduced_state(teacher, current)
    plain = reduced.step(teacher, before, 0.1, 0.1)
    after = minibatch.reduced_state(teacher, minibatch.step(teacher, current, 0.1, 0.1, batch, rng))
    for i in range(3):
        found = gradient_noise.noise(teacher, a[i], float(before.angle[i]))
        _, covariance = found.of_step(float(before.angle[i]), 0.1, 0.1, batch, teacher.p)
        for j, name in enumerate(("output_sum", "alignment", "angle")):
            away = getattr(after, name)[i] - getattr(plain, name)[i]
            assert abs(away) < 4.5 * np.sqrt(covariance[j, j])


def test_large_batches_reproduce_plain_descent(rng):
    """Whole runs: the distance from plain descent falls like one over the root of B."""
    teacher = Teacher.from_numbers(k=4, p=4, output_sum=1.5, norm_squared=6.0, angle=1.3)
    a = sample_ball(40, 4, teacher.start_radius, rng)
    steps = StepSizes.constant(0.05, 0.05)
    start = minibatch.state(teacher, a)
    plain = minibatch.reduced_state(teacher, start)
    for _ in range(60):
        plain = reduced.step(teacher, plain, 0.05, 0.05)
    sizes, gaps = (32, 256, 2048), []
    for batch in sizes:
        run = minibatch.descend(teacher, start, steps, batch=batch, iterations=60, rng=rng)
        end = minibatch.reduced_state(teacher, run.state)
        # The median: a few runs beside the border are thrown far by any noise.
        gaps.append(np.median(np.abs(end.angle - plain.angle)))
    slope = np.polyfit(np.log(sizes), np.log(gaps), 1)[0]
    assert -0.65 < slope < -0.35
    assert gaps[-1] < 0.02
    fates = classify(teacher, minibatch.reduced_state(teacher, start), steps)
    late = minibatch.descend(teacher, start, steps, batch=1024, iterations=300, rng=rng)
    assert np.mean((late.state.angle < np.pi / 2) == fates.success) > 0.9


def test_parts_of_a_batch_add_up(teacher, monkeypatch):
    start = minibatch.state(teacher, np.ones((3, 5)))
    steps = StepSizes.constant(0.1, 0.1)

    def run(patches):
        monkeypatch.setattr(minibatch, "_PATCHES", patches)
        rng = np.random.default_rng(8)
        many = [
            minibatch.descend(teacher, start, steps, batch=40, iterations=3, rng=rng)
            for _ in range(200)
        ]
        return np.array([m.state.angle for m in many]).ravel()

    # 40 inputs of 5 patches: in one part, in parts of 13, 13, 13 and 1, and run by run.
    whole, split, single = run(10_000), run(65), run(200)
    assert stats.ks_2samp(whole, split).pvalue > 1e-3
    assert stats.ks_2samp(whole, single).pvalue > 1e-3


def test_the_same_seed_gives_the_same_run(teacher):
    start = minibatch.state(teacher, np.ones((3, 5)))
    steps = StepSizes.layer_wise(0.1, 0.1, iterations=2)
    ends = [
        minibatch.descend(
            teacher, start, steps, batch=2, iterations=5, rng=np.random.default_rng(3),
            record_every=2,
        )
        for _ in range(2)
    ]  # fmt: skip
    np.testing.assert_array_equal(ends[0].state.outputs, ends[1].state.outputs)
    assert ends[0].iteration.tolist() == [0, 2, 4, 5]
    # The filter is at rest during the first layer-wise phase.
    assert np.all(ends[0].path.angle[1] == teacher.angle)
    assert np.all(ends[0].path.angle[2] != teacher.angle)
    last = minibatch.reduced_state(teacher, ends[0].state)
    np.testing.assert_array_equal(ends[0].path.alignment[-1], last.alignment)


def test_reduced_states_are_the_reductions(teacher, rng):
    a = rng.standard_normal((4, 5))
    found = minibatch.reduced_state(teacher, minibatch.state(teacher, a))
    for i in range(4):
        one = reduced.reduce(teacher, teacher.shortcut, a[i])
        np.testing.assert_allclose([c[i] for c in found], [float(c) for c in one], rtol=1e-12)


def test_bad_input_is_refused_by_name(teacher, rng):
    start = minibatch.state(teacher, np.ones((2, 5)))
    steps = StepSizes.constant(0.1, 0.1)
    for change, words in (
        ({"batch": 0}, "batch = 0"),
        ({"batch": 2.5}, "batch = 2.5"),
        ({"iterations": -1}, "iterations = -1"),
        ({"record_every": 0}, "record_every = 0"),
        ({"label_noise": -1.0}, "label_noise = -1"),
    ):
        arguments = {"batch": 1, "iterations": 1, "rng": rng} | change
        with pytest.raises(ValueError, match=words):
            minibatch.descend(teacher, start, steps, **arguments)
    with pytest.raises(ValueError, match=r"outputs has shape \(2, 4\)"):
        minibatch.state(teacher, np.ones((2, 4)))
    with pytest.raises(ValueError, match="radians"):
        minibatch.state(teacher, np.ones((2, 5)), 4.0)
    with pytest.raises(ValueError, match="no rows"):
        minibatch.descend(
            teacher,
            minibatch.state(teacher, np.ones((0, 5))),
            steps,
            batch=1,
            iterations=1,
            rng=rng,
        )
    with pytest.raises(ValueError, match="length 1"):
        minibatch.whole_step(teacher, 2 * teacher.shortcut, np.ones(5), 0.1, 0.1, 1, rng)
    narrow = Teacher.from_numbers(k=2, p=1, output_sum=1.0, norm_squared=2.0, angle=0.0)
    with pytest.raises(ValueError, match="p >= 2"):
        minibatch.descend(
            narrow, minibatch.state(narrow, np.ones((1, 2))), steps, batch=1, iterations=1, rng=rng
        )
