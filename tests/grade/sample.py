"""A small assignment to grade, and notebooks as students might hand them in."""

import io
import json
import zipfile
from pathlib import Path

CHECKS = {
    "q1": """
from otter.test_files import test_case

OK_FORMAT = False

name = "q1"
points = 4

@test_case(points=1, hidden=False, success_message="Right.", failure_message="Try 2.")
def test_number(double):
    import numpy as np
    assert np.isclose(double(2.0), 4.0), f"double(2) is {double(2.0)}"

@test_case(points=2, hidden=True, failure_message="Does it work for arrays?")
def test_array(double):
    import numpy as np
    x = np.arange(3.0)
    answer = double(x)
    assert isinstance(answer, np.ndarray), "an array was expected"
    assert answer.shape == (3,), f"the shape is {answer.shape}"
    assert answer.dtype == float, f"the type is {answer.dtype}"
    assert np.allclose(answer, 2 * x)

@test_case(points=1, hidden=True)
def test_text_is_refused(double):
    try:
        double("text")
    except TypeError:
        return
    raise AssertionError("no TypeError")
""",
    "q2": """
from otter.test_files import test_case

OK_FORMAT = False

name = "q2"
points = 2

@test_case(points=2, hidden=False)
def test_answer(answer):
    assert abs(answer - 42) < 1e-9, f"answer is {answer}"
""",
}

ABOUT = {
    "name": "sample",
    "title": "A sample",
    "notebook": "sample.ipynb",
    "forbidden": ["shortcutlib.population", "decimal"],
    "written": [{"name": "q3", "points": 3}],
}

MAXIMUM = 6.0

#: A right answer to everything that a machine reads.
RIGHT = """\
import numpy as np

def double(x):
    if isinstance(x, str):
        raise TypeError("no text")
    return 2 * x
"""


def archive(checks: dict[str, str] = CHECKS, about: dict[str, object] = ABOUT) -> bytes:
    """The bytes of the autograder archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        for name, source in checks.items():
            out.writestr(f"tests/{name}.py", source)
        out.writestr("otter_config.json", json.dumps({"assignment_name": "sample"}))
        out.writestr("files/assignment.json", json.dumps(about))
        out.writestr("files/numbers.txt", "1 2 3\n")
        out.writestr("files/shortcutlib-0.0.0-py3-none-any.whl", "not for the submission")
    return file.getvalue()


def notebook(*cells: str, texts: tuple[str, ...] = ()) -> dict[str, object]:
    """A notebook with code cells, and markdown cells after them."""
    code = [
        {"cell_type": "code", "source": c, "metadata": {}, "outputs": [], "execution_count": None}
        for c in cells
    ]
    prose = [{"cell_type": "markdown", "source": text, "metadata": {}} for text in texts]
    return {"cells": code + prose, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def write(path: Path, *cells: str, texts: tuple[str, ...] = ()) -> Path:
    """Write such a notebook."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook(*cells, texts=texts)), encoding="utf-8")
    return path
