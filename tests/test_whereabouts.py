"""Near the optimum, near the trap, neither: the definitions, on students of known place."""

import numpy as np
import pytest

from shortcutlib import StepSizes, Teacher, population, reduced
from shortcutlib.generalisation import spurious_error
from shortcutlib.outcomes import classify
from shortcutlib.starts import sample_reduced
from shortcutlib.whereabouts import Place, in_basin, whereabouts


def test_places_of_known_students(rng):
    teacher = Teacher.section_4(9)
    v, a = population.spurious_point(teacher)
    assert whereabouts(teacher, reduced.reduce(teacher, v, a)) == Place.TRAP
    best = reduced.reduce(teacher, teacher.filter, teacher.output_weights)
    assert whereabouts(teacher, best) == Place.OPTIMUM
    start = reduced.reduce(teacher, teacher.shortcut, np.zeros(9))
    assert whereabouts(teacher, start) == Place.NEITHER


def test_the_edges_are_where_they_are_said_to_be():
    teacher = Teacher.section_4(9)
    S, N = teacher.output_sum, teacher.norm_squared
    # Along the angle with a = a*, the loss rises from 0: find 1% of the trap's.
    angles = np.linspace(0, 0.5, 20_001)
    ones = np.ones_like(angles)
    along = reduced.state(S * ones, N * ones, angles)
    share = reduced.loss(teacher, along) / spurious_error(teacher)
    np.testing.assert_array_equal(whereabouts(teacher, along) == Place.OPTIMUM, share <= 0.01)
    assert 0.05 < angles[np.argmax(share > 0.01)] < 0.2
    around = reduced.state([0.0, 0.0, 0.0], [-1.0, -1.0, 1.0], np.pi * np.array([0.66, 0.67, 0.67]))
    assert whereabouts(teacher, around).tolist() == [Place.NEITHER, Place.TRAP, Place.NEITHER]


def test_the_loss_at_the_trap_is_that_of_the_definition():
    teacher = Teacher.section_4(16)
    v, a = population.spurious_point(teacher)
    assert population.loss(v, a, teacher) == pytest.approx(spurious_error(teacher), rel=1e-12)


def test_basins_are_those_of_plain_descent(rng):
    """The paper's starts and steps: the same fates but for starts within a hair of the border."""
    teacher = Teacher.section_4(16)
    starts = sample_reduced(teacher, 2000, rng)
    plain = classify(teacher, starts, StepSizes.constant(1 / 256, 1 / 256)).success
    assert np.mean(in_basin(teacher, starts) != plain) < 0.01
    v, a = population.spurious_point(teacher)
    near = reduced.reduce(teacher, v, a)._replace(angle=np.pi - 0.2)
    assert not in_basin(teacher, reduced.ReducedState(*(np.atleast_1d(x) for x in near)))[0]
