"""The search for the smallest constant: its slopes, its arithmetic of copies, what it finds."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from shortcutlib import reslink
from shortcutlib.reslink import adversary


@pytest.mark.parametrize("copies", [1, 2, 20])
@pytest.mark.parametrize("cap, nearest", [(-1.0, 1e-3), (5.0, 50.0)])
def test_slopes(copies, cap, nearest, rng):
    shape = (2 if copies > 1 else 1, 3, 3)
    pair = list(rng.normal(scale=0.1, size=(2, *shape)))

    def value():
        return adversary._ratio_and_slopes(*pair, copies, cap, 2.0, nearest)

    _, *slopes = value()
    for stack, slope in zip(pair, slopes, strict=True):
        numeric = np.zeros(shape)
        for place in np.ndindex(shape):
            old = stack[place]
            stack[place] = old + 1e-6
            up = value()[0]
            stack[place] = old - 1e-6
            numeric[place] = (up - value()[0]) / 2e-6
            stack[place] = old
        assert_allclose(slope, numeric, rtol=2e-5, atol=1e-5)


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


def test_free_matrices_are_found_again(rng):
    free = rng.normal(size=(4, 4))
    matrix = adversary._Bounded.of(0.3 * free / np.linalg.norm(free, 2), 0.4).matrix
    assert_allclose(adversary._Bounded.at(matrix, 0.4).matrix, matrix, atol=1e-14)
    # Of a matrix that is too large only the direction is kept.
    large = adversary._Bounded.at(5 * np.eye(3), 0.4).matrix
    assert 0.39 < np.linalg.norm(large, 2) < 0.4


@pytest.mark.parametrize(
    "gamma, block, copies, low, high",
    [(0.02, 3, 1, 0.165, 0.175), (0.5, 3, 1, -0.04, 0.0), (0.3, 2, 64, 0.01, 0.02)],
)
def test_what_is_found_is_admissible(gamma, block, copies, low, high):
    found = reslink.worst_case(
        gamma, np.random.default_rng(1), block=block, copies=copies, starts=3, iterations=150
    )
    assert low < found.ratio < high
    assert max(found.weights.spectral_norm, found.teacher.spectral_norm) <= gamma
    assert found.potential <= reslink.POTENTIAL_CAP
    W, W_star = found.weights.matrix, found.teacher.matrix
    assert reslink.one_point(W, W_star).ratio == pytest.approx(found.ratio)
    assert reslink.potential(W, W_star) == pytest.approx(found.potential)


def test_a_known_pair_helps():
    known = reslink.worst_case(0.5, np.random.default_rng(1), block=3, starts=3, iterations=100)
    # One start only: the known pair, made a little smaller.
    near = reslink.worst_case(
        0.49, np.random.default_rng(1), block=3, starts=1, iterations=100, known=known
    )
    assert known.ratio < near.ratio < known.ratio + 0.01
    with pytest.raises(ValueError, match="give 2 of size 3"):
        reslink.worst_case(0.5, np.random.default_rng(1), block=3, copies=2, known=known)


def test_witnesses_are_kept_where_they_matter():
    def record(gamma, size, ratio):
        return {
            "gamma": gamma, "block": size, "copies": 1, "ratio": ratio,
            "weights": [np.zeros((size, size))], "teacher": [np.zeros((size, size))],
        }  # fmt: skip

    records = [
        record(0.2, 2, 0.09), record(0.2, 16, 0.08), record(0.3, 2, 0.02), record(0.3, 16, 0.01),
        record(0.4, 2, 0.01), record(0.4, 16, -0.1), record(0.4, 20, -0.2),
    ]  # fmt: skip
    kept = adversary.with_witnesses(records)
    assert [r["ratio"] for r in kept] == [r["ratio"] for r in records]
    # 16 x 16 only where it is the first to fail; 20 x 20 not even there.
    assert [len(r["weights"]) for r in kept] == [1, 0, 1, 1, 1, 0, 0]


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
    with pytest.raises(ValueError, match="cap"):
        reslink.small_limit(-0.1)
