"""Versions, the change log, the archive for reading offline, and the workflows."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import offline
import pytest
import release
import yaml

import shortcutlib

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))


def steps(path: Path) -> list[dict]:
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def test_there_is_one_version():
    assert release.version() == shortcutlib.__version__
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == release.version()


def test_the_change_log_has_a_section_for_the_version():
    assert len(release.notes()) > 100
    said = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "release.py"), "notes"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == release.notes()


def test_the_archive_has_the_pages_and_nothing_else(tmp_path):
    pages = tmp_path / "html"
    (pages / "book").mkdir(parents=True)
    (pages / "index.html").write_text("<p>pages</p>")
    (pages / "book" / "model.html").write_text("<p>model</p>")
    (pages / ".doctrees").mkdir()
    (pages / ".doctrees" / "x").write_text("x")
    archive = tmp_path / "book.zip"
    assert offline.pack(pages, archive) == 2
    first = archive.read_bytes()
    with zipfile.ZipFile(archive) as content:
        assert sorted(content.namelist()) == ["book/book/model.html", "book/index.html"]
    offline.pack(pages, archive)
    assert archive.read_bytes() == first


def test_no_pages_no_archive(tmp_path):
    with pytest.raises(SystemExit, match="make book builds them"):
        offline.pack(tmp_path, tmp_path / "book.zip")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_call_targets_that_there_are(path):
    commands = "\n".join(step.get("run", "") for step in steps(path))
    called = re.findall(r"^(?:- run: )?make ([^\n]+)$", commands, re.M)
    assert called
    for line in called:
        for word in line.split():
            if "=" not in word and not word.startswith(('"', "$")):
                assert word in TARGETS, f"make {word}"
    for name in re.findall(r"tools/(\w+)\.py", commands):
        assert (ROOT / "tools" / f"{name}.py").is_file()


def test_every_supported_python_is_tested():
    (path,) = (path for path in WORKFLOWS if path.stem == "tests")
    matrix = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]["tests"]["strategy"]["matrix"]
    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]
    lowest, highest = re.search(
        r"\((\d), (\d+)\) <= sys.version_info\[:2\] <= \(3, 14\)",
        (ROOT / "tools" / "environment.sh").read_text(encoding="utf-8"),
    ).groups()
    assert (lowest, highest) == ("3", "11")
