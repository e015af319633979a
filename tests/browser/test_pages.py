"""Every page loads whole and by itself, on a wide screen, on a telephone and from the disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from book_pages import CHAPTERS, EXTRA_PAGES, PAGES, OpenPage
from bs4 import BeautifulSoup
from playwright.sync_api import expect

# Browsers refuse some requests of the theme's search page where there is no server.
NEEDS_SERVER = {"search.html"}
MARKUP = (":::", "](#", "{ref}", "{eq}", "{cite", "{prf:", "{doc}", "$$", "\\begin{")


@pytest.mark.parametrize("page", [*PAGES, *EXTRA_PAGES])
def test_page_loads_without_complaint(
    page: str, html: Path, address: str, open_page: OpenPage
) -> None:
    soup = BeautifulSoup((html / page).read_text(encoding="utf-8"), "html.parser")
    written = len(soup.select(".math"))
    with open_page(f"{address}/{page}") as visit:
        assert visit.troubles == []
        assert visit.page.locator("html").get_attribute("lang") == "en"
        if page in PAGES:
            # Beside the title itself the theme keeps a copy for printing.
            assert visit.page.locator("article h1").count() == 1
        # Every formula is set, and none contains a command that MathJax does not know.
        assert visit.page.locator(".math mjx-container").count() >= written
        faults = visit.page.locator("mjx-merror, [data-mjx-error], mjx-mtext[style*='red']")
        assert faults.all_text_contents() == []


@pytest.mark.parametrize("page", PAGES)
def test_no_markup_is_left_over(page: str, html: Path) -> None:
    soup = BeautifulSoup((html / page).read_text(encoding="utf-8"), "html.parser")
    article = soup.select_one("article")
    assert article is not None
    for literal in article.select("pre, code, script, style, .math"):
        literal.decompose()
    text = article.get_text(" ")
    assert [mark for mark in MARKUP if mark in text] == []


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("width", [320, 360, 768])
def test_nothing_sticks_out_sideways(
    page: str, width: int, address: str, open_page: OpenPage
) -> None:
    with open_page(f"{address}/{page}", width=width, height=800) as visit:
        # Closed solutions and folded cells count as well.
        visit.page.evaluate(
            """() => {
                document.querySelectorAll('details').forEach(d => { d.open = true; });
                document.querySelectorAll('.toggle-hidden').forEach(
                    d => d.classList.remove('toggle-hidden'));
            }"""
        )
        visit.settle()
        found = visit.page.evaluate(
            """() => {
                const limit = document.documentElement.clientWidth;
                const clipped = node => {
                    for (let n = node.parentElement; n && n !== document.body; n = n.parentElement)
                        if (getComputedStyle(n).overflowX !== 'visible') return true;
                    return false;
                };
                const out = [...document.querySelectorAll('.bd-article *')].filter(
                    n => n.getBoundingClientRect().right > limit + 1 && !clipped(n));
                return {
                    scroll: document.documentElement.scrollWidth, limit,
                    out: out.slice(0, 5).map(
                        n => `${n.tagName}.${n.className} ${n.textContent.trim().slice(0, 60)}`),
                };
            }"""
        )
        assert found["scroll"] <= found["limit"], found
        assert found["out"] == []


@pytest.mark.parametrize("page", PAGES)
def test_figures_have_descriptions(page: str, html: Path) -> None:
    soup = BeautifulSoup((html / page).read_text(encoding="utf-8"), "html.parser")
    for image in soup.select("article img"):
        description = str(image.get("alt") or "").strip()
        source = str(image.get("src"))
        assert description, f"{source} has no alternative text"
        assert not description.endswith((".png", ".svg", ".jpg")), description
        assert description not in source


@pytest.mark.parametrize("page", [p for p in [*PAGES, *EXTRA_PAGES] if p not in NEEDS_SERVER])
def test_page_works_from_the_disk(page: str, html: Path, open_page: OpenPage) -> None:
    with open_page((html / page).as_uri()) as visit:
        assert visit.troubles == []
        if visit.page.locator(".math").count():
            assert visit.page.locator("mjx-container").count() > 0


@pytest.mark.parametrize("page", CHAPTERS)
def test_solutions_are_closed_until_asked_for(page: str, address: str, open_page: OpenPage) -> None:
    with open_page(f"{address}/{page}") as visit:
        solutions = visit.page.locator(".solution")
        assert solutions.count() >= 4
        for index in range(solutions.count()):
            solution = solutions.nth(index)
            content = solution.locator("> section")
            assert not content.is_visible()
            button = solution.locator("button.toggle-button").first
            button.focus()
            visit.page.keyboard.press("Enter")
            content.wait_for(state="visible", timeout=2000)


def test_front_door_leads_to_the_book(html: Path, address: str, open_page: OpenPage) -> None:
    for root in (address, html.as_uri()):
        with open_page(f"{root}/index.html", settle=False) as visit:
            visit.page.wait_for_url("**/book/index.html")
            visit.settle()
            assert visit.troubles == []


def test_icons_come_from_the_font_alone(html: Path, address: str, open_page: OpenPage) -> None:
    assert (html / "_static/scripts/fontawesome.js").stat().st_size < 100
    with open_page(f"{address}/book/index.html") as visit:
        content, family = visit.page.evaluate(
            """() => {
                const icon = document.querySelector(".theme-switch-button .fa-solid");
                const style = getComputedStyle(icon, "::before");
                return [style.content, style.fontFamily];
            }"""
        )
    assert content not in ("none", "normal", '""')
    assert "Awesome" in family


def test_search_finds_a_page(address: str, open_page: OpenPage) -> None:
    with open_page(f"{address}/search.html?q=shortcut") as visit:
        visit.page.locator("#search-results li a").first.wait_for(timeout=10_000)
        assert visit.troubles == []


EXPLORED = "book/stage-one.html"


@pytest.mark.parametrize("width", [360, 1280])
def test_the_way_back_to_the_top_is_not_over_an_explorer(
    width: int, address: str, open_page: OpenPage
) -> None:
    with open_page(f"{address}/{EXPLORED}", width=width, height=780) as visit:
        button = visit.page.locator("#pst-back-to-top")
        for share, seen in ((0.1, False), (0.5, False), (0.9, False), (1.4, True)):
            # This share of the explorer is at nine tenths of the window, where the button stands
            # when the theme shows it, to those who scroll up.
            visit.page.evaluate(
                """share => {
                    const box = document.querySelector('shortcut-explorer').getBoundingClientRect();
                    const top = scrollY + box.top + share * box.height - 0.9 * innerHeight;
                    scrollTo({top, behavior: 'instant'});
                }""",
                share,
            )
            expect(button).to_have_css("visibility", "visible" if seen else "hidden")
        assert visit.troubles == []


@pytest.mark.parametrize("page", CHAPTERS)
def test_captions_of_tables_are_read_without_scrolling(
    page: str, address: str, open_page: OpenPage
) -> None:
    with open_page(f"{address}/{page}", width=360, height=780) as visit:
        boxes = visit.page.evaluate(
            """() => [...document.querySelectorAll('.cell_output table > caption')].map(node => {
                const inside = document.createRange();
                inside.selectNodeContents(node);
                const b = inside.getBoundingClientRect(), table = node.parentElement;
                return [b.left, b.right, table.scrollWidth > table.parentElement.clientWidth];
            })"""
        )
        for left, right, _ in boxes:
            assert left >= 0
            assert right <= 360
