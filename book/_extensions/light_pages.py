"""Pages without what they do not use: MathJax from parts, and search scripts where one searches.

MathJax's ready-made bundles carry a menu, and the larger ones every TeX package there is: 1.3 MB,
nearly half of a page.  The parts named here set the same formulas, keep the hidden MathML that
screen readers read, and weigh 0.8 MB.  The book's formulas need TeX's basic commands and those of
the American Mathematical Society; a page test finds a formula that needs more.

The theme loads Sphinx's search scripts and the whole index into every page, for suggestions while
one types.  These are switched off here, so the scripts would only be waited for.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

#: The part of MathJax that loads the others, and those others.
FIRST = "vendor/mathjax/startup.js"
PARTS = ["input/tex", "output/chtml", "a11y/assistive-mml"]
SEARCH = re.compile(
    r'\s*<script src="[^"]*(?:_static/searchtools|_static/language_data|searchindex)\.js"></script>'
)


def choose_parts(app: Sphinx, config: Config) -> None:
    """Have the pages load parts of MathJax in place of a bundle."""
    config.mathjax_path = FIRST
    settings = config.mathjax3_config = config.mathjax3_config or {}
    settings["loader"] = {"load": PARTS}
    # Without the menu there is nothing to switch off, and MathJax refuses an option it lacks.
    settings.get("options", {}).pop("enableMenu", None)


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
    app.connect("config-inited", choose_parts)
    app.connect("build-finished", drop_search_scripts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
