"""The ledger of claims as tables that can be searched.

``:::{claims-verdicts}`` explains the verdicts and counts the rows of each.  ``:::{claims-search}``
says in a sentence how hard the inequalities were tried.  ``:::{claims-ledger}`` prints
``claims.yml``, which lies beside the page: a section for each document, in it a table with a row
for each claim.  A malformed row, or one that names a page or place that is not there, ends the
build with all such faults in one message.

The tables are whole without a script.  ``claims.js`` shows the search above them and hides rows; it
is loaded on the page of the ledger only.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

LEDGER = "claims.yml"
SEARCH = "claims-search.json"

Row = Mapping[str, Any]

REQUIRED = ("id", "item", "where", "says", "verdict", "chapter")
OPTIONAL = ("printed", "best", "best_value", "found", "values", "shown", "test")


class Verdict(NamedTuple):
    """How a verdict is explained and shown.

    Attributes
    ----------
    shape : str
        The drawing beside the word (claims.css), so that colour alone tells nothing.
    meaning, evidence : str
        What it says of a claim, and what it asks of the test.
    best : str
        The word before the row's constant, formula or condition.
    """

    shape: str
    meaning: str
    evidence: str
    best: str


VERDICTS = {
    "definition": Verdict(
        "square",
        "Nothing is claimed; something is defined or drawn.",
        "The library computes just this.",
        "best",
    ),
    "holds": Verdict(
        "disc",
        "True as printed.",
        "A search for the worst case finds no violation, or an identity is checked.",
        "best",
    ),
    "better constant": Verdict(
        "triangle",
        "True as printed, and with a better constant too.",
        "The same, also with the best constant; slightly beyond it the claim fails.",
        "best",
    ),
    "misprint": Verdict(
        "diamond",
        "False as printed, but what was meant is plain.",
        "What is printed fails, what was meant holds.",
        "meant",
    ),
    "needs a condition": Verdict(
        "half",
        "False as printed, true under a condition that the document does not state.",
        "A counterexample without the condition; with it the claim holds.",
        "true",
    ),
    "false as printed": Verdict(
        "cross",
        "False as printed.",
        "A counterexample; where there is something to put in its place, that holds.",
        "true",
    ),
    "not checkable": Verdict(
        "ring",
        "Quoted, announced or asked; there is nothing here to run.",
        "None. The row says why.",
        "best",
    ),
}

#: The documents: how their rows' ids begin, their title, and their place in the bibliography.
DOCUMENTS = {
    "liu2019": ("Liu et al. (2019)", "liu2019"),
    "response": ("Response to the reviews", "liu2019response"),
    "li-yuan2017": ("Li and Yuan (2017)", "liyuan2017"),
    "shamir2018": ("Shamir (2018)", "shamir2018"),
}

COLUMNS = (
    "Where",
    "What it says",
    "Verdict",
    "Printed, best and found",
    "Shown and tested",
)


class element(nodes.General, nodes.Element):
    """An HTML element by its name, for tables and fields that docutils has no words for."""


def tag(name: str, /, *children: nodes.Node, classes: str = "", **attributes: str) -> element:
    """An HTML element; an attribute that is a Python keyword is written with ``_`` behind it."""
    html = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    node = element("", *children, tag=name, html=html, classes=classes.split())
    if "id" in html:
        node["ids"] = [html.pop("id")]
    return node


def text(name: str, words: str, /, **attributes: str) -> element:
    """An HTML element that holds plain text."""
    return tag(name, nodes.Text(words), **attributes)


def visit_element(self: Any, node: element) -> None:
    """Write the start of an element."""
    empty = node["tag"] in ("input", "wbr")
    self.body.append(self.starttag(node, node["tag"], "", **node["html"]))
    if empty:
        raise nodes.SkipNode


def depart_element(self: Any, node: element) -> None:
    """Write the end of an element."""
    self.body.append(f"</{node['tag']}>")


def pass_by(self: Any, node: element) -> None:
    """Leave only the content, where the output is not HTML."""


def document_of(row_id: str) -> str | None:
    """The document that a row belongs to."""
    return next((name for name in DOCUMENTS if row_id.startswith(f"{name}-")), None)


def faults_of(row: object, seen: set[str]) -> list[str]:
    """What is wrong with one row, besides its links."""
    if not isinstance(row, dict):
        return [f"a row is {row!r}, not a list of fields"]
    name = row.get("id", row)
    found = [f"{name}: there is no field {field!r}" for field in row if field not in _FIELDS]
    found += [f"{name}: {field!r} is missing" for field in REQUIRED if field not in row]
    values = row.get("values", {})
    if not isinstance(values, dict):
        found.append(f"{name}: 'values' is {values!r}, not names with numbers")
    else:
        found += [
            f"{name}: the value {key!r} is {value!r}, not a text: put it in quotes"
            for key, value in values.items()
            if not isinstance(value, str)
        ]
    for field in set(row) & _FIELDS - {"best_value", "values"}:
        value = row[field]
        if not isinstance(value, str) or not value.strip():
            found.append(f"{name}: {field!r} is {value!r}, not a text")
        elif value.count("$") % 2:
            found.append(f"{name}: a formula of {field!r} does not end: {value}")
    if found:
        return found
    if not re.fullmatch(r"[a-z][a-z0-9.-]*", name):
        found.append(f"{name}: an id has lower-case letters, digits, hyphens and dots only")
    if document_of(name) is None:
        found.append(f"{name}: an id begins with one of {', '.join(f'{d}-' for d in DOCUMENTS)}")
    if name in seen:
        found.append(f"{name}: there are two rows of this id")
    if row["verdict"] not in VERDICTS:
        found.append(f"{name}: {row['verdict']!r} is no verdict; there are {', '.join(VERDICTS)}")
    elif ("test" in row) == (row["verdict"] == "not checkable"):
        found.append(f"{name}: every row names its test, except those that are not checkable")
    seen.add(name)
    return found


_FIELDS = {*REQUIRED, *OPTIONAL}


def read_ledger(path: Path) -> list[Row]:
    """The rows of the ledger.

    Raises
    ------
    ExtensionError
        If the file is not YAML or a row is malformed; names all faults.
    """
    try:
        listed = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ExtensionError(f"{path.name} is not YAML: {error}") from None
    if not isinstance(listed, list) or not listed:
        raise ExtensionError(f"{path.name} is not a list of rows")
    seen: set[str] = set()
    complain(path.name, [fault for row in listed for fault in faults_of(row, seen)])
    return listed


def complain(name: str, faults: list[str]) -> None:
    """End the build if there are faults."""
    if faults:
        raise ExtensionError("\n  ".join([f"{name} cannot be printed:", *faults]))


def words_of(row: Row) -> str:
    """What a search looks at: the row's words in lower case, formulas without their marks."""
    fields = (*REQUIRED[:5], "printed", "best", "found", "test")
    joined = " ".join(str(row[field]) for field in fields if field in row)
    joined = re.sub(r"\\[,;!]|\\mathbf|\\(?:left|right)(?![a-z])", "", joined)
    return re.sub(r"\s+", " ", re.sub(r"[\\${}^]", "", joined)).lower()


