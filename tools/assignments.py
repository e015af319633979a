"""Make the students' notebooks, the solutions and the autograder archives of the assignments.

    python tools/assignments.py [NAME ...] [--seed N] [--out FOLDER] [--students-only]

Every master notebook in ``book/assignments`` goes through Otter Assign, which runs the solution
against its own checks and fails if it does not pass them all.  FOLDER (``_build/assignments`` if
none is named) then holds, for each assignment,

    NAME/student/NAME.ipynb         for students: complete in itself, also on Google Colab
    NAME/solution/NAME.ipynb        with the answers
    NAME/NAME-autograder.zip        for Gradescope, and for ``python -m shortcutlib.grade``

``--seed`` makes a variant: every line ``SEED = 0`` of the master gets that number, from which the
numbers of the assignment follow.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import hosted
import yaml

ROOT = Path(__file__).resolve().parent.parent
MASTERS = ROOT / "book" / "assignments"
SEED_LINE = re.compile(r"^(\s*)SEED = 0$", re.M)
#: Where Gradescope unpacks an archive.
UNPACKED = "/autograder/source/files"


class AssignmentError(Exception):
    """An assignment that cannot be made; the message says which and why."""


def listed() -> list[dict[str, Any]]:
    """The entries of ``assignments.yml``."""
    entries: list[dict[str, Any]] = yaml.safe_load(
        (MASTERS / "assignments.yml").read_text(encoding="utf-8")
    )
    return entries


def source_of(cell: dict[str, Any]) -> str:
    """The source of a cell as one string."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def with_seed(notebook: dict[str, Any], seed: int) -> int:
    """Give a master notebook another seed; the number of lines changed."""
    changed = 0
    for cell in notebook["cells"]:
        text, lines = SEED_LINE.subn(rf"\1SEED = {seed}", source_of(cell))
        if lines:
            cell["source"] = text
            changed += lines
    return changed


