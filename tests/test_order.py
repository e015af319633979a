import numpy as np

from shortcutlib import StepSizes, Teacher
from shortcutlib.order import follow_from_others, largest_alignment, preserves_order


def test_only_what_dominance_implies_follows(rng):
    x, y, known_x, known_y = rng.integers(0, 12, (4, 300)).astype(float)
    won = known_x[:60] + known_y[:60] > rng.normal(11, 3, 60)
    success, trapped = follow_from_others(x, y, known_x[:60], known_y[:60], won)
    points = list(zip(known_x[:60], known_y[:60], won, strict=True))
    for i in range(300):
        assert success[i] == any(w and a <= x[i] and b <= y[i] for a, b, w in points)
        assert trapped[i] == any(not w and a >= x[i] and b >= y[i] for a, b, w in points)


def test_nothing_follows_from_nothing():
    none = np.empty(0)
    success, trapped = follow_from_others(np.ones(3), np.ones(3), none, none, none.astype(bool))
    assert not np.any(success | trapped)


def test_conditions():
    teacher = Teacher.section_4(16)
    s, q = np.array([0.0, 1.0]), np.array([-3.0, 2.0])
    assert largest_alignment(teacher, s, q) >= teacher.norm_squared
    assert preserves_order(teacher, s, q, StepSizes.section_4(16, warmup=10))
    assert not preserves_order(teacher, s, q, StepSizes.constant(0.1, 0.1))
    assert not preserves_order(teacher, s, q, StepSizes.constant(0.5, 1e-4))