class Page(SphinxDirective):
    """What the directives share: the file beside the page, and inline Markdown."""

    def beside(self, name: str) -> Path:
        """A file that lies beside the page, which is built anew when it changes."""
        path = Path(self.env.doc2path(self.env.docname)).with_name(name)
        self.env.note_dependency(str(path))
        return path

    def rows(self) -> list[Row]:
        """The rows of the ledger."""
        return read_ledger(self.beside(LEDGER))

    def paragraph(self, words: str, *, classes: str = "", label: str = "") -> nodes.paragraph:
        """A paragraph of inline Markdown, with a word in front of it."""
        inline, _ = self.state.inline_text(words, self.lineno)
        front = [text("span", label, classes="claim-label"), nodes.Text(" ")] if label else []
        return nodes.paragraph(words, "", *front, *inline, classes=classes.split())


def badge(verdict: str) -> element:
    """A verdict as a word beside its shape."""
    shape = tag("span", classes=f"claim-shape shape-{VERDICTS[verdict].shape}", aria_hidden="true")
    word = text("span", verdict)
    return tag("span", shape, word, classes=f"claim-verdict {nodes.make_id(verdict)}")


def header(*columns: str) -> element:
    """The head of a table."""
    cells = [text("th", column, scope="col", role="columnheader") for column in columns]
    return tag("thead", tag("tr", *cells, role="row"), role="rowgroup")


def whole_table(name: str, columns: tuple[str, ...], rows: list[element], kind: str) -> element:
    """A table; its roles are spelled out because cards on a narrow screen are no table in CSS."""
    body = tag("tbody", *rows, role="rowgroup")
    table = tag("table", header(*columns), body, classes=kind, role="table", aria_label=name)
    return tag("div", table, classes="claims")


def cell(label: str, *children: nodes.Node, kind: str = "td") -> element:
    """A cell, with the head of its column for the cards."""
    if kind == "th":
        return tag("th", *children, scope="row", role="rowheader")
    return tag("td", *children, role="cell", data_label=label)


