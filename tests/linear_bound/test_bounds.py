"""The inequalities: over random points, in exact rational numbers, and where they are attained."""

from fractions import Fraction

import numpy as np
import pytest

from shortcutlib.linear_bound import SQUARED, ResidualUnit, best_joint, best_linear, bounds
from shortcutlib.linear_bound.losses import Loss
from tests.linear_bound.samples import norm, random_point, random_unit

#: -y p: convex, and no other loss comes nearer to the bounds.
LINEAR = Loss("linear", lambda p, y: -y * p, lambda p, y: -y + 0 * p, lambda p, y: 0 * p)


def test_lemma_1_is_an_identity_and_an_inequality():
    rng = np.random.default_rng(1)
    for _ in range(2000):
        unit = random_unit(rng, weights=True)
        w, V = random_point(rng, unit)
        w_star = rng.standard_normal(unit.d) * 10 ** rng.uniform(-1, 1)
        c_star = rng.standard_normal(unit.m) if rng.random() < 0.5 else None
        in_w, in_V = bounds.comparison_matrix(w, V, w_star, c_star)
        slope_w, slope_V = unit.gradient(w, V)
        product = in_w @ slope_w + np.sum(in_V * slope_V)
        other = unit.inputs @ w_star + (0 if c_star is None else unit.features @ c_star)
        p = unit.prediction(w, V)
        exact = unit.weights @ (unit.loss.slope(p, unit.targets) * (p - other))
        scale = norm(in_w, in_V) * norm(slope_w, slope_V) + abs(exact) + 1e-9
        assert product == pytest.approx(exact, abs=1e-9 * scale)
        gap = unit.value(w, V) - unit.weights @ unit.loss.value(other, unit.targets)
        assert product >= gap - 1e-9 * (scale + unit.value(w, V))


def test_lemma_1_in_rational_numbers():
    # <G, gradient> = l'(p) (p - w*'x) without rounding, for one example and the squared loss.
    rng = np.random.default_rng(2)

    def draw(*shape):
        whole = rng.integers(-9, 10, shape)
        return np.array([Fraction(int(i), 7) for i in whole.ravel()], dtype=object).reshape(shape)

    for _ in range(50):
        x, z, w, V, w_star = draw(3), draw(2), draw(3), draw(3, 2), draw(3)
        w[0] += 2  # not zero
        y = Fraction(int(rng.integers(-9, 10)), 3)
        p = w @ (x + V @ z)
        slope_w, slope_V = (p - y) * (x + V @ z), (p - y) * np.outer(w, z)
        in_w, in_V = w - w_star, np.outer(w, w_star @ V) / (w @ w)
        product = in_w @ slope_w + np.sum(in_V * slope_V)
        assert product == (p - y) * (p - w_star @ x)
        assert product >= ((p - y) ** 2 - (w_star @ x - y) ** 2) / 2


def test_theorem_1_holds_and_the_length_of_g_is_sharper():
    rng = np.random.default_rng(3)
    for _ in range(3000):
        unit = random_unit(rng, weights=True)
        w, V = random_point(rng, unit)
        w_star = rng.standard_normal(unit.d) * 10 ** rng.uniform(-1, 1)
        steep = norm(*unit.gradient(w, V))
        printed = bounds.gradient_bound(unit, w, V, w_star)
        sharp = bounds.sharp_gradient_bound(unit, w, V, w_star)
        slack = 1e-9 * (steep + unit.value(w, V) + abs(printed))
        assert printed <= steep + slack
        assert sharp <= steep + slack
        assert printed <= sharp * (1 + 1e-9) or sharp < 0


def test_theorem_1_cannot_have_a_better_constant():
    for y in (10, 1000, 10**6):
        unit = ResidualUnit([[-3.0]], [[1.0]], [float(y)], SQUARED)
        w, V, w_star = np.ones(1), np.ones((1, 1)), -np.ones(1)
        ratio = bounds.gradient_bound(unit, w, V, w_star) / norm(*unit.gradient(w, V))
        assert ratio == pytest.approx(1 - 2.5 / (y + 2), rel=1e-12)
        # The same without rounding, squared: F - F_lin, the gradient and the bound are rational.
        target = Fraction(y)
        p = Fraction(-2)
        gap = ((p - target) ** 2 - (3 - target) ** 2) / 2
        steep = (p - target) ** 2 * (4 + 1)
        assert gap**2 / 5 / steep == (1 - Fraction(5, 2) / (target + 2)) ** 2
    # The linear loss is convex and twice differentiable too, and attains it.
    unit = ResidualUnit([[-3.0]], [[1.0]], [1.0], LINEAR)
    assert bounds.gradient_bound(unit, w, V, w_star) == pytest.approx(norm(*unit.gradient(w, V)))


def test_theorem_2_holds_and_has_a_sharper_form():
    rng = np.random.default_rng(4)
    gains = []
    for _ in range(3000):
        unit = random_unit(rng, weights=True)
        _, V = random_point(rng, unit)
        if rng.random() < 0.5 and norm(0, unit.slopes(np.zeros(unit.d), V)[1]) > 1e-9:
            V = bounds.stationary_at_zero(unit)
        w_star = rng.standard_normal(unit.d) * 10 ** rng.uniform(-1, 1)
        found = bounds.origin_bound(unit, V, w_star)
        whole = unit.hessian(np.zeros(unit.d), V)
        scale = np.linalg.norm(whole) + 1e-12
        assert found.least <= 0
        assert found.least == pytest.approx(np.linalg.eigvalsh(whole)[0], abs=1e-9 * scale)
        slack = 1e-9 * (found.left + abs(found.right))
        assert found.right <= found.sharp + slack
        assert found.sharp <= found.left + slack
        gains.append(found.left / found.sharp if found.sharp else 1.0)
    assert max(gains) > 10


