import numpy as np
import pytest

from shortcutlib import Teacher, population, two_filters
from shortcutlib.two_filters import Student


def random_student(rng, count, p, k):
    filters = rng.standard_normal((count, p))
    return Student(
        filters / np.linalg.norm(filters, axis=1, keepdims=True), rng.standard_normal((count, k))
    )


def test_one_filter_is_the_books_model(rng):
    teacher = Teacher.from_numbers(k=4, p=5, output_sum=1.0, norm_squared=3.0, angle=1.0, rng=rng)
    student = random_student(rng, 1, 5, 4)
    whole = Student(teacher.filter[None], teacher.output_weights[None])
    loss, filters, outputs = two_filters.evaluate(student, whole)
    here = population.evaluate(student.filters[0], student.outputs[0], teacher)
    assert loss == pytest.approx(here.loss, rel=1e-12)
    np.testing.assert_allclose(filters[0], here.filter_gradient, atol=1e-13)
    np.testing.assert_allclose(outputs[0], here.output_gradient, atol=1e-13)


def test_loss_against_samples(rng):
    teacher, student = random_student(rng, 2, 3, 4), random_student(rng, 3, 3, 4)
    n = 200_000
    Z = rng.standard_normal((n, 3, 4))

    def output(network):
        hidden = np.maximum(np.einsum("mp,npk->nmk", network.filters, Z), 0)
        return np.einsum("nmk,mk->n", hidden, network.outputs)

    squares = (output(student) - output(teacher)) ** 2 / 2
    loss, _, _ = two_filters.evaluate(student, teacher)
    assert abs(squares.mean() - loss) < 4 * squares.std() / np.sqrt(n)


def test_gradients_by_differences(rng):
    teacher, student = random_student(rng, 2, 3, 4), random_student(rng, 2, 3, 4)
    _, filters, outputs = two_filters.evaluate(student, teacher)
    h = 1e-6
    for _ in range(10):
        way = rng.standard_normal((2, 3))
        way -= np.einsum("mp,mp->m", way, student.filters)[:, None] * student.filters
        turn = rng.standard_normal((2, 4))

        def loss(t, way=way, turn=turn):
            moved = student.filters + t * way
            moved = moved / np.linalg.norm(moved, axis=1, keepdims=True)
            return two_filters.evaluate(Student(moved, student.outputs + t * turn), teacher)[0]

        numeric = (loss(h) - loss(-h)) / (2 * h)
        assert numeric == pytest.approx(np.sum(way * filters) + np.sum(turn * outputs), rel=1e-6)


def test_the_example_has_several_traps(rng):
    teacher = two_filters.example()
    ends = two_filters.survey(teacher, 40, rng)
    assert ends[0].loss < 1e-10
    spurious = [end for end in ends if end.loss > 0.1]
    assert len(spurious) >= 2
    assert sum(end.runs for end in ends) == 40
    # They are local minima: small kicks do not get away.
    for _ in range(6):
        start = random_student(rng, 2, 3, 6)
        end, loss, gradient = two_filters.descend(start, teacher, 0.3)
        assert gradient < 1e-6
        kicked = end.filters + 0.02 * rng.standard_normal((2, 3))
        kicked /= np.linalg.norm(kicked, axis=1, keepdims=True)
        again = Student(kicked, end.outputs + 0.02 * rng.standard_normal((2, 6)))
        _, after, _ = two_filters.descend(again, teacher, 0.3)
        assert after == pytest.approx(loss, abs=1e-6)


def test_swapped_filters_are_the_same_network():
    teacher = two_filters.example()
    swapped = Student(teacher.filters[::-1], teacher.outputs[::-1])
    loss, filters, outputs = two_filters.evaluate(swapped, teacher)
    assert loss == pytest.approx(0, abs=1e-14)
    assert np.max(np.abs(filters)) < 1e-14
    assert np.max(np.abs(outputs)) < 1e-14


def test_bad_input_is_refused(rng):
    with pytest.raises(ValueError, match="different lengths"):
        two_filters.evaluate(random_student(rng, 1, 3, 4), random_student(rng, 1, 2, 4))
    with pytest.raises(ValueError, match="numbers of patches"):
        two_filters.evaluate(random_student(rng, 1, 3, 4), random_student(rng, 1, 3, 5))
    with pytest.raises(ValueError, match="runs = 0"):
        two_filters.survey(two_filters.example(), 0, rng)
