"""A chapter in JupyterLab: its explorer is drawn, obeys the keyboard, and tells the kernel."""

import sys
from pathlib import Path

from jupyter_lab import chapter_runs_and_its_explorer_lives, put_chapter, running
from playwright.sync_api import Browser


def test_a_chapter_runs_and_its_explorer_lives(tmp_path: Path, browser: Browser) -> None:
    folder, home = tmp_path / "notebooks", tmp_path / "home"
    folder.mkdir()
    put_chapter(folder)
    with running(Path(sys.executable), folder, home) as lab:
        chapter_runs_and_its_explorer_lives(lab, browser)
