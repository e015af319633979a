"""Icons from the font alone.

The theme ships its icons twice: as a font with a style sheet, and as a script of 1.5 MB that
replaces every ``<i>`` by a drawing.  The font is enough, the script is the largest file of every
page, and it breaks the play button of ipywidgets.  So the built script is left empty.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx


def empty_script(app: Sphinx, exception: Exception | None) -> None:
    """Empty the copy of the script in the built pages, where a build has got that far."""
    script = Path(app.outdir) / "_static" / "scripts" / "fontawesome.js"
    if exception is None and app.builder.format == "html" and script.is_file():
        script.write_text("/* The icons come from the font. */\n", encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("build-finished", empty_script)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
