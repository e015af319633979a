"""What instructors and students get to read: one table, and one page for each student."""

import csv
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shortcutlib.grade.archive import Archive
from shortcutlib.grade.batch import Graded
from shortcutlib.grade.judge import QuestionResult, SubmissionResult

__all__ = ["Roster", "read_roster", "summary", "write_page", "write_table"]

_STYLE = """\
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; }
th, td { border-bottom: 1px solid #8888; overflow-wrap: anywhere; }
td:last-child, th:last-child { text-align: right; white-space: nowrap; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border-left: 3px solid #8888;
      padding-left: 1rem; }
"""


@dataclass(frozen=True)
class Roster:
    """A course's list of students, from a learning platform.

    Attributes
    ----------
    columns : list of str
        Headings, as they are in the file.
    rows : list of dict
        Students.
    key : str
        The column whose entries stand in the names of the submissions.
    """

    columns: list[str]
    rows: list[dict[str, str]]
    key: str

    def match(self, names: Sequence[str]) -> dict[int, str]:
        """Who handed in what.

        Parameters
        ----------
        names : sequence of str
            Of the submissions.

        Returns
        -------
        dict of int to str
            Names of submissions, by the number of the row.

        Raises
        ------
        ValueError
            If a student has several submissions, or a submission several students.
        """
        owner: dict[str, int] = {}
        match: dict[int, str] = {}
        for number, row in enumerate(self.rows):
            entry = row[self.key].strip().lower()
            if not entry:
                continue
            for name in names:
                # Platforms put more into the name: doejane_12345_67890_gradient.
                if entry != name.lower() and entry not in re.split(r"[_\s]+", name.lower()):
                    continue
                if number in match:
                    raise ValueError(
                        f"{row[self.key]} has several submissions: {match[number]} and {name}"
                    )
                if name in owner:
                    raise ValueError(
                        f"{name} belongs to several rows of the roster: "
                        f"{self.rows[owner[name]][self.key]} and {row[self.key]}"
                    )
                match[number], owner[name] = name, number
        return match


