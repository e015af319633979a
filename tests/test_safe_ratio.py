import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shortcutlib import StepSizes, Teacher, order, reduced
from shortcutlib.outcomes import classify
from shortcutlib.safe_ratio import largest_safe_ratio, sufficient_ratio, theorem_4_ratio
from shortcutlib.starts import sample_reduced
from shortcutlib.warmup import rim


@settings(max_examples=80)
@given(
    st.integers(1, 300),
    st.floats(0.001, 1),
    st.floats(0.02, 0.495),
    st.floats(-2, 3),
    st.floats(0.05, 1),
    st.integers(0, 10**6),
)
def test_the_sufficient_ratio_saves_every_start(k, share, angle, exponent, speed, seed):
    """Adversarial: any teacher with phi_0 < pi/2, any permitted eta_a, the worst starts of all."""
    norm_squared = 10**exponent
    share = 1.0 if k == 1 else share
    teacher = Teacher.from_numbers(
        k=k,
        output_sum=np.sqrt(share * k * norm_squared),
        norm_squared=norm_squared,
        angle=angle * np.pi,
    )
    output = speed * 2 * np.pi / (k + np.pi - 1)
    ratio = min(0.999 * sufficient_ratio(teacher), 1.9 / (3 * norm_squared * (1 + k) * output))
    steps = StepSizes.constant(output, ratio * output)
    assert np.all(classify(teacher, rim(teacher, 65), steps).success)
    starts = sample_reduced(teacher, 50, np.random.default_rng(seed))
    assert np.all(classify(teacher, starts, steps).success)


def test_under_assumption_1_a_fixed_share_of_one_over_n_is_enough():
    for k in (1, 2, 10, 1000):
        for share in (0.01, 0.3, 1.0):
            share = 1.0 if k == 1 else share
            teacher = Teacher.from_numbers(
                k=k, output_sum=np.sqrt(share * k * 7.0), norm_squared=7.0, angle=np.pi / 3
            )
            assert sufficient_ratio(teacher) * 7.0 > 0.616


@pytest.mark.parametrize("k, share", [(2, 0.25), (16, 0.25), (25, 1.0), (100, 0.25)])
def test_the_largest_safe_ratio_is_the_border(k, share):
    teacher = Teacher.from_numbers(
        k=k, output_sum=np.sqrt(share), norm_squared=1.0, angle=0.45 * np.pi
    )
    step = 0.05 * 2 * np.pi / (k + np.pi - 1)
    ratio = largest_safe_ratio(teacher, step)
    assert ratio > sufficient_ratio(teacher)
    starts = rim(teacher, 1025)
    for factor, safe in ((0.998, True), (1.01, False)):
        steps = StepSizes.constant(step, factor * ratio * step)
        assert np.all(classify(teacher, starts, steps).success) == safe


def test_scaling_the_teacher_divides_the_ratio():
    found = [
        largest_safe_ratio(
            Teacher.from_numbers(
                k=9, output_sum=np.sqrt(0.3 * n), norm_squared=n, angle=0.46 * np.pi
            ),
            0.01,
        )
        * n
        for n in (0.5, 5.0, 50.0)
    ]
    np.testing.assert_allclose(found, found[0], rtol=3e-3)


def test_the_largest_safe_ratio_by_single_steps():
    teacher = Teacher.from_numbers(k=2, output_sum=np.sqrt(0.6), norm_squared=1.0, angle=np.pi / 3)
    eta = 0.05
    found = largest_safe_ratio(teacher, eta)
    assert found > 4
    for factor, saved in ((0.995, True), (1.01, False)):
        state = rim(teacher, 512)
        for _ in range(4000):
            state = reduced.step(teacher, state, eta, factor * found * eta)
        assert np.all(state.angle < 0.1) == saved


