import numpy as np
import pytest

from shortcutlib import StepSizes, Teacher, reduced
from shortcutlib.certificates import certify
from shortcutlib.exact import success_probability
from shortcutlib.starts import sample_reduced
from shortcutlib.warmup import rim, saves_every_start, shortest_warmup


def schedule(k):
    return lambda length: StepSizes.section_4(k, warmup=length)


def single_steps(teacher, starts, length):
    """Fates by one plain step after the other: an oracle without strides or bisection."""
    steps = schedule(teacher.k)(length)
    current, iteration = starts, 0
    while True:
        if iteration >= length and iteration % 64 == 0:
            success, trapped = certify(teacher, current, [steps.phases[-1]])
            if np.all(success | trapped):
                return success
        current = reduced.step(teacher, current, *steps.at(iteration))
        iteration += 1


def test_every_start_needs_651_iterations_at_k_16():
    teacher = Teacher.section_4(16)
    assert shortest_warmup(teacher, schedule(16)) == 651
    starts = rim(teacher, 300)
    assert np.all(single_steps(teacher, starts, 651))
    assert not np.all(single_steps(teacher, starts, 650))


def test_all_but_a_share_by_the_exact_probability():
    teacher = Teacher.section_4(16)
    found = shortest_warmup(teacher, schedule(16), failure=1e-4)
    assert found == 485
    for length, enough in ((found, True), (found - 1, False)):
        probability = success_probability(teacher, schedule(16)(length), tolerance=1e-9).probability
        assert (1 - probability <= 1e-4) == enough


def test_more_warmup_never_hurts():
    teacher = Teacher.section_4(25)
    saved = [saves_every_start(teacher, schedule(25)(n)) for n in range(1300, 1500, 7)]
    assert saved == sorted(saved)
    rates = [
        success_probability(teacher, schedule(25)(n), tolerance=1e-7).probability
        for n in range(0, 1000, 90)
    ]
    assert np.all(np.diff(rates) > -1e-7)


def test_the_rim_holds_the_worst_starts(rng):
    teacher = Teacher.section_4(9)
    radius = teacher.start_radius
    worst = rim(teacher)
    across = worst.alignment - worst.output_sum * teacher.output_sum / 9
    length = worst.output_sum**2 / 9 + across**2 / teacher.spread
    np.testing.assert_allclose(length, radius**2)
    length = shortest_warmup(teacher, schedule(9))
    assert np.all(single_steps(teacher, sample_reduced(teacher, 5000, rng), length))


def test_none_is_needed_close_to_the_shortcut():
    teacher = Teacher.from_numbers(k=16, output_sum=4.9, norm_squared=96.0, angle=0.3)
    assert shortest_warmup(teacher, schedule(16)) == 0


def test_bad_requests_are_refused():
    teacher = Teacher.section_4(16)
    with pytest.raises(ValueError, match="failure = 1"):
        shortest_warmup(teacher, schedule(16), failure=1)
    with pytest.raises(ValueError, match="100 iterations"):
        shortest_warmup(teacher, schedule(16), largest=100)
    far = Teacher.from_numbers(k=16, output_sum=4.9, norm_squared=96.0, angle=2.0)
    with pytest.raises(ValueError, match="beyond pi/2"):
        shortest_warmup(far, schedule(16))
    with pytest.raises(ValueError, match="too large"):
        saves_every_start(teacher, StepSizes.constant(1.0, 1.0))
