"""``python -m shortcutlib minibatch-sweep``: free settings, kills, exports, complaints."""

import csv

import pytest

from shortcutlib import minibatch_command, minibatch_sweep
from shortcutlib.__main__ import main

SMALL = ("--k", 4, "--batch", 1, 8, "--step", 2, "--time", 2, "--records", 2, "--runs", 10)


def run(*arguments):
    return main(["minibatch-sweep", *map(str, arguments)])


def test_a_sweep_of_one_s_own(tmp_path, capsys):
    path, table = tmp_path / "a.jsonl", tmp_path / "a.csv"
    teacher = ("--p", 5, "--angle", 0.4, "--norm-per-k", 2, "--sum-ratio", 0.5)
    assert run(path, *SMALL, *teacher, "--step-ratio", 0.5, "--export", table) == 0
    said = capsys.readouterr().out
    assert "2 blocks, 2 of them run now" in said
    rows = list(csv.DictReader(table.open()))
    assert len(rows) == 4
    assert {row["batch"] for row in rows} == {"1", "8"}
    for row in rows:
        assert (row["k"], row["p"], row["norm_squared"]) == ("4", "5", "8.0")
        assert float(row["angle_over_pi"]) == 0.4
        assert float(row["output_sum"]) ** 2 == pytest.approx(4)
        assert float(row["filter_step"]) == 0.5 * float(row["output_step"]) == 1 / 16
        assert int(row["optimum"]) + int(row["trap"]) + int(row["neither"]) == 10
    # The same command adds nothing; another one makes the file grow.
    before = path.read_bytes()
    assert run(path, *SMALL, *teacher, "--step-ratio", 0.5) == 0
    assert path.read_bytes() == before
    assert run(path, *SMALL) == 0
    assert path.read_bytes().startswith(before)
    assert "2 of them run now" in capsys.readouterr().out.splitlines()[-6]


def test_an_interrupted_sweep_goes_on(tmp_path, capsys, monkeypatch):
    whole, calls = minibatch_sweep.evaluate, []

    def evaluate(seed, block):
        calls.append(block)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(seed, block)

    monkeypatch.setattr(minibatch_sweep, "evaluate", evaluate)
    path = tmp_path / "a.jsonl"
    assert run(path, *SMALL) == 130
    assert "1 of 2 blocks are safe" in capsys.readouterr().err
    assert run(path, *SMALL) == 0
    assert len(calls) == 3


def test_without_options_it_is_the_book_s_sweep():
    options = vars(type("", (), {})())
    assert minibatch_command._requested(dict(options)) == list(minibatch_sweep.book_blocks())


def test_complaints(tmp_path, capsys):
    path = tmp_path / "a.jsonl"
    for arguments, words in (
        (("--batch", 0), "batch = 0"),
        (("--k", 0), "k = 0"),
        (("--time", 0), "time = 0"),
        (("--runs", 0), "runs = 0"),
        (("--p", 1), "p = 1"),
        (("--sum-ratio", 99), "S^2"),
        (("--export", tmp_path / "a.txt"), "ends in .csv or .parquet"),
    ):
        with pytest.raises(SystemExit) as stopped:
            run(path, *SMALL, *arguments)
        assert stopped.value.code == 2
        assert words in capsys.readouterr().err
        assert not path.exists()
    with pytest.raises(SystemExit):
        run(tmp_path / "missing" / "a.jsonl", *SMALL)
    assert "cannot be written" in capsys.readouterr().err
    path.write_text("not results\n")
    assert run(path, *SMALL) == 1
    assert "not a file of sweep results" in capsys.readouterr().err
