"""A folder of submissions of the kinds that break graders: none stops the batch, none scores more
than it should, and each is told what happened."""

import csv
import json
import zipfile
from pathlib import Path

import pytest

from shortcutlib.grade.__main__ import main
from shortcutlib.grade.archive import Archive
from shortcutlib.grade.batch import Graded, grade_folder
from shortcutlib.grade.remote import Limits
from tests.grade.sample import MAXIMUM, RIGHT, archive, notebook, write

ANSWER = "answer = 42.0"
#: Generous, since the machine may be busy; the loops below run into the first two.
LIMITS = Limits(cell=10, call=10, total=240, memory=2048)


def all_right(folder: Path) -> None:
    write(folder / "all_right.ipynb", RIGHT, ANSWER)


def no_answer(folder: Path) -> None:
    write(folder / "no_answer.ipynb", "def double(x):\n    ...", "answer = ...")


def nothing_at_all(folder: Path) -> None:
    write(folder / "nothing_at_all.ipynb")


def error_at_import(folder: Path) -> None:
    write(folder / "error_at_import.ipynb", "import a_module_that_is_not_there", ANSWER)


def syntax_error(folder: Path) -> None:
    write(folder / "syntax_error.ipynb", "def double(x):\n    return 2 *", ANSWER)


def loop_in_a_cell(folder: Path) -> None:
    write(folder / "loop_in_a_cell.ipynb", RIGHT, "while True:\n    pass", ANSWER)


def loop_in_a_function(folder: Path) -> None:
    write(
        folder / "loop_in_a_function.ipynb",
        "def double(x):\n    while True:\n        pass",
        ANSWER,
    )


def loop_that_catches_everything(folder: Path) -> None:
    source = (
        "def double(x):\n    while True:\n        try:\n            import time; time.sleep(1)\n"
        "        except BaseException:\n            pass"
    )
    write(folder / "loop_that_catches_everything.ipynb", source, ANSWER)


def exit_in_a_cell(folder: Path) -> None:
    write(folder / "exit_in_a_cell.ipynb", "import os\nos._exit(0)", RIGHT, ANSWER)


def exit_in_a_function(folder: Path) -> None:
    write(
        folder / "exit_in_a_function.ipynb",
        "import os\ndef double(x):\n    os._exit(0)",
        ANSWER,
    )


def polite_exit(folder: Path) -> None:
    write(folder / "polite_exit.ipynb", "raise SystemExit", RIGHT, ANSWER)


def ten_gigabytes(folder: Path) -> None:
    write(
        folder / "ten_gigabytes.ipynb",
        "import numpy as np\nblock = np.ones(10 * 2**27)",
        "def double(x):\n    return np.ones(10 * 2**27)",
        ANSWER,
    )


def checks_deleted_and_edited(folder: Path) -> None:
    # What is left of the cells with the checks; the real checks are in the archive.
    write(
        folder / "checks_deleted_and_edited.ipynb",
        "import otter\ngrader = otter.Notebook('sample.ipynb')",
        "answer = 41.0",
        "grader.check('q2', force_pass=True)",
        "points = {'q1': 4, 'q2': 2}",
    )


def checks_rewritten(folder: Path) -> None:
    # Where Otter's own run keeps its checks: below the folder that the notebook is run in.
    attack = """\
import os
text = "OK_FORMAT = False\\nname = 'q2'\\npoints = 6\\n"
os.makedirs("tests", exist_ok=True)
for path in ["tests/q1.py", "tests/q2.py"]:
    open(path, "w").write(text)
"""
    write(folder / "checks_rewritten.ipynb", attack, "answer = 0.0")


def overwritten_grader(folder: Path) -> None:
    attack = """\
class Grader:
    def check(self, question):
        return "all passed"
    def check_all(self):
        return {"q1": 4, "q2": 2}
grader = Grader()
"""
    write(folder / "overwritten_grader.ipynb", attack, "answer = 0.0", "grader.check_all()")


def patched_comparison(folder: Path) -> None:
    attack = """\
import builtins, numpy as np
np.isclose = np.allclose = lambda *a, **k: True
np.testing.assert_allclose = lambda *a, **k: None
builtins.abs = lambda x: 0

class Equal(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return Equal(0)
    def __abs__(self): return Equal(0)
    def __lt__(self, other): return True

def double(x):
    return Equal(7)
answer = Equal(7)
"""
    write(folder / "patched_comparison.ipynb", attack)


