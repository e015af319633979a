"""Pages without search scripts, which only the page that searches needs.

The theme loads Sphinx's search scripts and the whole index into every page, for suggestions while
one types.  These are switched off here, so the scripts would only be waited for.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

#: The tags that load them.
SEARCH = re.compile(
    r'\s*<script src="[^"]*(?:_static/searchtools|_static/language_data|searchindex)\.js"></script>'
)


def drop_search_scripts(app: Sphinx, exception: Exception | None) -> None:
    """Take the search scripts out of all pages but the one that searches."""
    if exception is not None or app.builder.format != "html":
        return
    if app.config.html_theme_options.get("search_as_you_type"):
        return
    for page in Path(app.outdir).rglob("*.html"):
        if page.name != "search.html":
            text = page.read_text(encoding="utf-8")
            shorter = SEARCH.sub("", text)
            if shorter != text:
                page.write_text(shorter, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("build-finished", drop_search_scripts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
