"""What the browser tests share: the pages, how to build them, and what a visit to one records."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import yaml
from playwright.sync_api import BrowserContext, Page, Route

ROOT = Path(__file__).resolve().parents[2]
BUILD_LIMIT = 900  # seconds


def load_tool(name: str) -> ModuleType:
    """Import a script of tools/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def toc_files() -> list[str]:
    """Every page of the table of contents, in order, without a suffix."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files: list[str] = []

    def walk(entry: object) -> None:
        if isinstance(entry, dict):
            for key in ("root", "file"):
                if key in entry:
                    files.append(entry[key])
            for key in ("parts", "chapters", "sections"):
                walk(entry.get(key, []))
        elif isinstance(entry, list):
            for item in entry:
                walk(item)

    walk(toc)
    return files


PAGES = [f"{name}.html" for name in toc_files()]
CHAPTERS = [
    f"{name}.html"
    for name in toc_files()
    if (ROOT / f"{name}.ipynb").is_file() and name != "book/prerequisites"
]
EXTRA_PAGES = ["genindex.html", "search.html"]


def build_book(folder: Path, *options: str) -> Path:
    """Build the book under a folder outside the sources; the folder of its pages."""
    program = Path(sys.executable).with_name("jupyter-book")
    command = [str(program), "build", "-n", "-W", "--keep-going", "--path-output", str(folder)]
    environment = {**os.environ, "NO_COLOR": "1"}
    result = subprocess.run(
        [*command, *options, str(ROOT)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BUILD_LIMIT,
        check=False,
    )
    if result.returncode != 0:
        words = ("WARNING", "ERROR", "CRITICAL", "Error", "Exception")
        lines = [line for line in result.stdout.splitlines() if any(w in line for w in words)]
        raise RuntimeError("the book does not build:\n" + "\n".join(lines or [result.stdout]))
    return folder / "_build" / "html"


@dataclasses.dataclass
class Visit:
    """A loaded page and everything that went wrong while it loaded."""

    page: Page
    console: list[str] = dataclasses.field(default_factory=list)
    failed: list[str] = dataclasses.field(default_factory=list)
    foreign: list[str] = dataclasses.field(default_factory=list)

    def settle(self) -> None:
        """Wait until formulas are set and fonts are there."""
        self.page.evaluate(
            """async () => {
                if (window.MathJax && MathJax.startup && MathJax.startup.promise) {
                    await MathJax.startup.promise;
                }
                await document.fonts.ready;
            }"""
        )
        self.page.wait_for_timeout(100)

    @property
    def troubles(self) -> list[str]:
        """All that went wrong."""
        return [
            *(f"console: {text}" for text in self.console),
            *(f"not loaded: {text}" for text in self.failed),
            *(f"asked another host: {text}" for text in self.foreign),
        ]


OpenPage = Callable[..., contextlib.AbstractContextManager[Visit]]


def watch(context: BrowserContext, visit: Visit) -> None:
    """Record what a page asks for and what it complains about; let nothing out."""

    def gate(route: Route) -> None:
        parts = urlsplit(route.request.url)
        if parts.scheme in ("data", "blob", "file") or parts.hostname == "127.0.0.1":
            route.continue_()
        else:
            visit.foreign.append(route.request.url)
            route.abort()

    context.route("**/*", gate)
    page = visit.page
    page.on(
        "console",
        lambda message: (
            visit.console.append(f"{message.type}: {message.text}")
            if message.type in ("error", "warning")
            else None
        ),
    )
    page.on("pageerror", lambda error: visit.console.append(f"exception: {error.stack or error}"))
    page.on("requestfailed", lambda request: visit.failed.append(request.url))
    page.on(
        "response",
        lambda response: (
            visit.failed.append(f"{response.status} {response.url}")
            if response.status >= 400
            else None
        ),
    )