class Verdicts(Page):
    """The verdicts, what each asks of a test, and how many rows have it."""

    def run(self) -> list[nodes.Node]:
        rows = self.rows()
        counts = Counter(row["verdict"] for row in rows)
        columns = ("Verdict", "What it says of a claim", "What its test shows", "Rows")
        lines = []
        for name, verdict in VERDICTS.items():
            cells = (
                cell(columns[0], badge(name), kind="th"),
                cell(columns[1], self.paragraph(verdict.meaning)),
                cell(columns[2], self.paragraph(verdict.evidence)),
                cell(columns[3], self.paragraph(str(counts[name]))),
            )
            lines.append(tag("tr", *cells, role="row"))
        total = self.paragraph(f"The ledger has {len(rows)} rows.")
        return [whole_table("The verdicts", columns, lines, "claims-verdicts"), total]


class Search(Page):
    """How hard the inequalities were tried, in a sentence."""

    def run(self) -> list[nodes.Node]:
        record = json.loads(self.beside(SEARCH).read_text(encoding="utf-8"))
        results = record["results"]
        points = sum(result["evaluations"] for result in results)
        names = {result["inequality"] for result in results}
        constants = {(result["inequality"], result["constant"]) for result in results}
        seeds = [str(seed) for seed in record["seeds"]]
        listed = seeds[0] if len(seeds) == 1 else f"{', '.join(seeds[:-1])} and {seeds[-1]}"
        versions = record["versions"]
        return [
            self.paragraph(
                f"The recorded run tried {len(names)} inequalities with {len(constants)} choices "
                "of their constants or losses, each from the "
                f"seed{'s' * (len(seeds) > 1)} {listed}: "
                f"{points:,} points in all (NumPy {versions['numpy']}, SciPy {versions['scipy']}). "
                "The constants of these inequalities that the ledger calls good held at all of "
                "them, up to rounding; for each of the others a counterexample was found."
            )
        ]


class Ledger(Page):
    """The search and the tables of the ledger."""

    def run(self) -> list[nodes.Node]:
        rows = self.rows()
        complain(LEDGER, self.missing_pages(rows))
        self.env.metadata[self.env.docname]["claims"] = "yes"
        found: list[nodes.Node] = [self.form(rows)]
        for name, (title, key) in DOCUMENTS.items():
            own = [row for row in rows if document_of(row["id"]) == name]
            if own:
                found.append(self.section(name, title, key, own))
        return found

    def missing_pages(self, rows: list[Row]) -> list[str]:
        """The rows whose chapter is no page of the book."""
        missing = []
        for row in rows:
            page = row["chapter"].partition("#")[0]
            if self.page(page) not in self.env.found_docs:
                missing.append(f"{row['id']}: there is no page {page!r}")
        return missing

    def page(self, name: str) -> str:
        """A page beside this one, as Sphinx names it."""
        return (Path(self.env.docname).parent / name).as_posix()

    def form(self, rows: list[Row]) -> element:
        """The fields of the search, hidden until the script is there."""
        counts = Counter(row["verdict"] for row in rows)
        sought = tag(
            "p",
            text("label", "Search the claims", for_="claims-words"),
            tag(
                "input", id="claims-words", type="search", name="search", autocomplete="off",
                spellcheck="false", aria_describedby="claims-hint",
            ),
            text("span", "All words must occur: lemma, gradient, phi, basin", id="claims-hint"),
            classes="claims-field",
        )  # fmt: skip
        choices = [text("option", "all documents", value="")]
        for name, (title, _) in DOCUMENTS.items():
            if any(document_of(row["id"]) == name for row in rows):
                choices.append(text("option", title, value=name))
        document = tag(
            "p",
            text("label", "Document", for_="claims-document"),
            tag("select", *choices, id="claims-document", name="document"),
            classes="claims-field",
        )
        boxes = []
        for verdict in VERDICTS:
            if counts[verdict]:
                box = tag("input", type="checkbox", name="verdict", value=verdict)
                number = text("span", str(counts[verdict]), classes="claims-number")
                boxes.append(tag("label", box, badge(verdict), number))
        legend = text("legend", "Verdicts (none chosen: all)")
        verdicts = tag("fieldset", legend, tag("div", *boxes, classes="claims-boxes"))
        status = text(
            "output", f"{len(rows)} of {len(rows)} shown", id="claims-count", aria_live="polite"
        )
        reset = text("button", "Show all", type="reset")
        foot = tag("p", status, reset, classes="claims-foot")
        return tag(
            "form", sought, document, verdicts, foot,
            classes="claims-form", hidden="hidden", role="search", aria_label="Claims",
        )  # fmt: skip

    def section(self, name: str, title: str, key: str, rows: list[Row]) -> nodes.section:
        """The section of one document."""
        section = nodes.section(ids=[f"claims-of-{name}"], names=[], classes=["claims-document"])
        lines = [self.line(row) for row in rows]
        plural = "claim" if len(rows) == 1 else "claims"
        section += nodes.title(title, title)
        section += self.paragraph(f"{len(rows)} {plural} of [the document](#{key}).")
        section += whole_table(title, COLUMNS, lines, "claims-table")
        return section

    def line(self, row: Row) -> element:
        """The row of one claim."""
        verdict = VERDICTS[row["verdict"]]
        labels = (("printed", "printed"), ("best", verdict.best), ("found", "found"))
        found = [self.paragraph(row[field], label=label) for field, label in labels if field in row]
        link = tag(
            "a",
            text("span", "#", aria_hidden="true"),
            text("span", "link to this claim", classes="claims-unseen"),
            href=f"#{row['id']}",
            classes="claim-link",
        )
        item = "Running text" if row["item"] == "text" else row["item"][0].upper() + row["item"][1:]
        head = self.paragraph(item, classes="claim-item")
        head += [nodes.Text(" "), link]
        page, _, place = row["chapter"].partition("#")
        shown = nodes.inline(claim=row["id"], page=self.page(page), place=place)
        tested = [test_name(row["test"])] if "test" in row else []
        cells = (
            cell(COLUMNS[0], head, self.paragraph(row["where"], classes="claim-where"), kind="th"),
            cell(COLUMNS[1], self.paragraph(row["says"])),
            cell(COLUMNS[2], badge(row["verdict"])),
            cell(COLUMNS[3], *found),
            cell(COLUMNS[4], nodes.paragraph("", "", shown), *tested),
        )
        return tag(
            "tr", *cells, id=row["id"], role="row", data_verdict=row["verdict"],
            data_document=str(document_of(row["id"])), data_words=words_of(row),
        )  # fmt: skip


