"""Theorems 4 and 13 along real runs: against descents of whole vectors, and planted violations."""

import numpy as np
import pytest

from shortcutlib import Teacher, descent, reduced
from shortcutlib.convergence import (
    alignment_bounds,
    printed_output_time,
    safe_filter_step,
    stage_one_iterations,
    theorem_13_step,
)
from shortcutlib.dissipativity import ACUTE, Teachers
from shortcutlib.stage_slacks import stage_one_slack, stage_two_slack


def whole(teacher, v, a):
    """q and the angle of a student with whole vectors."""
    return a @ teacher.output_weights, np.arccos(np.clip(v @ teacher.filter, -1, 1))


def one(teacher):
    share = min(teacher.output_sum**2 / (teacher.k * teacher.norm_squared), 1.0)
    return Teachers.from_share([teacher.k], [share], [teacher.norm_squared])


def test_stage_one_against_whole_vectors(rng):
    for k, eta in ((2, 0.3), (3, 0.5), (6, 0.2)):
        teacher = Teacher.from_numbers(
            k=k, p=4, output_sum=0.8 * np.sqrt(k), norm_squared=1.5, angle=1.0
        )
        step = safe_filter_step(teacher, eta)
        a = rng.standard_normal(k)
        a *= teacher.start_radius / np.linalg.norm(a)
        v = teacher.shortcut
        start = reduced.reduce(teacher, v, a)
        deadline = stage_one_iterations(eta)
        expected = ACUTE - 1.0
        high = 1.5 + 2 * teacher.output_sum**2 / (np.pi - 1)
        for t in range(1, int(np.ceil(1.25 * deadline)) + 1):
            v, a = descent.step(v, a, teacher, eta, step)
            q, angle = whole(teacher, v, a)
            expected = min(expected, ACUTE - angle)
            if t >= deadline:
                expected = min(expected, (q - 0.3) / 1.5, (high - q) / 1.5)
        starts = reduced.ReducedState(*(np.atleast_1d(x) for x in start))
        found = stage_one_slack(one(teacher), starts, eta, step)
        assert found.shape == (1,)
        assert found[0] == pytest.approx(expected, abs=1e-7)
        assert found[0] > 0


def test_stage_one_sees_a_filter_that_is_too_fast():
    teachers = Teachers.from_share([4, 4], 0.25, 1.0)
    starts = reduced.state([-1.0, -1.0], [-0.5, -0.5], np.pi / 3)
    slack = stage_one_slack(teachers, starts, 0.1, [0.02, 3.0])
    assert slack[0] > 0 > slack[1]


def test_stage_one_sees_a_deadline_that_is_missed(monkeypatch):
    """The same safe run with a hundredth of the time."""
    teachers = Teachers.from_share([2], 0.0, 1.0)
    starts = reduced.state([0.0], [-0.9], np.pi / 3)
    assert stage_one_slack(teachers, starts, 0.2, 0.05) > 0
    monkeypatch.setattr("shortcutlib.stage_slacks.stage_one_iterations", lambda eta: 1)
    assert stage_one_slack(teachers, starts, 0.2, 0.05) < 0


def test_stage_two_against_whole_vectors(rng):
    for k, size, delta in ((2, 2.0, 0.3), (3, 0.7, 3.0), (3, 4.0, 1e-2)):
        teacher = Teacher.from_numbers(
            k=k, p=3, output_sum=0.3 * np.sqrt(size), norm_squared=size, angle=1.2
        )
        eta, m = theorem_13_step(teacher), alignment_bounds(teacher).low
        v, a = teacher.shortcut, 0.4 * teacher.output_weights
        start = reduced.reduce(teacher, v, a)
        first = int(np.ceil(4 / (m * eta) * max(np.log(2 / delta), 0.0)))
        expected, deadline, t = np.inf, np.inf, 0
        while t < 1.25 * deadline:
            apart, away = (
                np.sum((v - teacher.filter) ** 2),
                np.sum((a - teacher.output_weights) ** 2),
            )
            if t == first:
                wait = max(printed_output_time(eta, away, delta), 0.0)
                deadline = first + int(np.ceil(wait))
            if t >= first:
                expected = min(expected, 1 - apart / delta)
            if t >= deadline:
                expected = min(expected, 5 - away / delta)
            v, a = descent.step(v, a, teacher, eta, eta)
            t += 1
        starts = reduced.ReducedState(*(np.atleast_1d(x) for x in start))
        found = stage_two_slack(one(teacher), starts, eta, delta)
        assert found[0] == pytest.approx(expected, abs=1e-4)
        assert found[0] > 0


def test_stage_two_sees_a_filter_that_points_the_wrong_way():
    teachers = Teachers.from_share([4, 4], 1.0, 4.0)
    starts = reduced.state([2.0, 2.0], [2.0, 2.0], [1.0, np.pi - 1e-9])
    slack = stage_two_slack(teachers, starts, 1e-3, 0.1)
    assert slack[0] > 0 > slack[1]
