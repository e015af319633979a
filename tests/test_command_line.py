import json
import subprocess
import sys

import pytest

import shortcutlib.__main__ as command_line
from shortcutlib.success import success_rate


def run(capsys, *arguments):
    status = command_line.main(["success", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_table_shows_printed_value_ours_interval_and_reading(capsys):
    status, out, _ = run(capsys, "--k", "16", "25", "--trials", "200")
    assert status == 0
    for expected in ("Reading 'squared'", "6 k", "1000"):
        assert expected in out
    rows = [line.split() for line in out.splitlines() if line.startswith(("resnet", "cnn"))]
    assert [row[:3] for row in rows] == [
        ["resnet-warmup", "16", "1.0000"],
        ["resnet-warmup", "25", "1.0000"],
        ["resnet", "16", "0.7042"],
        ["resnet", "25", "0.7354"],
        ["cnn", "16", "0.5348"],
        ["cnn", "25", "0.5528"],
    ]
    cell = success_rate("resnet", 16, trials=200)
    assert rows[2][3] == f"{cell.success_rate:.4f}"
    assert rows[2][4:6] == [f"[{cell.low:.4f},", f"{cell.high:.4f}]"]


def test_an_unstable_step_is_said_to_be_one(capsys):
    _, out, _ = run(capsys, "--k", "124", "--setting", "cnn", "--trials", "5")
    assert "unstable from k = 124" in out
    _, out, _ = run(capsys, "--k", "123", "--setting", "cnn", "--trials", "5")
    assert "unstable" not in out


def test_json_to_standard_output_and_to_a_file(capsys, tmp_path):
    options = ["--k", "17", "--setting", "resnet", "--trials", "50", "--seed", "3"]
    status, out, err = run(capsys, *options, "--json", "-")
    cells = json.loads(out)
    assert status == 0
    assert "Reading" in err
    assert len(cells) == 1
    expected = {"setting": "resnet", "k": 17, "p": 8, "reading": "squared", "norm_squared": 102.0}
    expected |= {"warmup": 0, "method": "simulated", "trials": 50, "seed": 3, "printed": None}
    assert expected.items() <= cells[0].items()
    assert {"success_rate", "low", "high"} <= cells[0].keys()
    target = tmp_path / "cells.json"
    status, out, _ = run(capsys, *options, "--json", str(target))
    assert json.loads(target.read_text()) == cells
    assert "resnet" in out


def test_exact_method_prints_an_error_estimate(capsys):
    options = ["--method", "exact", "--tolerance", "1e-6", "--k", "16", "--setting", "resnet"]
    status, out, _ = run(capsys, *options)
    assert status == 0
    row = out.splitlines()[-1].split()
    assert row[:3] == ["resnet", "16", "0.7042"]
    assert abs(float(row[3]) - 0.714788) < 2e-6
    assert float(row[4]) < 1e-6
    assert "95%" not in out
    _, out, _ = run(capsys, *options, "--json", "-")
    (cell,) = json.loads(out)
    assert cell["method"] == "exact"
    assert f"{cell['success_rate']:.12f}" == row[3]
    assert 0 < cell["error_estimate"] < 1e-6


@pytest.mark.parametrize(
    "options",
    [
        ["--k", "0"],
        ["--k", "x"],
        ["--setting", "mlp"],
        ["--trials", "-5"],
        ["--seed", "1.5"],
        ["--reading", "literal"],
        ["--reading", "literal", "--norm-squared", "1e9"],
        ["--norm-squared", "nan"],
        ["--warmup", "-1"],
        ["--p", "1"],
        ["--k", "1"],
        ["--json", "/no/such/folder/x.json"],
        ["--colour"],
        ["--method", "guess"],
        ["--tolerance", "1e-13"],
        ["--tolerance", "x"],
    ],
)
def test_bad_options_end_with_status_2_and_one_line(capsys, options):
    with pytest.raises(SystemExit) as stopped:
        command_line.main(["success", *options])
    captured = capsys.readouterr()
    assert stopped.value.code == 2
    assert captured.out == ""
    assert len(captured.err.strip().splitlines()) == 1


def test_an_interrupt_keeps_finished_cells(capsys, monkeypatch, tmp_path):
    real, calls = success_rate, 0

    def interrupted(*arguments, **options):
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(command_line, "success_rate", interrupted)
    target = tmp_path / "cells.json"
    status, out, err = run(capsys, "--k", "16", "25", "--trials", "20", "--json", str(target))
    assert status == 130
    assert len(json.loads(target.read_text())) == 2
    assert sum(line.startswith("resnet") for line in out.splitlines()) == 2
    assert "interrupted" in err


def test_a_missing_command_is_one_line_too(capsys):
    with pytest.raises(SystemExit) as stopped:
        command_line.main([])
    assert stopped.value.code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_importing_the_library_needs_numpy_alone():
    program = (
        "import sys; import shortcutlib, shortcutlib.__main__, shortcutlib.descent, "
        "shortcutlib.success; "
        "print(sorted({m.split('.')[0] for m in sys.modules} "
        "& {'scipy', 'matplotlib', 'tqdm', 'ipywidgets', 'anywidget'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
