"""Each assignment: it can be made, its own solution passes, and its checks can tell."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import assignments as tool
import nbformat
import pytest
import yaml
from nbclient import NotebookClient

from shortcutlib.grade.archive import Archive
from shortcutlib.grade.judge import judge
from shortcutlib.grade.remote import Limits
from shortcutlib.grade.submission import read_submission
from tests.assignments.answers import WRONG

ROOT = Path(__file__).parents[2]
MASTERS = ROOT / "book" / "assignments"
ENTRIES = yaml.safe_load((MASTERS / "assignments.yml").read_text(encoding="utf-8"))
NAMES = [entry["name"] for entry in ENTRIES]
#: Generous: the machine may be busy, and no test here is about time.
LIMITS = Limits(cell=120, call=120, total=500)


def make(out: Path, *more: str) -> None:
    """Run the program as `make assignments` does."""
    command = [sys.executable, str(ROOT / "tools" / "assignments.py"), "--out", str(out), *more]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All assignments, made once."""
    out = tmp_path_factory.mktemp("assignments")
    make(out)
    return out


def archive(made: Path, name: str) -> Archive:
    return Archive.read(made / name / f"{name}-autograder.zip")


def test_every_master_is_listed_and_has_wrong_answers():
    assert {path.stem for path in MASTERS.glob("*.ipynb")} == set(NAMES)
    assert set(WRONG) == set(NAMES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["name"])
def test_the_list_says_what_the_notebook_is(entry, made):
    assert set(entry) == {
        *("name", "title", "part", "chapters", "hours", "points", "asks", "forbidden"),
    }
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    assert entry["part"] in {part["caption"] for part in toc["parts"]}
    listed = {c["file"] for part in toc["parts"] for c in part["chapters"]}
    assert {f"book/{chapter}" for chapter in entry["chapters"]} <= listed
    notebook = json.loads((MASTERS / f"{entry['name']}.ipynb").read_text(encoding="utf-8"))
    text = "".join(notebook["cells"][1]["source"])
    assert text.startswith(f"# {entry['title']}\n")
    about = archive(made, entry["name"])
    assert about.title == entry["title"]
    points = sum(_points(source) for source in about.tests.values())
    points += sum(question.points for question in about.written)
    assert points == entry["points"]
    assert f"{points:g} points" in text
    assert entry["hours"] in text.lower()


def _points(source: str) -> float:
    return sum(float(points) for points in re.findall(r"@test_case\(points=([\d.]+)", source))


@pytest.mark.parametrize("name", NAMES)
def test_no_answer_earns_nothing(name, made):
    result = judge(made / name / "student" / f"{name}.ipynb", archive(made, name), LIMITS)
    assert result.problem == ""
    assert result.points == 0, [q for q in result.questions if q.points]


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_earns_everything_here_too(name, made):
    # Otter has run it already, when the assignment was made; this is the project's own grader.
    result = judge(made / name / "solution" / f"{name}.ipynb", archive(made, name), LIMITS)
    assert result.notes == []
    assert result.points == result.maximum


@pytest.mark.parametrize("name", NAMES)
def test_wrong_answers_earn_what_they_should(name, made, tmp_path):
    """All wrong answers to an assignment, each in a notebook of its own."""
    about = archive(made, name)
    for number, wrong in enumerate(WRONG[name]):
        path = tmp_path / f"{number}.ipynb"
        notebook = json.loads((made / name / "solution" / f"{name}.ipynb").read_text())
        # Up to the check of its question, in place of which it stands: what comes later takes time.
        sources = ["".join(cell["source"]) for cell in notebook["cells"]]
        del notebook["cells"][sources.index(f'grader.check("{wrong.question}")') :]
        cell = {"cell_type": "code", "source": wrong.code, "metadata": {}, "outputs": []}
        notebook["cells"].append({**cell, "execution_count": None})
        path.write_text(json.dumps(notebook), encoding="utf-8")
        # The other questions need not be graded again.
        alone = Archive(**{**vars(about), "tests": {wrong.question: about.tests[wrong.question]}})
        (question,) = judge(path, alone, LIMITS).questions
        said = " ".join(case.message for case in question.cases)
        assert question.points == pytest.approx(wrong.points), (wrong, said)
        assert wrong.says in said


@pytest.mark.parametrize("name", NAMES)
def test_a_variant_has_other_numbers_and_a_right_solution(name, made, tmp_path):
    # Making it runs the solution against the checks of the variant.
    make(tmp_path, name, "--seed", "7")
    variant = archive(tmp_path, name)
    assert variant.digest != archive(made, name).digest
    text = (tmp_path / name / "student" / f"{name}.ipynb").read_text(encoding="utf-8")
    assert "SEED = 7" in text
    assert "SEED = 0" not in text


