"""The results that come with the library, and how they are collected."""

import json

import numpy as np
import pytest

from shortcutlib import reslink
from shortcutlib.reslink.experiments import Convergence, Dynamics
from shortcutlib.reslink.shipped import SHIPPED, collect, load_shipped, write_shipped

#: The runs of section 5.2 that are shipped, all with their 200 epochs.
RUNS = {
    ("reslink", "own"): [0, 1, 2, 3, 4],
    ("vanilla", "own"): [0, 1, 2, 3, 4],
    ("three-block", "own"): [0, 1, 2, 3, 4],
    ("three-block", "reslink"): [0],
}


@pytest.mark.parametrize("name", SHIPPED)
def test_everything_shipped_says_what_it_is(name):
    trainings = load_shipped(name)["trainings"]
    assert trainings
    for training in trainings:
        assert set(training["origin"]) == {"python", "numpy", "shortcutlib"}
        assert training["configuration"]["experiment"] == name
        lengths = {len(column) for column in training["columns"].values()}
        assert len(lengths) == 1
    assert len(json.dumps(trainings)) < 45_000


def test_shipped_sizes_are_the_papers():
    for training in load_shipped("convergence")["trainings"]:
        given = training["configuration"]
        usual = vars(Convergence(given["student"], given["run"], given["teacher"]))
        assert {key: given[key] for key in usual} == usual
    given = load_shipped("dynamics")["trainings"][0]["configuration"]
    assert {key: given[key] for key in vars(Dynamics())} == vars(Dynamics())


def test_shipped_results_say_how_far_they_go():
    """To the end, all of them."""
    for name in ("convergence", "dynamics", "dynamics-without-noise", "zero-start"):
        for training in load_shipped(name)["trainings"]:
            assert training["reached"] == training["columns"]["step"][-1]
    done = {}
    for training in load_shipped("convergence")["trainings"]:
        given = training["configuration"]
        assert training["reached"] == given["epochs"] == 200
        done.setdefault((given["student"], given["teacher"]), []).append(given["run"])
    assert done == RUNS
    for name in ("dynamics", "dynamics-without-noise"):
        (training,) = load_shipped(name)["trainings"]
        assert training["reached"] == training["configuration"]["iterations"] == 350_000


def test_shipped_starts_are_those_of_the_library():
    """The first record can be computed again; the rest would take hours."""
    for training in load_shipped("convergence")["trainings"]:
        given = training["configuration"]
        if given["student"] == "three-block" or given["run"] > 1:
            continue
        training_again = Convergence(given["student"], given["run"]).prepare()
        assert training["variance"] == pytest.approx(np.var(training_again.targets), rel=1e-3)
        again = training_again.measure()
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


def _witnesses():
    """The shipped pairs of matrices, with what is said of them."""
    columns = load_shipped("adversary")["trainings"][0]["columns"]
    for row in zip(*columns.values(), strict=True):
        row = dict(zip(columns, row, strict=True))
        if row["weights"]:
            pair = (
                reslink.blocks(row[name][0], row[name][-1], row["copies"])
                for name in ("weights", "teacher")
            )
            yield row, *pair


def test_shipped_witnesses_are_what_they_say():
    gammas = set()
    for row, weights, teacher in _witnesses():
        gammas.add(row["gamma"])
        assert max(weights.spectral_norm, teacher.spectral_norm) <= row["gamma"]
        W, W_star = weights.matrix, teacher.matrix
        assert len(W) == row["block"] * row["copies"]
        assert max(np.linalg.norm(W, 2), np.linalg.norm(W_star, 2)) <= row["gamma"] + 1e-12
        assert reslink.potential(W, W_star) <= 0.1
        assert reslink.potential(W, W_star) == pytest.approx(row["potential"], abs=1e-7)
        assert reslink.one_point(W, W_star).ratio == pytest.approx(row["ratio"], abs=1e-7)
    assert gammas == set(load_shipped("adversary")["trainings"][0]["columns"]["gamma"])


def test_counterexamples_to_theorem_3_3_by_sampling():
    """The inner product as a mean over Gaussian inputs: no closed form, no blocks."""
    failing = [w for w in _witnesses() if 0.2 < w[0]["gamma"] < 0.3 and w[0]["ratio"] < 0.03]
    small = min(failing, key=lambda w: (w[0]["block"] * w[0]["copies"], w[0]["gamma"]))
    large = min(failing, key=lambda w: w[0]["gamma"])
    rng = np.random.default_rng(3)
    for (row, weights, teacher), n in ((small, 400_000), (large, 80_000)):
        P, Q = (np.eye(len(m.matrix)) + m.matrix for m in (weights, teacher))
        d, away, values = len(P), Q - P, []
        for _ in range(10):
            x = rng.standard_normal((n // 10, d))
            hidden = x @ P
            wrong = np.maximum(x @ Q, 0).sum(axis=1) - np.maximum(hidden, 0).sum(axis=1)
            values.append(2 * wrong * np.einsum("ij,ij->i", hidden > 0, x @ away))
        sampled = np.concatenate(values) / np.sum(away**2)
        error = sampled.std() / np.sqrt(n)
        assert abs(sampled.mean() - row["ratio"]) < 4 * error
        assert error < 0.002


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
    assert found["reached"] == 400
    (last,) = collect(tmp_path, "dynamics", choose=lambda records: records[-1:])
    assert last["columns"]["loss"] == [records[-1]["loss"]]
    with pytest.raises(ValueError, match="run the experiment there first"):
        collect(tmp_path, "pairs")
    with pytest.raises(ValueError, match="no results 'x'"):
        load_shipped("x")
