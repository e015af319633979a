"""The search for the smallest constant: its slopes, its arithmetic of copies, what it finds."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from shortcutlib import reslink
from shortcutlib.reslink import adversary


@pytest.mark.parametrize("copies", [1, 20])
@pytest.mark.parametrize("cap, nearest", [(-1.0, 1e-3), (5.0, 5.0)])
def test_slopes(copies, cap, nearest, rng):
    pair = list(rng.normal(scale=0.1, size=(2, 3, 3)))
    _, *slopes = adversary._ratio_and_slopes(*pair, copies, cap, nearest)
    for matrix, slope in zip(pair, slopes, strict=True):
        numeric = np.zeros((3, 3))
        for place in np.ndindex(3, 3):
            old = matrix[place]
            matrix[place] = old + 1e-6
            up = adversary._ratio_and_slopes(*pair, copies, cap, nearest)[0]
            matrix[place] = old - 1e-6
            numeric[place] = (
                up - adversary._ratio_and_slopes(*pair, copies, cap, nearest)[0]
            ) / 2e-6
            matrix[place] = old
        assert_allclose(slope, numeric, rtol=1e-5, atol=1e-6)


def test_bounded_matrices(rng):
    free, slope = rng.normal(size=(2, 4, 4))
    part = adversary._Bounded.of(free, 0.3)
    assert np.linalg.norm(part.matrix, 2) <= 0.3
    numeric = np.zeros((4, 4))
    for place in np.ndindex(4, 4):
        change = np.zeros((4, 4))
        change[place] = 1e-6
        up, down = (adversary._Bounded.of(free + s * change, 0.3).matrix for s in (1, -1))
        numeric[place] = np.vdot(slope, up - down) / 2e-6
    assert_allclose(part.pull_back(slope), numeric, rtol=1e-6, atol=1e-9)


def test_copies_are_the_whole_matrix(rng):
    W, W_star = rng.normal(scale=0.2, size=(2, 3, 3))
    for copies in (1, 2, 7):
        ratio, g, squared = reslink.copies_ratio(W, W_star, copies)
        whole = reslink.tile(W, copies), reslink.tile(W_star, copies)
        here = reslink.one_point(*whole)
        assert ratio == pytest.approx(here.ratio, rel=1e-10)
        assert squared == pytest.approx(here.squared_distance)
        assert g == pytest.approx(reslink.potential(*whole), rel=1e-10)


@pytest.mark.parametrize("gamma, low, high", [(0.02, 0.165, 0.175), (0.5, -0.06, 0.0)])
def test_what_is_found_is_admissible(gamma, low, high):
    found = reslink.worst_case(gamma, np.random.default_rng(1), block=4, starts=4)
    assert low < found.ratio < high
    assert max(np.linalg.norm(found.weights, 2), np.linalg.norm(found.teacher, 2)) <= gamma
    assert found.potential <= reslink.POTENTIAL_CAP
    here = reslink.one_point(found.weights, found.teacher)
    assert here.ratio == pytest.approx(found.ratio)


def test_the_small_limit_is_that_of_skew_matrices():
    from shortcutlib.reslink.circulant import circulant_teacher, measure

    for size in (1e-3, 1e-4):
        column = circulant_teacher(65, size)
        here = measure(column, -column)
        ratio = here.inner_product / here.squared_distance
        assert ratio == pytest.approx(reslink.small_limit(0.0), abs=2 * size)
    # With the whole cap used, in high dimension.
    d, size = 20_001, 0.01
    column = circulant_teacher(d, size)
    other = column.copy()
    # |p| of the student a little shorter: the potential becomes 0.1.
    other[0] -= 0.1 / d
    here = measure(other, -column)
    assert here.potential == pytest.approx(0.1, rel=1e-3)
    ratio = here.inner_product / here.squared_distance
    assert ratio == pytest.approx(reslink.small_limit(), abs=0.01)


def test_what_does_not_fit_is_refused(rng):
    with pytest.raises(ValueError, match="between 0 and 1"):
        reslink.worst_case(1.0, rng)
    with pytest.raises(ValueError, match="at least 2, 1 and 1"):
        reslink.worst_case(0.1, rng, block=1)
    with pytest.raises(ValueError, match="at least 1"):
        reslink.tile(np.eye(2), 0)
    with pytest.raises(ValueError, match="cap"):
        reslink.small_limit(-0.1)
