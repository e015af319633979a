"""The ledger's page: whole without a script, searched with one, and readable on a telephone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from book_pages import ROOT, OpenPage
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page

PAGE = "book/claims.html"
ROWS: list[dict[str, Any]] = yaml.safe_load(
    (ROOT / "book" / "claims.yml").read_text(encoding="utf-8")
)
COUNTS = Counter(row["verdict"] for row in ROWS)


def shown(page: Page) -> list[str]:
    """The ids of the rows that can be seen."""
    return page.eval_on_selector_all(
        ".claims-table tbody tr", "rows => rows.filter(r => r.offsetHeight > 0).map(r => r.id)"
    )


def count(page: Page) -> str:
    return page.locator("#claims-count").inner_text()


def said(total: int) -> str:
    return f"{total} of {len(ROWS)} shown"


def of_verdict(verdict: str) -> list[str]:
    return [row["id"] for row in ROWS if row["verdict"] == verdict]


def test_table_is_whole_without_a_script(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/{PAGE}")
    # Not evaluated in the page, which runs no script.
    rows = page.locator(".claims-table tbody tr")
    assert rows.count() == len(ROWS)
    assert all(rows.nth(n).is_visible() for n in range(0, len(ROWS), 7))
    assert not page.locator(".claims-form").is_visible()
    context.close()


def test_rows_hold_what_the_ledger_says(html: Path) -> None:
    soup = BeautifulSoup((html / PAGE).read_text(encoding="utf-8"), "html.parser")
    drawn = [str(row["id"]) for row in soup.select(".claims-table tbody tr")]
    assert sorted(drawn) == sorted(row["id"] for row in ROWS)
    for row in ROWS:
        line = soup.find(id=row["id"])
        assert line is not None
        verdict = line.select_one(".claim-verdict")
        assert verdict is not None
        assert verdict.get_text() == row["verdict"]
        text = line.get_text()
        for field in ("item", "where", "says", "printed", "best", "found", "test"):
            if field in row and row[field] != "text":
                # Plain words, without formulas and without what typography changes.
                words = [
                    word
                    for part in row[field].removeprefix("tests/claims/").split("$")[::2]
                    for word in part.split()
                    if word.isalpha()
                ]
                assert [word for word in words if word.lower() not in text.lower()] == []


def test_verdicts_are_counted(html: Path) -> None:
    soup = BeautifulSoup((html / PAGE).read_text(encoding="utf-8"), "html.parser")
    counted = {}
    for line in soup.select(".claims-verdicts tbody tr"):
        name, *_, number = line.select("th, td")
        counted[name.get_text().strip()] = int(number.get_text())
    assert {name: number for name, number in counted.items() if number} == COUNTS


def test_chapters_are_linked(html: Path) -> None:
    page = html / PAGE
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    for row in ROWS:
        line = soup.find(id=row["id"])
        assert line is not None
        link = line.select_one("td:last-child a")
        assert link is not None
        name, _, place = row["chapter"].partition("#")
        parts = urlsplit(str(link["href"]))
        assert parts.path == f"{name}.html"
        assert bool(parts.fragment) == bool(place)
        target = (page.parent / parts.path).read_text(encoding="utf-8")
        if place:
            assert f'id="{unquote(parts.fragment)}"' in target, row["id"]


def test_search_by_words(address: str, open_page: OpenPage) -> None:
    with open_page(f"{address}/{PAGE}") as visit:
        page = visit.page
        assert count(page) == said(len(ROWS))
        assert page.locator("#claims-count").get_attribute("aria-live") == "polite"
        field = page.get_by_label("Search the claims")
        field.focus()
        page.keyboard.type("Lemma 11")
        found = shown(page)
        assert "liu2019-lemma-11" in found
        assert len(found) < len(ROWS) / 4
        assert count(page) == said(len(found))
        # Formulas with their marks or without; a section without rows disappears.
        field.fill(r"\phi_0 \le \pi/2")
        formula = shown(page)
        assert "liu2019-lemma-14" in formula
        field.fill("phi_0 le pi/2")
        assert shown(page) == formula
        field.fill("imagenet")
        assert shown(page) == ["liu2019-text-imagenet"]
        assert not page.locator("#claims-of-response").is_visible()
        field.fill("no row has these words")
        assert shown(page) == []
        assert count(page) == said(0)
        page.get_by_role("button", name="Show all").click()
        page.wait_for_function("document.querySelector('#claims-words').value === ''")
        page.wait_for_function(
            f"document.querySelector('#claims-count').value === '{said(len(ROWS))}'"
        )
        assert "#" not in page.url
        assert visit.troubles == []


@pytest.mark.parametrize("verdict", COUNTS)
def test_search_by_verdict(verdict: str, address: str, open_page: OpenPage) -> None:
    with open_page(f"{address}/{PAGE}", settle=False) as visit:
        box = visit.page.locator(f"input[value='{verdict}']")
        box.focus()
        visit.page.keyboard.press("Space")
        assert sorted(shown(visit.page)) == sorted(of_verdict(verdict))
        assert count(visit.page) == said(COUNTS[verdict])


def test_search_by_document_and_two_verdicts(address: str, open_page: OpenPage) -> None:
    with open_page(f"{address}/{PAGE}", settle=False) as visit:
        page = visit.page
        page.get_by_label("Document").select_option("response")
        own = [row["id"] for row in ROWS if row["id"].startswith("response-")]
        assert shown(page) == own
        for verdict in ("holds", "false as printed"):
            page.locator(f"input[value='{verdict}']").check()
        chosen = {*of_verdict("holds"), *of_verdict("false as printed")}
        assert shown(page) == [row for row in own if row in chosen]


@pytest.mark.parametrize("from_disk", [False, True])
def test_a_search_can_be_shared(
    from_disk: bool, html: Path, address: str, open_page: OpenPage
) -> None:
    root = html.as_uri() if from_disk else address
    with open_page(f"{root}/{PAGE}", settle=False) as visit:
        visit.page.get_by_label("Search the claims").fill("lemma")
        visit.page.locator("input[value='better constant']").check()
        visit.page.locator("input[value='misprint']").check()
        link, found = visit.page.url, shown(visit.page)
        assert 0 < len(found) < len(ROWS)
    with open_page(link) as visit:
        assert shown(visit.page) == found
        assert visit.page.get_by_label("Search the claims").input_value() == "lemma"
        assert visit.page.locator("input[name=verdict]:checked").count() == 2
        # A place that the search would hide is shown when it is asked for.
        hidden = next(row["id"] for row in ROWS if row["id"] not in found)
        visit.page.evaluate("place => { location.hash = place; }", hidden)
        visit.page.wait_for_function(
            "id => document.getElementById(id).offsetHeight > 0", arg=hidden
        )
        assert count(visit.page) == said(len(ROWS))
        line = visit.page.locator(f"[id='{hidden}']")
        top = line.evaluate("row => row.getBoundingClientRect().top")
        assert 0 <= top < 900
        assert visit.troubles == []


def test_a_row_can_be_linked(address: str, open_page: OpenPage) -> None:
    with open_page(f"{address}/{PAGE}", settle=False) as visit:
        line = visit.page.locator("#liu2019-lemma-12")
        line.get_by_role("link", name="link to this claim").click()
        assert visit.page.url.endswith("#liu2019-lemma-12")
        assert line.evaluate("row => row.matches(':target')")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_rows_are_cards_on_a_telephone(theme: str, address: str, open_page: OpenPage) -> None:
    with open_page(f"{address}/{PAGE}", width=360, height=800, theme=theme) as visit:
        look = visit.page.evaluate(
            """() => {
                const rows = [...document.querySelectorAll('.claims-table tbody tr')];
                const limit = document.documentElement.clientWidth;
                const sides = row => [...row.children].map(c => c.getBoundingClientRect().left);
                return {
                    sideways: document.documentElement.scrollWidth > limit,
                    beside: rows.filter(r => new Set(sides(r).filter(x => x)).size > 1).length,
                    wide: rows.filter(r => r.getBoundingClientRect().right > limit).length,
                    cut: rows.filter(r => [...r.querySelectorAll('p')].some(
                        p => p.scrollWidth > p.clientWidth + 1)).map(r => r.id),
                };
            }"""
        )
        assert look == {"sideways": False, "beside": 0, "wide": 0, "cut": []}
        # A reader of the screen still finds a table.
        assert visit.page.get_by_role("table", name="Liu et al. (2019)").count() == 1
        assert visit.page.get_by_role("columnheader", name="What it says").count() > 0


def test_formulas_are_set_and_reachable(address: str, open_page: OpenPage) -> None:
    with open_page(f"{address}/{PAGE}") as visit:
        page = visit.page
        written = sum(row.get(field, "").count("$") // 2 for row in ROWS for field in WORDS)
        assert page.locator(".claims-table mjx-container").count() == written
        assert page.locator(".claims-table").filter(has_text="$").count() == 0
        page.wait_for_timeout(200)
        stuck = page.eval_on_selector_all(
            ".claims-table mjx-container",
            "all => all.filter(f => f.scrollWidth > f.clientWidth + 1 && f.tabIndex < 0"
            " && getComputedStyle(f).overflowX !== 'visible').length",
        )
        assert stuck == 0


WORDS = ("item", "says", "printed", "best", "found")


def test_script_is_loaded_on_this_page_only(html: Path) -> None:
    for path in (html / "book").glob("*.html"):
        loaded = "claims.js" in path.read_text(encoding="utf-8")
        assert loaded == (path.name == "claims.html"), path.name
