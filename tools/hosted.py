"""The cell that makes a notebook run where only the notebook is: on Google Colab.

It installs the library there, in the release that the notebook belongs to, and does nothing
anywhere else.  The address comes from ``repository: url`` in ``_config.yml``; the variable
SHORTCUTLIB_SOURCE takes its place, for a test or for a copy of the book that has no address.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from release import version

ROOT = Path(__file__).resolve().parent.parent
#: By which the cell of a chapter is found again.
CELL_ID = "on-colab"
#: Checks of the assignments: Otter and what it imports when it checks, without what these ask for
#: besides; Otter's own requirements would change a third of the packages that are there.
OTTER = ("otter-grader==7.0.0", "fica", "ipylab", "python-frontmatter", "python-on-whales")


def address() -> str:
    """The public address of the repository, or nothing."""
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return str(settings["repository"]["url"] or "").rstrip("/")


def wheel() -> str:
    """Where the release's wheel of the library is, or nothing while there is no address."""
    if not address():
        return ""
    name = f"shortcutlib-{version()}-py3-none-any.whl"
    return f"{address()}/releases/download/v{version()}/{name}"


def chapter_cell() -> str:
    """The first code cell of a chapter."""
    return f'''\
# On Google Colab this cell installs the library of the book; anywhere else it does nothing.
import sys

if "google.colab" in sys.modules:
    import os
    import subprocess

    source = os.environ.get("SHORTCUTLIB_SOURCE", "{wheel()}")
    assert source, "this copy of the book has no address: set SHORTCUTLIB_SOURCE to the library's"
    install = [sys.executable, "-m", "pip", "install", "--quiet"]
    subprocess.run([*install, f"shortcutlib[chapters] @ {{source}}"], check=True)
'''


def put_cell(notebook: dict[str, Any]) -> None:
    """Give a chapter its first cell, or bring the one that it has up to date."""
    cells = notebook["cells"]
    source = chapter_cell().rstrip().splitlines(keepends=True)
    for cell in cells:
        if cell.get("id") == CELL_ID:
            cell["source"] = source
            return
    first = next(i for i, cell in enumerate(cells) if cell["cell_type"] == "code")
    new = {"cell_type": "code", "id": CELL_ID, "execution_count": None, "outputs": []}
    # The pages do not show it.
    new |= {"metadata": {"tags": ["remove-cell"]}, "source": source}
    cells.insert(first, new)


def assignment_cell(name: str, checks: dict[str, str]) -> str:
    """The first code cell of a student's notebook: as for a chapter, and the checks with it."""
    files = "\n".join(f"    {file!r}: {text!r}," for file, text in checks.items())
    more = f'    subprocess.run([*install, "--no-deps", *{list(OTTER)}], check=True)\n'
    _, _, install = chapter_cell().partition("\n")
    return f"""\
# Run this cell first, wherever you are: it makes `grader`, which runs the checks.
# On Google Colab it also installs the library of the book.
{install}\
{more}
# The checks that grader.check runs.
from pathlib import Path

import otter

folder = Path("checks-{name}")
folder.mkdir(exist_ok=True)
checks = {{
{files}
}}
for file, text in checks.items():
    (folder / file).write_text(text, encoding="utf-8")
grader = otter.Notebook(tests_dir=str(folder))
"""
