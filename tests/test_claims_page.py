"""A ledger that cannot be printed ends the build, and says why."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.claims import ledger

ROOT = Path(__file__).resolve().parents[1]

ROW = {
    "id": "liu2019-lemma-1",
    "item": "Lemma 1",
    "where": "section 1",
    "says": "All is $x$.",
    "verdict": "holds",
    "chapter": "chapter#a-place",
    "test": "tests/claims/test_x.py::test_lemma_1",
}


def build(folder: Path, ledger_text: str) -> tuple[int, str]:
    """Build a book of two pages with this ledger; the exit status and what was said."""
    (folder / "book").mkdir(parents=True, exist_ok=True)
    (folder / "conf.py").write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(ROOT / 'book' / '_extensions')!r})\n"
        "extensions = ['myst_parser', 'claims']\n"
        "myst_enable_extensions = ['colon_fence', 'dollarmath']\n"
        "myst_heading_anchors = 4\n"
        "suppress_warnings = ['myst.xref_missing']\n",
        encoding="utf-8",
    )
    (folder / "index.md").write_text("# Index\n\n[x](book/claims.md)\n", encoding="utf-8")
    (folder / "book" / "chapter.md").write_text("# Chapter\n\n## A place\n", encoding="utf-8")
    (folder / "book" / "claims.md").write_text(
        "# Claims\n\n:::{claims-verdicts}\n:::\n\n## Ledger\n\n:::{claims-ledger}\n:::\n",
        encoding="utf-8",
    )
    (folder / "book" / "claims.yml").write_text(ledger_text, encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", str(folder), str(folder / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout


def test_the_page_follows_the_ledger(tmp_path: Path) -> None:
    status, said = build(tmp_path, yaml.safe_dump([ROW]))
    assert status == 0, said
    page = tmp_path / "out" / "book" / "claims.html"
    text = page.read_text(encoding="utf-8")
    assert 'href="chapter.html#a-place"' in text
    assert "A place, in Chapter" in text
    assert "All is " in text
    # Nothing but the ledger has changed, and the page is built anew.
    status, said = build(tmp_path, yaml.safe_dump([ROW | {"says": "Nothing is so."}]))
    assert status == 0, said
    assert "Nothing is so." in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "change, complaint",
    [
        ({"verdict": "true"}, "'true' is no verdict"),
        ({"says": None}, "'says' is None, not a text"),
        ({"says": "half a $formula"}, "a formula of 'says' does not end"),
        ({"remark": "?"}, "there is no field 'remark'"),
        ({"verdict": "not checkable"}, "every row names its test, except"),
        ({"values": {"x": 0.48}}, "the value 'x' is 0.48, not a text: put it in quotes"),
        ({"values": "0.48"}, "'values' is '0.48', not names with numbers"),
        ({"id": "someone-lemma-1"}, "an id begins with one of"),
        ({"id": "liu2019-Lemma"}, "an id has lower-case letters"),
        ({"chapter": "nowhere#a-place"}, "there is no page 'nowhere'"),
        ({"chapter": "chapter#elsewhere"}, "book/chapter has no place 'elsewhere'"),
    ],
)
def test_a_malformed_row_ends_the_build(
    change: dict[str, object], complaint: str, tmp_path: Path
) -> None:
    status, said = build(tmp_path, yaml.safe_dump([ROW | change]))
    assert status != 0
    assert "claims.yml cannot be printed" in said
    assert complaint in said
    assert str((ROW | change)["id"]) in said


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    short = {key: value for key, value in ROW.items() if key != "item"}
    _, said = build(tmp_path, yaml.safe_dump([short, ROW, ROW, "a word"]))
    for complaint in ("'item' is missing", "two rows of this id", "a row is 'a word'"):
        assert complaint in said


@pytest.mark.parametrize("text", ["[", "a: b", ""])
def test_a_file_that_is_no_ledger_ends_the_build(text: str, tmp_path: Path) -> None:
    status, said = build(tmp_path, text)
    assert status != 0
    assert "claims.yml is not" in said


def test_page_and_tests_have_the_same_verdicts() -> None:
    program = "import claims; print(*claims.VERDICTS, sep='|')"
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT / "book" / "_extensions",
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip().split("|") == list(ledger.VERDICTS)
