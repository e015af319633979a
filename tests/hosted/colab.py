"""Chapters and assignments as Colab runs them: one notebook, alone, in an empty folder."""

import json
import os
from pathlib import Path

import assignments
import notebooks
import pytest
from library_wheel import build_wheel

from tests.hosted.environments import ROOT, installed, interpreter, make, run

#: What Colab brings, besides NumPy (August 2026).
PACKAGES = (
    *("matplotlib==3.10.0", "scipy==1.16.3", "scikit-learn==1.6.1", "pandas==2.2.3"),
    *("ipywidgets==7.7.1", "ipython==7.34.0", "ipykernel==6.17.1", "traitlets==5.7.1"),
    *("jupyter-client==7.4.9", "nbformat==5.10.4", "nbconvert==7.16.6", "tqdm==4.67.1"),
    *("dill==0.3.8", "jupytext==1.17.3", "requests==2.32.4", "wrapt==1.17.3"),
)
#: Colab has imported its own package before the first cell of a notebook is run.
STARTUP = "import google.colab.output\n"
VIEW = "application/vnd.jupyter.widget-view+json"


class ColabTests:
    """Tests of one runtime; subclasses say which.

    Attributes
    ----------
    python, numpy : str
        Versions.
    """

    python = ""
    numpy = ""

    @pytest.fixture(scope="class")
    def wheel(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """The library as a release would bring it."""
        return build_wheel(tmp_path_factory.mktemp("wheel"))

    @pytest.fixture(scope="class")
    def runtime(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """The interpreter of a fresh runtime, which every test of the class goes on with."""
        folder = tmp_path_factory.mktemp("runtime") / "environment"
        return make(folder, interpreter(self.python), f"numpy=={self.numpy}", *PACKAGES)

    @pytest.fixture(scope="class")
    def before(self, runtime: Path) -> dict[str, str]:
        """What the runtime brings, before any notebook is run."""
        return installed(runtime)

    def execute(self, notebook: Path, runtime: Path, wheel: Path) -> list[dict]:
        """Run a notebook in its folder as Colab would; its cells."""
        home = notebook.parent / "home"
        startup = home / "ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True)
        (startup / "colab.py").write_text(STARTUP, encoding="utf-8")
        run(
            *(str(runtime), "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace"),
            *("--ExecutePreprocessor.timeout=900", notebook.name),
            cwd=notebook.parent,
            environment={
                "PYTHONPATH": str(Path(__file__).parent / "colab_stand_in"),
                "SHORTCUTLIB_SOURCE": wheel.resolve().as_uri(),
                "IPYTHONDIR": str(home / "ipython"),
                "JUPYTER_DATA_DIR": str(home / "jupyter"),
                # Not that of the tests, so that the runtime's own kernel is taken.
                "PATH": f"{runtime.parent}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(home),
                "MPLCONFIGDIR": str(home),
            },
        )
        return json.loads(notebook.read_text(encoding="utf-8"))["cells"]

    @pytest.mark.parametrize("path", notebooks.chapters(), ids=lambda path: path.stem)
    def test_chapter_runs_alone(self, path, runtime, before, wheel, tmp_path):
        folder = tmp_path / "alone"
        folder.mkdir()
        (folder / "chapter.ipynb").write_bytes(path.read_bytes())
        cells = self.execute(folder / "chapter.ipynb", runtime, wheel)
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        assert all(cell["execution_count"] for cell in code)
        outputs = [output for cell in code for output in cell["outputs"]]
        assert [output for output in outputs if output["output_type"] == "error"] == []
        # Where the page shows an explorer or a panel, here is a live one.
        shown = [output.get("data", {}) for output in outputs]
        elements = sum("shortcut-explorer" in "".join(d.get("text/html", "")) for d in shown)
        views = sum(VIEW in data for data in shown)
        source = path.read_text(encoding="utf-8")
        assert elements == source.count("<shortcut-explorer kind=")
        assert views >= elements

    def test_nothing_that_was_there_has_changed(self, runtime, before):
        after = installed(runtime)
        assert after["shortcutlib"]
        assert after["ipywidgets"] == "7.7.1"
        assert {name: after.get(name) for name in before} == before

    @pytest.mark.parametrize("entry", assignments.listed(), ids=lambda entry: entry["name"])
    def test_assignment_checks_itself(self, entry, runtime, before, wheel, tmp_path):
        name = entry["name"]
        assignments.make(entry, tmp_path / "made", 0, None)
        folder = tmp_path / "alone"
        folder.mkdir()
        (tmp_path / "made" / f"{name}.ipynb").rename(folder / f"{name}.ipynb")
        # Not answered yet: every check has to say so, and none may stumble.
        cells = self.execute(folder / f"{name}.ipynb", runtime, wheel)
        checks = [cell for cell in cells if "".join(cell["source"]).startswith("grader.check(")]
        assert checks
        for cell in checks:
            (output,) = cell["outputs"]
            assert "results:" in "".join(output["data"]["text/plain"])
        after = installed(runtime)
        assert after["otter-grader"] == "7.0.0"
        assert {package: after.get(package) for package in before} == before

    def test_widgets_work_with_the_old_ipywidgets(self, runtime, before, tmp_path):
        """The tests of explorers and panels, run by the runtime itself."""
        needs = ("pytest", "pytest-timeout", "hypothesis", "anywidget")
        run(str(runtime), "-m", "pip", "install", "--quiet", *needs)
        said = run(
            *(str(runtime), "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("tests/test_rerun.py", "tests/explorers/test_widgets.py"),
            environment={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        )
        assert " passed" in said
        assert installed(runtime)["ipywidgets"] == "7.7.1"
