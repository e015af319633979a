"""The command line of the experiments."""

import json

import pytest

from shortcutlib.__main__ import main


def run(*arguments):
    return main(["reslink", *map(str, arguments)])


def test_every_experiment_small(tmp_path, capsys, monkeypatch):
    from shortcutlib.reslink import command

    monkeypatch.setattr(command, "_GAMMAS", (0.1, 0.2))
    monkeypatch.setattr(command, "_SIZES", ((2, 1), (2, 4)))
    monkeypatch.setattr(command, "_STARTS", 2)
    size = ("--d", 8, "--samples", 60, "--epochs", 2, "--runs", 1, "--rate", 0.001)
    assert run("convergence", tmp_path, *size, "--students", "reslink", "vanilla") == 0
    small = ("--d", 16, "--iterations", 30, "--frobenius", 1.5, "--rate", 0.01)
    assert run("dynamics", tmp_path, *small) == 0
    assert run("exact", tmp_path, *small) == 0
    assert run("zero-start", tmp_path, "--runs", 1, "--epochs", 1) == 0
    assert run("adversary", tmp_path) == 0
    assert run("collect", tmp_path) == 0
    said = capsys.readouterr().out
    assert "convergence-vanilla-0: after 2 epochs" in said
    assert "dynamics: inner product" in said
    assert "gamma 0.1, d = 1 x 2: ratio 0.1" in said
    assert "gamma 0.2, d = 4 x 2: ratio 0.0" in said
    for name in ("convergence", "dynamics", "dynamics-without-noise", "zero-start", "adversary"):
        content = json.loads((tmp_path / f"{name}.json").read_text())
        assert content["trainings"][0]["columns"]
    # Done already: the same command adds nothing.
    before = (tmp_path / "exact.jsonl").read_bytes()
    assert run("exact", tmp_path, *small) == 0
    assert (tmp_path / "exact.jsonl").read_bytes() == before


def test_pairs_go_on(tmp_path, capsys, monkeypatch):
    from shortcutlib.reslink import pairs

    whole = pairs.train_pair
    calls = []

    def quick(images, second, **options):
        assert options == {"spectral": 0.6, "steps": 300, "rate": 0.3}
        calls.append(len(images))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return whole(images, second, steps=1)

    monkeypatch.setattr(pairs, "train_pair", quick)
    assert run("pairs", tmp_path) == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert run("pairs", tmp_path) == 0
    assert len(calls) == 46


def test_complaints(tmp_path, capsys):
    for arguments, words in (
        (("dynamics", tmp_path / "missing"), "no folder"),
        (("convergence", tmp_path, "--runs", 0), "--runs 0"),
        (("dynamics", tmp_path, "--d", 3), "at least 4"),
    ):
        with pytest.raises(SystemExit) as ended:
            run(*arguments)
        assert ended.value.code == 2
        assert words in capsys.readouterr().err
    small = ("--d", 16, "--iterations", 3, "--frobenius", 1.5)
    assert run("dynamics", tmp_path, *small) == 0
    assert run("dynamics", tmp_path, *small, "--seed", 1) == 1
    assert "another configuration" in capsys.readouterr().err
