import numpy as np
import pytest
from scipy import stats

from shortcutlib import Teacher, reduced
from shortcutlib.starts import sample_ball, sample_reduced, sample_sphere


def test_sphere_and_ball_have_the_right_radii(rng):
    points = sample_sphere(20_000, 5, rng)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1)
    assert np.all(np.abs(points.mean(0)) < 5 / np.sqrt(5 * 20_000))
    radii = np.linalg.norm(sample_ball(20_000, 5, 3.0, rng), axis=1) / 3
    assert stats.kstest(radii**5, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("k", [1, 2, 3, 16, 100])
@pytest.mark.parametrize("network", ["residual", "cnn"])
def test_reduced_starts_are_distributed_like_reduced_whole_ones(k, network, rng):
    total = 3.0
    norm_squared = 9.0 if k == 1 else 11.0
    teacher = Teacher.from_numbers(
        k=k, p=4, output_sum=total, norm_squared=norm_squared, angle=1.3, rng=rng
    )
    n = 4000
    found = sample_reduced(teacher, n, rng, network)
    a = sample_ball(n, k, teacher.start_radius, rng)
    v = sample_sphere(n, 4, rng) if network == "cnn" else np.tile(teacher.shortcut, (n, 1))
    whole = [reduced.reduce(teacher, v[i], a[i]) for i in range(n)]
    expected = reduced.ReducedState(*(np.array(c) for c in zip(*whole, strict=True)))
    for name in reduced.ReducedState._fields:
        ours, theirs = getattr(found, name), getattr(expected, name)
        if np.ptp(theirs) < 1e-12:
            np.testing.assert_allclose(ours, theirs[0], atol=1e-12)
        else:
            assert stats.ks_2samp(ours, theirs).pvalue > 1e-4, name
    # Also jointly: the correlation of s and q, and of q and the orthogonal norm.
    for pair in (("output_sum", "alignment"), ("alignment", "orthogonal_norm")):
        ours, theirs = (
            np.cov(getattr(x, pair[0]), getattr(x, pair[1]))[0, 1] for x in (found, expected)
        )
        scale = np.std(getattr(expected, pair[0])) * np.std(getattr(expected, pair[1])) + 1e-12
        assert abs(ours - theirs) < 0.12 * scale


def test_same_seed_same_starts():
    teacher = Teacher.section_4(9)
    first, second = (sample_reduced(teacher, 5, np.random.default_rng(4), "cnn") for _ in range(2))
    for x, y in zip(first, second, strict=True):
        np.testing.assert_array_equal(x, y)


def test_a_teacher_without_output_sum_starts_at_zero(rng):
    teacher = Teacher.from_numbers(k=4, output_sum=0.0, norm_squared=2.0, angle=1.0)
    starts = sample_reduced(teacher, 3, rng)
    assert not np.any(starts.output_sum)
    assert not np.any(starts.alignment)


def test_bad_requests_are_refused(rng):
    with pytest.raises(ValueError, match="n = 0"):
        sample_reduced(Teacher.section_4(4), 0, rng)
    with pytest.raises(ValueError, match="'mlp'"):
        sample_reduced(Teacher.section_4(4), 1, rng, "mlp")
    with pytest.raises(ValueError, match="radius = -1"):
        sample_ball(1, 2, -1, rng)
    with pytest.raises(ValueError, match="dimension = 0"):
        sample_sphere(1, 0, rng)
