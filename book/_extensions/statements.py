"""Small repairs to statements, exercises, solutions and formulas.

Links.  A statement such as ``:::{prf:theorem}`` with ``:label: theorem-2`` is known to the role
``prf:ref`` only.  Chapters use ordinary links, ``[Theorem 2](#theorem-2)``, because those also work
where the notebook is shown without Sphinx.  So every label is entered as an ordinary link target.

Titles.  A statement keeps the number it has in its paper: with ``:nonumber:`` and a title that
begins with a number, ``:::{prf:theorem} 4 (rates)`` is headed "Theorem 4 (rates)".  Any other title
is put in brackets behind the name.

Formulas.  A formula between dollar signs is handed to MathJax as it stands, as in a notebook
program.  Sphinx would wrap it in an environment that forbids ``\\tag`` if it has several lines.

Identifiers.  The directives give the same one to several elements of a page, which HTML forbids;
the superfluous ones are taken away.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx_proof.nodes import NODE_TYPES, unenumerable_node

REPEATED = {"proof-content", "exercise-content", "solution-content", "proof"}


def add_targets(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Enter the labels of all statements among the targets that links can name."""
    targets = env.get_domain("std")
    for label, statement in getattr(env, "proof_list", {}).items():
        place = (statement["docname"], label)
        targets.data["anonlabels"].setdefault(label, place)
        name = statement["realtype"].title()
        targets.data["labels"].setdefault(label, (*place, name))
    return []


def shown_title(title: nodes.title) -> list[nodes.Node]:
    """What stands behind the name of a statement, with a space before it."""
    text = title.astext().strip()
    if not text:
        return []
    if text[0].isdigit():
        return [nodes.Text(" "), *title.children]
    return [nodes.Text(" ("), *title.children, nodes.Text(")")]


def set_titles(doctree: nodes.document) -> None:
    """Put the titles of statements into their form."""
    for statement in list(doctree.findall(unenumerable_node)):
        title, *content = statement.children
        assert isinstance(title, nodes.title)
        kind = nodes.inline("", statement["realtype"].title(), classes=["caption-number"])
        heading = nodes.title("", "", kind, *shown_title(title))
        admonition = nodes.admonition("", heading, *content)
        admonition["ids"], admonition["classes"] = statement["ids"], statement["classes"]
        statement.replace_self(admonition)
    for statement in doctree.findall(lambda node: isinstance(node, tuple(NODE_TYPES.values()))):
        assert isinstance(statement, nodes.Element)
        for title in statement.children[:1]:
            if isinstance(title, nodes.title):
                title.children = shown_title(title)
                for child in title.children:
                    child.parent = title


def leave_formulas_alone(doctree: nodes.document) -> None:
    """Hand displayed formulas of the text to MathJax as they are written."""
    for block in doctree.findall(nodes.math_block):
        from_docstring = "docstring of" in str(block.source or "")
        if from_docstring or block.get("nowrap") or block.get("number"):
            continue
        if "amsmath" in block.get("classes", []):
            continue
        text = "\\[" + block.astext().strip() + "\\]"
        block.children = []
        block += nodes.Text(text)
        block["nowrap"] = True


def drop_repeated_identifiers(doctree: nodes.document) -> None:
    """Keep the first element of each identifier, and no identifier that means nothing."""
    seen: set[str] = set()
    for node in doctree.findall(nodes.Element):
        if "ids" in node:
            node["ids"] = [i for i in node["ids"] if i not in REPEATED and i not in seen]
            seen.update(node["ids"])


def repair(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Make all repairs to one page."""
    set_titles(doctree)
    drop_repeated_identifiers(doctree)
    if app.builder.format == "html":
        leave_formulas_alone(doctree)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("env-updated", add_targets)
    app.connect("doctree-resolved", repair, priority=900)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
