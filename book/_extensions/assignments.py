"""The list of assignments, and the students' notebooks beside the page.

``:::{assignments}`` makes the list from ``book/assignments/assignments.yml``.  The notebooks are
made from their masters while the pages are built, so that no page offers one that is out of date;
the masters themselves, with the solutions, are not part of the pages.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

TOOLS = Path(__file__).resolve().parents[2] / "tools"
#: Of the built pages; the page with the list lies beside it.
FOLDER = "book/assignments"
#: The branch with the built pages (see the workflow that publishes them).
PUBLISHED = "gh-pages"


def tool() -> ModuleType:
    """The program that makes the assignments; tools/ is no package."""
    sys.path.insert(0, str(TOOLS))
    try:
        # Under a name of its own: this module is called assignments too.
        spec = importlib.util.spec_from_file_location("make_assignments", TOOLS / "assignments.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(TOOLS))
    return module


class Assignments(SphinxDirective):
    """A card for each assignment, in the order of the file."""

    def run(self) -> list[nodes.Node]:
        """The cards."""
        program = tool()
        self.env.note_dependency(str(program.MASTERS / "assignments.yml"))
        address = (self.config.html_theme_options.get("repository_url") or "").strip("/")
        cards = [card(entry, address) for entry in program.listed()]
        return self.parse_text_to_nodes("\n".join(cards))


def card(entry: dict[str, Any], address: str) -> str:
    """One assignment, in MyST."""
    chapters = ", ".join(f"[](project:{name}.ipynb)" for name in entry["chapters"])
    name = entry["name"]
    get = [f'<a href="assignments/{name}.ipynb" download>Download the notebook</a>']
    place = urlsplit(address)
    if place.netloc == "github.com":
        colab = f"https://colab.research.google.com/github{place.path}/blob/{PUBLISHED}"
        get.append(f'<a href="{colab}/{FOLDER}/{name}.ipynb">Open it in Colab</a>')
        # The programs that start Binder put the students' notebooks there.
        binder = f"https://mybinder.org/v2/gh{place.path}/HEAD?urlpath=lab/tree/assignments"
        get.append(f'<a href="{binder}/{name}.ipynb">Open it in Binder</a>')
    return f"""\
:::{{card}} {entry["title"]}
*{entry["part"]}: {chapters}. About {entry["hours"]}, {entry["points"]} points.*

{entry["asks"]}

{" · ".join(get)}
:::
"""


def make_notebooks(app: Sphinx, problem: Exception | None) -> None:
    """Put the students' notebooks beside the page with the list."""
    if problem is not None or app.builder.format != "html":
        return
    program = tool()
    for entry in program.listed():
        program.make(entry, Path(app.outdir) / FOLDER, seed=0, wheel=None)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("assignments", Assignments)
    app.connect("build-finished", make_notebooks)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
