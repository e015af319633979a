"""JupyterLab of some environment, and what a chapter must do in it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from book_pages import ROOT, Visit, watch
from explorer_pages import spelled
from playwright.sync_api import Browser, Page, expect

from shortcutlib.explorers import LandscapeExplorer

#: A quick chapter with one explorer, and the cell that shows it.
CHAPTER = ROOT / "book" / "spurious-optimum.ipynb"
CELL = "LandscapeExplorer(k=10)"
#: Complaints that are none of ours: of Jupytext's part, which comes with Otter and wants another
#: JupyterLab than MyST's; of MyST's, about works that the book cites on another page; and
#: JupyterLab's own, about a cell that is no longer drawn when it looks for its buttons.
FOREIGN = (
    "[ Federation Runtime ]",
    "jupyterlab-jupytext",
    "No target for internal reference",
    "_markdownOverlapsToolbar",
)
#: Milliseconds until something must have happened; on a busy machine all is slow.
PATIENCE = 120_000


@dataclasses.dataclass
class Lab:
    """A running server."""

    address: str
    token: str
    log: Path


def put_chapter(folder: Path) -> None:
    """Write the chapter into a folder, its explorer named, and without outputs."""
    notebook = json.loads(CHAPTER.read_text(encoding="utf-8"))
    named = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
            if "".join(cell["source"]) == CELL:
                cell["source"], named = f"explorer = {CELL}\nexplorer", named + 1
    assert named == 1
    (folder / "chapter.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


@contextlib.contextmanager
def running(python: Path, folder: Path, home: Path) -> Iterator[Lab]:
    """JupyterLab of an environment, on this machine, with no settings but its own."""
    config = home / "config"
    (config / "labconfig").mkdir(parents=True)
    # News are fetched from another host.
    (config / "labconfig" / "page_config.json").write_text(
        json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}})
    )
    places = {
        "JUPYTER_CONFIG_DIR": config,
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "IPYTHONDIR": home / "ipython",
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    log = home / "log.txt"
    # A kernel is found by its program's folder, and is to see no packages but its own.
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment["PATH"] = f"{python.parent}{os.pathsep}{environment['PATH']}"
    with log.open("w") as lines:
        server = subprocess.Popen(
            [
                *(str(python), "-m", "jupyterlab", "--no-browser", "--allow-root"),
                "--ServerApp.ip=127.0.0.1",
                f"--ServerApp.port={port}",
                f"--ServerApp.root_dir={folder}",
                f"--IdentityProvider.token={token}",
                "--LabApp.expose_app_in_browser=True",
                "--LabApp.extension_manager=readonly",
            ],
            env={**environment, **{name: str(place) for name, place in places.items()}},
            stdin=subprocess.DEVNULL,
            stdout=lines,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
    try:
        # Where the port has been taken meanwhile the server tries others, and says which it got.
        file = home / "runtime" / f"jpserver-{server.pid}.json"
        end = time.monotonic() + PATIENCE / 1000
        while not file.exists() or not file.read_text(encoding="utf-8").rstrip().endswith("}"):
            if server.poll() is not None or time.monotonic() > end:
                pytest.fail(f"JupyterLab does not start:\n{log.read_text()}", pytrace=False)
            time.sleep(0.1)
        told = json.loads(file.read_text(encoding="utf-8"))
        yield Lab(f"http://127.0.0.1:{told['port']}", token, log)
    finally:
        # It ends its kernels before itself.
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def cells(page: Page) -> list[dict[str, Any]]:
    """The notebook as it stands in the page, outputs included."""
    return page.evaluate("jupyterapp.shell.currentWidget.content.model.toJSON().cells")


def command(page: Page, name: str) -> None:
    """Run a command of the program, to its end."""
    # Its parts arrive one after the other.
    page.wait_for_function("name => jupyterapp.commands.hasCommand(name)", arg=name)
    page.evaluate("name => jupyterapp.commands.execute(name)", name)


def printed(page: Page, code: str) -> str:
    """What the kernel prints when a new last cell is run."""
    page.evaluate(
        """code => {
            const {content} = jupyterapp.shell.currentWidget, {sharedModel} = content.model;
            sharedModel.addCell({cell_type: 'code', source: code});
            content.deselectAll();
            content.activeCellIndex = sharedModel.cells.length - 1;
        }""",
        code,
    )
    command(page, "notebook:run-cell")
    outputs = cells(page)[-1]["outputs"]
    assert [output["output_type"] for output in outputs] == ["stream"], outputs
    return "".join(outputs[0]["text"]).strip()


def show_explorer(page: Page) -> None:
    """Scroll to the explorer; what is far away is not in the page."""
    index = next(i for i, cell in enumerate(cells(page)) if CELL in "".join(cell["source"]))
    page.evaluate(
        "index => jupyterapp.shell.currentWidget.content.scrollToItem(index, 'start')", index
    )
    expect(page.locator(".shortcut-explorer .se-stage svg")).to_be_visible(timeout=PATIENCE)
    page.locator(".shortcut-explorer").scroll_into_view_if_needed()


def chapter_runs_and_its_explorer_lives(lab: Lab, browser: Browser) -> None:
    """Run the chapter, and speak with its explorer from the page and from the kernel."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    try:
        context.set_default_timeout(PATIENCE)
        visit = Visit(context.new_page())
        watch(context, visit)
        page = visit.page
        page.goto(f"{lab.address}/lab/tree/chapter.ipynb?token={lab.token}")
        page.wait_for_function(
            """() => {
                const widget = globalThis.jupyterapp && jupyterapp.shell.currentWidget;
                const session = widget && widget.sessionContext && widget.sessionContext.session;
                return Boolean(session && session.kernel && session.kernel.status === 'idle'
                    && widget.content.model && widget.context.isReady);
            }"""
        )
        command(page, "notebook:run-all-cells")
        for cell in cells(page):
            for output in cell.get("outputs", []):
                assert output["output_type"] != "error", (cell["source"], output)
        assert all(c["execution_count"] for c in cells(page) if c["cell_type"] == "code")

        show_explorer(page)
        readout = page.locator(".se-readout")
        first, moved = LandscapeExplorer(k=10), LandscapeExplorer(k=10, angle=0.68)
        assert spelled(first.loss()) != spelled(moved.loss())
        expect(readout).to_contain_text(f"loss = {spelled(first.loss())}, slopes")
        slider = page.get_by_label("student's angle φ / π", exact=True)
        slider.focus()
        # The arrow keys would choose another cell if the notebook took them.
        active = page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex")
        for _ in range(3):
            page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowUp")
        expect(slider).to_have_value("0.68")
        expect(slider).to_be_focused()
        assert page.evaluate("jupyterapp.shell.currentWidget.content.activeCellIndex") == active
        expect(readout).to_contain_text(f"loss = {spelled(moved.loss())}, slopes")
        page.locator(".se-handle").focus()
        page.keyboard.press("Shift+ArrowUp")
        chosen = "jupyterapp.shell.currentWidget.content.selectedCells.length"
        assert page.evaluate(chosen) == 1
        # A number is typed, not taken for the notebook's shortcuts.
        field = page.get_by_label("k, as a number", exact=True)
        field.fill("1")
        field.press("2")
        field.press("Enter")
        seen = page.locator(".shortcut-explorer").evaluate("host => host.explorer.values")
        assert seen["angle"] == 0.68
        assert seen["k"] == 12
        assert seen["position"] > 0.6

        told = "print(explorer.k, explorer.angle, explorer.position, explorer.loss())"
        k, angle, position, loss = map(float, printed(page, told).split())
        assert (k, angle, position) == (seen["k"], seen["angle"], seen["position"])
        assert loss == LandscapeExplorer(**seen).loss()

        # And the other way, to an explorer that had left the screen.
        assert printed(page, "explorer.angle = 0.25\nprint('set')") == "set"
        show_explorer(page)
        expect(slider).to_have_value("0.25")
        expect(readout).to_contain_text("0.25 π")
        # The keys that press a button have other meanings for a notebook.
        for key in ("Enter", "Space"):
            assert printed(page, "explorer.k = 30\nprint(explorer.k)") == "30"
            show_explorer(page)
            reset = page.get_by_role("button", name="Reset")
            reset.focus()
            page.keyboard.press(key)
            expect(field).to_have_value("10")
            assert printed(page, "print(explorer.k)") == "10"
            show_explorer(page)
        ours = [said for said in visit.troubles if not any(words in said for words in FOREIGN)]
        assert ours == [], "\n".join(ours)
    finally:
        context.close()
