"""Definition 3 in closed form, against the gradients of whole weight vectors."""

import numpy as np
import pytest

from shortcutlib import Teacher, population, reduced
from shortcutlib.dissipativity import (
    ACUTE,
    Teachers,
    best_delta_factor,
    best_filter_constant,
    best_output_constant,
    filter_distance,
    filter_progress,
    filter_slack,
    in_aligned_region,
    in_band,
    in_near_region,
    in_stage_one_region,
    joint_slack,
    output_progress,
    output_slack,
)
from shortcutlib.relu_kernel import g


def drawn(rng):
    """A random teacher, and a student as whole vectors: unit filter v and outputs a."""
    k, p = int(rng.integers(1, 9)), int(rng.integers(2, 6))
    weights = 10 ** rng.uniform(-1, 1) * rng.standard_normal(k)
    if rng.random() < 0.2:
        weights = np.full(k, weights[0])
    filter_ = rng.standard_normal(p)
    teacher = Teacher(filter_ / np.linalg.norm(filter_), weights)
    v = rng.standard_normal(p) + rng.uniform(-3, 3) * teacher.filter
    a = rng.uniform(0, 2) * np.linalg.norm(weights) * rng.standard_normal(k)
    return teacher, v / np.linalg.norm(v), a


def test_closed_forms_are_inner_products_with_the_gradients(rng):
    for _ in range(300):
        teacher, v, a = drawn(rng)
        student = reduced.reduce(teacher, v, a)
        unit = max(1.0, teacher.norm_squared)
        # On unit filters w* - w = v* - v, and the gradient in w is the gradient in v.
        in_w = -population.filter_gradient(v, a, teacher) @ (teacher.filter - v)
        in_a = -population.output_gradient(v, a, teacher) @ (teacher.output_weights - a)
        assert filter_progress(student) == pytest.approx(in_w, abs=1e-12 * unit)
        assert output_progress(teacher, student) == pytest.approx(in_a, abs=1e-12 * unit)
        apart_w = np.sum((v - teacher.filter) ** 2)
        apart_a = np.sum((a - teacher.output_weights) ** 2)
        assert filter_distance(student) == pytest.approx(apart_w, abs=1e-13)
        c, delta = rng.uniform(0, 2, 2)
        slack_w, slack_a = in_w - c * apart_w + delta, in_a - c * apart_a + delta
        assert filter_slack(student, c, delta) == pytest.approx(slack_w, abs=1e-11 * unit)
        assert output_slack(teacher, student, c, delta) == pytest.approx(slack_a, abs=1e-11 * unit)
        assert joint_slack(teacher, student, c, delta) == pytest.approx(
            slack_w + slack_a, abs=1e-11 * unit
        )


def test_output_slack_keeps_its_digits_near_the_optimum():
    """At distance 1e-9 both sides are 1e-18; their difference must still be right."""
    teacher = Teacher.from_numbers(k=3, output_sum=1.0, norm_squared=2.0, angle=1.0)
    student = reduced.state(1.0 + 3e-9, 2.0 + 1e-9, 0.0, 1e-9)
    c = (np.pi - 1) / (2 * np.pi)
    # With that c only (s - S)^2/(2 pi) is left.
    assert output_slack(teacher, student, c) == pytest.approx(9e-18 / (2 * np.pi), rel=1e-6)


def test_regions_are_those_of_the_vectors(rng):
    counts = np.zeros(4)
    for _ in range(3000):
        teacher, v, a = drawn(rng)
        student = reduced.reduce(teacher, v, a)
        weights, total = teacher.output_weights, np.sum(teacher.output_weights)
        size = weights @ weights
        angle = np.arccos(np.clip(v @ teacher.filter, -1, 1))
        below = total * np.sum(a) - total**2
        for width in (2.0, 3.0):
            assert in_band(teacher, student, width) == (-width * total**2 <= below <= 0)
        stage_one = (
            (a @ weights <= size / 20 or np.sum((a - weights / 2) ** 2) >= size)
            and angle <= ACUTE
            and -3 * total**2 <= below <= 0
        )
        assert in_stage_one_region(teacher, student) == stage_one
        m, largest, delta = size / 5, 3 * size + 2 * total**2, rng.uniform(0, 4)
        aligned = a @ weights >= m and v @ teacher.filter >= 0
        assert in_aligned_region(student, m) == aligned
        near = m <= a @ weights <= largest and np.sum((v - teacher.filter) ** 2) <= delta
        assert in_near_region(student, m, largest, delta) == near
        counts += (stage_one, aligned, near, not stage_one)
    assert np.all(counts > 100)


def test_regions_take_their_numbers():
    teacher = Teacher.from_numbers(k=2, output_sum=1.0, norm_squared=1.0, angle=1.0)
    student = reduced.state(0.5, 0.3, 1.4)
    assert not in_stage_one_region(teacher, student)
    assert not in_stage_one_region(teacher, student, share=0.4)
    assert in_stage_one_region(teacher, student, share=0.4, largest_angle=1.5)
    assert not in_stage_one_region(teacher, student, share=0.4, largest_angle=1.5, width=0.4)
    # A start exactly on the border of the band, computed with rounding.
    assert in_band(teacher, reduced.state(-1.0 - 1e-15, 0.0, 1.0), 2.0)


