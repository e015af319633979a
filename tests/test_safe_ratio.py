import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shortcutlib import StepSizes, Teacher
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


def test_theorem_4_scales_the_wrong_way():
    """With its C fixed, a large enough teacher under Assumption 1 is beyond the safe ratio."""
    teacher = Teacher.from_numbers(k=4, output_sum=30.0, norm_squared=3600.0, angle=np.pi / 3)
    step = np.pi / (20 * (4 + np.pi - 1) ** 2)
    ratio = theorem_4_ratio(teacher)
    assert ratio > 100 * largest_safe_ratio(teacher, 1e-3)
    steps = StepSizes.constant(step, ratio * step)
    assert not np.all(classify(teacher, rim(teacher, 65), steps, patience=100_000).success)


def test_bad_input_is_refused_by_name():
    teacher = Teacher.section_4(16)
    with pytest.raises(ValueError, match="output_step = 0"):
        largest_safe_ratio(teacher, 0.0)
    with pytest.raises(ValueError, match="accuracy = 2"):
        largest_safe_ratio(teacher, 0.01, accuracy=2.0)
    beyond = Teacher.from_numbers(k=4, output_sum=1.0, norm_squared=2.0, angle=1.7)
    with pytest.raises(ValueError, match="beyond pi/2"):
        sufficient_ratio(beyond)
    nothing = Teacher.from_numbers(k=4, output_sum=0.0, norm_squared=2.0, angle=1.0)
    assert sufficient_ratio(nothing) == np.inf
