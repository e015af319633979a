"""The results that come with the library, and how they are collected."""

import json

import numpy as np
import pytest

from shortcutlib import reslink
from shortcutlib.reslink.experiments import Convergence, Dynamics
from shortcutlib.reslink.shipped import SHIPPED, collect, load_shipped, write_shipped


@pytest.mark.parametrize("name", SHIPPED)
def test_everything_shipped_says_what_it_is(name):
    trainings = load_shipped(name)["trainings"]
    assert trainings
    for training in trainings:
        assert set(training["origin"]) == {"python", "numpy", "shortcutlib"}
        assert training["configuration"]["experiment"] == name
        lengths = {len(column) for column in training["columns"].values()}
        assert len(lengths) == 1
    assert len(json.dumps(trainings)) < 30_000


def test_shipped_sizes_are_the_papers():
    for training in load_shipped("convergence")["trainings"]:
        given = training["configuration"]
        usual = vars(Convergence(given["student"], given["run"]))
        assert {key: given[key] for key in usual} == usual
    given = load_shipped("dynamics")["trainings"][0]["configuration"]
    assert {key: given[key] for key in vars(Dynamics())} == vars(Dynamics())


def test_shipped_starts_are_those_of_the_library():
    """The first record can be computed again; the rest would take hours."""
    for training in load_shipped("convergence")["trainings"]:
        given = training["configuration"]
        if given["student"] == "three-block" or given["run"] > 1:
            continue
        again = Convergence(given["student"], given["run"]).prepare().measure()
        for name, value in again.items():
            assert training["columns"][name][0] == pytest.approx(value, rel=1e-3)
    columns = load_shipped("dynamics-without-noise")["trainings"][0]["columns"]
    from shortcutlib.reslink.circulant import circulant_start, descend

    rows = []
    start = circulant_start(1500, 5.0, trace=-0.6)
    descend(start, np.zeros(1500), 1e-4, 100, lambda i, s: rows.append(s))
    assert columns["inner_product"][:101] == pytest.approx(
        [row.inner_product for row in rows], rel=1e-3, abs=1e-3
    )


def test_shipped_witnesses_are_what_they_say():
    columns = load_shipped("adversary")["trainings"][0]["columns"]
    for gamma, copies, ratio, weights, teacher in zip(
        *(columns[name] for name in ("gamma", "copies", "ratio", "weights", "teacher")),
        strict=True,
    ):
        W, W_star = (reslink.tile(block, copies) for block in (weights, teacher))
        # Five digits are shipped.
        assert max(np.linalg.norm(W, 2), np.linalg.norm(W_star, 2)) <= gamma + 1e-5
        assert reslink.potential(W, W_star) <= 0.1 + 1e-5
        close = np.sum((W - W_star) ** 2) < 1e-4
        assert reslink.one_point(W, W_star).ratio == pytest.approx(
            ratio, abs=0.02 if close else 1e-3
        )


def test_collecting(tmp_path):
    size = Dynamics(d=6, batch=4, iterations=400, frobenius=0.5, rate=0.01)
    records = size.run_in(tmp_path)
    (found,) = collect(tmp_path, "dynamics", head=3, most=10)
    assert found["columns"]["step"][:3] == [0, 1, 2]
    assert found["columns"]["step"][-1] == 400
    assert len(found["columns"]["step"]) <= 14
    assert found["configuration"]["d"] == 6
    write_shipped(tmp_path / "x.json", {"trainings": [found]})
    again = json.loads((tmp_path / "x.json").read_text())["trainings"][0]
    assert again["columns"]["loss"] == pytest.approx(found["columns"]["loss"], rel=1e-4)
    (best,) = collect(tmp_path, "dynamics", most=1000, best=("step", "loss"))
    assert len(best["columns"]["step"]) == len(records)
    with pytest.raises(ValueError, match="run the experiment there first"):
        collect(tmp_path, "pairs")
    with pytest.raises(ValueError, match="no results 'x'"):
        load_shipped("x")
