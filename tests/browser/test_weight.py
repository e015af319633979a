"""Pages with explorers are light, and their explorers come to life."""

from __future__ import annotations

import pytest
from book_pages import CHAPTERS, ROOT, OpenPage
from playwright.sync_api import Response

LIMIT = 2_500_000  # bytes, before any compression


def kinds(page: str) -> int:
    """How many explorers a chapter has."""
    notebook = ROOT / page.replace(".html", ".ipynb")
    return notebook.read_text(encoding="utf-8").count("<shortcut-explorer kind=")


PAGES = [page for page in CHAPTERS if kinds(page)]


def test_some_chapters_have_explorers() -> None:
    assert len(PAGES) >= 4


@pytest.mark.parametrize("page", PAGES)
def test_explorer_page_is_light_and_alive(page: str, address: str, open_page: OpenPage) -> None:
    with open_page("about:blank", settle=False) as visit:
        answers: list[Response] = []
        visit.page.on("response", lambda answer: answers.append(answer))
        visit.page.goto(f"{address}/{page}", wait_until="load")
        visit.settle()
        # What is lower down is loaded only when it comes near.
        visit.page.evaluate("scrollTo(0, document.body.scrollHeight)")
        visit.page.wait_for_load_state("networkidle")
        visit.page.wait_for_function(
            """count => globalThis.shortcutExplorers
                && shortcutExplorers.all.length === count
                && shortcutExplorers.all.every(e => e.resting)""",
            arg=kinds(page),
        )
        # The body of a worker's text, made in the page, is gone when the worker has ended.
        loaded = [a for a in answers if a.ok and a.url.startswith(address)]
        weights = {a.url.removeprefix(address): len(a.body()) for a in loaded}
        assert visit.troubles == []
    assert f"/{page}" in weights
    largest = sorted(weights.items(), key=lambda item: -item[1])[:8]
    assert sum(weights.values()) < LIMIT, largest


@pytest.mark.parametrize("page", PAGES)
def test_formulas_are_read_aloud(page: str, address: str, open_page: OpenPage) -> None:
    with open_page(f"{address}/{page}") as visit:
        formulas = visit.page.locator(".math mjx-container")
        assert formulas.count() > 0
        assert formulas.locator("mjx-assistive-mml math").count() == formulas.count()
