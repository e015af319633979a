"""Binder: what repo2docker would do, and the same environment at work."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import assignments
import pytest
from jupyter_lab import chapter_runs_and_its_explorer_lives, put_chapter, running
from playwright.sync_api import Browser

from tests.hosted.environments import ROOT, installed, interpreter, make, run

BINDER = ROOT / ".binder"


@pytest.fixture(scope="module")
def dockerfile() -> str:
    program = Path(sys.executable).with_name("repo2docker")
    done = subprocess.run(
        [str(program), "--no-build", "--debug", str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_image_is_made_of_what_is_here(dockerfile):
    wanted = (BINDER / "runtime.txt").read_text(encoding="utf-8").strip()
    version = wanted.removeprefix("python-")
    # The base environment's lock file is named in the Dockerfile by its escaped path.
    assert f"environment-2epy-2d{version.replace('.', '-2e')}".replace("-2e", "-2e") in dockerfile
    assert 'pip install --no-cache-dir -r ".binder/requirements.txt"' in dockerfile
    assert "postBuild" in dockerfile
    # The library is installed after the sources have been copied.
    assert dockerfile.index("COPY --chown=0:0 src/ ") < dockerfile.index("pip install --no-cache")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as Binder copies it."""
    folder = tmp_path_factory.mktemp("binder") / "repository"
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def python(copy: Path) -> Path:
    """The environment that the requirements make, from the copy."""
    version = (BINDER / "runtime.txt").read_text(encoding="utf-8").strip()
    return make(
        copy.parent / "environment",
        interpreter(version.removeprefix("python-")),
        *("--requirement", ".binder/requirements.txt"),
        cwd=copy,
    )


def test_the_versions_are_the_tested_ones(python):
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.M))
    pins = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pins.items()}
    found = installed(python)
    for name in ("numpy", "matplotlib", "jupyterlab", "jupyterlab-myst", "otter-grader"):
        assert found[name] == pins[name]
    assert "shortcutlib" in found


def test_myst_is_shown_by_its_jupyterlab(python):
    listed = run(str(python.parent / "jupyter"), "labextension", "list")
    (line,) = (line for line in listed.splitlines() if "jupyterlab-myst" in line)
    assert "enabled" in line
    assert "OK" in line


def test_students_get_assignments_and_no_answers(copy, python):
    path = f"{python.parent}:/usr/bin:/bin"
    run(str(copy / ".binder" / "postBuild"), cwd=copy, environment={"PATH": path})
    made = {file.stem for file in (copy / "assignments").glob("*.ipynb")}
    assert made == {entry["name"] for entry in assignments.listed()}
    assert not (copy / "book" / "assignments").exists()


def test_a_chapter_runs_and_its_explorer_lives(copy, python, tmp_path, browser: Browser):
    """In the repository's copy, by the programs of the requirements alone."""
    put_chapter(copy)
    with running(python, copy, tmp_path) as lab:
        chapter_runs_and_its_explorer_lives(lab, browser)
