"""Script time of an explorer's redraw while a slider moves, in a browser.

Run with ``python benchmarks/explorers.py``; it takes about a minute.  Goal: under 16 ms for
Descent, Basins and Landscape at k = 25, so that the answer is in the next frame.
"""

import sys
import tempfile
from importlib import util
from pathlib import Path

import numpy as np
from measure import report
from playwright.sync_api import sync_playwright

from shortcutlib.explorers import (
    BasinExplorer,
    DescentExplorer,
    LandscapeExplorer,
    TableExplorer,
)
from shortcutlib.explorers.base import SCRIPTS, SHARED

ROOT = Path(__file__).resolve().parent.parent
GOAL = 16.0  # milliseconds
#: What is moved, and from where to where.
MOVES = [
    (DescentExplorer(), "share", 0.2, 0.5),
    (DescentExplorer(), "across", -0.4, 0.4),
    (DescentExplorer(), "iteration", 0, 20_000),
    (BasinExplorer(), "share", 0.2, 0.5),
    (BasinExplorer(), "angle", 0.3, 0.6),
    (BasinExplorer(), "warmup", 0, 2000),
    (LandscapeExplorer(k=25), "fraction", 0.0, 1.0),
    (LandscapeExplorer(k=25), "angle", 0.1, 0.9),
]
MOVE = """async ([name, low, high, count]) => {
    const explorer = shortcutExplorers.all[0], costs = [];
    for (let i = 0; i < count; i++) {
        explorer.set({[name]: low + (high - low) * i / count});
        await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
        costs.push(explorer.costs[explorer.costs.length - 1]);
    }
    return costs;
}"""


def find_browser():
    """The path of a browser."""
    spec = util.spec_from_file_location("find_chromium", ROOT / "tools" / "find_chromium.py")
    finder = util.module_from_spec(spec)
    spec.loader.exec_module(finder)
    return finder.find() or sys.exit(f"error: {finder.REMEDY}")


def page_of(explorer):
    """A page with one explorer."""
    names = [*SHARED, f"{explorer.kind}.js"]
    scripts = "".join(
        f'<script defer src="{(SCRIPTS / name).as_uri()}"></script>' for name in names
    )
    style = f'<link rel="stylesheet" href="{(SCRIPTS / "explorers.css").as_uri()}">'
    return f"<!doctype html><meta charset=utf-8>{style}{scripts}<body>{explorer.to_html()}"


def main():
    """Move each slider; the first fifth of the redraws warms the compiler up and is left out."""
    rows = [("explorer", "moved", "median ms", "95% ms", "largest ms", "redraws")]
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"]
        )
        file = Path(folder) / "page.html"
        for explorer, name, low, high in MOVES:
            file.write_text(page_of(explorer), encoding="utf-8")
            page = browser.new_page(viewport={"width": 1000, "height": 900})
            page.goto(file.as_uri())
            costs = np.array(page.evaluate(MOVE, [name, low, high, 100]))[20:]
            usual = float(np.quantile(costs, 0.95))
            worst = max(worst, usual)
            figures = (np.median(costs), usual, costs.max())
            rows.append((explorer.kind, name, *(f"{x:.1f}" for x in figures), str(costs.size)))
            page.close()
        file.write_text(page_of(TableExplorer()), encoding="utf-8")
        page = browser.new_page()
        page.goto(file.as_uri())
        page.get_by_role("button", name="Run").click()
        page.wait_for_function("shortcutExplorers.all[0].words.textContent.includes('trials in')")
        table = page.locator(".se-readout").inner_text().split(" s.")[0]
        browser.close()
    report(f"Explorers at k = 25: script time per redraw, goal {GOAL:g} ms", rows)
    print(f"  largest 95% quantile: {worst:.1f} ms: {'met' if worst < GOAL else 'NOT met'}")
    print(f"  Table 1 in a worker: {table} s")


if __name__ == "__main__":
    main()
