"""Script time of an explorer's redraw while a slider moves, in a browser; and how a page loads.

Run with ``python benchmarks/explorers.py``; it takes about a minute.  Goal: under 16 ms for
Descent, Basins and Landscape at k = 25, so that the answer is in the next frame.  Where the book
is built (``make book``), its chapters with explorers are loaded over loopback as well, each time
with an empty cache; goals: every explorer drawn within a second, and under 2.5 MB uncompressed.
"""

import functools
import http.server
import sys
import tempfile
import threading
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
from shortcutlib.explorers.base import SCRIPTS
from shortcutlib.explorers.base import scripts as scripts_of

ROOT = Path(__file__).resolve().parent.parent
GOAL = 16.0  # milliseconds
BOOK = ROOT / "_build" / "html"
READY_GOAL = 1.0  # seconds
WEIGHT_GOAL = 2.5  # megabytes
LOADS = 7
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
    names = scripts_of(explorer.kind)
    scripts = "".join(
        f'<script defer src="{(SCRIPTS / name).as_uri()}"></script>' for name in names
    )
    style = f'<link rel="stylesheet" href="{(SCRIPTS / "explorers.css").as_uri()}">'
    return f"<!doctype html><meta charset=utf-8>{style}{scripts}<body>{explorer.to_html()}"


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serve files without a line for each request."""

    def log_message(self, format, *args):
        """Say nothing."""


def load(browser, address):
    """Seconds until every explorer of a page is drawn, and megabytes loaded in all."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    weights = {}
    page.on("response", lambda answer: weights.update({answer.url: answer}))
    page.goto(address, wait_until="load")
    page.wait_for_function("shortcutExplorers.all.every(explorer => explorer.ready)")
    ready = page.evaluate("Math.max(...shortcutExplorers.all.map(explorer => explorer.ready))")
    page.wait_for_load_state("networkidle")
    total = sum(len(answer.body()) for answer in weights.values() if answer.ok)
    context.close()
    return ready / 1000, total / 1e6


def chapters(browser):
    """Load the built chapters that have explorers, and report."""
    pages = [
        page
        for page in sorted(BOOK.rglob("*.html"))
        if "<shortcut-explorer" in page.read_text(encoding="utf-8")
    ]
    if not pages:
        print("  The book is not built (make book): its pages were not loaded.")
        return
    rows = [("page", "ready, median s", "largest s", "MB", "loads")]
    slowest = heaviest = 0.0
    handler = functools.partial(QuietHandler, directory=str(BOOK))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for page in pages:
            name = page.relative_to(BOOK).as_posix()
            address = f"http://127.0.0.1:{server.server_address[1]}/{name}"
            seconds, weights = zip(*(load(browser, address) for _ in range(LOADS)), strict=True)
            median, weight = float(np.median(seconds)), max(weights)
            slowest, heaviest = max(slowest, median), max(heaviest, weight)
            figures = (f"{median:.2f}", f"{max(seconds):.2f}", f"{weight:.2f}")
            rows.append((name, *figures, str(LOADS)))
        server.shutdown()
    report(f"Chapters over loopback, goals {READY_GOAL:g} s and {WEIGHT_GOAL:g} MB", rows)
    met = slowest < READY_GOAL and heaviest < WEIGHT_GOAL
    print(f"  slowest {slowest:.2f} s, heaviest {heaviest:.2f} MB: {'met' if met else 'NOT met'}")


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
        chapters(browser)
        browser.close()
    report(f"Explorers at k = 25: script time per redraw, goal {GOAL:g} ms", rows)
    print(f"  largest 95% quantile: {worst:.1f} ms: {'met' if worst < GOAL else 'NOT met'}")
    print(f"  Table 1 in a worker: {table} s")


if __name__ == "__main__":
    main()
