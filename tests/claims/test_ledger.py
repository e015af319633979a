"""The ledger itself: every row well formed, every test there, no numbered item forgotten."""

import ast
import importlib
import json
import re
from pathlib import Path

import pytest
import yaml

from tests.claims.ledger import (
    LEDGER,
    VERDICTS,
    Down,
    Failed,
    Held,
    Sharpened,
    Up,
    agrees,
    insists,
    judge,
    rows,
    unbound,
    with_another_digit,
)

ROOT = LEDGER.parents[1]
FIELDS = {
    "id", "item", "where", "says", "verdict", "printed", "best", "best_value", "found", "values",
    "chapter", "shown", "test",
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
    "response": [
        "Reviewer 1",
        *(f"Reviewer 2, comment {n}" for n in range(1, 8)),
        "Reviewer 3",
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
        "Footnote 1",
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
    for field in set(row) - {"best_value", "values"}:
        assert isinstance(row[field], str), field
        assert row[field].strip(), field
    for name, printed in row.get("values", {}).items():
        assert isinstance(printed, str), f"{name}: put {printed!r} in quotes, or digits are lost"
    verdict = row["verdict"]
    assert ("test" in row) == (verdict != "not checkable")
    if verdict == "better constant":
        assert {"printed", "best"} <= set(row)
        assert "best_value" in row or "best" in row["values"]
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


@pytest.mark.parametrize("row", rows().values(), ids=lambda row: row["id"])
def test_every_number_of_a_tested_row_is_bound(row):
    """What a row prints as its result comes from its test: `judge` compares what is named here."""
    if "test" in row:
        assert unbound(row) == []


def _markdown(page: Path) -> str:
    if page.suffix != ".ipynb":
        return page.read_text(encoding="utf-8")
    cells = json.loads(page.read_text(encoding="utf-8"))["cells"]
    texts = []
    for cell in cells:
        text = "".join(cell["source"])
        # Code may show a claim, too; a comment in it is no heading.
        texts.append(text if cell["cell_type"] == "markdown" else f"```\n{text}\n```")
        for output in cell.get("outputs", []):
            texts.append("```\n" + "".join(output.get("text", "")) + "\n```")
    return "\n\n".join(texts)


def _slug(heading: str) -> str:
    """The name of a heading as the builder makes it."""
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")


def _sections(page: Path) -> dict[str, str]:
    """The places of a page that a link can name, each with the section that it lies in.

    Places are headings, and labels of statements and figures.
    """
    found: dict[str, str] = {}
    code = False
    above: list[tuple[int, list[str], list[str]]] = []

    def close(depth: int) -> None:
        while above and above[-1][0] >= depth:
            _, own, text = above.pop()
            for name in own:
                found[name] = "\n".join(text)
            if above:
                above[-1][2].extend(text)

    for line in _markdown(page).splitlines():
        code ^= line.startswith("```")
        heading = re.match(r"(#+)\s+(.+)$", line)
        if heading and not code:
            close(len(heading[1]))
            above.append((len(heading[1]), [_slug(heading[2])], [line]))
            continue
        label = re.match(r":label:\s*(\S+)|\((\S+)\)=", line)
        if label and above:
            above[-1][1].append(label[1] or label[2])
        if above:
            above[-1][2].append(line)
    close(0)
    return found


def _page(name: str) -> Path:
    pages = [ROOT / "book" / f"{name}{suffix}" for suffix in (".ipynb", ".md")]
    page = next((p for p in pages if p.exists()), None)
    assert page is not None, f"there is no page {name}"
    return page


@pytest.mark.parametrize("row", rows().values(), ids=lambda row: row["id"])
def test_chapter_shows_the_claim(row):
    """A row names a place, and in the section of that place its words can be read."""
    name, _, place = row["chapter"].partition("#")
    page = _page(name)
    assert place, "say where on the page"
    sections = _sections(page)
    assert place in sections, f"{name} has no place {place!r}"
    words = row.get("shown", row["item"].partition(", ")[0])
    assert words != "text", "say by which words the chapter shows it"
    # An equation is shown by its number, (7) or \\tag{7}.
    number = re.match(r"Equation \((\d+)\)", words)
    choices = [words] if number is None else [f"({number[1]})", f"\\tag{{{number[1]}}}"]
    section = re.sub(r"\s+", " ", sections[place])
    assert any(re.sub(r"\s+", " ", choice) in section for choice in choices), (
        f"{name}#{place} does not say {words!r}"
    )


# --- The judge ------------------------------------------------------------------------------------


def _row(verdict="holds", **fields):
    return {"id": "liu2019-x", "verdict": verdict, "test": "t", **fields}


@pytest.mark.parametrize(
    "text, found, fine",
    [
        ("0.48", 0.4849, True),
        ("0.48", 0.4851, False),
        ("0.48", Down(0.4899), True),
        ("0.48", Down(0.4799), False),
        ("15.8", Up(15.78), True),
        ("15.8", Up(15.81), False),
        ("15.9", Up(15.78), False),
        ("15,352", 15_352, True),
        (".714788", 0.7147883, True),
        (".714788", 0.7147876, True),
        (".714788", 0.714789, False),
        ("10^{-6}", 1e-6, True),
        ("m/8", lambda m: m / 8, True),
        ("m/2", lambda m: m / 8, False),
        (r"(N - m)\delta/4", lambda N, m, delta: (N - m) * delta / 4, True),
        (r"(N - m)\delta/400", lambda N, m, delta: (N - m) * delta / 4, False),
        (r"\frac{1}{2\pi}(\pi - g(5\pi/12))", 0.27078, True),
        (r"\frac1{20}", 0.05, True),
        (r"e^{-\eta m/4}", lambda eta, m: 2.718281828 ** (-eta * m / 4), True),
        ("0.48", lambda m: m, False),
    ],
)
def test_printed_numbers_agree_to_the_last_digit(text, found, fine):
    assert agrees(text, found) is fine


def test_a_formula_that_cannot_be_read_agrees_with_nothing():
    assert not agrees(r"\unknown{3", 3.0)
    with pytest.raises(ValueError, match="a formula, which is exact"):
        agrees("1/3", Up(0.3))


EVIDENCE = [
    (_row(found="4.26", values={"time": "4.26"}), Held(1.0, 1000, values={"time": 4.2613})),
    (
        _row("better constant", printed="3", best="2", values={"best": "2", "printed": "3"}),
        Sharpened(Held(0, 1000), 2.0, Held(0, 1000), -1.0, {"printed": 3.0}),
    ),
    (_row("better constant", best_value=0.0558),
     Sharpened(Held(0, 1000), 0.05581, Held(0, 1000), -1.0)),
    (
        _row("needs a condition", best="$m/8$", found="$15.8$",
             values={"best": "m/8", "time": "15.8"}),
        Failed(-1.0, "x", Held(0, 1000, values={"time": Up(15.77)}), {"best": lambda m: m / 8}),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row, evidence", EVIDENCE, ids=lambda x: type(x).__name__)
def test_any_other_digit_is_refused(row, evidence):
    """Each digit of each bound number is changed, by hand and by `insists`."""
    judge(row, evidence)
    insists(row, evidence)
    values = row.get("values", {"best": repr(row.get("best_value"))})
    for name, printed in values.items():
        for changed in with_another_digit(printed):
            other = row | {"values": values | {name: changed}}
            with pytest.raises(AssertionError, match=re.escape(changed)):
                judge(other, evidence)


def test_a_loose_test_is_noticed():
    """A test that would agree with another digit as well binds nothing."""

    class Any(float):
        def __rsub__(self, other):
            return 0.0

    row = _row(found="3.7", values={"x": "3.7"})
    with pytest.raises(AssertionError, match="could as well be"):
        insists(row, Held(1.0, 1000, values={"x": Any(3.7)}))


def test_a_printed_number_that_no_test_returns_is_refused():
    row = _row(found="3.7", values={"x": "3.7"})
    with pytest.raises(AssertionError, match="found nothing for 'x'"):
        judge(row, Held(1.0, 1000))
    assert unbound(row) == []
    assert unbound(row | {"found": "3.8"} | {"values": {}}) == ["3.8"]
    with pytest.raises(AssertionError, match="which the row does not print"):
        unbound(row | {"found": "3.8"})


@pytest.mark.parametrize(
    "text, left",
    [
        ("$S^2 \\le kN/2$ after Theorem 13, (10) and Lemmas 5 and 6", ["2"]),
        ("Quoted from He et al. (2016a, 2016b), section 5.2", []),
        ("$\\tau_{21}$, $a_0$, $\\mathbf 1$, ResNet-152, $0 \\le x < 1$", []),
        ("$\\frac12$ and $\\frac3\\eta$ and .714788, 15,352", ["2", "3", ".714788", "15,352"]),
        ("$5\\pi/12$ and $7\\pi/12$", ["7", "12"]),
        ("in five runs, from two of 3-Block", ["five runs", "two of"]),
        ("Both steps a hundred times smaller", ["hundred times"]),
        ("Two filters, the third row, and four equal columns", []),
    ],
)
def test_numbers_without_a_name_are_found(text, left):
    assert unbound(_row(found=text)) == left


def test_evidence_is_returned_not_asserted_away():
    """A test of a claim ends by returning evidence: one that returns None would judge nothing."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if path.name == Path(__file__).name:
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                assert isinstance(node.body[-1], ast.Return), f"{path.name}::{node.name}"