def test_theorem_2_is_attained_by_the_linear_loss():
    unit = ResidualUnit([[1.0, 2.0]], [[0.5]], [3.0], LINEAR)
    V = bounds.stationary_at_zero(unit)
    in_x, _ = unit.slopes(np.zeros(2), V)
    found = bounds.origin_bound(unit, V, -in_x)
    assert found.left == pytest.approx(found.right, rel=1e-12)


def test_stationary_points_above_the_line_are_saddles_at_zero():
    rng = np.random.default_rng(5)
    for _ in range(300):
        unit = random_unit(rng, SQUARED)
        w = np.zeros(unit.d)
        if norm(0, unit.slopes(w, np.zeros((unit.d, unit.m)))[1]) < 1e-6:
            continue
        V = bounds.stationary_at_zero(unit)
        assert norm(*unit.gradient(w, V)) < 1e-8 * (1 + np.abs(unit.targets).max()) * 1e3
        assert unit.value(w, V) >= best_linear(unit).value - 1e-12
        assert bounds.least_eigenvalue_at_zero(unit, V) < 0


def test_one_inequality_for_every_point():
    rng = np.random.default_rng(6)
    for _ in range(1500):
        unit = random_unit(rng, weights=True)
        if unit.d < 2:
            unit = unit.with_bias()
        w, V = random_point(rng, unit)
        if rng.random() < 0.3:
            w = np.zeros_like(w)
        w_star = rng.standard_normal(unit.d) * 10 ** rng.uniform(-1, 1)
        gap = unit.value(w, V) - unit.linear_value(w_star)
        bound = bounds.curvature_bound(unit, w, V, w_star)
        assert gap <= bound * (1 + 1e-6) + 1e-7 * unit.value(w, V)
    one = ResidualUnit([[1.0]], [[1.0]], [1.0], SQUARED)
    with pytest.raises(ValueError, match="with_bias"):
        bounds.curvature_bound(one, [1.0], [[1.0]], [1.0])


def test_stationary_means_best_among_inputs_and_features():
    # Where w is not zero and the gradient vanishes, both slopes vanish: (w, V'w) is optimal.
    rng = np.random.default_rng(7)
    for _ in range(50):
        unit = random_unit(rng, SQUARED)
        best = best_joint(unit)
        a, c = best.weights[: unit.d], best.weights[unit.d :]
        if np.linalg.norm(a) < 1e-6:
            continue
        V = np.outer(a, c) / (a @ a)
        assert unit.value(a, V) == pytest.approx(best.value, abs=1e-12 * (1 + best.value))
        assert norm(*unit.gradient(a, V)) < 1e-6 * (1 + norm(a, V))


def test_theorem_3_at_points_of_both_kinds():
    # F = (w (1 + v) - 1)^2 / 2 over |w|, |v| <= 2, with Lipschitz constants over that square.
    unit = ResidualUnit([[1.0]], [[1.0]], [1.0], SQUARED)
    grid = np.linspace(-2, 2, 41)
    points = [(np.array([w]), np.array([[v]])) for w in grid for v in grid]
    mu_0 = max(norm(*unit.gradient(*p)) for p in points)
    mu_1 = max(np.linalg.norm(unit.hessian(*p), 2) for p in points)
    mu_2 = 2 * np.sqrt(3**2 + 2**2)  # third derivatives 2 (1 + v) and 2 w
    seen = 0
    for w, V in points:
        steep = norm(*unit.gradient(w, V))
        least = min(unit.curvature(w, V).least, 0)
        epsilon = max(steep, least**2 / mu_2)
        assert unit.is_sopsp(w, V, epsilon=epsilon * (1 + 1e-9), hessian_lipschitz=mu_2)
        bound = bounds.uniform_bound(epsilon=epsilon, b=2, r=2, mu_0=mu_0, mu_1=mu_1, mu_2=mu_2)
        assert unit.value(w, V) - unit.linear_value([1.0]) <= bound
        seen += epsilon < 0.5
    assert seen > 50
    assert bounds.uniform_bound(epsilon=0, b=9, r=9, mu_0=9, mu_1=9, mu_2=9) == 0


def test_arguments_are_checked():
    unit = ResidualUnit([[1.0]], [[1.0]], [1.0], SQUARED)
    with pytest.raises(ValueError, match="at w = 0 use origin_bound"):
        bounds.gradient_bound(unit, [0.0], [[1.0]], [1.0])
    with pytest.raises(ValueError, match="at w = 0 use origin_bound"):
        bounds.comparison_matrix([0.0], [[1.0]], [1.0])
    with pytest.raises(ValueError, match=r"w\* = 0"):
        bounds.origin_bound(unit, [[1.0]], [0.0])
    with pytest.raises(ValueError, match="mu_1 = -1"):
        bounds.uniform_bound(epsilon=1, b=1, r=1, mu_0=1, mu_1=-1, mu_2=1)
    with pytest.raises(ValueError, match="no influence"):
        bounds.stationary_at_zero(ResidualUnit([[1.0]], [[0.0]], [1.0], SQUARED))
