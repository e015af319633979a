import csv
import re

import pytest

from shortcutlib.grade.archive import Archive, ArchiveError
from shortcutlib.grade.batch import Graded
from shortcutlib.grade.judge import CaseResult, QuestionResult, SubmissionResult
from shortcutlib.grade.report import read_roster, write_page, write_table
from tests.grade.sample import ABOUT, CHECKS, archive

ASSIGNMENT = Archive.from_bytes(archive())


def graded(name: str, points: float, message: str = "", notes: tuple[str, ...] = ()) -> Graded:
    cases = [CaseResult("q1 - 1", points, 4.0, False, message)]
    questions = [QuestionResult("q1", points, 4.0, cases), QuestionResult("q2", 0.0, 2.0, [])]
    return Graded(name, SubmissionResult(points, 6.0, "", list(notes), questions, {"q3": "So."}))


def rows(path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_archive_says_what_it_is():
    assert ASSIGNMENT.title == "A sample"
    assert list(ASSIGNMENT.tests) == ["q1", "q2"]
    assert ASSIGNMENT.files == {"numbers.txt": b"1 2 3\n"}
    assert ASSIGNMENT.forbidden == ("shortcutlib.population", "decimal")
    assert ASSIGNMENT.digest != Archive.from_bytes(archive({"q1": CHECKS["q1"]})).digest
    assert ASSIGNMENT.digest != Archive.from_bytes(archive(about={**ABOUT, "title": "B"})).digest


@pytest.mark.parametrize(
    "content, message",
    [
        (b"nothing", "is no zip file"),
        (archive({}), "has no checks"),
        (archive({"q1": "OK_FORMAT = True\ntest = {}"}), "are doctests"),
    ],
)
def test_what_is_no_archive_is_refused(content, message):
    with pytest.raises(ArchiveError, match=message):
        Archive.from_bytes(content, "x.zip")


def test_the_table_has_a_row_for_each_submission(tmp_path):
    path = tmp_path / "grades.csv"
    one = Graded("zoe", None, "exit status 1")
    write_table(path, ASSIGNMENT, [one, graded("ada", 3.5, notes=("=1+1",))])
    assert rows(path) == [
        {
            "submission": "ada",
            "points": "3.5",
            "maximum": "6",
            "q1": "3.5",
            "q2": "0",
            # Not what a spreadsheet would compute.
            "remarks": "'=1+1",
        },
        {
            "submission": "zoe",
            "points": "",
            "maximum": "",
            "q1": "",
            "q2": "",
            "remarks": "the grader failed: exit status 1",
        },
    ]


def test_a_roster_is_filled_in_and_keeps_its_columns(tmp_path):
    export = tmp_path / "gradebook.csv"
    export.write_text(
        "\ufeffStudent,ID,Section\nDoe Jane,101,A\nRoe Richard,102,A\nPoe Paula,103,B\n",
        encoding="utf-8",
    )
    roster = read_roster(export, "ID")
    path = tmp_path / "grades.csv"
    write_table(
        path,
        ASSIGNMENT,
        [graded("doejane_101_777_gradient", 4.0), graded("102", 2.0), graded("guest", 1.0)],
        roster,
    )
    table = rows(path)
    assert list(table[0])[:4] == ["Student", "ID", "Section", "submission"]
    assert [(row["Student"], row["points"], row["remarks"]) for row in table] == [
        ("Doe Jane", "4", ""),
        ("Roe Richard", "2", ""),
        ("Poe Paula", "0", "nothing handed in"),
        ("", "1", ""),
    ]


def test_a_roster_that_cannot_be_matched_is_refused(tmp_path):
    export = tmp_path / "gradebook.csv"
    export.write_text("login\nada\nADA\n")
    with pytest.raises(ValueError, match="belongs to several rows"):
        read_roster(export).match(["ada"])
    export.write_text("login\nada\n")
    with pytest.raises(ValueError, match="several submissions"):
        read_roster(export).match(["ada", "ada_late"])
    with pytest.raises(ValueError, match="no column 'id'; it has login"):
        read_roster(export, "id")
    export.write_text("login\n")
    with pytest.raises(ValueError, match="no students"):
        read_roster(export)


def test_nothing_of_a_submission_is_run_in_its_page(tmp_path):
    path = tmp_path / "page.html"
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>`<b>`"
    write_page(path, ASSIGNMENT, graded("ada", 3.0, attack, notes=(attack,)))
    page = path.read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<img" not in page
    assert "<code>&lt;b&gt;</code>" in page
    assert "default-src 'none'" in page
    assert re.search(r"3 of 6 points</strong>, and up to 3 more for written answers", page)
    assert "<pre>So.</pre>" in page