def read_roster(path: Path, key: str | None = None) -> Roster:
    """Read a list of students.

    Parameters
    ----------
    path : Path
        A CSV file with headings, such as a platform's export of its gradebook.
    key : str, optional
        Heading of the column to recognise submissions by; the first column by default.

    Returns
    -------
    Roster

    Raises
    ------
    ValueError
        If the file has no rows or no such column.
    OSError
        If it cannot be read.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restval="")
        rows = [{k: v for k, v in row.items() if k is not None} for row in reader]
        columns = list(reader.fieldnames or [])
    if not rows:
        raise ValueError(f"{path} has no students in it")
    key = columns[0] if key is None else key
    if key not in columns:
        raise ValueError(f"{path} has no column {key!r}; it has {', '.join(columns)}")
    return Roster(columns, rows, key)


def write_table(
    path: Path, archive: Archive, graded: Sequence[Graded], roster: Roster | None = None
) -> None:
    """Write the grades as a CSV file that a learning platform can import.

    Parameters
    ----------
    path : Path
        The file.
    archive : Archive
        The assignment.
    graded : sequence of Graded
        What was graded.
    roster : Roster, optional
        Students; their columns come first, and who handed nothing in has a row as well.
    """
    questions = list(archive.tests)
    own = ["submission", "points", "maximum", *questions, "remarks"]
    by_name = {one.name: one for one in sorted(graded, key=lambda one: one.name)}
    rows: list[dict[str, str]] = []
    if roster is not None:
        match = roster.match(list(by_name))
        for number, student in enumerate(roster.rows):
            one = by_name.pop(match[number]) if number in match else None
            rows.append({**student, **_row(one, questions)})
    rows.extend(_row(one, questions) for one in by_name.values())
    columns = [*(column for column in (roster.columns if roster else [])), *own]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(columns)), restval="")
        writer.writeheader()
        writer.writerows(rows)


def _row(one: Graded | None, questions: Sequence[str]) -> dict[str, str]:
    if one is None:
        return {"points": "0", "remarks": "nothing handed in"}
    if one.result is None:
        # No points at all: an empty cell is not a zero.
        return {"submission": one.name, "remarks": f"the grader failed: {one.failure}"}
    result = one.result
    points = {question.name: _number(question.points) for question in result.questions}
    remarks = result.problem or " ".join(result.notes)
    return {
        "submission": one.name,
        "points": _number(result.points),
        "maximum": _number(result.maximum),
        **{name: points.get(name, "") for name in questions},
        # A spreadsheet would run what looks like a formula.
        "remarks": re.sub(r"^([=+\-@\t\r])", r"'\1", remarks),
    }


def write_page(path: Path, archive: Archive, graded: Graded) -> None:
    """Write a student's page.

    Parameters
    ----------
    path : Path
        The file.
    archive : Archive
        The assignment.
    graded : Graded
        The submission.
    """
    heading = f"{archive.title}: {graded.name}"
    body = [f"<h1>{_text(heading)}</h1>"]
    if graded.result is None:
        body.append("<p>Your submission could not be graded yet, through no fault of yours.</p>")
    else:
        body.extend(_sections(archive, graded.result))
    page = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Nothing of a submission is ever run here, whatever it contains.
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{_text(heading)}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )
    path.write_text(page, encoding="utf-8")


def _sections(archive: Archive, result: SubmissionResult) -> list[str]:
    total = f"{_number(result.points)} of {_number(result.maximum)} points"
    parts = [f"<p><strong>{total}</strong>{_still_to_read(archive)}.</p>"]
    if result.problem:
        return [*parts, f"<p>{_text(result.problem)}</p>"]
    if result.notes:
        parts.append("<h2>While your notebook ran</h2>\n<ul>")
        parts.extend(f"<li>{_text(note)}</li>" for note in result.notes)
        parts.append("</ul>")
    parts.extend(_question(question) for question in result.questions)
    for written in archive.written:
        answer = result.texts.get(written.name, "")
        parts.append(
            f"<h2>{_text(written.name)}</h2>\n<p>Read by a person, for up to "
            f"{_number(written.points)} points. Your answer:</p>\n<pre>{_text(answer)}</pre>"
        )
    return parts


def _still_to_read(archive: Archive) -> str:
    points = sum(written.points for written in archive.written)
    return f", and up to {_number(points)} more for written answers" if points else ""


def _question(question: QuestionResult) -> str:
    rows = "\n".join(
        f"<tr><td>{_mark(case.points, case.maximum)}</td><td>{_text(case.message) or '&nbsp;'}"
        f"</td><td>{_number(case.points)} / {_number(case.maximum)}</td></tr>"
        for case in question.cases
    )
    return (
        f"<h2>{_text(question.name)}: {_number(question.points)} of "
        f"{_number(question.maximum)}</h2>\n<table>\n<thead><tr><th>Check</th>"
        f"<th>What it says</th><th>Points</th></tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    )


def _mark(points: float, maximum: float) -> str:
    return "passed" if points >= maximum else "failed"


def _text(text: str) -> str:
    """Text as HTML; code between backticks is set as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def _number(value: float) -> str:
    return f"{value:.4g}"


def summary(graded: Mapping[str, Graded]) -> str:
    """A whole batch in one line.

    Parameters
    ----------
    graded : mapping of str to Graded
        By name.

    Returns
    -------
    str
    """
    results = [one.result for one in graded.values() if one.result is not None]
    failed = len(graded) - len(results)
    problems = sum(bool(result.problem) for result in results)
    text = f"{len(results)} graded"
    if problems:
        text += f", {problems} of them not gradable as handed in"
    if failed:
        text += f"; {failed} the grader could not do: see the remarks"
    return text
