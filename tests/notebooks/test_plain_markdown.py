"""The text of every notebook in plain Markdown with formulas, as Colab and GitHub show it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import notebooks
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

MARKDOWN = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, double_inline=True)
#: Languages of code that is shown and not run.
LANGUAGES = ("", "python", "text", "console")
LATEX = re.compile(r"\\[a-zA-Z]+|\$")
FENCE = re.compile(r":{3,}(\{[\w:-]+\}.*)?|:[\w-]+:.*")


def texts(path: Path) -> Iterator[tuple[str, str]]:
    """The identifier and the source of every cell of text."""
    for cell in notebooks.read(path)["cells"]:
        if cell["cell_type"] == "markdown":
            yield cell["id"], notebooks.source_of(cell)


def tokens(source: str) -> Iterator[Token]:
    """All pieces of a text, those inside of others as well."""
    for token in MARKDOWN.parse(source):
        yield token
        yield from token.children or ()


def faults(source: str) -> list[str]:
    """What would look broken."""
    found = []
    for token in tokens(source):
        if token.type == "code_block" and LATEX.search(token.content):
            found.append(f"an indented line becomes code: {token.content.strip()[:60]!r}")
        elif token.type == "fence":
            if token.info.strip() not in LANGUAGES:
                found.append(f"a block of {token.info!r} shows its source")
            if LATEX.search(token.content):
                found.append(f"a formula in a block of code: {token.content.strip()[:60]!r}")
        elif token.type == "code_inline" and re.search(r"\\(?:frac|phi|eta|mathbf)", token.content):
            found.append(f"a formula set as code: {token.content!r}")
        elif token.type == "text":
            if "$" in token.content:
                found.append(f"a formula that does not end: {token.content[:60]!r}")
        elif token.type == "inline":
            children = token.children or []
            for before, after in itertools.pairwise(children):
                if after.type == "code_inline" and re.search(r"\{[\w:-]+\}$", before.content):
                    found.append(f"a role: {before.content[-40:]!r}")
            lines = token.content.splitlines()
            if ":::" in token.content and not all(FENCE.fullmatch(line) for line in lines):
                found.append(f"text runs into the mark of a block: {token.content[:60]!r}")
    return found


@pytest.mark.parametrize("path", notebooks.notebooks(), ids=notebooks.name_of)
def test_reads_well(path: Path) -> None:
    found = {name: problems for name, source in texts(path) if (problems := faults(source))}
    assert found == {}


@pytest.mark.parametrize(
    "source, fault",
    [
        ("    $x$", "becomes code"),
        ("```{math}\nx\n```", "shows its source"),
        ("```\n$$ x $$\n```", "in a block of code"),
        ("see {ref}`there`", "a role"),
        ("a price of $3", "does not end"),
        ("`\\frac12`", "set as code"),
        (":::{prf:lemma} Title\nText.\n\n:::", "runs into"),
        (":::{prf:lemma} Title\n:label: a\n\nText.\n:::", "runs into"),
    ],
)
def test_finds_what_is_broken(source: str, fault: str) -> None:
    (found,) = faults(source)
    assert fault in found


def test_finds_nothing_else() -> None:
    block = ":::{prf:lemma} 5\n:label: a\n\n$$\nx = \\frac12 \\tag{8}\n$$\n\n:::\n\n"
    assert faults(block + "See [it](#a), `f(x)`.") == []
