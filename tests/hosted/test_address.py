"""One setting, in one place, and what follows from it."""

import json
import re
import shutil

import address
import hosted
import notebooks
import pytest
import yaml
from release import version

URL = "https://github.com/example/why-shortcuts-train"


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """The configuration and two chapters, to be written to."""
    (tmp_path / "book").mkdir()
    for name in ("_config.yml", "pyproject.toml"):
        shutil.copy(hosted.ROOT / name, tmp_path)
    for name in ("model.ipynb", "prerequisites.ipynb"):
        shutil.copy(notebooks.BOOK / name, tmp_path / "book")
    monkeypatch.setattr(hosted, "ROOT", tmp_path)
    monkeypatch.setattr(address, "CONFIGURATION", tmp_path / "_config.yml")
    monkeypatch.setattr(notebooks, "BOOK", tmp_path / "book")
    return tmp_path


def first_code(path) -> str:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "".join(next(c["source"] for c in cells if c["cell_type"] == "code"))


def test_it_is_written_everywhere_and_taken_out_again(copy):
    files = [path for path in copy.rglob("*.*") if path.is_file()]
    before = {path: path.read_text(encoding="utf-8") for path in files}
    address.write_address(URL)
    settings = yaml.safe_load((copy / "_config.yml").read_text(encoding="utf-8"))
    assert settings["repository"]["url"] == URL
    wheel = f"{URL}/releases/download/v{version()}/shortcutlib-{version()}-py3-none-any.whl"
    assert hosted.wheel() == wheel
    for path in (copy / "book").iterdir():
        assert f'"{wheel}"' in first_code(path)
    assert address.write_address(URL) == []
    # Back to what it was, whatever that is.
    address.write_address(yaml.safe_load(before[copy / "_config.yml"])["repository"]["url"])
    assert {path: path.read_text(encoding="utf-8") for path in files} == before


@pytest.mark.parametrize(
    "url", ["github.com/a/b", "http://github.com/a/b", "https://github.com/a", "https://x/a/b/c"]
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValueError, match="is no address of a repository"):
        address.checked(url)


@pytest.mark.parametrize("url", [URL, f"{URL}/", f"{URL}.git", f" {URL} "])
def test_an_address_in_other_forms_is_taken(url):
    assert address.checked(url) == URL


@pytest.mark.parametrize("path", notebooks.chapters(), ids=lambda path: path.stem)
def test_every_chapter_begins_with_the_cell_for_colab(path):
    assert first_code(path) == hosted.chapter_cell().rstrip()
    cells = notebooks.read(path)["cells"]
    cell = next(cell for cell in cells if cell["cell_type"] == "code")
    assert cell["id"] == hosted.CELL_ID
    assert cell["metadata"]["tags"] == ["remove-cell"]
    assert cell["outputs"] == []


def test_without_an_address_the_cell_says_what_to_do():
    if hosted.address():
        assert hosted.wheel().startswith(hosted.address())
        return
    assert 'os.environ.get("SHORTCUTLIB_SOURCE", "")' in hosted.chapter_cell()
    assert "set SHORTCUTLIB_SOURCE" in hosted.chapter_cell()


def test_the_cell_asks_for_no_version_that_could_break_the_host():
    project = (hosted.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    parts = re.search(r"^dependencies.*?^# To make the assignments", project, re.M | re.S)[0]
    wanted = re.findall(r'"([^"]+)"', parts)
    assert len(wanted) > 8
    for requirement in wanted:
        if not requirement.startswith("jupyter-book"):
            assert not re.search(r"[<=~!]=?\s*\d", requirement.replace(">=", "")), requirement
    assert re.search(r'^requires-python = ">=3.11"$', project, re.M)
