"""Dissipativity with respect to one of two optima: it fails far away, and holds around it."""

import numpy as np
import pytest

from shortcutlib import Teacher, dissipativity, one_optimum, reduced, two_filters
from shortcutlib.one_optimum import best_outputs, least_constant, pull, pull_map, turns
from shortcutlib.two_filters import Student


def random_student(rng, shape=(2, 3), k=6):
    filters = rng.standard_normal(shape)
    filters /= np.linalg.norm(filters, axis=1, keepdims=True)
    return Student(filters, rng.standard_normal((shape[0], k)))


def test_one_filter_is_the_books_model(rng):
    teacher = Teacher.from_numbers(k=4, p=5, output_sum=1.0, norm_squared=3.0, angle=1.0, rng=rng)
    whole = Student(teacher.filter[None], teacher.output_weights[None])
    for _ in range(20):
        student = random_student(rng, (1, 5), 4)
        state = reduced.reduce(teacher, student.filters[0], student.outputs[0])
        found = pull(student, whole)
        assert found.filters == pytest.approx(
            float(dissipativity.filter_progress(state)), abs=1e-12
        )
        assert found.outputs == pytest.approx(
            float(dissipativity.output_progress(teacher, state)), rel=1e-9
        )
        assert found.filter_distance == pytest.approx(
            float(dissipativity.filter_distance(state)), rel=1e-9
        )
        assert found.output_distance == pytest.approx(
            float(reduced.output_distance(teacher, state)), rel=1e-9
        )
        assert found.slack(0.1, 0.02) == pytest.approx(
            float(dissipativity.joint_slack(teacher, state, 0.1, 0.02)), rel=1e-9
        )


def test_the_pull_is_a_slope_of_the_loss(rng):
    """Pull in the outputs: the loss falls at this rate on the straight way to the optimum."""
    teacher = two_filters.example()
    for _ in range(5):
        student = random_student(rng)
        h = 1e-6

        def loss(t, student=student):
            outputs = student.outputs + t * (teacher.outputs - student.outputs)
            return two_filters.evaluate(Student(student.filters, outputs), teacher)[0]

        assert pull(student, teacher).outputs == pytest.approx((loss(-h) - loss(h)) / (2 * h))


def test_best_outputs_have_no_gradient(rng):
    teacher = two_filters.example()
    for _ in range(20):
        filters = random_student(rng).filters
        student = Student(filters, best_outputs(filters, teacher))
        loss, _, in_outputs = two_filters.evaluate(student, teacher)
        assert np.max(np.abs(in_outputs)) < 1e-12
        other = Student(filters, student.outputs + 0.1 * rng.standard_normal((2, 6)))
        assert loss < two_filters.evaluate(other, teacher)[0]


def test_no_constant_holds_at_the_other_optimum():
    """The proposition: where the gradient vanishes the slack is -c times the distance."""
    teacher = two_filters.example()
    there = pull(Student(teacher.filters[::-1], teacher.outputs[::-1]), teacher)
    assert abs(there.filters) < 1e-14
    assert abs(there.outputs) < 1e-14
    distance = 2 * np.sum((teacher.filters[0] - teacher.filters[1]) ** 2) + 24
    assert there.slack(0.01) == pytest.approx(-0.01 * distance)
    assert there.slack(0.01, 0.005 * distance) == pytest.approx(0, abs=1e-12)


def test_half_of_all_filters_are_pulled_the_wrong_way(rng):
    """Measured: every second random student; with the outputs together one in twelve."""
    teacher, trials = two_filters.example(), 4000
    filters = outputs = 0
    for _ in range(trials):
        student = random_student(rng)
        found = pull(Student(student.filters, 0.5 * student.outputs), teacher)
        filters += found.filters < 0
        outputs += found.filters + found.outputs < 0
    for count, share in ((filters, 0.5), (outputs, 0.084)):
        assert abs(count - share * trials) < 4 * np.sqrt(trials * share * (1 - share))


def test_around_the_optimum_it_holds(rng):
    """c = .2 up to distance 1, and no random student there does worse than the search says."""
    teacher = two_filters.example()
    found = {radius: least_constant(teacher, radius, rng, starts=3) for radius in (1e-3, 0.5, 1.0)}
    assert found[1e-3] == pytest.approx(0.2167, abs=2e-4)
    assert found[1.0] == pytest.approx(0.2012, abs=2e-4)
    assert found[1e-3] > found[0.5] > found[1.0]
    for _ in range(2000):
        # At distance at most 1: filters turned by at most an angle, outputs by the rest.
        kick = rng.standard_normal((2, 9))
        kick *= rng.random() / np.linalg.norm(kick)
        filters = teacher.filters + kick[:, :3]
        filters /= np.linalg.norm(filters, axis=1, keepdims=True)
        here = pull(Student(filters, teacher.outputs + kick[:, 3:]), teacher)
        assert here.filter_distance + here.output_distance < 1.05
        assert here.slack(0.2) >= 0


def test_the_constant_at_the_optimum_is_an_eigenvalue():
    """At small distances: the least eigenvalue of the loss's second differences."""
    teacher = two_filters.example()

    frames = []
    for v in teacher.filters:
        _, _, rows = np.linalg.svd(v[None])
        frames.append(rows[1:])

    def value(x):
        filters = np.stack(
            [
                v + x[2 * i : 2 * i + 2] @ frame
                for i, (v, frame) in enumerate(zip(teacher.filters, frames, strict=True))
            ]
        )
        filters /= np.linalg.norm(filters, axis=1, keepdims=True)
        return two_filters.evaluate(
            Student(filters, teacher.outputs + x[4:].reshape(2, 6)), teacher
        )[0]

    h, n = 1e-3, 16
    basis = h * np.eye(n)
    hessian = np.array(
        [
            [
                (value(a + b) - value(a - b) - value(b - a) + value(-a - b)) / (4 * h * h)
                for a in basis
            ]
            for b in basis
        ]
    )
    assert np.linalg.eigvalsh(hessian)[0] == pytest.approx(0.2167, abs=5e-4)


def test_the_map_and_the_turns(rng):
    teacher = two_filters.example()
    np.testing.assert_allclose(turns(teacher, teacher), [0, 2.0], atol=1e-12)
    angles = np.array([-2.0, 0.3, 2.5])
    found = pull_map(teacher, angles)
    filters = np.array([[np.cos(2.5), np.sin(2.5), 0.0], [np.cos(0.3), np.sin(0.3), 0.0]])
    student = Student(filters, best_outputs(filters, teacher))
    np.testing.assert_allclose(turns(student, teacher), [2.5, 0.3])
    assert found[1, 2] == pytest.approx(pull(student, teacher).filters)
    # The traps are zeros of the map, since all gradients vanish there.
    start = Student(student.filters, student.outputs)
    end, loss, _ = two_filters.descend(start, teacher, 0.3)
    assert abs(pull(end, teacher).filters) < 1e-9
    assert loss >= 0


def test_bad_input_is_refused(rng):
    teacher = two_filters.example()
    with pytest.raises(ValueError, match="numbers of filters"):
        pull(random_student(rng, (1, 3)), teacher)
    with pytest.raises(ValueError, match="radius = 4"):
        least_constant(teacher, 4.0, rng)
    with pytest.raises(ValueError, match="1 filters"):
        one_optimum.pull_map(random_student(rng, (1, 3)), np.zeros(2))
    parallel = Student(np.array([[1.0, 0, 0], [1.0, 0, 0]]), teacher.outputs)
    with pytest.raises(ValueError, match="parallel"):
        turns(teacher, parallel)
