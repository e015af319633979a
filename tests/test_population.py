import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shortcutlib import Teacher, networks, population
from shortcutlib.angles import unit
from shortcutlib.population import SpuriousKind
from tests.conftest import teachers


def student(teacher, seed):
    """A random student near the teacher's scale, its filter of any length."""
    rng = np.random.default_rng(seed)
    scale = np.sqrt(teacher.norm_squared / teacher.k)
    return rng.standard_normal(teacher.p) * 10 ** rng.uniform(-1, 1), scale * rng.standard_normal(
        teacher.k
    )


@pytest.mark.parametrize(("p", "k"), [(2, 1), (3, 2), (8, 6)])
def test_loss_and_gradients_agree_with_monte_carlo(p, k, rng):
    teacher = Teacher(unit(rng.standard_normal(p)), rng.standard_normal(k))
    v, a = rng.standard_normal(p), rng.standard_normal(k)
    batches = []
    for _ in range(60):
        Z = networks.sample_inputs(5000, p, k, rng)
        found = networks.minibatch_loss(
            v, a, Z, networks.teacher_network(teacher, Z), residual=False
        )
        batches.append(np.concatenate([[found.loss], found.filter_gradient, found.output_gradient]))
    batches = np.array(batches)
    exact = np.concatenate(
        [
            [population.loss(v, a, teacher)],
            population.filter_gradient(v, a, teacher),
            population.output_gradient(v, a, teacher),
        ]
    )
    z_scores = (batches.mean(0) - exact) / (batches.std(0, ddof=1) / np.sqrt(len(batches)))
    assert np.all(np.abs(z_scores) < 4.5), z_scores


@given(teachers(), st.integers(0, 10**6))
def test_gradients_are_central_differences(teacher, seed):
    v, a = student(teacher, seed)
    rng = np.random.default_rng(seed)
    dv, da = np.linalg.norm(v) * unit(rng.standard_normal(v.size)), rng.standard_normal(a.size)
    da *= np.sqrt(teacher.norm_squared / teacher.k)
    h = 1e-5
    slope = dv @ population.filter_gradient(v, a, teacher) + da @ population.output_gradient(
        v, a, teacher
    )
    difference = (
        population.loss(v + h * dv, a + h * da, teacher)
        - population.loss(v - h * dv, a - h * da, teacher)
    ) / (2 * h)
    scale = population.loss(v, a, teacher) + teacher.norm_squared
    assert difference == pytest.approx(slope, abs=1e-7 * scale)


@settings(max_examples=40)
@given(teachers(max_k=24, max_p=16), st.integers(0, 10**6))
def test_hessian_is_the_difference_of_gradients(teacher, seed):
    v, a = student(teacher, seed)
    rng = np.random.default_rng(seed)
    p = teacher.p
    direction = rng.standard_normal(p + teacher.k)
    direction[:p] *= np.linalg.norm(v)
    h = 1e-5

    def gradient(sign):
        x, y = v + sign * h * direction[:p], a + sign * h * direction[p:]
        return np.concatenate(
            [
                population.filter_gradient(x, y, teacher),
                population.output_gradient(x, y, teacher),
            ]
        )

    difference = (gradient(1) - gradient(-1)) / (2 * h)
    matrix = population.hessian(v, a, teacher)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-12 * np.abs(matrix).max())
    scale = np.abs(matrix).max() * np.abs(direction).max()
    np.testing.assert_allclose(matrix @ direction, difference, atol=2e-5 * scale)


@settings(max_examples=40)
@given(teachers(max_k=16, max_p=16), st.integers(0, 10**6))
def test_tangent_hessian_is_second_derivative_along_great_circles(teacher, seed):
    v, a = student(teacher, seed)
    u = unit(v)
    rng = np.random.default_rng(seed)
    coordinates = rng.standard_normal(teacher.p - 1 + teacher.k)
    turn = population.tangent_basis(u) @ coordinates[: teacher.p - 1]
    assert abs(turn @ u) < 1e-13 * max(1, np.linalg.norm(turn))
    speed = np.linalg.norm(turn)
    h = 1e-3

    def along(t):
        angle = t * speed
        x = np.cos(angle) * u + np.sin(angle) * turn / speed
        return population.loss(x, a + t * coordinates[teacher.p - 1 :], teacher)

    # Fourth-order difference: the loss is smooth away from the poles.
    values = [along(t * h) for t in (-2, -1, 0, 1, 2)]
    difference = (-values[0] + 16 * values[1] - 30 * values[2] + 16 * values[3] - values[4]) / (
        12 * h * h
    )
    matrix = population.tangent_hessian(v, a, teacher)
    expected = coordinates @ matrix @ coordinates
    scale = np.abs(matrix).max() * (coordinates @ coordinates) + max(values) + 1
    assert difference == pytest.approx(expected, abs=2e-6 * scale)


@given(teachers())
def test_critical_points_have_zero_gradient(teacher):
    scale = np.sqrt(teacher.norm_squared) * (teacher.k + 1)
    for point in (population.global_optimum(teacher), population.spurious_point(teacher)):
        np.testing.assert_allclose(
            population.output_gradient(*point, teacher), 0, atol=1e-14 * scale
        )
        np.testing.assert_allclose(
            population.filter_gradient(*point, teacher), 0, atol=1e-14 * scale
        )
    least = population.loss(*population.global_optimum(teacher), teacher)
    assert least < 1e-30 * teacher.norm_squared
    assert population.loss(*population.spurious_point(teacher), teacher) > 0