@pytest.mark.parametrize("name", NAMES)
def test_students_get_no_answers_and_no_hidden_checks(name, made):
    student = (made / name / "student" / f"{name}.ipynb").read_text(encoding="utf-8")
    for mark in ("SOLUTION", "hidden=True", "BEGIN TESTS", "HIDDEN"):
        assert mark not in student
    master = json.loads((MASTERS / f"{name}.ipynb").read_text(encoding="utf-8"))
    secret = 0
    hidden = [
        "".join(cell["source"])
        for cell in master["cells"]
        if cell["cell_type"] == "code" and "hidden: true" in "".join(cell["source"])
    ]
    for source in [*_solutions(name), *hidden]:
        lines = [line.strip() for line in source.splitlines() if len(line.strip()) > 25]
        telling = [line for line in lines if not line.startswith(("#", "def ", "import "))]
        for line in telling:
            secret += 1
            assert json.dumps(line)[1:-1] not in student or _public(master, line), line
    assert secret > 5
    given = read_submission(made / name / "student" / f"{name}.ipynb", f"{name}.ipynb")
    assert any("..." in cell.source for cell in given.cells)
    for cell in given.cells:
        # What is left of a solution must still be Python: a line in the middle may have gone.
        compile(cell.source, cell.title, "exec")
        # And an unanswered notebook runs to its end: an ellipsis cannot be unpacked.
        assert not re.search(r"^[^=#\n(]+,[^=#\n]* = \.\.\.$", cell.source, re.M), cell.source


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["name"])
def test_a_copy_that_lies_alone_leads_nowhere_and_names_what_is_barred(entry, made):
    name = entry["name"]
    student = json.loads((made / name / "student" / f"{name}.ipynb").read_text(encoding="utf-8"))
    texts = ["".join(c["source"]) for c in student["cells"] if c["cell_type"] == "markdown"]
    assert not any("](../" in text for text in texts)
    for module in entry["forbidden"]:
        assert f"`{module}`" in texts[0].splitlines()[-1]


def test_links_lead_to_the_published_pages(monkeypatch):
    text = "See [Noise](../noise.ipynb#a-batch) and [all](../claims.md), not [this](#here)."
    assert tool.leading_out(text) == "See *Noise* and *all*, not [this](#here)."
    monkeypatch.setattr(tool.hosted, "address", lambda: "https://github.com/somebody/a-book")
    base = "https://somebody.github.io/a-book/book"
    assert tool.leading_out(text) == (
        f"See [Noise]({base}/noise.html#a-batch) and [all]({base}/claims.html), not [this](#here)."
    )


def _public(master, line: str) -> bool:
    """Whether a line stands in a public check or in the text as well."""
    inside = False
    for cell in master["cells"]:
        source = "".join(cell["source"])
        inside = inside or source == "# BEGIN SOLUTION"
        inside = inside and source != "# END SOLUTION"
        if not inside and "hidden: true" not in source and line in source:
            return True
    return False


@pytest.mark.parametrize("name", NAMES)
def test_the_students_notebook_runs_alone_and_checks(name, made, tmp_path):
    """From an empty folder, with the solution in the place of the answers."""
    student = json.loads((made / name / "student" / f"{name}.ipynb").read_text())
    answers = iter(_solutions(name))
    for cell in student["cells"]:
        answered = "otter_answer_cell" in cell["metadata"].get("tags", [])
        if answered and cell["cell_type"] == "code":
            cell["source"] = next(answers)
    assert next(answers, None) is None
    node = nbformat.reads(json.dumps(student), as_version=4)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    client = NotebookClient(
        node, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute(env=environment)
    checked = [
        "".join(output.get("data", {}).get("text/plain", ""))
        for cell in node.cells
        if cell.source.startswith("grader.check(")
        for output in cell.outputs
    ]
    assert len(checked) == len(archive(made, name).tests)
    assert all("All test cases passed!" in text for text in checked), checked


def _solutions(name: str) -> list[str]:
    """The code cells of a master that students have to write."""
    master = json.loads((MASTERS / f"{name}.ipynb").read_text(encoding="utf-8"))
    found = []
    inside = False
    for cell in master["cells"]:
        source = "".join(cell["source"])
        if source in ("# BEGIN SOLUTION", "# END SOLUTION"):
            inside = source == "# BEGIN SOLUTION"
        elif inside and cell["cell_type"] == "code":
            found.append(source)
    return found


def test_a_solution_that_fails_its_own_checks_stops_the_program(tmp_path, monkeypatch):
    masters = tmp_path / "masters"
    masters.mkdir()
    notebook = (MASTERS / "gradient.ipynb").read_text(encoding="utf-8")
    broken = notebook.replace("return 0.5 * (\\n", "return 0.4 * (\\n")
    assert broken != notebook
    (masters / "gradient.ipynb").write_text(broken, encoding="utf-8")
    monkeypatch.setattr(tool, "MASTERS", masters)
    wheel = tool.build_wheel(tmp_path)
    with pytest.raises(tool.AssignmentError, match="gradient: Some autograder tests failed"):
        tool.make(ENTRIES[0], tmp_path / "out", 0, wheel)
    assert not (tmp_path / "out").exists()
