"""The recorded search of every inequality: complete, repeatable, of one mind with the ledger."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from shortcutlib import inequalities, neighbour_inequalities

ROOT = Path(__file__).resolve().parents[1]
RECORD = json.loads((ROOT / "book" / "claims-search.json").read_text(encoding="utf-8"))


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "search_claims", ROOT / "tools" / "search_claims.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = _tool()
SMALL = ("--seeds", "4", "--samples", "2000", "--starts", "2")


def test_every_inequality_of_the_library_is_searched() -> None:
    """With what stands, and, but for statements made here, with what is printed."""
    ours = set(inequalities.__all__) - {"Inequality", "configuration"}
    theirs = set(neighbour_inequalities.__all__)
    assert not ours & theirs
    searched = {
        role: {trial.inequality for trial in TOOL.TRIALS if trial.role == role}
        for role in ("printed", "best", "beyond")
    }
    assert set().union(*searched.values()) == ours | theirs
    # What Lemma 6 prints fails, and its repair is another inequality; the steps of Lemmas 6 and 8
    # and the sum behind Theorem 13 are the book's own.
    assert searched["best"] & ours == ours - {"lemma_6"}
    assert searched["printed"] & ours == ours - {"lemma_6_step", "lemma_8", "theorem_13"}
    # Of the neighbours' two have a better constant.
    assert searched["printed"] & theirs == theirs
    assert searched["best"] & theirs == {"li_yuan_lemma_2_5", "shamir_theorem_2"}
    assert searched["beyond"] & theirs == {"li_yuan_lemma_2_5", "shamir_theorem_2"}


def test_record_holds_every_search() -> None:
    wanted = [
        (trial.row, trial.inequality, trial.role, trial.constant, seed)
        for trial in TOOL.TRIALS
        for seed in RECORD["seeds"]
    ]
    fields = ("row", "inequality", "role", "constant", "seed")
    assert [tuple(result[f] for f in fields) for result in RECORD["results"]] == wanted
    assert len(RECORD["seeds"]) >= 3
    assert RECORD["samples"] >= 1_000_000
    assert set(RECORD["versions"]) == {"numpy", "scipy"}
    assert all(result["evaluations"] >= RECORD["samples"] for result in RECORD["results"])


def test_signs_agree_with_the_verdicts() -> None:
    assert TOOL.disagreements(RECORD["results"], TOOL.verdicts()) == []


def test_a_contradiction_is_noticed() -> None:
    verdicts = TOOL.verdicts()
    other = verdicts | {"liu2019-lemma-5": "false as printed", "liu2019-lemma-12": "holds"}
    found = TOOL.disagreements(RECORD["results"], other)
    assert [fault.split(":")[0] for fault in found] == [
        "liu2019-lemma-5, -3 S^2",
        "liu2019-lemma-12, delta/5",
    ]
    assert "not searched" in TOOL.disagreements(RECORD["results"][:-3], verdicts)[-1]


@pytest.mark.parametrize("trial", TOOL.TRIALS, ids=lambda t: f"{t.inequality}: {t.constant}")
def test_worst_points_are_as_bad_as_recorded(trial) -> None:
    inequality = trial.build()
    for result in RECORD["results"]:
        if (result["inequality"], result["constant"]) == (trial.inequality, trial.constant):
            point = {name: np.array([value]) for name, value in result["point"].items()}
            assert set(point) == set(inequality.ranges)
            for name, value in result["point"].items():
                interval = inequality.ranges[name]
                assert interval.low <= value <= interval.high
            # Slacks of size 1; at a point where one is 0 only its rounding is left.
            np.testing.assert_allclose(
                inequality.slack(**point)[0], result["worst"], rtol=1e-6, atol=1e-8
            )
            left, right = (side[0] for side in inequality.sides(**point))
            # Where both sides are tiny beside their scale, their ratio is rounding.
            if result["ratio"] is not None and abs(right) > 1e-3:
                np.testing.assert_allclose(left / right, result["ratio"], rtol=1e-6)


def test_an_interrupted_run_loses_nothing(tmp_path: Path) -> None:
    trials = [t for t in TOOL.TRIALS if t.row == "liu2019-lemma-11"]

    class Interrupted(Exception):
        pass

    told: list[str] = []

    def until_two(line: str) -> None:
        told.append(line)
        if len(told) == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        TOOL.run([4, 5], 2000, 2, tmp_path / "cut", trials=trials, tell=until_two)
    # A kill may leave half a line.
    (file,) = (tmp_path / "cut").iterdir()
    file.write_bytes(file.read_bytes() + b'{"record":{"row":"liu')
    resumed = TOOL.run([4, 5], 2000, 2, tmp_path / "cut", trials=trials, tell=told.append)
    assert len(told) == 8
    whole = TOOL.run([4, 5], 2000, 2, tmp_path / "whole", trials=trials, tell=told.append)
    assert resumed == whole
    # A further seed costs its own searches only, and other samples do not mix with these.
    told.clear()
    TOOL.run([4, 5, 6], 2000, 2, tmp_path / "cut", trials=trials, tell=told.append)
    assert len(told) == 4
    TOOL.run([4], 1000, 2, tmp_path / "cut", trials=trials, tell=told.append)
    assert len(told) == 8


def test_command_writes_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TOOL, "TRIALS", [t for t in TOOL.TRIALS if t.constant.endswith("m/8")])
    target = tmp_path / "found.json"
    arguments = [*SMALL, "--work", str(tmp_path), "--output", str(target)]
    assert TOOL.main(arguments) == 0
    record = json.loads(target.read_text(encoding="utf-8"))
    assert [result["constant"] for result in record["results"]] == ["m/8", "1.001 m/8"]
    assert record["seeds"] == [4]
    # A verdict that the search contradicts is a failure.
    monkeypatch.setattr(TOOL, "verdicts", lambda: {"liu2019-lemma-11": "false as printed"})
    assert TOOL.main(arguments) == 1


def test_bad_options_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        TOOL.main(["--samples", "0"])
    assert "at least 1" in capsys.readouterr().err
