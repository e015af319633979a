"""Make the students' notebooks, the solutions and the autograder archives of the assignments.

    python tools/assignments.py [NAME ...] [--seed N] [--out FOLDER] [--students-only]

Every master notebook in ``book/assignments`` goes through Otter Assign, which runs the solution
against its own checks and fails if it does not pass them all.  FOLDER (``_build/assignments`` if
none is named) then holds, for each assignment,

    NAME/student/NAME.ipynb         for students: complete in itself, also on Google Colab
    NAME/solution/NAME.ipynb        with the answers
    NAME/NAME-autograder.zip        for Gradescope, and for ``python -m shortcutlib.grade``

or, with ``--students-only``, just FOLDER/NAME.ipynb for students, and nothing is run.

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
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import hosted
import yaml
from library_wheel import WheelError, build_wheel

ROOT = Path(__file__).resolve().parent.parent
MASTERS = ROOT / "book" / "assignments"
SEED_LINE = re.compile(r"^(\s*)SEED = 0$", re.M)
#: A link from a master to a page of the book: its words, the page, the place on it.
LINK = re.compile(r"\[([^\]]+)\]\(\.\./([\w-]+)\.(?:ipynb|md)(#[\w-]+)?\)")
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


def pages() -> str:
    """Where the book's pages are published, or nothing while there is no address."""
    place = re.fullmatch(r"https://github\.com/([^/]+)/([^/]+)", hosted.address())
    return f"https://{place[1]}.github.io/{place[2]}/book" if place else ""


def leading_out(text: str) -> str:
    """Text whose links to chapters lead to the pages, or are their titles only.

    Students' copies lie alone: beside them there are no chapters.
    """
    target = f"[\\1]({pages()}/\\2.html\\3)" if pages() else r"*\1*"
    return LINK.sub(target, text)


def barred(modules: Sequence[str]) -> str:
    """What students are told about the modules that the grader's copy does not run."""
    names = ", ".join(f"`{module}`" for module in modules)
    return f"*Do not import {names}: the grader runs no cell that does.*"


def for_students(path: Path, name: str, forbidden: Sequence[str]) -> None:
    """Make Otter's student notebook complete in itself, and remove the loose checks."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    title = next(cell for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    if forbidden:
        title["source"] = f"{source_of(title).rstrip()}\n\n{barred(forbidden)}"
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = leading_out(source_of(cell))
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
        made = work / "made"
        student = made / "student" / f"{name}.ipynb"
        for_students(student, name, about["forbidden"])
        if wheel is None:
            _place(student, out)
            return
        (archive,) = (made / "autograder").glob("*.zip")
        _place(student, out / name / "student")
        _place(made / "autograder" / f"{name}.ipynb", out / name / "solution")
        _place(archive, out / name, f"{name}-autograder.zip")


def _place(file: Path, folder: Path, name: str | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, folder / (name or file.name))


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
    except (AssignmentError, WheelError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    print(f"{len(chosen)} assignments in {options.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