def test_many_teachers_at_once_are_the_same_as_one_by_one(rng):
    k, share = np.array([1.0, 2.0, 7.0, 50.0]), np.array([0.3, 0.0, 0.5, 1.0])
    norm_squared = np.array([0.1, 1.0, 3.0, 90.0])
    teachers = Teachers.from_share(k, share, norm_squared)
    # One patch leaves a* no choice.
    assert teachers.output_sum**2 == pytest.approx(
        np.array([1.0, 0.0, 0.5, 1.0]) * k * norm_squared
    )
    assert teachers.spread == pytest.approx(norm_squared - teachers.output_sum**2 / k, abs=1e-13)
    s, rest = rng.uniform(-1, 1, 4), np.array([0.0, 0.0, 1.0, 1.0])
    q = np.where(teachers.spread > 0, rng.uniform(-1, 1, 4), s * teachers.output_sum / k)
    students = reduced.state(s, q, rng.uniform(0, np.pi, 4), rest)
    together = output_slack(teachers, students, 0.1, 0.2)
    after = reduced.step(teachers, students, 0.01, 0.02)
    for i in range(4):
        single = Teacher.from_numbers(
            k=int(k[i]),
            output_sum=float(teachers.output_sum[i]),
            norm_squared=float(norm_squared[i]),
            angle=1.0,
        )
        one = reduced.ReducedState(*(column[i] for column in students))
        assert together[i] == pytest.approx(float(output_slack(single, one, 0.1, 0.2)))
        alone = reduced.step(single, one, 0.01, 0.02)
        assert [column[i] for column in after] == pytest.approx([float(x) for x in alone])


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((0, 0.5), "k = 0: give a whole number of at least 1"),
        ((2.5, 0.5), "k = 2.5"),
        ((2, -0.1), "share = -0.1"),
        ((2, [0.5, 1.1]), "share = 1.1"),
        ((2, 0.5, 0.0), "norm_squared = 0: give a positive number"),
        ((2, np.nan), "share = nan"),
    ],
)
def test_teachers_refuse(arguments, message):
    with pytest.raises(ValueError, match=message):
        Teachers.from_share(*arguments)


# ---------------------------------------------------------------------------------------------
# Best constants: the inequality holds with them, and they are attained


@pytest.mark.parametrize("largest", [np.pi / 2, ACUTE, 0.3])
def test_best_filter_constant(largest):
    angle = np.linspace(1e-9, largest, 10_001)
    student = reduced.state(0.0, 0.7, angle)
    ratio = filter_progress(student) / filter_distance(student)
    best = float(best_filter_constant(0.7, largest))
    assert np.all(np.diff(ratio) < 1e-9)
    assert ratio.min() == pytest.approx(best, rel=1e-12)


def test_best_filter_constant_by_hand():
    # Lemma 11 at a right angle: exactly the m/8 that is printed.
    assert best_filter_constant(3.0) == pytest.approx(3 / 8)
    assert best_filter_constant(1.0, ACUTE) == pytest.approx(0.18358, abs=1e-5)
    assert best_filter_constant(1.0, 0.0) == pytest.approx(1 / 2)


def test_best_output_constant_is_attained_where_the_notes_say():
    best = float(best_output_constant())
    assert best == pytest.approx(0.05581, abs=1e-5)
    assert best > 1 / (10 * np.pi)
    # S = 0, a = a*/20, phi = 5 pi/12.
    teacher = Teacher.from_numbers(k=4, output_sum=0.0, norm_squared=3.0, angle=ACUTE)
    student = reduced.reduce(teacher, teacher.shortcut, teacher.output_weights / 20)
    assert in_stage_one_region(teacher, student)
    assert output_slack(teacher, student, best) == pytest.approx(0.0, abs=1e-14)
    by_hand = (np.pi - 1 - (np.pi - g(ACUTE)) / 0.95) / (2 * np.pi)
    assert best == pytest.approx(float(by_hand))


def test_best_delta_factor_is_approached():
    assert best_delta_factor(1.0, 0.2) == pytest.approx(0.2)
    assert best_delta_factor(2.0, 0.4) == pytest.approx(0.4)
    assert best_delta_factor(1.0, 3.0) == 0.0
    teacher = Teacher.from_numbers(k=2, output_sum=0.0, norm_squared=5.0, angle=1.0)
    c = (np.pi - 1) / (2 * np.pi)
    for angle in (0.3, 0.1, 0.01):
        student = reduced.reduce(teacher, teacher.filter, teacher.output_weights / 5)
        student = student._replace(angle=angle)
        need = -float(output_slack(teacher, student, c)) / float(filter_distance(student))
        assert need <= best_delta_factor(5.0, 1.0)
    assert need == pytest.approx(1.0, rel=0.01)
