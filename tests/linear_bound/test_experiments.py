"""The experiments: starts, resuming, the shipped files, and what they show."""

import json
import shutil
from importlib import resources

import numpy as np
import pytest

import shortcutlib.__main__ as command_line
from shortcutlib.linear_bound import best_joint, best_linear, experiments
from shortcutlib.linear_bound.datasets import PROBLEMS, load, problem
from shortcutlib.linear_bound.experiments import (
    KINDS,
    STEPS,
    DescentPoint,
    SgdPoint,
    evaluate,
    recorded,
    run_experiment,
    skip_setting,
    start,
)
from shortcutlib.linear_bound.sgd import excess_bound
from tests.linear_bound.samples import norm


def test_data_sets():
    for name, shape in (
        ("diabetes", (442, 11)),
        ("breast cancer", (569, 11)),
        ("digits", (1797, 17)),
    ):
        x, y = load(name)
        assert x.shape == shape
        np.testing.assert_allclose(x.mean(0), [0] * (shape[1] - 1) + [1], atol=1e-12)
        np.testing.assert_allclose(x.std(0), [1] * (shape[1] - 1) + [0], atol=1e-12)
        assert set(y) == {-1, 1} or name == "diabetes"
    with pytest.raises(ValueError, match="choose one of breast cancer"):
        load("iris")
    with pytest.raises(ValueError, match="have no classes"):
        problem("diabetes", "logistic")
    with pytest.raises(ValueError, match="choose one of squared"):
        problem("digits", "absolute")
    first, again = problem("digits", "squared", seed=3), problem("digits", "squared", seed=3)
    np.testing.assert_array_equal(first.features, again.features)


@pytest.mark.parametrize("kind", KINDS)
def test_starts(kind):
    unit = problem("digits", "logistic")
    w, V = start(unit, kind, np.random.default_rng(1))
    steep = norm(*unit.gradient(w, V))
    if "saddle" in kind:
        assert steep < 1e-4
        assert unit.value(w, V) == pytest.approx(np.log(2), abs=1e-6)
        assert unit.curvature(w, V).least < -0.01
    else:
        assert steep > 1e-3
    with pytest.raises(ValueError, match="choose one of gaussian"):
        start(unit, "lucky", np.random.default_rng(1))


def test_shipped_descents_end_below_the_line():
    rows = recorded("descents")
    assert len(rows) == 40 * len(PROBLEMS)
    for row in rows:
        assert row["end"] <= row["linear"], row
        assert row["end"] >= row["joint"] - 1e-9
        assert row["tightest_printed"] <= row["tightest_sharp"] <= 1
        if row["kind"] == "saddle":
            assert row["escapes"] >= 1
    settled = [row for row in rows if row["ending"] == "second-order stationary"]
    assert len(settled) > 80
    for row in settled:
        assert row["end"] == pytest.approx(row["joint"], abs=1e-6)
    for data, loss in PROBLEMS:
        unit = problem(data, loss, seed=0, depth=1)
        row = next(r for r in rows if (r["data"], r["loss"], r["number"]) == (data, loss, 0))
        assert row["linear"] == pytest.approx(best_linear(unit).value, rel=1e-9)
        assert row["joint"] == pytest.approx(best_joint(unit).value, rel=1e-7)


def test_a_shipped_descent_can_be_repeated():
    row = next(r for r in recorded("descents") if r["data"] == "digits" and r["loss"] == "logistic")
    again = evaluate(DescentPoint("digits", "logistic", 0))
    assert again["ending"] == row["ending"]
    for name in ("start", "end", "linear", "joint"):
        assert again[name] == pytest.approx(row[name], rel=1e-6)


def test_shipped_stochastic_runs_keep_the_bound():
    rows = recorded("sgd")
    setting = skip_setting()
    assert [row["steps"] for row in rows] == list(STEPS) * 2
    for row in rows:
        assert row["bl"] == pytest.approx(setting.radius * setting.lipschitz)
        assert len(row["best"]) == 200
        for delta in (0.5, 0.1, 0.01):
            bound = excess_bound(setting, steps=row["steps"], delta=delta)
            assert np.mean(np.array(row["mean"]) > bound) <= delta
    means = [np.mean(row["mean"]) for row in rows if not row["train_hidden"]]
    assert np.all(np.diff(means) < 0)


def test_stochastic_runs_can_be_repeated():
    row = recorded("sgd")[0]
    again = evaluate(SgdPoint(100, True, 0))
    np.testing.assert_allclose(again["mean"], row["mean"], rtol=1e-4, atol=1e-5)


def test_a_killed_run_goes_on(tmp_path, monkeypatch):
    shipped = resources.files("shortcutlib.linear_bound") / "results" / "sgd.jsonl"
    path = tmp_path / "sgd.jsonl"
    shutil.copy(str(shipped), path)
    lines = path.read_bytes().splitlines(keepends=True)
    # Two whole records, and the beginning of a third.
    path.write_bytes(b"".join(lines[:3]) + lines[3][:40])
    computed = []

    def instead(point):
        computed.append(point)
        return {"linear": 0.0, "bl": 0.0, "best": [], "mean": [], "last": []}

    monkeypatch.setattr(experiments, "evaluate", instead)
    header = json.loads(lines[0])
    seen = []
    rows = run_experiment(
        path, "sgd", header["configuration"]["size"], progress=lambda *n: seen.append(n)
    )
    assert len(rows) == 12
    assert len(computed) == 10
    assert rows[0]["mean"] == recorded("sgd")[0]["mean"]
    assert seen[0] == (2, 12)
    assert seen[-1] == (12, 12)
    with pytest.raises(ValueError, match="choose one of descents"):
        recorded("neither")
    with pytest.raises(ValueError, match="choose one of descents"):
        experiments.points("neither", 1)


def test_command(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(experiments, "STEPS", (3, 5))
    monkeypatch.setattr(experiments, "RUNS", 4)
    path = tmp_path / "small.jsonl"
    assert command_line.main(["linear-bound", "sgd", str(path), "--seed", "7"]) == 0
    assert "4 pieces" in capsys.readouterr().out
    assert path.read_bytes().count(b"\n") == 5
    assert command_line.main(["linear-bound", "sgd", str(path), "--seed", "8"]) == 1
    assert "another configuration" in capsys.readouterr().err
    for wrong in (["sgd", str(tmp_path)], ["descents", str(path), "--starts", "0"]):
        with pytest.raises(SystemExit):
            command_line.main(["linear-bound", *wrong])
        assert capsys.readouterr().err.count("\n") == 1
