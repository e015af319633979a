"""Take pictures of the built pages, for looking at them.

    python tools/screenshots.py [--first-screen] [PAGE ...]

A PAGE is named as in ``_toc.yml`` (``book/model``); without one, all pages are taken.  Each is
shown at three widths, in light and in dark, from ``_build/html`` into ``_build/screenshots``.
Each explorer of a page is taken by itself as well.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import yaml
from find_chromium import REMEDY, find
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
HTML = ROOT / "_build" / "html"
SCREENSHOTS = ROOT / "_build" / "screenshots"
WIDTHS = (360, 768, 1280)
HEIGHT = 900
THEMES = ("light", "dark")
#: Taller than any explorer, so that it need not be scrolled through.
TALL = 3000
#: The theme's bars would lie over an explorer.
ALONE = ".bd-header-article, .bd-header, #pst-skip-link { visibility: hidden !important; }"
SETTLED = """async () => {
    if (window.MathJax && MathJax.startup && MathJax.startup.promise) {
        await MathJax.startup.promise;
    }
    await document.fonts.ready;
    // Explorers draw finely, and say so, once nothing moves.
    const explorers = globalThis.shortcutExplorers ? shortcutExplorers.all : [];
    for (let i = 0; i < 100 && !explorers.every(e => e.resting); i++) {
        await new Promise(done => setTimeout(done, 50));
    }
}"""


def listed_pages(node: object) -> list[str]:
    """Every page of the table of contents, in order."""
    if isinstance(node, list):
        return [page for item in node for page in listed_pages(item)]
    if isinstance(node, dict):
        own = [str(node[key]) for key in ("root", "file") if key in node]
        below = (node.get(key) for key in ("parts", "chapters", "sections"))
        return own + [page for part in below for page in listed_pages(part)]
    return []


def main() -> int:
    """Run the command line; the exit status."""
    parser = argparse.ArgumentParser(description="Take pictures of the built pages.")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="such as book/model")
    parser.add_argument("--first-screen", action="store_true", help="not the whole page")
    options = parser.parse_args()
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    pages = [page.removesuffix(".html") for page in options.pages] or listed_pages(toc)
    program = find()
    if program is None:
        print(f"error: {REMEDY}", file=sys.stderr)
        return 1
    missing = [page for page in pages if not (HTML / f"{page}.html").is_file()]
    if missing:
        print(f"error: not built: {', '.join(missing)} (make book)", file=sys.stderr)
        return 1
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    taken = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        for theme in THEMES:
            for width in WIDTHS:
                context = browser.new_context(viewport={"width": width, "height": HEIGHT})
                context.add_init_script(
                    f"localStorage.setItem('mode', '{theme}');"
                    f"localStorage.setItem('theme', '{theme}');"
                )
                sheet = context.new_page()
                for page in pages:
                    sheet.goto((HTML / f"{page}.html").as_uri(), wait_until="load")
                    sheet.evaluate(SETTLED)
                    name = page.removeprefix("book/").replace("/", "-")
                    look = f"{width}-{theme}.png"
                    sheet.screenshot(
                        path=SCREENSHOTS / f"{name}-{look}", full_page=not options.first_screen
                    )
                    explorers = sheet.locator(".shortcut-explorer")
                    taken += 1 + explorers.count()
                    if explorers.count():
                        sheet.set_viewport_size({"width": width, "height": TALL})
                    for number in range(explorers.count()):
                        explorer = explorers.nth(number)
                        explorer.scroll_into_view_if_needed()
                        sheet.evaluate(SETTLED)
                        own = explorer.evaluate("host => host.explorer.id")
                        explorer.screenshot(path=SCREENSHOTS / f"{name}-{own}-{look}", style=ALONE)
                    sheet.set_viewport_size({"width": width, "height": HEIGHT})
                context.close()
        browser.close()
    print(f"{taken} pictures in {SCREENSHOTS.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
