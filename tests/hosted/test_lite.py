"""The folder for hosts that serve the chapters with JupyterLite: complete, and with the library.

It is not run: Python for the browser comes from another host.
"""

import json

import lite
import notebooks


def test_the_folder_has_every_chapter_and_the_library(tmp_path, monkeypatch):
    monkeypatch.setattr(lite, "ENVIRONMENT", tmp_path / "environment")
    target = tmp_path / "lite"
    lite.build(target)
    assert (target / "index.html").is_file()
    for path in notebooks.chapters():
        notebook = json.loads((target / "files" / path.name).read_text(encoding="utf-8"))
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        assert "".join(code[0]["source"]) == lite.FIRST_CELL
    index = json.loads((target / "pypi" / "all.json").read_text(encoding="utf-8"))
    assert {"shortcutlib", "anywidget", "psygnal"} <= set(index)
    # A reload of the page without a network finds the pages and the library in the folder.
    assert list((target / "pypi").glob("shortcutlib-*.whl"))
