"""The ledger itself: every row well formed, every test there, no numbered item forgotten."""

import ast
import importlib
import json
import re
from pathlib import Path

import pytest
import yaml

from tests.claims.ledger import LEDGER, VERDICTS, rows

ROOT = LEDGER.parents[1]
FIELDS = {
    "id", "item", "where", "says", "verdict", "printed", "best", "best_value", "found", "chapter",
    "test",
}  # fmt: skip

#: Every numbered item of the documents.
NUMBERED = {
    "liu2019": [
        *(f"Equation ({n})" for n in range(1, 13)),
        "Assumption 1",
        "Proposition 1",
        "Theorem 2",
        "Definition 3",
        "Theorem 4",
        *(f"Lemma {n}" for n in (5, 6, 7, 8, 9, 11, 12, 14, 15)),
        "Theorem 10",
        "Theorem 13",
        *(f"Figure {n}" for n in range(1, 6)),
        "Table 1",
        "Footnote 2",
        "Footnote 3",
    ],
    "shamir2018": [
        "Equation (1)",
        "Equation (2)",
        "Assumption 1",
        "Definition 1",
        "Lemma 1",
        *(f"Theorem {n}" for n in range(1, 5)),
        "Corollary 1",
        "Example 1",
        *(f"Remark {n}" for n in range(1, 4)),
        "Figure 1",
    ],
    "li-yuan2017": [
        "Equation (1)",
        "Equation (2)",
        "Lemma 2.1",
        *(f"Definition 2.{n}" for n in (2, 3, 4)),
        "Lemma 2.5",
        *(f"Theorem 3.{n}" for n in (1, 2, 3)),
        *(f"Figure {n}" for n in range(1, 9)),
        "Table 1",
        *(f"Footnote {n}" for n in (1, 2, 3)),
    ],
}


def _tests() -> dict[str, tuple[str, ...]]:
    """The ids that each test of the ledger claims to judge, by the test's name in pytest."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if path.name == Path(__file__).name:
            continue
        module = importlib.import_module(f"tests.claims.{path.stem}")
        for name, function in vars(module).items():
            if name.startswith("test_"):
                found[f"tests/claims/{path.name}::{name}"] = getattr(function, "claims", ())
    return found


def test_ids_are_unique():
    listed = [row["id"] for row in yaml.safe_load(LEDGER.read_text(encoding="utf-8"))]
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("row", rows().values(), ids=lambda row: row["id"])
def test_row_is_well_formed(row):
    assert set(row) <= FIELDS
    assert {"id", "item", "where", "says", "verdict", "chapter"} <= set(row)
    assert row["verdict"] in VERDICTS
    for field in set(row) - {"best_value"}:
        assert isinstance(row[field], str), field
        assert row[field].strip(), field
    verdict = row["verdict"]
    assert ("test" in row) == (verdict != "not checkable")
    if verdict == "better constant":
        assert {"printed", "best", "best_value"} <= set(row)
    if verdict in ("misprint", "needs a condition"):
        assert "best" in row, "what would be right?"
    if verdict in ("misprint", "needs a condition", "false as printed", "not checkable"):
        assert "found" in row, "what is the counterexample, or the reason?"


def test_every_row_has_the_test_it_names():
    claimed = _tests()
    for row in rows().values():
        if "test" in row:
            assert row["test"] in claimed, f"{row['id']}: there is no {row['test']}"
            assert row["id"] in claimed[row["test"]], f"{row['test']} does not judge {row['id']}"


def test_every_test_judges_rows_of_the_ledger():
    for name, ids in _tests().items():
        assert ids, f"{name} returns evidence to nobody"
        for row_id in ids:
            assert rows()[row_id]["test"] == name


@pytest.mark.parametrize("source", NUMBERED)
def test_no_numbered_item_is_missing(source):
    items = [row["item"] for row in rows().values() if row["id"].startswith(source)]
    for numbered in NUMBERED[source]:
        pattern = re.compile(rf"{re.escape(numbered)}(?![\d.])")
        assert any(pattern.match(item) for item in items), f"{source}: no row for {numbered}"


def _places(page: Path) -> set[str]:
    """The places of a page that a link can name: labels, and headings as the builder names them."""
    if page.suffix == ".ipynb":
        cells = json.loads(page.read_text(encoding="utf-8"))["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    else:
        text = page.read_text(encoding="utf-8")
    places = set(re.findall(r"^:label:\s*(\S+)", text, re.M))
    places |= set(re.findall(r"^\((\S+)\)=", text, re.M))
    for heading in re.findall(r"^#+\s+(.+)$", text, re.M):
        places.add(re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-"))
    return places


@pytest.mark.parametrize("row", rows().values(), ids=lambda row: row["id"])
def test_chapter_exists(row):
    name, _, place = row["chapter"].partition("#")
    pages = [ROOT / "book" / f"{name}{suffix}" for suffix in (".ipynb", ".md")]
    page = next((p for p in pages if p.exists()), None)
    assert page is not None, f"there is no page {name}"
    if place:
        assert place in _places(page), f"{name} has no place {place!r}"


def test_evidence_is_returned_not_asserted_away():
    """A test of a claim ends by returning evidence: one that returns None would judge nothing."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if path.name == Path(__file__).name:
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                assert isinstance(node.body[-1], ast.Return), f"{path.name}::{node.name}"