def patched_process(folder: Path) -> None:
    # Breaks the very process that should hand out the answers.
    write(
        folder / "patched_process.ipynb",
        "import builtins\nbuiltins.isinstance = lambda *a: True\nanswer = 42",
    )


def patched_grader(folder: Path) -> None:
    # Looks for the grader's own modules in its process.
    attack = """\
import gc, sys
for module in list(sys.modules.values()):
    for name in ("AnswerError", "Failed"):
        if hasattr(module, name):
            setattr(module, name, None)
import shortcutlib.grade.judge as judge
judge._tried = lambda case, names: (True, "")
answer = 0.0
"""
    write(folder / "patched_grader.ipynb", attack)


def forged_answers(folder: Path) -> None:
    # Writes into the pipe to the grader what it likes.
    attack = """\
import gc
from multiprocessing.connection import Connection
for thing in gc.get_objects():
    if isinstance(thing, Connection) and thing.writable:
        for _ in range(50):
            thing.send_bytes(b'{"value": "42.0"}')
            thing.send_bytes(b'not even JSON')
"""
    write(folder / "forged_answers.ipynb", attack)


def wrong_shape(folder: Path) -> None:
    write(
        folder / "wrong_shape.ipynb",
        "import numpy as np\ndef double(x):\n    return np.zeros((2, 2)) if np.ndim(x) else 2 * x",
        "import numpy as np\nanswer = np.array([42.0, 42.0])",
    )


def wrong_type(folder: Path) -> None:
    write(
        folder / "wrong_type.ipynb",
        "import numpy as np\n"
        "def double(x):\n    return (2 * x).astype('float32') if np.ndim(x) else 2 * x",
        "answer = 'forty-two'",
    )


def forbidden_import(folder: Path) -> None:
    write(
        folder / "forbidden_import.ipynb",
        "from shortcutlib import population\n" + RIGHT,
        "answer = __import__('deci' + 'mal').Decimal(42)",
    )


def forbidden_by_detours(folder: Path) -> None:
    write(
        folder / "forbidden_by_detours.ipynb",
        "import importlib\nanswer = float(importlib.import_module('deci' + 'mal').Decimal(42))",
        "import shortcutlib\ndouble = shortcutlib.population.loss",
    )


def metadata_lost(folder: Path) -> None:
    content = notebook(RIGHT, ANSWER)
    for cell in content["cells"]:
        for key in ("metadata", "outputs", "execution_count"):
            cell.pop(key, None)
        cell["source"] = cell["source"].splitlines(keepends=True)
    (folder / "metadata_lost.ipynb").write_text(json.dumps({"cells": content["cells"]}))


def not_a_notebook(folder: Path) -> None:
    (folder / "not_a_notebook.pdf").write_bytes(b"%PDF-1.7\n\xff\xfe")


