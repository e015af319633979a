"""Script time of an explorer's redraw while a slider moves, in a browser; and how a page loads.

Run with ``python benchmarks/explorers.py``; it takes some minutes.  Every slider of every explorer
is moved, one at a time, by the event that a hand makes; what is timed is the script between the
event and the finished drawing.  Goal: under 16 ms for Descent, Basins and Landscape at k = 25 in
95 of 100 redraws, so that the answer is in the next frame.  The processor time that a redraw takes
on average, with style and layout, is shown beside it: on a busy machine, where the script has to
wait for its turn, it is the one to look at.  Where the book is built
(``make book``), its chapters with explorers are loaded over loopback as well, each time with an
empty cache; goals: every explorer drawn within a second, and under 2.5 MB uncompressed.
"""

import functools
import http.server
import os
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
    DissipativityExplorer,
    LandscapeExplorer,
    NoiseExplorer,
    RegularisedExplorer,
    SurfaceExplorer,
    TableExplorer,
    TwoPhasesExplorer,
)
from shortcutlib.explorers.base import SCRIPTS
from shortcutlib.explorers.base import scripts as scripts_of

ROOT = Path(__file__).resolve().parent.parent
GOAL = 16.0  # milliseconds
BOOK = ROOT / "_build" / "html"
READY_GOAL = 1.0  # seconds
WEIGHT_GOAL = 2.5  # megabytes
LOADS = 7
#: Redraws of each slider; the first fifth warms the compiler up and is left out.
REDRAWS = 100
#: The explorers, and whether the goal is theirs.
MOVED = [
    (DescentExplorer(), True),
    (BasinExplorer(), True),
    (LandscapeExplorer(k=25), True),
    (DissipativityExplorer(lemma=12), False),
    (RegularisedExplorer(bounded=True), False),
    (TwoPhasesExplorer(), False),
    (SurfaceExplorer(), False),
    (NoiseExplorer(), False),
]
#: Moves a slider from end to end, there and back, by the event that a hand makes.
MOVE = """async ([name, count]) => {
    const explorer = shortcutExplorers.all[0], [slider] = explorer.inputs.get(name), costs = [];
    const low = Number(slider.min), high = Number(slider.max), first = slider.value;
    for (let i = 0; i < count; i++) {
        const share = 1 - Math.abs(1 - 2 * i / count);
        slider.value = String(low + (high - low) * share);
        const before = explorer.costs.length, seen = explorer.costs[before - 1];
        const begin = performance.now();
        slider.dispatchEvent(new Event('input', {bubbles: true}));
        const event = performance.now() - begin;
        await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
        const last = explorer.costs[explorer.costs.length - 1];
        if (last !== seen || explorer.costs.length !== before) costs.push(event + last);
    }
    slider.value = first;
    slider.dispatchEvent(new Event('input', {bubbles: true}));
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
    # What the page makes itself, the text of its workers, is not loaded.
    loaded = [answer for url, answer in weights.items() if url.startswith("http") and answer.ok]
    total = sum(len(answer.body()) for answer in loaded)
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


def processor_time(clock):
    """Milliseconds that a page's script, styles and layout have taken of the processor."""
    metrics = clock.send("Performance.getMetrics")["metrics"]
    parts = ("ScriptDuration", "RecalcStyleDuration", "LayoutDuration")
    return 1000 * sum(metric["value"] for metric in metrics if metric["name"] in parts)


def moves(browser, folder):
    """Move every slider of every explorer, and report."""
    rows = [("explorer", "moved", "CPU ms", "median ms", "95% ms", "largest", "late", "redraws")]
    worst = heaviest = 0.0
    file = folder / "page.html"
    for explorer, judged in MOVED:
        file.write_text(page_of(explorer), encoding="utf-8")
        page = browser.new_page(viewport={"width": 1000, "height": 900})
        clock = page.context.new_cdp_session(page)
        clock.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(file.as_uri())
        page.wait_for_function("shortcutExplorers.all[0].resting", timeout=60_000)
        sliders = page.evaluate(
            "[...shortcutExplorers.all[0].inputs].filter(([, inputs]) =>"
            " inputs[0].type === 'range' && !inputs[0].disabled).map(([name]) => name)"
        )
        for name in sliders:
            before = processor_time(clock)
            costs = np.array(page.evaluate(MOVE, [name, REDRAWS]))
            processor = (processor_time(clock) - before) / costs.size
            costs = costs[REDRAWS // 5 :]
            usual = float(np.quantile(costs, 0.95))
            if judged:
                worst, heaviest = max(worst, usual), max(heaviest, processor)
            figures = (processor, np.median(costs), usual, costs.max())
            late = f"{np.mean(costs > GOAL):.0%}"
            rows.append(
                (explorer.kind, name, *(f"{x:.1f}" for x in figures), late, str(costs.size))
            )
        page.close()
    report(f"Script time per redraw; goal {GOAL:g} ms for the first three explorers", rows)
    for what, value in (("processor time", heaviest), ("95% quantile", worst)):
        print(f"  largest {what}: {value:.1f} ms: {'met' if value < GOAL else 'NOT met'}")
    load, processors = os.getloadavg()[0], os.cpu_count()
    print(f"  programs waiting for the {processors} processors of this machine: {load:.1f}")


def table(browser, folder):
    """Run Table 1 in a page, and report."""
    file = folder / "page.html"
    file.write_text(page_of(TableExplorer()), encoding="utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    page.get_by_role("button", name="Run").click()
    page.wait_for_function("shortcutExplorers.all[0].words.textContent.includes('trials in')")
    told = page.locator(".se-readout").inner_text().split(" s.")[0]
    print(f"  Table 1 in a worker: {told} s")
    page.close()


def main():
    """Move the sliders, run the table, load the chapters."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"]
        )
        moves(browser, Path(name))
        table(browser, Path(name))
        chapters(browser)
        browser.close()


if __name__ == "__main__":
    main()
