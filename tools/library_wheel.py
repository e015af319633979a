"""Build the library's wheel: ``python tools/library_wheel.py FOLDER``."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class WheelError(Exception):
    """The wheel cannot be built."""


def build_wheel(folder: Path) -> Path:
    """Build the wheel into a folder, which is made if need be; the path of the wheel."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        # From a copy: beside the sources, remains of earlier builds would go in as well.
        copy = Path(temporary)
        shutil.copytree(
            ROOT / "shortcutlib",
            copy / "shortcutlib",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, copy)
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
        # What builds it is in the environment already: no network is needed.
        done = subprocess.run(
            [*command, "--no-build-isolation", "--wheel-dir", str(folder.resolve()), str(copy)],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise WheelError(f"the library's wheel cannot be built:\n{done.stderr.strip()}")
    return max(folder.glob("shortcutlib-*.whl"), key=lambda path: path.stat().st_mtime)


if __name__ == "__main__":
    print(build_wheel(Path(sys.argv[1])))
