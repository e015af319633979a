"""Load the explorers' scripts on the pages that have an explorer, and on no other."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

import shortcutlib.explorers  # noqa: F401  (makes every kind known)
from shortcutlib.explorers.base import scripts

ELEMENT = re.compile(r'<shortcut-explorer kind="(\w+)"')


def load_scripts(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Add what the page's explorers need, in the order in which it has to run."""
    kinds = dict.fromkeys(ELEMENT.findall(context.get("body") or ""))
    if not kinds:
        return
    app.add_css_file("explorers.css")
    for name in scripts(*kinds):
        # Not modules: browsers refuse to load those from the disk.
        app.add_js_file(name, loading_method="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("html-page-context", load_scripts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
