"""The worst student: no vector of output weights has less slack, and one has exactly this."""

import numpy as np
import pytest

from shortcutlib.dissipativity import Teachers
from shortcutlib.teacher import Teacher
from shortcutlib.worst_student import worst_student

FREE = np.inf, -np.inf
TEACHERS = (1, 1.0), (2, 0.0), (2, 0.3), (2, 1.0), (3, 0.0), (5, 0.6), (5, 1.0), (40, 0.97)
CASES = [
    (k, share, constant, width, least)
    for k, share in TEACHERS
    for constant in (0.0, 0.05, (np.pi - 1) / (2 * np.pi))
    for width, least in (FREE, (3.0, -np.inf), (3.0, 1.4), (np.inf, 0.9))
]


def teacher_of(k, share, norm_squared=2.5):
    total = np.sqrt((share if k > 1 else 1.0) * k * norm_squared)
    return Teacher.from_numbers(k=k, output_sum=total, norm_squared=norm_squared, angle=1.0)


def direct(teacher, a, constant):
    """((s - S)^2 + kappa |a - a*|^2)/N of whole vectors, rows of a."""
    away = a - teacher.output_weights
    kappa = np.pi - 1 - 2 * np.pi * constant
    return (away.sum(axis=1) ** 2 + kappa * np.sum(away**2, axis=1)) / teacher.norm_squared


def allowed(teacher, a, width, least):
    s, total = a.sum(axis=1), teacher.output_sum
    band = s * total - total**2
    fine = (band <= 1e-9) & (band >= -width * total**2 - 1e-9) if np.isfinite(width) else True
    distance = np.sum((a - teacher.output_weights) ** 2, axis=1)
    return fine & (distance >= least * teacher.norm_squared - 1e-9)


def frame(teacher):
    """Orthonormal columns: along a*, along 1 across a* where there is one, the rest."""
    k = teacher.k
    columns = [teacher.output_weights, np.ones(k)] if teacher.spread > 0 else [np.ones(k)]
    return np.linalg.qr(np.column_stack([*columns, np.eye(k)]))[0], len(columns)


@pytest.mark.parametrize("k, share, constant, width, least", CASES)
def test_no_vector_of_weights_has_less_slack(k, share, constant, width, least, rng):
    teacher = teacher_of(k, share)
    size, norm_squared = np.sqrt(teacher.norm_squared), teacher.norm_squared
    basis, planar = frame(teacher)
    reach = 4 + 4 * np.sqrt(share / (1 - share)) if planar == 2 else 0.0
    for x in (-1.7, -0.3, 0.05, 0.4, 0.9, 1.0, 1.3, 2.2):
        found = worst_student(teacher, x, constant, width=width, least_distance=least)
        base = x * teacher.output_weights
        # Every a with this alignment: a grid of its part in the plane of 1 and a*, and of the rest.
        along = np.linspace(-reach, reach, 1201) if planar == 2 else np.zeros(1)
        rests = np.linspace(0, 3, 151) if k > planar else np.zeros(1)
        best = np.inf
        for rest in rests:
            a = np.repeat(base[None, :], along.size, axis=0)
            if planar == 2:
                a = a + along[:, None] * size * basis[:, 1]
            if k > planar:
                a = a + rest * size * basis[:, planar]
            fine = allowed(teacher, a, width, least)
            if np.any(fine):
                best = min(best, float(np.min(direct(teacher, a[fine], constant))))
        curvature = float(found.curvature)
        if not np.isfinite(curvature):
            assert best == np.inf
            continue
        assert curvature <= best + 1e-9 * max(1.0, best)
        # The grid comes close, and the student that is named has exactly this value.
        if np.isfinite(best) and (least == -np.inf or (planar == 2 and k > 2)):
            assert best - curvature < 0.12 * max(1.0, curvature)
        a = base.copy()
        if planar == 2:
            gap = float(found.output_sum) - base.sum()
            a = a + gap / basis[:, 1].sum() * basis[:, 1]
        if k > planar:
            a = a + float(found.orthogonal_norm) * basis[:, planar]
        a = a[None, :]
        assert a.sum() == pytest.approx(float(found.output_sum), abs=1e-9)
        assert a[0] @ teacher.output_weights == pytest.approx(x * norm_squared, abs=1e-9)
        assert np.all(allowed(teacher, a, width, least))
        assert float(direct(teacher, a, constant)[0]) == pytest.approx(curvature, abs=1e-9)


def test_without_conditions_it_is_the_formula(rng):
    for _ in range(200):
        k = int(rng.integers(2, 200))
        rho = rng.uniform(0, 0.999) * k
        teachers = Teachers.from_share(k, rho / k, 10 ** rng.uniform(-2, 3))
        c, x = rng.uniform(0, 0.34), rng.uniform(-3, 3)
        kappa = np.pi - 1 - 2 * np.pi * c
        expected = kappa * (k + kappa) / (k + kappa - rho) * (1 - x) ** 2
        assert float(worst_student(teachers, x, c).curvature) == pytest.approx(expected, rel=1e-9)


def test_the_sign_of_the_teachers_sum_does_not_matter():
    up = Teacher.from_numbers(k=5, output_sum=1.5, norm_squared=2.0, angle=1.0)
    down = Teacher.from_numbers(k=5, output_sum=-1.5, norm_squared=2.0, angle=1.0)
    x = np.linspace(-1, 2, 7)
    first = worst_student(up, x, 0.03, width=3.0, least_distance=1.2)
    second = worst_student(down, x, 0.03, width=3.0, least_distance=1.2)
    np.testing.assert_allclose(first.curvature, second.curvature)
    np.testing.assert_allclose(first.output_sum, -second.output_sum)


def test_a_larger_constant_is_refused():
    with pytest.raises(ValueError, match="give a smaller one"):
        worst_student(teacher_of(5, 0.2), 0.3, 0.5)
