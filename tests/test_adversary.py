"""The searcher finds what is planted, gives the same answer again, and refuses what it must."""

import numpy as np
import pytest

from shortcutlib.adversary import Range, search


def rng(seed=0):
    return np.random.default_rng(seed)


def test_ranges():
    unit = np.array([0.0, 0.5, 1.0])
    assert Range(-0.1, 0.3).at(unit).tolist() == [-0.1, pytest.approx(0.1), 0.3]
    assert Range(0.1, 1000, "log").at(unit) == pytest.approx([0.1, 10, 1000])
    assert Range(1, 200, "whole").at(unit).tolist() == [1, 14, 200]
    # Nothing falls outside by rounding.
    fine = np.linspace(0, 1, 100_001)
    for interval in (Range(1e-2, 1e3, "log"), Range(0.1, 0.7)):
        values = interval.at(fine)
        assert values.min() == interval.low
        assert values.max() == interval.high


@pytest.mark.parametrize("seed", range(5))
def test_finds_a_narrow_well_in_six_dimensions(seed):
    centre = np.random.default_rng(seed).uniform(0.1, 0.9, 6)

    def slack(**v):
        distance = sum((v[name] - c) ** 2 for name, c in zip(v, centre, strict=True))
        # The violation is a ball of radius .02: random points alone do not meet it.
        return distance - 0.02**2

    found = search(slack, {f"x{i}": Range(0, 1) for i in range(6)}, rng(seed))
    assert found.value < -0.9 * 0.02**2
    assert list(found.point.values()) == pytest.approx(centre, abs=0.01)


def test_finds_the_lower_of_two_wells():
    def slack(x, y):
        broad = (x - 0.3) ** 2 + (y - 0.3) ** 2
        deep = 30 * ((x - 0.8) ** 2 + (y - 0.9) ** 2) - 0.1
        return np.minimum(broad, deep)

    found = search(slack, {"x": Range(0, 1), "y": Range(0, 1)}, rng())
    assert found.value == pytest.approx(-0.1, abs=1e-8)


@pytest.mark.parametrize("side", [0.0, 1.0])
def test_finds_what_happens_on_an_end_only(side):
    """The claim is false on one end of one range, and true however close to it."""
    found = search(
        lambda x, y: np.where(x == side, -y, 1.0), {"x": Range(0, 1), "y": Range(0, 2)}, rng()
    )
    assert found.value == -2.0
    assert found.point == {"x": side, "y": 2.0}


def test_finds_what_happens_close_to_an_end_only():
    found = search(
        lambda x, y: np.where((x < 1) & (x > 1 - 1e-5), y - 1, 1.0),
        {"x": Range(-3, 1), "y": Range(0, 2)},
        rng(),
    )
    assert found.value == -1.0


def test_finds_a_corner_of_five_dimensions():
    names = "abcde"

    def slack(**v):
        # Negative only within 1e-4 of one of 32 corners.
        return sum(1 - v[n] if n in "ace" else v[n] for n in names) - 1e-4

    found = search(slack, {n: Range(0, 1) for n in names}, rng())
    assert found.value == pytest.approx(-1e-4)
    assert found.point == {n: 1.0 if n in "ace" else 0.0 for n in names}


def test_random_points_only():
    def slack(x):
        return (x - 0.5) ** 2

    found = search(slack, {"x": Range(0, 1)}, rng(), samples=50, starts=0)
    assert found.evaluations == 50
    assert found.value == slack(**found.point)


def test_finds_a_whole_number():
    def slack(k, x):
        return np.where(k == 17, x - 0.5, 1.0)

    found = search(slack, {"k": Range(1, 200, "whole"), "x": Range(0, 1)}, rng())
    assert found.value == pytest.approx(-0.5)
    assert found.point["k"] == 17


def test_leaves_the_region_alone():
    """Outside a thin slice the claim does not apply, whatever its formula says there."""

    def slack(x, y):
        return np.where(np.abs(x - y) < 1e-2, x + y - 0.5, np.inf)

    found = search(slack, {"x": Range(0, 1), "y": Range(0, 1)}, rng())
    assert found.value == pytest.approx(-0.5, abs=1e-2)
    assert abs(found.point["x"] - found.point["y"]) < 1e-2


def test_true_claims_stay_true():
    def slack(x, y):
        return (x - y) ** 2

    found = search(slack, {"x": Range(-1, 1), "y": Range(-1, 1)}, rng())
    assert 0 <= found.value < 1e-9


def test_same_seed_same_result():
    def slack(x, y):
        return np.sin(37 * x) + np.cos(23 * y) + (x - y) ** 2

    box = {"x": Range(0, 1), "y": Range(1e-3, 1, "log")}
    first, second = search(slack, box, rng(3)), search(slack, box, rng(3))
    assert first == second
    assert search(slack, box, rng(4), samples=500, starts=2).evaluations < first.evaluations
    assert slack(**first.point) == pytest.approx(first.value, abs=1e-12)


@pytest.mark.parametrize(
    "interval", [Range(1, 0), Range(0, 1, "log"), Range(-1, 1, "whole"), Range(np.nan, 1)]
)
def test_refuses_an_empty_range(interval):
    with pytest.raises(ValueError, match=r"the range of x, .* is empty: give low <= high"):
        search(lambda x: x, {"x": interval}, rng())


def test_refuses_a_region_that_is_never_met():
    with pytest.raises(ValueError, match="give a better box"):
        search(lambda x: np.full_like(x, np.inf), {"x": Range(0, 1)}, rng(), samples=100)


def test_refuses_a_slack_that_is_not_a_number():
    with pytest.raises(FloatingPointError, match="not a number"):
        search(lambda x: np.where(x > 0.9, np.nan, x), {"x": Range(0, 1)}, rng(), samples=100)
