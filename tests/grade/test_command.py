import sys

import pytest

from shortcutlib.grade import batch
from shortcutlib.grade.__main__ import main
from shortcutlib.grade.remote import Limits
from shortcutlib.results_file import ResultsFile
from tests.grade.sample import RIGHT, archive, write


@pytest.fixture
def base(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "a.zip").write_bytes(archive())
    return tmp_path


def run(base, *more: str) -> int:
    return main([str(base / "in"), str(base / "a.zip"), "--out", str(base / "out"), *more])


def refusal(base, capsys, *more: str) -> str:
    with pytest.raises(SystemExit) as stop:
        run(base, *more)
    assert stop.value.code == 2
    return capsys.readouterr().err


def test_bad_input_is_refused_before_any_work(base, capsys):
    assert "there is nothing in" in refusal(base, capsys)
    write(base / "in" / "ada.ipynb")
    (base / "in" / "ada").mkdir()
    assert "would both be ada" in refusal(base, capsys)
    (base / "in" / "ada").rmdir()
    assert "must be positive" in refusal(base, capsys, "--memory", "0")
    assert "No such file" in refusal(base, capsys, "--roster", str(base / "none.csv"))
    (base / "a.zip").write_bytes(b"no")
    assert "is no zip file" in refusal(base, capsys)
    assert not (base / "out").exists()


def test_only_what_is_new_or_changed_is_graded_again(base, monkeypatch):
    judged = []
    genuine = batch._judged

    def watched(task, limits):
        judged.append(task["path"].rpartition("/")[2])
        return genuine(task, limits)

    monkeypatch.setattr(batch, "_judged", watched)
    write(base / "in" / "ada.ipynb", "answer = 42.0")
    assert run(base) == 0
    assert run(base) == 0
    assert judged == ["ada.ipynb"]
    write(base / "in" / "bob.ipynb", "answer = 1.0")
    write(base / "in" / "ada.ipynb", "answer = 42.5")
    assert run(base) == 0
    assert sorted(judged[1:]) == ["ada.ipynb", "bob.ipynb"]
    assert (base / "out" / "grades.csv").read_text().count("\n") == 3


def test_results_of_another_archive_are_not_mixed_in(base, capsys):
    write(base / "in" / "ada.ipynb", "answer = 42.0")
    (base / "out").mkdir()
    ResultsFile(base / "out" / "results.jsonl", {"archive": "another"}).close()
    assert run(base) == 2
    assert "give another folder after --out" in capsys.readouterr().err


def test_a_failure_of_the_grader_is_told_and_tried_again(base, monkeypatch, capsys):
    write(base / "in" / "ada.ipynb", RIGHT, "answer = 42.0")
    monkeypatch.setattr(batch, "_judged", lambda task, limits: (None, "exit status 7: broken"))
    assert run(base) == 1
    assert "the grader failed: exit status 7" in capsys.readouterr().out
    assert "through no fault of yours" in (base / "out" / "feedback" / "ada.html").read_text()
    monkeypatch.undo()
    assert run(base) == 0
    assert "ada: 6 of 6" in capsys.readouterr().out


def test_the_judge_that_crashes_is_a_failure_of_the_grader(base):
    content, failure = batch._judged(
        {"path": str(base / "in"), "archive": "bm8=", "limits": {}, "wrap": []}, Limits()
    )
    assert content is None
    assert "is no zip file" in failure


def test_a_command_can_be_put_before_the_submission(base):
    wrapper = base / "wrapper.py"
    wrapper.write_text(
        "import os, sys\n"
        f"open({str(base / 'used')!r}, 'a').write(sys.argv[1] + chr(10))\n"
        "os.execv(sys.argv[2], sys.argv[2:])\n"
    )
    write(base / "in" / "ada.ipynb", RIGHT, "answer = 42.0")
    assert run(base, "--wrap", f"{sys.executable} {wrapper} {{folder}}") == 0
    folders = (base / "used").read_text().split()
    assert len(folders) == 1
    assert "{" not in folders[0]
    assert "ada,6,6,4,2," in (base / "out" / "grades.csv").read_text()
