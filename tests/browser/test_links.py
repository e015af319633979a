"""Every link inside the book leads somewhere, and no page leads to somebody else's repository."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from book_pages import PAGES, ROOT, build_book
from bs4 import BeautifulSoup

ADDRESS = "https://github.com/example/why-shortcuts-train"


@functools.cache
def parsed(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@functools.cache
def anchors(path: Path) -> frozenset[str]:
    soup = parsed(path)
    named = {str(tag["name"]) for tag in soup.select("a[name]")}
    return frozenset(named | {str(tag["id"]) for tag in soup.select("[id]")})


def references(soup: BeautifulSoup) -> Iterator[str]:
    for tag, attribute in (("a", "href"), ("link", "href"), ("img", "src"), ("script", "src")):
        for node in soup.select(f"{tag}[{attribute}]"):
            yield str(node[attribute])
    for node in soup.select("[srcset]"):
        yield from (part.split()[0] for part in str(node["srcset"]).split(",") if part.strip())


def all_pages(html: Path) -> list[Path]:
    return [p for p in sorted(html.rglob("*.html")) if "_static" not in p.relative_to(html).parts]


def test_every_page_of_the_contents_is_built(html: Path) -> None:
    assert [page for page in PAGES if not (html / page).is_file()] == []


def test_links_inside_the_book_lead_somewhere(html: Path) -> None:
    broken = []
    for page in all_pages(html):
        for reference in references(parsed(page)):
            parts = urlsplit(reference)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            if target.is_dir():
                target /= "index.html"
            name = page.relative_to(html).as_posix()
            if not target.is_file():
                broken.append(f"{name}: {reference}: no such file")
            elif target.suffix == ".html" and parts.fragment:
                fragment = unquote(parts.fragment)
                # The search page and the indices build their anchors when they are shown.
                if fragment not in anchors(target) and fragment != "top":
                    broken.append(f"{name}: {reference}: no such place on that page")
    assert broken == []


def test_identifiers_are_unique(html: Path) -> None:
    for page in PAGES:
        ids = [str(tag["id"]) for tag in parsed(html / page).select("article [id]")]
        assert sorted(i for i in set(ids) if ids.count(i) > 1) == [], page


def test_outside_links_are_encrypted(html: Path) -> None:
    for page in all_pages(html):
        for reference in references(parsed(page)):
            assert not reference.startswith("http:"), f"{page.name}: {reference}"


def test_nothing_is_loaded_from_another_host(html: Path) -> None:
    for page in all_pages(html):
        soup = parsed(page)
        loaded = [
            str(node.get("src") or node.get("href"))
            for node in soup.select("script[src], img[src], iframe[src], link[rel~=stylesheet]")
        ]
        assert [source for source in loaded if urlsplit(source).netloc] == [], page.name


def test_every_cited_work_has_its_entry(html: Path) -> None:
    keys = re.findall(
        r"^@\w+\{([^,\s]+),", (ROOT / "book/references.bib").read_text(encoding="utf-8"), re.M
    )
    assert len(keys) > 10
    shown = anchors(html / "book/bibliography.html")
    assert [key for key in keys if key.lower() not in shown] == []
    entries = parsed(html / "book/bibliography.html").select("article li")
    assert len(entries) == len(keys)


def buttons(soup: BeautifulSoup) -> str:
    header = soup.select_one(".bd-header-article")
    assert header is not None
    return str(header)


def test_no_repository_buttons_without_an_address(html: Path) -> None:
    configuration = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    if configuration["repository"]["url"]:
        pytest.xfail("the book has a public address")
    for page in all_pages(html):
        text = page.read_text(encoding="utf-8")
        for word in ("executablebooks", "mybinder", "colab.research", "/issues/new", "/edit/"):
            assert word not in text, f"{page.name} mentions {word}"


def test_one_setting_brings_all_repository_buttons(tmp_path: Path) -> None:
    text = (ROOT / "_config.yml").read_text(encoding="utf-8")
    text, count = re.subn(r"^( +url: ).*$", rf'\1"{ADDRESS}"', text, count=1, flags=re.M)
    assert count == 1
    configuration = tmp_path / "_config.yml"
    configuration.write_text(text, encoding="utf-8")
    # The folder of local extensions is found from the configuration's own place.
    (tmp_path / "book").symlink_to(ROOT / "book", target_is_directory=True)
    html = build_book(tmp_path / "out", "--config", str(configuration))
    for page in PAGES:
        header = buttons(BeautifulSoup((html / page).read_text(encoding="utf-8"), "html.parser"))
        source = page.removesuffix(".html")
        wanted = [f'href="{ADDRESS}"', f"{ADDRESS}/issues/new"]
        if (ROOT / f"{source}.ipynb").is_file():
            wanted += [
                f"{ADDRESS}/edit/main/{source}.ipynb",
                "https://mybinder.org/v2/gh/example/why-shortcuts-train/main",
                f"https://colab.research.google.com/github/example/why-shortcuts-train/blob/main/{source}.ipynb",
            ]
        for link in wanted:
            assert link in header, f"{page}: {link}"
        assert "executablebooks" not in header


def test_the_built_book_holds_no_answers(html: Path) -> None:
    """Students' notebooks are there; neither solutions nor hidden checks nor the masters."""
    masters = sorted((ROOT / "book" / "assignments").glob("*.ipynb"))
    hidden, shown = [], []
    for master in masters:
        for cell in json.loads(master.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "code" and "hidden: true" in source:
                hidden.append(source)
            else:
                hidden += re.findall(r"# BEGIN SOLUTION.*?\n(.*?)# END SOLUTION", source, re.S)
                shown.append(re.sub(r"# BEGIN SOLUTION.*?# END SOLUTION", "", source, flags=re.S))
    # What a chapter shows or another assignment gives is no secret.
    public = "\n".join([*shown, *map(plain, (ROOT / "book").glob("*.ipynb"))])
    lines = {line.strip() for text in hidden for line in text.splitlines()}
    secret = {line for line in lines if len(line) > 40 and line not in public}
    assert len(secret) > 50
    made = {file.name for file in (html / "book" / "assignments").glob("*.ipynb")}
    assert made == {master.name for master in masters}
    for file in html.rglob("*"):
        if file.suffix in (".html", ".ipynb", ".txt", ".js", ".md"):
            text = plain(file)
            assert [line for line in secret if line in text] == [], file.relative_to(html)


def plain(file: Path) -> str:
    """What a file says, however its format writes it: public checks travel as text in a cell."""
    if file.suffix == ".html":
        return parsed(file).get_text()
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".ipynb":
        return text
    sources = ["".join(cell["source"]) for cell in json.loads(text)["cells"]]
    return "\n".join(sources).replace("\\n", "\n").replace("\\'", "'").replace('\\"', '"')
