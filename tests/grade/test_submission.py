import json
import zipfile

import pytest

from shortcutlib.grade import submission
from shortcutlib.grade.submission import SubmissionError, forbidden_imports, read_submission
from tests.grade.sample import notebook, write

MODULES = ["shortcutlib.population", "torch"]


@pytest.mark.parametrize(
    "source",
    [
        "import torch",
        "import numpy, torch.nn as nn",
        "from torch import nn",
        "from shortcutlib import population",
        "from shortcutlib.population import loss as f",
        "import shortcutlib.population",
        "import shortcutlib\nshortcutlib.population.loss",
        "def f():\n    if True:\n        import torch",
        "__import__('torch')",
        "import importlib\nimportlib.import_module('torch.nn')",
    ],
)
def test_forbidden_imports_are_found(source):
    found = forbidden_imports(source, MODULES)
    assert len(found) == 1
    assert found[0] in MODULES


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np",
        "import torchvision",
        "from shortcutlib import Teacher",
        "from . import population",
        "population = 3",
        "text = 'import torch'",
        "# import torch",
        "not Python",
    ],
)
def test_other_imports_are_not(source):
    assert forbidden_imports(source, MODULES) == []


def test_cells_are_numbered_as_in_the_notebook(tmp_path):
    path = write(tmp_path / "a.ipynb", "x = 1", "", "%%html\n<b>", "%time y = 2", texts=("text",))
    cells = read_submission(path, "a.ipynb").cells
    assert [cell.number for cell in cells] == [1, 4]
    assert cells[0].title == "cell 1 (`x = 1`)"
    assert "%" not in cells[1].source
    assert "run_line_magic" in cells[1].source


def test_written_answers_are_found_between_the_marks(tmp_path):
    texts = (
        "<!-- BEGIN QUESTION -->\n\n**Question q3** Explain.",
        "Because.",
        "And so on.",
        "<!-- END QUESTION -->",
        "No answer.",
    )
    path = write(tmp_path / "a.ipynb", texts=texts)
    assert read_submission(path, "a.ipynb").texts == {"q3": "Because.\n\nAnd so on."}


def test_strange_cells_are_passed_over(tmp_path):
    path = tmp_path / "a.ipynb"
    strange = [None, 3, {"cell_type": "code"}, {"cell_type": "code", "source": [1, "x = 1"]}]
    path.write_text(json.dumps({"cells": strange}))
    assert [cell.source for cell in read_submission(path, "a.ipynb").cells] == ["x = 1\n"]


def test_one_of_several_notebooks_is_chosen_by_its_name(tmp_path):
    write(tmp_path / "a" / "sample.ipynb", "right = 1")
    write(tmp_path / "a" / "notes.ipynb", "wrong = 1")
    assert "right" in read_submission(tmp_path / "a", "sample.ipynb").cells[0].source
    with pytest.raises(SubmissionError, match="several notebooks"):
        read_submission(tmp_path / "a", "other.ipynb")


def test_large_files_are_refused_without_being_read(tmp_path, monkeypatch):
    monkeypatch.setattr(submission, "LARGEST", 1000)
    path = write(tmp_path / "a.ipynb", "x = 1  " + "#" * 2000)
    with pytest.raises(SubmissionError, match=r"larger than 0 MB. Clear the outputs"):
        read_submission(path, "a.ipynb")
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("a.ipynb", json.dumps(notebook("x = 1" + " " * 10_000_000)))
    assert (tmp_path / "b.zip").stat().st_size < 100_000
    with pytest.raises(SubmissionError, match="larger than"):
        read_submission(tmp_path / "b.zip", "a.ipynb")
