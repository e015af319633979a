import numpy as np
import pytest

from shortcutlib import StepSizes, Teacher, exact, growth, warmup


@pytest.mark.parametrize("k", [16, 49, 100])
def test_failures_and_successes_add_up(k):
    teacher, steps = Teacher.section_4(k), StepSizes.section_4(k, warmup=0)
    success = exact.success_probability(teacher, steps, tolerance=1e-9).probability
    assert growth.failure_probability(teacher, steps) == pytest.approx(1 - success, abs=1e-8)


def test_ten_thousand_patches():
    """To a small relative error: different accuracies and numbers of nodes agree."""
    teacher, steps = Teacher.section_4(10_000), StepSizes.section_4(10_000, warmup=0)
    found = growth.failure_probability(teacher, steps, tolerance=1e-8, nodes=8)
    assert found == pytest.approx(3.595e-12, rel=1e-3)
    finer = growth.failure_probability(teacher, steps, tolerance=1e-9, nodes=14)
    assert found == pytest.approx(finer, rel=1e-3)


def test_the_border_tends_to_its_limit():
    """h*(k) - h falls like one over the root of k, to first order in pi/2 - phi_0."""
    angle = Teacher.section_4(16).angle
    limit = growth.limit_share(angle, 6.0, 0.25)
    assert limit == pytest.approx(-0.0639294, abs=1e-6)
    gaps = []
    for k in (400, 1600, 6400):
        teacher, steps = Teacher.section_4(k), StepSizes.section_4(k, warmup=0)
        border = float(exact.separatrix(teacher, steps, 0.0, tolerance=1e-7))
        gaps.append(border / (teacher.start_radius * np.sqrt(teacher.spread)) - limit)
    ratios = np.divide(gaps[:-1], gaps[1:])
    assert np.all((ratios > 1.8) & (ratios < 2.2))


def test_the_fit_recovers_a_law_and_extrapolates():
    k = np.array([100, 200, 400, 800, 1600])
    exponent = 0.002 * k + 0.03 * np.sqrt(k) - 1 + np.log(k) / 2
    law = growth.fit_growth_law(k, np.exp(-exponent))
    assert law.linear == pytest.approx(0.002, rel=1e-9)
    assert law.root == pytest.approx(0.03, rel=1e-8)
    assert law.worst < 1e-10
    assert float(law.failure(3000)) == pytest.approx(
        np.exp(-(6 + 0.03 * np.sqrt(3000) - 1)) / np.sqrt(3000), rel=1e-6
    )


def test_exact_values_follow_the_law():
    sizes = (1000, 2000, 4000, 7000, 10_000)
    found = [
        growth.failure_probability(
            Teacher.section_4(k), StepSizes.section_4(k, warmup=0), tolerance=1e-8, nodes=8
        )
        for k in sizes
    ]
    law = growth.fit_growth_law(sizes, found)
    share = growth.limit_share(Teacher.section_4(16).angle, 6.0, 0.25)
    limit = -np.log(1 - share**2) / 2
    assert law.linear == pytest.approx(limit, rel=0.02)
    assert law.worst < 0.02
    # Not exponential where the table looks: the rate a patch keeps falling towards the limit.
    rates = -np.log(found) / np.array(sizes)
    assert np.all(np.diff(rates) < 0)
    assert rates[-1] > limit


def test_with_fixed_norm_no_start_fails_from_some_k_on():
    angle = Teacher.section_4(16).angle
    safe = {}
    for k in (16, 100, 1000):
        teacher = Teacher.from_numbers(k=k, output_sum=2.0, norm_squared=16.0, angle=angle)
        safe[k] = warmup.saves_every_start(teacher, StepSizes.constant(1 / k**2, 1 / k**2))
    assert safe == {16: False, 100: False, 1000: True}


def test_bad_input_is_refused_by_name():
    with pytest.raises(ValueError, match="k = 4"):
        growth.failure_probability(Teacher.section_4(4), StepSizes.section_4(4, warmup=0))
    with pytest.raises(ValueError, match="five or more"):
        growth.fit_growth_law([1, 2], [0.5, 0.4])
    with pytest.raises(ValueError, match="inside"):
        growth.fit_growth_law([1, 2, 3, 4, 5], [0.5, 0.4, 0.3, 0.2, 0.0])
