"""Command line of the grader."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from shortcutlib.grade.archive import Archive
from shortcutlib.grade.batch import Graded, grade_folder, submissions
from shortcutlib.grade.remote import Limits
from shortcutlib.grade.report import Roster, read_roster, summary, write_page, write_table
from shortcutlib.results_file import ResultsFileError

__all__ = ["main"]

_DESCRIPTION = """\
Grade a folder of submissions to an assignment.  Every file or folder in SUBMISSIONS is one: a
notebook, or a folder or zip file with one.  FOLDER receives grades.csv, a page for each student,
and results.jsonl, from which the same command goes on after an interruption.  The submissions' code
runs in processes with limits on time and memory, but with the rights of whoever grades: grade
strangers' work in a container or a virtual machine."""
_INTERRUPTED = 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m shortcutlib.grade", description=_DESCRIPTION)
    parser.add_argument("submissions", type=Path, help="folder of submissions")
    parser.add_argument("archive", type=Path, help="NAME-autograder.zip of the assignment")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for the results")
    parser.add_argument("--workers", type=int, default=1, help="submissions at a time (default: 1)")
    parser.add_argument("--roster", type=Path, help="CSV file of students, to fill in and return")
    parser.add_argument(
        "--key", help="column of the roster that stands in the submissions' names (default: first)"
    )
    default = {field.name: field.default for field in fields(Limits)}
    limits = parser.add_argument_group("limits for a submission")
    for name, about in (
        ("cell", "seconds for a cell"),
        ("call", "seconds for a call of a function"),
        ("total", "seconds in all"),
    ):
        limits.add_argument(
            f"--{name}-seconds",
            dest=name,
            type=float,
            default=default[name],
            metavar="S",
            help=f"{about} (default: {default[name]:g})",
        )
    limits.add_argument(
        "--memory",
        type=int,
        default=default["memory"],
        metavar="MB",
        help=f"megabytes of address space (default: {default['memory']}; Linux only)",
    )
    parser.add_argument(
        "--wrap",
        default="",
        metavar="COMMAND",
        help="command to start the submission with; {folder} becomes the folder it works in",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the command line by default.

    Returns
    -------
    int
        Exit status: 0 if every submission was graded, whatever its score; 1 if the grader failed
        on some; 2 if it could not begin; 130 after an interruption.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        content = options.archive.read_bytes()
        archive = Archive.from_bytes(content, str(options.archive))
        found = submissions(options.submissions)
        roster: Roster | None = None
        if options.roster is not None:
            roster = read_roster(options.roster, options.key)
            roster.match(list(found))
        limits = Limits(options.cell, options.call, options.total, options.memory)
        options.out.mkdir(parents=True, exist_ok=True)
        import otter
    except (ValueError, OSError) as problem:
        parser.error(str(problem))
    except ImportError:
        parser.error(
            "grading needs otter-grader, which reads the checks: "
            "pip install otter-grader (or shortcutlib[grade])"
        )
    del otter
    return _grade(options, content, archive, limits, roster, len(found))


def _grade(
    options: argparse.Namespace,
    content: bytes,
    archive: Archive,
    limits: Limits,
    roster: Roster | None,
    number: int,
) -> int:
    out: Path = options.out
    pages = out / "feedback"
    pages.mkdir(exist_ok=True)
    graded: dict[str, Graded] = {}
    status: Any = 0
    try:
        for one in grade_folder(
            options.submissions,
            content,
            out / "results.jsonl",
            limits,
            wrap=shlex.split(options.wrap),
            workers=options.workers,
        ):
            graded[one.name] = one
            write_page(pages / f"{one.name}.html", archive, one)
            print(f"[{len(graded)}/{number}] {_line(one)}", flush=True)
    except ResultsFileError as problem:
        sys.stderr.write(
            f"error: {out} cannot be continued; give another folder after --out\n({problem})\n"
        )
        return 2
    except KeyboardInterrupt:
        print("interrupted: the same command goes on from here")
        return _INTERRUPTED
    write_table(out / "grades.csv", archive, list(graded.values()), roster)
    print(f"{summary(graded)}. Grades: {out / 'grades.csv'}; pages: {pages}")
    if any(one.result is None for one in graded.values()):
        status = 1
    return int(status)


def _line(one: Graded) -> str:
    if one.result is None:
        return f"{one.name}: the grader failed: {one.failure}"
    result = one.result
    remark = result.problem or (result.notes[0] if result.notes else "")
    return f"{one.name}: {result.points:g} of {result.maximum:g}" + (
        f" ({remark})" if remark else ""
    )


if __name__ == "__main__":
    raise SystemExit(main())