@given(teachers(max_k=20))
def test_spurious_point_solves_the_printed_system(teacher):
    ones, identity = np.ones((teacher.k, teacher.k)), np.eye(teacher.k)
    expected = np.linalg.solve(
        ones + (np.pi - 1) * identity, (ones - identity) @ teacher.output_weights
    )
    point = population.spurious_point(teacher)
    np.testing.assert_allclose(point.v, -teacher.filter)
    np.testing.assert_allclose(point.a, expected, atol=1e-12 * np.abs(expected).max() + 1e-14)


@given(teachers())
def test_filter_block_of_the_hessian_vanishes_at_the_spurious_point(teacher):
    matrix = population.tangent_hessian(*population.spurious_point(teacher), teacher)
    p = teacher.p
    scale = teacher.norm_squared + 1
    np.testing.assert_allclose(matrix[: p - 1], 0, atol=1e-7 * scale)


def descends_nearby(teacher):
    """Whether some point close to the spurious one is lower: the definition, by search."""
    v, a = population.spurious_point(teacher)
    side = population.tangent_basis(v)[:, 0]
    floor = population.loss(v, a, teacher)
    best = np.inf
    for e in np.geomspace(1e-3, 0.1, 12):
        turned = np.cos(e) * v + np.sin(e) * side
        # The best outputs for this filter, found by solving for a zero gradient.
        gradient = population.output_gradient(turned, a, teacher)
        matrix = np.ones((a.size, a.size)) + (np.pi - 1) * np.eye(a.size)
        best_a = a - np.linalg.solve(matrix / (2 * np.pi), gradient)
        best = min(best, population.loss(turned, best_a, teacher) - floor)
    return best < 0


@pytest.mark.parametrize("k", [1, 2, 5, 30])
@pytest.mark.parametrize("ratio", [0.5, 0.9, 1.1, 1.5])
def test_kind_of_the_spurious_point_is_what_a_search_finds(k, ratio):
    norm_squared = 3.0
    # The ratio of S^2 to its threshold, as far as S^2 <= k N lets it (S^2 = N when k = 1).
    square = min(ratio * norm_squared * (k + np.pi - 1) / np.pi, k * norm_squared)
    square = norm_squared if k == 1 else square
    teacher = Teacher.from_numbers(
        k=k, p=3, output_sum=np.sqrt(square), norm_squared=norm_squared, angle=1.0
    )
    expected = SpuriousKind.MINIMUM if k > 1 and ratio < 1 else SpuriousKind.SADDLE
    assert population.spurious_kind(teacher) is expected
    assert descends_nearby(teacher) == (expected is SpuriousKind.SADDLE)


@given(teachers())
def test_third_order_change_at_the_spurious_point(teacher):
    v, a = population.spurious_point(teacher)
    side = population.tangent_basis(v)[:, 0]
    e = 1e-2
    turned = np.cos(e) * v + np.sin(e) * side
    alignment = a @ teacher.output_weights
    change = population.loss(turned, a, teacher) - population.loss(v, a, teacher)
    scale = 1e-12 * (teacher.norm_squared * teacher.k + 1)
    assert change == pytest.approx(-alignment * e**3 / (6 * np.pi), rel=1e-3, abs=scale)


@given(teachers())
def test_saddles_lie_between_the_two_optima(teacher):
    angle = population.saddle_angle(teacher)
    if population.spurious_kind(teacher) is SpuriousKind.SADDLE:
        assert angle is None
        return
    assert 0 < angle < np.pi
    side = population.tangent_basis(teacher.filter)[:, 0]
    v = np.cos(angle) * teacher.filter + np.sin(angle) * side
    k = teacher.k
    gradient = population.output_gradient(v, np.zeros(k), teacher)
    matrix = (np.ones((k, k)) + (np.pi - 1) * np.eye(k)) / (2 * np.pi)
    a = -np.linalg.solve(matrix, gradient)
    scale = teacher.norm_squared
    assert a @ teacher.output_weights == pytest.approx(0, abs=1e-9 * scale)
    np.testing.assert_allclose(population.filter_gradient(v, a, teacher), 0, atol=1e-9 * scale)
    eigenvalues = np.linalg.eigvalsh(population.tangent_hessian(v, a, teacher))
    assert eigenvalues[0] < 0 < eigenvalues[-1]


def test_loss_near_the_optimum_is_relatively_accurate():
    teacher = Teacher.from_numbers(k=4, p=3, output_sum=1.0, norm_squared=2.0, angle=0.3)
    side = population.tangent_basis(teacher.filter)[:, 0]
    e = 1e-9
    v = np.cos(e) * teacher.filter + np.sin(e) * side
    # To leading order the loss is N phi^2 / 4.
    expected = teacher.norm_squared * e**2 / 4
    assert population.loss(v, teacher.output_weights, teacher) == pytest.approx(expected, rel=1e-6)


def test_students_of_the_wrong_shape_are_refused():
    teacher = Teacher.section_4(4)
    with pytest.raises(ValueError, match="p = 8"):
        population.loss(np.ones(7), np.ones(4), teacher)
    with pytest.raises(ValueError, match="k = 4"):
        population.output_gradient(np.ones(8), np.ones(5), teacher)
    with pytest.raises(ValueError, match="not zero"):
        population.filter_gradient(np.zeros(8), np.ones(4), teacher)
