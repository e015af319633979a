"""Make every repository button of the theme depend on one setting.

``repository: url`` in ``_config.yml`` is empty until the public address is known. While it is
empty no page has a launch, edit, issue or repository button; once it is set all of them appear.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

BUTTONS = ("use_repository_button", "use_edit_page_button", "use_issues_button")


def set_buttons(app: Sphinx, config: Config) -> None:
    """Switch the theme's repository buttons on or off."""
    options = config.html_theme_options
    address = (options.get("repository_url") or "").strip()
    options["repository_url"] = address
    for button in BUTTONS:
        options[button] = bool(address)
    if not address:
        options["launch_buttons"] = {}


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("config-inited", set_buttons, priority=100)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
