import numpy as np
import pytest

from shortcutlib import StepSizes, Teacher, exact, reduced
from shortcutlib.initialisation import (
    Ball,
    Gaussian,
    Sphere,
    glorot,
    he,
    success_from,
    success_over_angles,
)
from shortcutlib.outcomes import classify
from shortcutlib.starts import sample_ball, sample_sphere


@pytest.fixture
def teacher():
    return Teacher.section_4(16)


@pytest.fixture
def steps():
    return StepSizes.section_4(16, warmup=0)


def simulated(teacher, steps, a, angle):
    starts = reduced.state(a.sum(axis=1), a @ teacher.output_weights, angle)
    return classify(teacher, starts, steps).success


def check(won, probability):
    z = (np.mean(won) - probability) / np.sqrt(probability * (1 - probability) / won.size)
    assert abs(z) < 4


@pytest.mark.parametrize("angle", [None, 1.3, 1.7])
def test_the_ball_is_the_exact_probability(teacher, steps, angle):
    turned = teacher if angle is None else Teacher.from_numbers(
        k=16, output_sum=teacher.output_sum, norm_squared=teacher.norm_squared, angle=angle
    )  # fmt: skip
    expected = exact.success_probability(turned, steps, tolerance=1e-7).probability
    found = success_from(teacher, steps, Ball(teacher.start_radius), angle=angle)
    assert found == pytest.approx(expected, abs=2e-6)


def test_laws_against_simulation(teacher, steps, rng):
    n, radius = 40_000, teacher.start_radius
    for law, a in (
        (Ball(radius), sample_ball(n, 16, radius, rng)),
        (Sphere(radius), radius * sample_sphere(n, 16, rng)),
        (Gaussian(0.4), 0.4 * rng.standard_normal((n, 16))),
        (glorot(teacher), np.sqrt(2 / 17) * rng.standard_normal((n, 16))),
        (he(teacher), np.sqrt(2 / 16) * rng.standard_normal((n, 16))),
    ):
        check(simulated(teacher, steps, a, teacher.angle), success_from(teacher, steps, law))


def test_a_random_filter_against_simulation(teacher, steps, rng):
    n = 40_000
    v = sample_sphere(n, teacher.p, rng)
    angle = np.arccos(np.clip(v @ teacher.filter, -1, 1))
    a = sample_ball(n, 16, teacher.start_radius, rng)
    law = Ball(teacher.start_radius)
    expected = success_over_angles(teacher, steps, law)
    check(simulated(teacher, steps, a, angle), expected)
    assert success_over_angles(teacher, steps, law, angles=36) == pytest.approx(expected, abs=1e-4)


def test_further_from_the_teacher_is_worse(teacher, steps):
    law = Ball(teacher.start_radius)
    rates = [success_from(teacher, steps, law, angle=x) for x in np.linspace(0.3, 2.9, 9)]
    assert np.all(np.diff(rates) <= 1e-6)
    assert rates[0] == pytest.approx(1.0, abs=1e-6)
    assert rates[-1] < 0.05


def test_bad_input_is_refused_by_name(teacher, steps):
    with pytest.raises(ValueError, match="radius = 0"):
        Ball(0.0)
    with pytest.raises(ValueError, match="deviation = -1"):
        Gaussian(-1.0)
    with pytest.raises(ValueError, match="angle = 0"):
        success_from(teacher, steps, Ball(1.0), angle=0.0)
    with pytest.raises(ValueError, match="nodes = 1"):
        success_from(teacher, steps, Ball(1.0), nodes=1)
    small = Teacher.from_numbers(k=2, output_sum=1.0, norm_squared=2.0, angle=1.0)
    with pytest.raises(ValueError, match="k >= 3"):
        success_from(small, steps, Sphere(1.0))
    with pytest.raises(ValueError, match="preserve order"):
        success_from(teacher, StepSizes.constant(1.0, 1.0), Ball(1.0))
