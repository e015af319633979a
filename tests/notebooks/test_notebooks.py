"""Every notebook of the book is stored executed, in normal form and fit to be read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import notebooks as tool
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
IMAGES = ("image/png", "image/svg+xml", "image/jpeg")
SHORTEST_DESCRIPTION = 20  # characters

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))


def entries(node: Any) -> list[str]:
    """Every file named in a piece of the table of contents."""
    if isinstance(node, list):
        return [name for item in node for name in entries(item)]
    if isinstance(node, dict):
        own = [node[key] for key in ("root", "file") if key in node]
        return own + [
            n for key in ("parts", "chapters", "sections") for n in entries(node.get(key))
        ]
    return []


NOTEBOOKS = tool.notebooks()
#: Notebooks that stand in the table of contents, and those of them that are chapters.
LISTED = [ROOT / f"{name}.ipynb" for name in entries(TOC) if (ROOT / f"{name}.ipynb").is_file()]
CHAPTERS = [path for path in LISTED if path.stem != "prerequisites"]


def label(path: Path) -> str:
    return path.relative_to(BOOK).with_suffix("").as_posix()


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    return [cell for cell in tool.read(path)["cells"] if cell["cell_type"] == kind]


def prose(path: Path) -> str:
    return "\n\n".join(tool.source_of(cell) for cell in cells(path, "markdown"))


def test_every_listed_page_exists() -> None:
    names = entries(TOC)
    assert len(names) == len(set(names))
    for name in names:
        found = [s for s in (".ipynb", ".md") if (ROOT / f"{name}{s}").is_file()]
        assert len(found) == 1, f"{name}: {found or 'no file'}"


def test_every_page_is_listed() -> None:
    listed = {ROOT / name for name in entries(TOC)}
    for path in [*NOTEBOOKS, *sorted(BOOK.glob("*.md"))]:
        if BOOK / "assignments" not in path.parents:
            assert path.with_suffix("") in listed, f"{path.name} is not in _toc.yml"


def test_there_are_chapters() -> None:
    assert len(CHAPTERS) >= 4


@pytest.mark.parametrize("path", NOTEBOOKS, ids=label)
def test_stored_executed_and_normal(path: Path) -> None:
    assert tool.faults(path) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=label)
def test_pictures_have_descriptions(path: Path) -> None:
    for index, cell in enumerate(cells(path, "code")):
        pictures = [o for o in cell["outputs"] if any(m in o.get("data", {}) for m in IMAGES)]
        if not pictures:
            continue
        description = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
        where = f"code cell {index + 1} [{cell['id']}]"
        assert len(description) >= SHORTEST_DESCRIPTION, f"{where}: {description!r}"
        assert len(pictures) == 1, f"{where} shows several pictures under one description"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=label)
def test_markdown_reads_well_without_sphinx(path: Path) -> None:
    text = prose(path)
    assert re.findall(r"^\s*(?:```+|~~~+)\{[^}]*\}", text, re.M) == [], "use colon fences"
    roles = re.findall(r"\{(?:ref|eq|doc|cite[:\w]*|prf:ref|numref|term|math|glue[:\w]*)\}`", text)
    assert roles == [], "use ordinary links"
    assert not re.search(r"!\[\s*\]\(", text), "an image without a description"
    for cell in cells(path, "markdown"):
        opened = re.findall(r"^:{3,}(?=\{)", tool.source_of(cell), re.M)
        closed = re.findall(r"^:{3,}\s*$", tool.source_of(cell), re.M)
        assert sorted(map(len, opened)) == sorted(len(c.strip()) for c in closed), (
            f"[{cell['id']}] has an unclosed fence"
        )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=label)
def test_begins_with_its_title(path: Path) -> None:
    # A master of Otter Assign has its configuration before everything.
    first = next(cell for cell in tool.read(path)["cells"] if cell["cell_type"] != "raw")
    assert first["cell_type"] == "markdown"
    assert tool.source_of(first).startswith("# ")
    assert len(re.findall(r"^# ", prose(path), re.M)) == 1


@pytest.mark.parametrize("path", CHAPTERS, ids=label)
def test_exercises_have_solutions(path: Path) -> None:
    text = prose(path)
    exercises = re.findall(r"^:{3,}\{exercise\}[^\n]*\n((?::[\w-]+:[^\n]*\n)*)", text, re.M)
    labels = [re.search(r"^:label: (\S+)", options, re.M) for options in exercises]
    names = [found.group(1) for found in labels if found]
    assert len(names) == len(exercises), "an exercise without a label"
    assert len(set(names)) == len(names)
    assert len(names) >= 4
    solved = re.findall(r"^:{3,}\{solution(?:-start)?\} (\S+)\s*\n", text, re.M)
    assert sorted(solved) == sorted(names)
    folded = re.findall(
        r"^:{3,}\{solution(?:-start)?\} \S+\s*\n(?::[\w-]+:[^\n]*\n)*?:class: dropdown", text, re.M
    )
    assert len(folded) == len(solved), "a solution that is not hidden (:class: dropdown)"
    assert text.count("{solution-start}") == text.count("{solution-end}")
    after_all_exercises = text.rfind("{exercise}") < text.find("{solution")
    assert after_all_exercises, "solutions belong at the end of the notebook"