def half_a_notebook(folder: Path) -> None:
    whole = json.dumps(notebook(RIGHT, ANSWER))
    (folder / "half_a_notebook.ipynb").write_text(whole[: len(whole) // 2])


def other_json(folder: Path) -> None:
    (folder / "other_json.ipynb").write_text('{"cells": 3, "metadata": []}')


def empty_folder(folder: Path) -> None:
    (folder / "empty_folder").mkdir()


def in_a_folder(folder: Path) -> None:
    write(folder / "in_a_folder" / "work" / "sample.ipynb", RIGHT, ANSWER)
    write(folder / "in_a_folder" / ".ipynb_checkpoints" / "sample-checkpoint.ipynb", "answer = 1")


def in_a_zip(folder: Path) -> None:
    with zipfile.ZipFile(folder / "in_a_zip.zip", "w") as out:
        out.writestr("sample.ipynb", json.dumps(notebook(RIGHT, ANSWER)))
        out.writestr("__MACOSX/sample.ipynb", "rubbish")


def broken_zip(folder: Path) -> None:
    (folder / "broken_zip.zip").write_bytes(b"PK\x03\x04 and no more")


def magics_and_pictures(folder: Path) -> None:
    write(
        folder / "magics_and_pictures.ipynb",
        "%matplotlib inline\n!rm -rf /nowhere\n%pip install nothing\n" + RIGHT,
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\ndisplay(3)",
        "%%time\nanswer = 42.0",
        "%%bash\necho no",
        "with open('numbers.txt') as file:\n    assert file.read() == '1 2 3\\n'",
    )


#: What each earns, and words that its page must contain.
EXPECTED = {
    all_right: (6, ["Right."]),
    no_answer: (0, ["returns nothing yet", "is not answered yet"]),
    nothing_at_all: (0, ["`double` is not defined"]),
    error_at_import: (2, ["No module named", "`double` is not defined"]),
    syntax_error: (2, ["SyntaxError", "`double` is not defined"]),
    loop_in_a_cell: (6, ["did not end within 10 seconds", "left out"]),
    loop_in_a_function: (2, ["`double` did not end within 10 seconds"]),
    loop_that_catches_everything: (2, ["`double` did not end within 10 seconds"]),
    exit_in_a_cell: (6, ["ended the whole Python process", "left out"]),
    exit_in_a_function: (2, ["`double` ended the whole Python process"]),
    polite_exit: (6, ["SystemExit"]),
    ten_gigabytes: (2, ["MemoryError", "more memory than a submission may use"]),
    checks_deleted_and_edited: (0, ["answer is 41", "`double` is not defined"]),
    checks_rewritten: (0, ["answer is 0"]),
    overwritten_grader: (0, ["answer is 0"]),
    patched_comparison: (0, ["is of type Equal"]),
    patched_process: (0, ["`answer`"]),
    patched_grader: (0, ["answer is 0"]),
    forged_answers: (None, ["`double`"]),
    wrong_shape: (1, ["Does it work for arrays?", "ambiguous"]),
    wrong_type: (1, ["Does it work for arrays?", "unsupported operand"]),
    forbidden_import: (0, ["which this assignment does without", "does without decimal"]),
    forbidden_by_detours: (0, ["does without decimal", "shortcutlib.population"]),
    metadata_lost: (6, ["Right."]),
    not_a_notebook: (0, ["is not a notebook", "Hand in the .ipynb file"]),
    half_a_notebook: (0, ["is not a notebook"]),
    other_json: (0, ["no list of cells"]),
    empty_folder: (0, ["there is no notebook"]),
    in_a_folder: (6, ["Right."]),
    in_a_zip: (6, ["Right."]),
    broken_zip: (0, ["cannot be read"]),
    magics_and_pictures: (6, ["Right."]),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Graded]]:
    """The whole folder, graded by the command as an instructor would."""
    base = tmp_path_factory.mktemp("batch")
    folder = base / "submissions"
    folder.mkdir()
    for make in EXPECTED:
        make(folder)
    (base / "sample-autograder.zip").write_bytes(archive())
    status = main(
        [
            *(str(folder), str(base / "sample-autograder.zip"), "--out", str(base / "out")),
            *("--workers", "2", "--cell-seconds", "10", "--call-seconds", "10"),
            *("--total-seconds", "240", "--memory", "2048"),
        ]
    )
    assert status == 0
    # Finished results are not computed again: this only reads them.
    results = grade_folder(folder, archive(), base / "out" / "results.jsonl", LIMITS)
    return base, {one.name: one for one in results}


def test_every_submission_has_a_result(graded):
    base, results = graded
    assert set(results) == {make.__name__ for make in EXPECTED}
    assert all(one.result is not None and one.failure == "" for one in results.values())
    pages = {path.stem for path in (base / "out" / "feedback").iterdir()}
    assert pages == set(results)
    with (base / "out" / "grades.csv").open(newline="") as file:
        rows = {row["submission"]: row for row in csv.DictReader(file)}
    assert set(rows) == set(results)
    for name, row in rows.items():
        assert float(row["points"]) == results[name].result.points
        assert float(row["q1"]) + float(row["q2"]) == float(row["points"])


@pytest.mark.parametrize("make", EXPECTED, ids=lambda make: make.__name__)
def test_scores_what_it_should_and_says_why(make, graded):
    base, results = graded
    points, words = EXPECTED[make]
    result = results[make.__name__].result
    assert result.maximum == MAXIMUM
    if points is not None:
        assert result.points == points
    said = [result.problem, *result.notes]
    said += [case.message for question in result.questions for case in question.cases]
    for word in words:
        assert any(word in text for text in said), (word, said)
    page = (base / "out" / "feedback" / f"{make.__name__}.html").read_text()
    assert "A sample" in page


def test_forging_answers_earns_no_more_than_guessing(graded):
    # Whoever writes into the pipe chooses what the checks see, as whoever writes a function does;
    # the checks still have to be met.
    _, results = graded
    earned = {q.name: q.points for q in results["forged_answers"].result.questions}
    assert earned["q1"] < 4


def test_a_submission_cannot_reach_the_next_one(graded):
    _, results = graded
    assert results["all_right"].result.points == MAXIMUM
    assert Archive.from_bytes(archive()).digest == Archive.from_bytes(archive()).digest