def test_name(name: str) -> element:
    """The name of a test, which may be broken where its words end."""
    parts: list[nodes.Node] = []
    for part in re.split(r"(?<=[/_:])(?![_:])", name.removeprefix("tests/claims/")):
        parts += [nodes.Text(part), tag("wbr")]
    return tag("p", tag("code", *parts[:-1]), classes="claim-test")


def set_links(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the links to the chapters, whose places are known only now, into a page's tables."""
    faults = []
    for node in list(doctree.findall(nodes.inline)):
        if "claim" not in node:
            continue
        found = find_place(app.env, node["page"], node["place"])
        if found is None:
            faults.append(f"{node['claim']}: {node['page']} has no place {node['place']!r}")
            continue
        identifier, name = found
        title = app.env.titles[node["page"]].astext()
        uri = app.builder.get_relative_uri(docname, node["page"])
        reference = nodes.reference("", "", internal=True, refuri=uri)
        reference += nodes.Text(title)
        if identifier:
            reference["refuri"] += f"#{identifier}"
            reference.insert(0, nodes.Text(f"{name}, in "))
        node.replace_self(reference)
    complain(LEDGER, faults)


def find_place(env: BuildEnvironment, page: str, place: str) -> tuple[str, str] | None:
    """The identifier of a place of a page, and how it is called; None if there is no such place."""
    if not place:
        return "", ""
    # A heading goes by the name that links in Markdown use, and by its identifier in the page.
    for slug, (_, identifier, heading) in env.metadata[page].get("myst_slugs", {}).items():
        if place in (slug, identifier):
            return identifier, heading
    document, identifier = env.get_domain("std").data["anonlabels"].get(place, (None, ""))[:2]
    if document != page:
        return None
    return identifier, statement_names(env, page).get(place, place.replace("-", " "))


def statement_names(env: BuildEnvironment, page: str) -> dict[str, str]:
    """How the statements of a page are called, by their labels: Lemma 5, Definition (teacher)."""
    names = {}
    for node in env.get_doctree(page).findall(nodes.Element):
        if "realtype" in node and "label" in node:
            kind, title = node["realtype"].title(), node["title"].strip()
            number = re.match(r"\d[\d.]*\b", title)
            shown = f" {number[0]}" if number else f" ({title})" if title else ""
            names[node["label"]] = kind + shown.replace("$", "")
    return names


def pages_of_ledger(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The pages that print the ledger: written anew each time, since any chapter may have moved."""
    return [name for name, metadata in env.metadata.items() if "claims" in metadata]


def load_assets(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Load the search and the style of the tables where there are tables."""
    if "claims" in app.env.metadata.get(pagename, {}):
        app.add_css_file("claims.css")
        app.add_js_file("claims.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_node(
        element,
        html=(visit_element, depart_element),
        latex=(pass_by, pass_by),
        text=(pass_by, pass_by),
    )
    app.add_directive("claims-verdicts", Verdicts)
    app.add_directive("claims-search", Search)
    app.add_directive("claims-ledger", Ledger)
    app.connect("env-updated", pages_of_ledger)
    app.connect("doctree-resolved", set_links)
    app.connect("html-page-context", load_assets)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
