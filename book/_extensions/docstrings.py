"""Let docstrings contain absolute values.

Docstrings are read in a terminal first, so they write ``|v|`` for a norm.  In reStructuredText the
bars would start a substitution, which docstrings never use; they are escaped except in literals.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

LITERAL = re.compile(r"(``.*?``|`[^`]+`)")


def indentation(line: str) -> int:
    """How far a line is indented."""
    return len(line) - len(line.lstrip())


def escape_bars(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Escape every vertical bar outside literals, examples and formulas, in place."""
    block: int | None = None
    for number, line in enumerate(lines):
        if block is not None and line.strip() and indentation(line) <= block:
            block = None
        if block is None and not line.lstrip().startswith((">>>", "...")):
            parts = LITERAL.split(line)
            parts[::2] = [re.sub(r"(?<!\\)\|", r"\\|", part) for part in parts[::2]]
            lines[number] = "".join(parts)
        if block is None and line.rstrip().endswith("::"):
            block = indentation(line)


def setup(app: Sphinx) -> dict[str, Any]:
    # numpydoc rearranges the sections of a docstring first, at the default priority.
    app.connect("autodoc-process-docstring", escape_bars, priority=900)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
