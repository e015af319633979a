"""The maps of Lemmas 7, 11 and 12 against whole vectors and against the searcher."""

import numpy as np
import pytest

from shortcutlib import inequalities, population
from shortcutlib.adversary import Range, search
from shortcutlib.dissipativity import (
    Teachers,
    filter_distance,
    filter_slack,
    in_aligned_region,
    in_near_region,
    in_stage_one_region,
    output_slack,
)
from shortcutlib.reduced import reduce, state
from shortcutlib.slack_maps import LEMMAS, SlackMap
from shortcutlib.teacher import Teacher

TEACHERS = [(2, 0.0), (2, 0.4), (3, 0.0), (10, 0.3), (50, 0.02), (200, 0.9)]


@pytest.mark.parametrize("k, share", TEACHERS)
@pytest.mark.parametrize("repaired", [False, True])
def test_worst_of_lemma_7_is_what_the_searcher_finds(k, share, repaired, rng):
    mapped = SlackMap(7, Teachers.from_share(k, share, 3.0), repaired=repaired)
    lemma = inequalities.lemma_7(mapped.constant)
    box = {**lemma.ranges, "k": Range(k, k, "whole"), "share": Range(share, share)}
    box |= {"norm_squared": Range(3, 3), "x": Range(-1, 2), "rest": Range(0, 2)}
    found = search(lemma.slack, box, rng, samples=15_000, starts=8)
    worst = mapped.worst()
    assert worst.slack == pytest.approx(found.value, abs=2e-4)
    assert worst.slack <= found.value + 1e-9
    assert mapped.holds()


def test_best_constant_of_lemma_7_is_attained():
    teachers = Teachers.from_share(7, 0.0, 1.0)
    worst = SlackMap(7, teachers, repaired=True).worst()
    assert worst.slack == pytest.approx(0, abs=1e-12)
    assert (worst.share, worst.angle) == (0.05, pytest.approx(5 * np.pi / 12))
    assert not SlackMap(7, teachers, repaired=True, multiple=1.001).holds()
    assert SlackMap(7, teachers, multiple=1.753).holds()
    assert not SlackMap(7, teachers, multiple=1.754).holds()


@pytest.mark.parametrize("m", [0.05, 0.2, 1.2])
def test_lemma_11_is_tight(m):
    teachers = Teachers.from_share(4, 0.1)
    assert SlackMap(11, teachers, m=m).worst().slack == pytest.approx(0, abs=1e-15)
    assert not SlackMap(11, teachers, m=m, multiple=1.0001).holds()


@pytest.mark.parametrize("delta", [1e-3, 0.1, 0.7, 2.0, 4.0])
@pytest.mark.parametrize("k, share", [*TEACHERS, (1, 1.0), (6, 1.0)])
def test_worst_of_lemma_12_is_below_every_point_of_its_region(k, share, delta, rng):
    for m, largest in ((0.2, 3.0), (0.6, 0.7), (1.3, 2.0)):
        for multiple in (0.2, 1.0):
            mapped = SlackMap(
                12, Teachers.from_share(k, share, 5.0), m, largest, delta, multiple, repaired=True
            )
            worst = mapped.worst()
            angle = rng.uniform(0, mapped.largest_angle, 20_000)
            x = rng.uniform(m, largest, 20_000)
            angle[::3], x[::4] = mapped.largest_angle, m
            assert np.all(mapped.inside(angle, x))
            values = mapped.slack(angle, x)
            assert worst.slack <= np.min(values) + 1e-12
            assert np.min(values) - worst.slack < 1e-2
            assert worst.slack == pytest.approx(float(mapped.slack(worst.angle, worst.share)))
            assert mapped.holds()


def test_lemma_12_as_printed_needs_a_small_teacher():
    for norm_squared in (0.9, 1.0, 1.1, 2.0, 50.0):
        teachers = Teachers.from_share(2, 0.0, norm_squared)
        # Tight for small delta: at (N - m)/4 = 1/5, which is N = 1 for m = N/5.
        assert SlackMap(12, teachers, delta=1e-3).holds() == (norm_squared <= 1)
        assert SlackMap(12, teachers, delta=1e-3, repaired=True).holds()


def test_an_empty_region_has_no_worst_point():
    mapped = SlackMap(12, Teachers.from_share(5, 0.2), m=1.4, largest=0.7)
    assert mapped.worst().slack == np.inf
    assert not np.any(mapped.inside(0.1, np.linspace(-1, 3, 50)))


@pytest.mark.parametrize("lemma", LEMMAS)
def test_maps_are_below_every_student_of_the_region(lemma, rng):
    """Whole vectors, gradients of the loss, and the regions as the paper states them."""
    seen = 0
    for _ in range(600):
        k = int(rng.integers(1, 7))
        a_star = rng.normal(size=k) + rng.choice([0.0, 1.5])
        v_star = rng.normal(size=3)
        teacher = Teacher(v_star / np.linalg.norm(v_star), a_star)
        size = teacher.norm_squared
        mapped = SlackMap(lemma, teacher, delta=float(rng.uniform(0.1, 3)), multiple=0.9)
        angle = rng.uniform(0, mapped.largest_angle)
        side = population.tangent_basis(teacher.filter)[:, 0]
        v = np.cos(angle) * teacher.filter + np.sin(angle) * side
        a = rng.normal(size=k) * np.sqrt(size / k) * rng.choice([0.5, 1.5])
        a = a + rng.uniform(-1, 1.5) * a_star
        student = reduce(teacher, v, a)
        x = float(student.alignment) / size
        inside = {
            7: in_stage_one_region(teacher, student),
            11: in_aligned_region(student, mapped.m * size),
            12: in_near_region(student, mapped.m * size, mapped.largest * size, mapped.delta),
        }[lemma]
        if not inside:
            continue
        seen += 1
        assert mapped.inside(student.angle, x)
        if lemma == 11:
            pull = -population.filter_gradient(v, a, teacher) @ (teacher.filter - v)
            distance = np.sum((v - teacher.filter) ** 2)
            value = (pull - mapped.constant * size * distance) / (size * distance)
            assert float(mapped.slack(student.angle, x)) == pytest.approx(value, rel=1e-7, abs=1e-9)
            other = filter_slack(student, mapped.constant * size) / filter_distance(student) / size
        else:
            pull = -population.output_gradient(v, a, teacher) @ (a_star - a)
            value = (pull - mapped.constant * np.sum((a - a_star) ** 2)) / size + mapped.allowance
            assert float(mapped.slack(student.angle, x)) <= value + 1e-9
            other = output_slack(teacher, student, mapped.constant) / size + mapped.allowance
        assert float(other) == pytest.approx(value, rel=1e-7, abs=1e-9)
        assert mapped.worst().slack <= value + 1e-9
    assert seen > 40


def test_bad_maps_are_refused():
    teachers = Teachers.from_share(5, 0.2)
    with pytest.raises(ValueError, match="choose 7, 11 or 12"):
        SlackMap(8, teachers)
    with pytest.raises(ValueError, match="delta = 0: give a positive number"):
        SlackMap(12, teachers, delta=0.0)
    with pytest.raises(ValueError, match="at least 0"):
        SlackMap(12, teachers, multiple=-1.0)


def test_a_map_draws_arrays():
    mapped = SlackMap(7, Teachers.from_share(5, 0.2))
    angle, x = np.meshgrid(np.linspace(0, np.pi, 5), np.linspace(-1, 2, 4))
    assert mapped.slack(angle, x).shape == mapped.inside(angle, x).shape == (4, 5)
    assert float(mapped.slack(state(0, 0, 1.0).angle, 0.0)) > 0
