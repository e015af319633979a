import json
import subprocess
import sys

import pytest

import shortcutlib.results_file as module
from shortcutlib.results_file import ResultsFile, ResultsFileError

SETTINGS = {"method": "exact", "k": (16, 25), "ratio": 0.1}
RECORDS = [{"k": 16, "rate": 0.1 + 0.2}, {"k": 25, "rate": 1e-300}, {"k": 36, "rate": None}]


@pytest.fixture
def path(tmp_path):
    target = tmp_path / "results.jsonl"
    with ResultsFile(target, SETTINGS, {"numpy": "2.4"}) as file:
        for record in RECORDS:
            file.append(record)
    return target


def refused(path, match, settings=SETTINGS):
    """That the file is refused, in one line, and not a byte of it or its date is changed."""
    before, date = path.read_bytes(), path.stat().st_mtime_ns
    with pytest.raises(ResultsFileError, match=match) as stopped:
        ResultsFile(path, settings)
    assert path.read_bytes() == before
    assert path.stat().st_mtime_ns == date
    assert "\n" not in str(stopped.value)


def test_records_come_back_exactly_and_lines_are_json(path):
    with ResultsFile(path, SETTINGS) as file:
        assert file.records == RECORDS
        assert file.origin == {"numpy": "2.4"}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0]["configuration"] == {"method": "exact", "k": [16, 25], "ratio": 0.1}
    assert [line["record"] for line in lines[1:]] == RECORDS


def test_each_record_is_on_the_disk_when_append_returns(tmp_path, monkeypatch):
    synchronised = []
    real = module.os.fsync
    monkeypatch.setattr(module.os, "fsync", lambda fd: synchronised.append(fd) or real(fd))
    target = tmp_path / "results.jsonl"
    with ResultsFile(target, SETTINGS) as file:
        # The header, and the folder that names the file.
        assert len(synchronised) == 2
        for number, record in enumerate(RECORDS, start=1):
            file.append(record)
            assert len(synchronised) == 2 + number
            assert len(target.read_bytes().splitlines()) == 1 + number


def test_a_line_torn_anywhere_is_repaired(path):
    whole = path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for length in range(last, len(whole)):
        path.write_bytes(whole[:length])
        with ResultsFile(path, SETTINGS) as file:
            assert file.records == RECORDS[:2], length
            assert path.read_bytes() == whole[:last]
            file.append(RECORDS[2])
        assert path.read_bytes() == whole


def test_a_header_torn_anywhere_is_written_anew(path):
    whole = path.read_bytes()
    end = whole.index(b"\n") + 1
    for length in range(end):
        path.write_bytes(whole[:length])
        with ResultsFile(path, SETTINGS, {"numpy": "2.4"}) as file:
            assert file.records == []
        assert path.read_bytes() == whole[:end]


def test_a_change_of_any_byte_is_refused(path):
    whole = path.read_bytes()
    for position in range(len(whole)):
        for byte in (whole[position] ^ 1, ord("\n"), 0):
            if byte != whole[position]:
                path.write_bytes(whole[:position] + bytes([byte]) + whole[position + 1 :])
                refused(path, "damaged|not a file of sweep results")


@pytest.mark.parametrize(
    "spoil, match",
    [
        (lambda lines: [*lines[:2], b"garbage\n", *lines[2:]], "line 3 is not a record"),
        (lambda lines: [*lines[:2], b"\0" * 50 + b"\n", *lines[2:]], "line 3 is not a record"),
        (lambda lines: [*lines, b"notes of my own"], "line 5 is not a record"),
        (lambda lines: [*lines[:2], lines[2][:20] + b"\n", *lines[3:]], "line 3 does not match"),
        (lambda lines: [*lines, b"\n"], "line 5 is not a record"),
        (lambda lines: [lines[0], *lines], "line 2 is not a record"),
        (lambda lines: lines[1:], "not a file of sweep results"),
        (lambda lines: [b"k,rate\n", b"16,.7\n"], "not a file of sweep results"),
        (lambda lines: [b"my thesis"], "not a file of sweep results"),
        (lambda lines: [bytes(range(256))], "not a file of sweep results"),
    ],
)
def test_damaged_and_foreign_files_are_refused(path, spoil, match):
    path.write_bytes(b"".join(spoil(path.read_bytes().splitlines(keepends=True))))
    refused(path, match)


def test_another_format_is_refused(path, monkeypatch):
    monkeypatch.setattr(module, "FORMAT_VERSION", 2)
    refused(path, "in format 1; this version of the library continues format 2")


def test_another_configuration_is_refused_and_the_difference_named(path):
    refused(path, r"k is \[16, 25\] there and \[16\] here", {**SETTINGS, "k": [16]})
    refused(path, "seed is absent there and 3 here", {**SETTINGS, "seed": 3})


def test_a_file_can_be_continued_by_its_own_configuration(path, tmp_path):
    with ResultsFile(path) as file:
        assert file.configuration == {"method": "exact", "k": [16, 25], "ratio": 0.1}
    with pytest.raises(FileNotFoundError):
        ResultsFile(tmp_path / "none.jsonl")
    assert not (tmp_path / "none.jsonl").exists()
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    refused(empty, "is empty", None)


def test_two_runs_cannot_write_one_file(path):
    program = (
        "import sys; from shortcutlib.results_file import *\n"
        "try: ResultsFile(sys.argv[1])\n"
        "except ResultsFileError as problem: print(problem)\n"
        "else: print('opened')"
    )
    command = [sys.executable, "-c", program, path]
    with ResultsFile(path, SETTINGS):
        refused(path, "in use")
        assert "in use" in subprocess.run(command, capture_output=True, text=True).stdout
    assert subprocess.run(command, capture_output=True, text=True).stdout == "opened\n"


def test_a_full_disk_loses_no_earlier_record(tmp_path):
    target = tmp_path / "results.jsonl"
    program = (
        "import resource, signal, sys; from shortcutlib.results_file import *\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "file = ResultsFile(sys.argv[1], {})\n"
        "file.append({'k': 1})\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (250, 250))\n"
        "try:\n"
        "    while True: file.append({'k': 2})\n"
        "except OSError: print('full')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, target], capture_output=True, text=True, timeout=30
    )
    assert done.stdout == "full\n"
    assert target.stat().st_size == 250
    with ResultsFile(target, {}) as file:
        assert file.records[0] == {"k": 1}
        file.append({"k": 3})
    with ResultsFile(target, {}) as file:
        assert file.records[-1] == {"k": 3}
