"""The book, built once and served on this machine, and a browser that can reach nothing else."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from book_pages import BUILD_LIMIT, OpenPage, Visit, build_book, load_tool, watch
from explorer_pages import Show, page_of, settle
from playwright.sync_api import Browser, Page, sync_playwright

from shortcutlib.explorers import Explorer
from shortcutlib.explorers.base import SCRIPTS

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]


@pytest.fixture(scope="session")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built pages; the workers of one run share one build."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    folder, outcome = shared / "book", shared / "book.json"
    try:
        folder.mkdir()
        first = True
    except FileExistsError:
        first = False
    if first:
        try:
            result = {"html": str(build_book(folder))}
        except Exception as error:
            result = {"error": str(error)}
        partial = outcome.with_suffix(".part")
        partial.write_text(json.dumps(result), encoding="utf-8")
        partial.replace(outcome)
    limit = time.monotonic() + BUILD_LIMIT
    while not outcome.exists():
        if time.monotonic() > limit:
            pytest.fail("the build of the book did not end")
        time.sleep(0.2)
    result = json.loads(outcome.read_text(encoding="utf-8"))
    if "error" in result:
        pytest.fail(result["error"], pytrace=False)
    return Path(result["html"])


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serve files without a line for each request."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class QuietServer(http.server.ThreadingHTTPServer):
    """Serve files; a browser that hangs up early is no news."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def address(html: Path) -> Iterator[str]:
    """The address at which this machine serves the pages."""
    handler = functools.partial(QuietHandler, directory=str(html))
    with QuietServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium without a window."""
    tool = load_tool("find_chromium")
    program = tool.find()
    if program is None:
        pytest.fail(tool.REMEDY, pytrace=False)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def open_page(browser: Browser) -> OpenPage:
    """Open an address: ``with open_page(url, width=360, theme="dark") as visit: ...``."""

    @contextlib.contextmanager
    def opened(
        url: str, *, width: int = 1280, height: int = 900, theme: str = "light", settle: bool = True
    ) -> Iterator[Visit]:
        context = browser.new_context(viewport={"width": width, "height": height})
        try:
            context.add_init_script(
                f"try {{ localStorage.setItem('mode', '{theme}'); "
                f"localStorage.setItem('theme', '{theme}'); }} catch (error) {{}}"
            )
            visit = Visit(context.new_page())
            watch(context, visit)
            visit.page.goto(url, wait_until="load")
            if settle:
                visit.settle()
            yield visit
        finally:
            context.close()

    return opened


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Show]:
    """Open a page with explorers: ``with show([explorer], http=True) as page: ...``."""
    for script in SCRIPTS.iterdir():
        shutil.copy(script, tmp_path)
    handler = functools.partial(QuietHandler, directory=str(tmp_path))

    @contextlib.contextmanager
    def shown(
        explorers: list[Explorer],
        *,
        http: bool = False,
        theme: str = "light",
        fragment: str = "",
        scripts: bool = True,
        **options: Any,
    ) -> Iterator[Page]:
        options.setdefault("viewport", {"width": 1000, "height": 900})
        (tmp_path / "page.html").write_text(page_of(explorers, theme), encoding="utf-8")
        where = address if http else tmp_path.as_uri()
        context = browser.new_context(java_script_enabled=scripts, **options)
        try:
            visit = Visit(context.new_page())
            watch(context, visit)
            visit.page.goto(f"{where}/page.html{fragment}", wait_until="load")
            if scripts:
                settle(visit.page)
            yield visit.page
            assert visit.troubles == []
        finally:
            context.close()

    with QuietServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        yield shown
        server.shutdown()
