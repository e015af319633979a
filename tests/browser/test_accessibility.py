"""No page has accessibility faults beyond those of the theme, in light and in dark.

The faults are found by axe-core. ``theme_faults.json`` records what the theme itself brings to
every page, and what a named page has besides: for every rule the elements that break it.  It may
shrink, and must not grow unnoticed.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from book_pages import PAGES, OpenPage

HERE = Path(__file__).parent
AXE = HERE / "vendor" / "axe-core" / "axe.min.js"
KNOWN = json.loads((HERE / "theme_faults.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_readable_in_light_and_dark(
    page: str, theme: str, address: str, open_page: OpenPage
) -> None:
    with open_page(f"{address}/{page}", theme=theme) as visit:
        assert visit.troubles == []
        assert visit.page.locator("html").get_attribute("data-theme") == theme
        visit.page.add_script_tag(path=str(AXE))
        found = visit.page.evaluate(
            """async () => {
                const report = await axe.run(document, {resultTypes: ['violations']});
                return report.violations.map(v => ({
                    rule: v.id, nodes: v.nodes.map(n => [n.target.join(' '), n.html]),
                }));
            }"""
        )
    known = [KNOWN["every page"], KNOWN["pages"].get(page, {})]
    excess = [
        (fault["rule"], where, element)
        for fault in found
        for where, element in fault["nodes"]
        if not any(where in faults.get(fault["rule"], ()) for faults in known)
    ]
    assert excess == []
