"""Build the chapters with JupyterLite: ``python tools/lite.py [FOLDER]`` (``_build/lite``).

JupyterLite runs notebooks in the reader's browser, without a server.  The folder is static files
for any host that can serve them.  Python itself (Pyodide) and NumPy, SciPy, Matplotlib and
scikit-learn are loaded from Pyodide's own host when a notebook is opened; the library and what it
needs besides are in the folder.

JupyterLite has an environment of its own, beside the pages: in JupyterLab's it would disturb that.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import notebooks
from library_wheel import build_wheel

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / "_build" / "lite-environment"
PINS = ("jupyterlite-core==0.8.6", "jupyterlite-pyodide-kernel==0.8.6", "jupyter-server==2.21.1")
#: Pure Python packages that Pyodide does not bring.
WHEELS = ("anywidget==0.11.0", "psygnal==0.16.1")
#: Before a chapter's own cells; the first three are the library's wheel and the two above.
FIRST_CELL = "%pip install -q shortcutlib anywidget tqdm matplotlib scipy scikit-learn"


def run(*command: str | Path, folder: Path | None = None) -> None:
    """Run a program, silently unless it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"error: {command[0]} failed:\n{done.stdout.strip()}")


def environment() -> Path:
    """The folder of the programs of JupyterLite's environment, made if need be."""
    ready = ENVIRONMENT / ".ready"
    programs = ENVIRONMENT / "bin"
    if not ready.exists() or ready.read_text(encoding="utf-8") != repr(PINS):
        run(sys.executable, "-m", "venv", "--clear", ENVIRONMENT)
        run(programs / "python", "-m", "pip", "install", "--quiet", *PINS)
        ready.write_text(repr(PINS), encoding="utf-8")
    return programs


def contents(folder: Path) -> None:
    """The chapters, each with a cell that installs the library."""
    for path in notebooks.chapters():
        notebook = notebooks.read(path)
        first = next(i for i, c in enumerate(notebook["cells"]) if c["cell_type"] == "code")
        cell = {"cell_type": "code", "id": "install", "metadata": {}, "outputs": []}
        cell |= {"execution_count": None, "source": FIRST_CELL}
        notebook["cells"].insert(first, cell)
        (folder / path.name).write_text(json.dumps(notebook), encoding="utf-8")


def build(target: Path) -> None:
    """Build the folder."""
    programs = environment()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        pages, wheels = work / "contents", work / "wheels"
        pages.mkdir()
        contents(pages)
        library = build_wheel(wheels)
        # Wheels for every system: a browser is none of those that pip knows.
        run(
            *(programs / "python", "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--only-binary=:all:", "--platform", "any", "--dest", wheels, *WHEELS),
        )
        shutil.rmtree(target, ignore_errors=True)
        settings = work / "settings"
        settings.mkdir()
        named = [f"--piplite-wheels={wheel}" for wheel in sorted(wheels.glob("*.whl"))]
        run(
            *(programs / "jupyter", "lite", "build", "--lite-dir", settings),
            *("--contents", pages, "--output-dir", target, *named),
            # It leaves its own records where it runs.
            folder=settings,
        )
    print(f"{target}: {len(notebooks.chapters())} chapters, with {library.name}")


if __name__ == "__main__":
    build(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "_build" / "lite").resolve())
