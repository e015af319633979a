"""R1 and R2 are no basins; the core of R1 is invariant; the border separates the fates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shortcutlib import StepSizes, Teacher, exact, reduced
from shortcutlib.basin_border import (
    border_alignment,
    in_core,
    in_first_quarter,
    in_second_quarter,
)
from shortcutlib.outcomes import classify
from tests.conftest import teachers


def one(s, q, angle):
    return reduced.state([s], [q], [angle])


def test_a_start_in_the_first_quarter_is_trapped():
    teacher = Teacher.from_numbers(k=10, output_sum=4.0, norm_squared=8.0, angle=1.4)
    start = one(5 * 4.0, 0.01, 1.5)
    assert in_first_quarter(start)
    assert not in_core(teacher, start)
    steps = StepSizes.constant(0.01, 0.05)
    assert classify(teacher, start, steps).trapped[0]


def test_a_start_in_the_second_quarter_succeeds():
    teacher = Teacher.from_numbers(k=4, output_sum=1.8, norm_squared=2.5, angle=1.4)
    start = one(-1.8, -0.81, np.pi / 2 + 0.05)
    assert in_second_quarter(start)
    assert classify(teacher, start, StepSizes.constant(0.05, 0.05)).success[0]


@settings(max_examples=300)
@given(teachers(), st.integers(0, 10**6), st.floats(0, 1), st.floats(-4, 4))
def test_the_core_is_invariant(teacher, seed, share, exponent):
    """One step from each of a thousand random points of the core, for all permitted eta_a."""
    rng = np.random.default_rng(seed)
    n = 1000
    s = teacher.output_sum * rng.uniform(-2, 1, n)
    s[:10] = teacher.output_sum
    q = teacher.norm_squared * 10 ** rng.uniform(-12, 2, n)
    angle = np.pi / 2 * rng.random(n) ** rng.choice([0.01, 1, 10], n)
    start = reduced.state(s, q, np.minimum(angle, np.pi / 2 - 1e-12))
    assert np.all(in_core(teacher, start) | (np.abs(s - teacher.output_sum) < 1e-12))
    eta_a = share * 2 * np.pi / (teacher.k + np.pi - 1)
    after = reduced.step(teacher, start, eta_a, 10**exponent / teacher.norm_squared)
    assert np.all(after.alignment >= 0)
    assert np.all(after.angle <= np.pi / 2 + 1e-12)
    away = teacher.output_sum * (after.output_sum - teacher.output_sum)
    size = teacher.output_sum**2
    assert np.all(away <= 1e-12 * size)
    assert np.all(away >= -3 * size * (1 + 1e-12))


def test_every_start_of_the_core_succeeds(rng):
    for k, total in ((1, np.sqrt(6.0)), (5, 3.0), (30, 4.0)):
        teacher = Teacher.from_numbers(k=k, output_sum=total, norm_squared=6.0, angle=1.0)
        n = 2000
        s = total * rng.uniform(-2, 1, n)
        starts = reduced.state(s, rng.uniform(1e-6, 20, n), rng.uniform(0.01, 1.57, n))
        steps = StepSizes.constant(0.05, 0.05)
        assert np.all(in_core(teacher, starts))
        assert np.all(classify(teacher, starts, steps).success)


def test_the_border_separates_the_fates(rng):
    teacher = Teacher.from_numbers(k=10, output_sum=4.0, norm_squared=8.0, angle=1.4)
    steps = StepSizes.constant(0.02, 0.04)
    s, angle = rng.uniform(-8, 20, 60), rng.uniform(0.2, 3.0, 60)
    border = border_alignment(teacher, steps, s, angle)
    inside = np.isfinite(border)
    assert np.sum(inside) > 40
    for sign, fate in ((1, "success"), (-1, "trapped")):
        starts = reduced.state(s, border + sign * 1e-4, angle) if inside.all() else reduced.state(
            s[inside], border[inside] + sign * 1e-4, angle[inside]
        )  # fmt: skip
        assert np.all(getattr(classify(teacher, starts, steps), fate))
    # Above the border everywhere, or below it.
    for value, fate in ((-np.inf, "success"), (np.inf, "trapped")):
        chosen = border == value
        if np.any(chosen):
            starts = reduced.state(s[chosen], 0.0, angle[chosen])
            assert np.all(getattr(classify(teacher, starts, steps), fate))


def test_the_border_is_monotone():
    teacher = Teacher.from_numbers(k=10, output_sum=4.0, norm_squared=8.0, angle=1.4)
    s, angle = np.linspace(-8, 16, 13), np.linspace(0.3, 2.9, 11)
    border = border_alignment(
        teacher, StepSizes.constant(0.02, 0.04), s[:, None], angle[None], largest=40.0
    )
    assert np.all(np.diff(border, axis=1) >= -1e-4)
    in_x = border - s[:, None] * teacher.output_sum / teacher.k
    assert np.all(np.diff(in_x, axis=0) <= 1e-4)


def test_the_critical_line_is_a_slice_of_the_border():
    teacher, steps = Teacher.section_4(25), StepSizes.section_4(25, warmup=0)
    s = np.linspace(-0.9, 0.9, 5) * teacher.output_sum
    line = exact.separatrix(teacher, steps, s)
    np.testing.assert_allclose(
        border_alignment(teacher, steps, s, teacher.angle, tolerance=1e-9), line, atol=1e-5
    )


def test_bad_input_is_refused_by_name():
    teacher, steps = Teacher.section_4(25), StepSizes.section_4(25, warmup=0)
    with pytest.raises(ValueError, match="largest = -1"):
        border_alignment(teacher, steps, 0.0, 1.0, largest=-1.0)
    with pytest.raises(ValueError, match="tolerance = 1"):
        border_alignment(teacher, steps, 0.0, 1.0, tolerance=1.0)
    with pytest.raises(ValueError, match="angle inside"):
        border_alignment(teacher, steps, 0.0, 0.0)
    with pytest.raises(ValueError, match="preserve order"):
        border_alignment(teacher, StepSizes.constant(1.0, 1.0), 0.0, 1.0)
    flat = Teacher.from_numbers(k=4, output_sum=4.0, norm_squared=4.0, angle=1.0)
    with pytest.raises(ValueError, match="multiple of 1"):
        border_alignment(flat, steps, 0.0, 1.0)
