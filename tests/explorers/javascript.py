"""Run a JavaScript function with the explorers' scripts: in Node, or in a browser without it."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "shortcutlib" / "explorers" / "scripts"
CORE = tuple(SCRIPTS / name for name in ("core.js", "fates.js", "random.js", "sampled.js"))


def call(function: str, argument: Any, scripts: tuple[Path, ...] = CORE) -> Any:
    """What a function of one argument answers; both travel as JSON, which keeps every digit."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in scripts)
    node = shutil.which("node") or shutil.which("nodejs")
    if node is None:
        return in_browser(source, function, argument)
    program = (
        f"{source}\nconst answer = ({function})(JSON.parse(require('fs').readFileSync(0, 'utf8')));"
        "\nprocess.stdout.write(JSON.stringify(answer));"
    )
    result = subprocess.run(
        [node, "--eval", program],
        input=json.dumps(argument),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def in_browser(source: str, function: str, argument: Any) -> Any:
    """The same in a Chromium without a window."""
    # In a thread of its own: another test of this process may have a browser open, and the
    # synchronous Playwright refuses to start twice in one thread.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_evaluate, source, function, argument).result()


def _evaluate(source: str, function: str, argument: Any) -> Any:
    from playwright.sync_api import sync_playwright

    spec = importlib.util.spec_from_file_location("finder", ROOT / "tools" / "find_chromium.py")
    assert spec is not None
    assert spec.loader is not None
    finder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(finder)
    program = finder.find()
    assert program is not None, finder.REMEDY
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.add_script_tag(content=source)
        answer = page.evaluate(function, argument)
        browser.close()
    return answer