def test_there_is_one_border():
    """A scan over ratios, since that is proved only in part: safe below, unsafe above."""
    rng = np.random.default_rng(3)
    bordered = 0
    for _ in range(60):
        k = int(rng.integers(2, 60))
        teacher = Teacher.from_numbers(
            k=k,
            output_sum=np.sqrt(10 ** rng.uniform(-3, 0) * k),
            norm_squared=1.0,
            angle=rng.uniform(0.2, 0.499) * np.pi,
        )
        step = 10 ** rng.uniform(-2, 0) * 2 * np.pi / (k + np.pi - 1)
        starts = rim(teacher, 33)
        longest = 1.99 / (step * order.largest_alignment(teacher, *starts[:2]))
        ratios = np.geomspace(0.5 * sufficient_ratio(teacher), longest, 40)
        saved = [
            bool(np.all(classify(teacher, starts, StepSizes.constant(step, r * step)).success))
            for r in ratios
        ]
        assert saved == sorted(saved, reverse=True)
        bordered += saved[0] and not saved[-1]
    assert bordered > 20


def test_no_border_where_nothing_is_trapped():
    teacher = Teacher.from_numbers(k=1, output_sum=1.0, norm_squared=1.0, angle=np.pi / 3)
    assert largest_safe_ratio(teacher, 0.1) == np.inf


def test_under_assumption_1_the_turns_are_short_by_themselves():
    """eta_w q < 4 follows for the ratio 0.616/N and every permitted eta_a: q <= N (1 + .94 k)."""
    k = np.arange(1, 10_000)
    bound = 0.616 * (1 + 2 * k / (np.pi - 1)) * 2 * np.pi / (k + np.pi - 1)
    assert np.all(bound < 3.7)
    for size, share in ((3, 1.0), (20, 0.4), (200, 0.9)):
        teacher = Teacher.from_numbers(
            k=size, output_sum=np.sqrt(share * size), norm_squared=1.0, angle=np.pi / 3
        )
        state, step = rim(teacher, 64), 2 * np.pi / (size + np.pi - 1)
        for _ in range(300):
            state = reduced.step(teacher, state, step, 0.616 * step)
            assert np.all(0.616 * step * state.alignment < bound[size - 1])
            assert np.all(state.alignment < 1 + 2 * size / (np.pi - 1))


def test_theorem_4_scales_the_wrong_way():
    """With its C fixed, a large enough teacher under Assumption 1 is beyond the safe ratio.

    N = 60 is large enough, and far from any instability: there eta_w N = 0.06.
    """
    teacher = Teacher.from_numbers(
        k=4, output_sum=np.sqrt(15.0), norm_squared=60.0, angle=np.pi / 3
    )
    step = np.pi / (20 * (4 + np.pi - 1) ** 2)
    ratio = theorem_4_ratio(teacher)
    assert ratio > 1.6 * largest_safe_ratio(teacher, step)
    assert ratio * step * teacher.norm_squared < 0.07
    starts, steps = rim(teacher, 65), StepSizes.constant(step, ratio * step)
    trapped = classify(teacher, starts, steps).trapped
    assert np.mean(trapped) == pytest.approx(37 / 65)
    runs = reduced.descend_batch(teacher, starts, steps, iterations=20_000)
    np.testing.assert_array_equal(runs.reached_global, ~trapped)


def test_bad_input_is_refused_by_name():
    teacher = Teacher.section_4(16)
    with pytest.raises(ValueError, match="output_step = 0"):
        largest_safe_ratio(teacher, 0.0)
    with pytest.raises(ValueError, match="output_step = 2"):
        largest_safe_ratio(teacher, 2.0)
    with pytest.raises(ValueError, match="accuracy = 2"):
        largest_safe_ratio(teacher, 0.01, accuracy=2.0)
    beyond = Teacher.from_numbers(k=4, output_sum=1.0, norm_squared=2.0, angle=1.7)
    with pytest.raises(ValueError, match="beyond pi/2"):
        sufficient_ratio(beyond)
    right = Teacher.from_numbers(k=4, output_sum=1.0, norm_squared=2.0, angle=np.pi / 2)
    with pytest.raises(ValueError, match="no ratio is safe"):
        largest_safe_ratio(right, 0.01)
    nothing = Teacher.from_numbers(k=4, output_sum=0.0, norm_squared=2.0, angle=1.0)
    assert sufficient_ratio(nothing) == np.inf