def questions(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """What the marks of Otter Assign say of each question, in order."""
    return [
        yaml.safe_load(source_of(cell).partition("\n")[2])
        for cell in notebook["cells"]
        if cell["cell_type"] == "raw" and re.match(r"#\s*BEGIN QUESTION", source_of(cell))
    ]


def build_wheel(folder: Path) -> Path:
    """Build the library's wheel into a folder."""
    # From a copy: beside the sources, remains of earlier builds would go in as well.
    copy = folder / "source"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "shortcutlib", copy / "shortcutlib", ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    # What builds it is in the environment already: no network is needed.
    done = subprocess.run(
        [*command, "--no-build-isolation", "--wheel-dir", str(folder), str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AssignmentError(f"the library's wheel cannot be built:\n{done.stderr.strip()}")
    return next(folder.glob("shortcutlib-*.whl"))


def configure(notebook: dict[str, Any], files: Sequence[str], wheel: str | None) -> None:
    """Add to the master's configuration what only this program knows."""
    first = notebook["cells"][0]
    if not source_of(first).startswith("# ASSIGNMENT CONFIG"):
        raise AssignmentError("its first cell is not the raw cell # ASSIGNMENT CONFIG")
    more: dict[str, Any] = {"autograder_files": list(files)}
    if wheel is not None:
        # As Gradescope installs it: the library from the archive itself.
        more["requirements"] = [f"shortcutlib[chapters] @ file://{UNPACKED}/{wheel}"]
    first["source"] = source_of(first).rstrip() + "\n" + yaml.safe_dump(more)


def for_students(path: Path, name: str) -> None:
    """Make Otter's student notebook complete in itself, and remove the loose checks."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    folder = path.parent / "tests"
    checks = {file.name: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.py"))}
    cells = [cell for cell in notebook["cells"] if not _own_setup(cell)]
    setup = {
        "cell_type": "code",
        "execution_count": None,
        "id": "set-up",
        # Folded away: nobody needs to read the checks to run them.
        "metadata": {"cellView": "form", "jupyter": {"source_hidden": True}},
        "outputs": [],
        "source": f"# @title Set-up\n{hosted.assignment_cell(name, checks)}".rstrip(),
    }
    # After the title and what belongs to it, so that it is the first cell to run.
    after = next(i for i, cell in enumerate(cells) if cell["cell_type"] == "markdown") + 1
    notebook["cells"] = [*cells[:after], setup, *cells[after:]]
    notebook["metadata"]["colab"] = {"provenance": []}
    path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(folder)


def _own_setup(cell: dict[str, Any]) -> bool:
    """Whether a cell is one with which Otter would set itself up."""
    source = source_of(cell)
    return cell["cell_type"] == "code" and (
        source.startswith("# Initialize Otter") or source == "%pip install -q otter-grader"
    )


def make(entry: dict[str, Any], out: Path, seed: int, wheel: Path | None) -> None:
    """Make one assignment; without a wheel only the student's notebook."""
    from otter.assign import main as otter_assign

    name = entry["name"]
    master = json.loads((MASTERS / f"{name}.ipynb").read_text(encoding="utf-8"))
    if not with_seed(master, seed):
        raise AssignmentError(f"{name}: it has no line SEED = 0")
    asked = questions(master)
    about = {
        "name": name,
        "title": entry["title"],
        "notebook": f"{name}.ipynb",
        "questions": [q["name"] for q in asked if not q.get("manual")],
        "written": [{"name": q["name"], "points": q["points"]} for q in asked if q.get("manual")],
        "forbidden": entry.get("forbidden", []),
        "seed": seed,
    }
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        (work / "assignment.json").write_text(json.dumps(about), encoding="utf-8")
        files = ["assignment.json"]
        if wheel is not None:
            shutil.copy(wheel, work)
            files.append(wheel.name)
        configure(master, files, wheel.name if wheel else None)
        (work / f"{name}.ipynb").write_text(json.dumps(master), encoding="utf-8")
        said = io.StringIO()
        with _quiet(said):
            try:
                otter_assign(
                    str(work / f"{name}.ipynb"),
                    str(work / "made"),
                    no_pdfs=True,
                    no_run_tests=wheel is None,
                )
            except Exception as problem:
                raise AssignmentError(f"{name}: {problem}\n{said.getvalue().strip()}") from problem
        made, place = work / "made", out / name
        for_students(made / "student" / f"{name}.ipynb", name)
        (place / "student").mkdir(parents=True, exist_ok=True)
        shutil.copy(made / "student" / f"{name}.ipynb", place / "student")
        if wheel is not None:
            (place / "solution").mkdir(exist_ok=True)
            shutil.copy(made / "autograder" / f"{name}.ipynb", place / "solution")
            (archive,) = (made / "autograder").glob("*.zip")
            shutil.copy(archive, place / f"{name}-autograder.zip")


@contextlib.contextmanager
def _quiet(said: io.StringIO) -> Iterator[None]:
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    parser = argparse.ArgumentParser(prog="assignments.py", description="Make the assignments.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="assignments (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="number of the variant (default: 0)")
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "assignments")
    parser.add_argument(
        "--students-only", action="store_true", help="no solutions, no archives, nothing is run"
    )
    options = parser.parse_args(arguments)
    entries = {entry["name"]: entry for entry in listed()}
    unknown = [name for name in options.names if name not in entries]
    if unknown:
        parser.error(f"there is no assignment {unknown[0]!r}; there are {', '.join(entries)}")
    if options.seed < 0:
        parser.error(f"--seed {options.seed}: give a whole number from 0 on")
    chosen = [entries[name] for name in options.names or entries]
    out = options.out.resolve()
    try:
        with tempfile.TemporaryDirectory() as temporary:
            wheel = None if options.students_only else build_wheel(Path(temporary))
            for number, entry in enumerate(chosen, start=1):
                print(f"[{number}/{len(chosen)}] {entry['name']}", flush=True)
                make(entry, out, options.seed, wheel)
    except AssignmentError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    print(f"{len(chosen)} assignments in {options.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
