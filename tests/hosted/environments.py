"""Fresh environments like those of the places where people run notebooks."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def interpreter(version: str) -> str:
    """A Python of that version, or the nearest that this machine has."""
    for wanted in (version, "3.12", "3.13", "3.11"):
        for found in (shutil.which(f"python{wanted}"), _kept_elsewhere(wanted)):
            if found and _works(found):
                return found
    return sys.executable


def _works(python: str) -> bool:
    """Whether it is a Python that makes environments, and no mere pointer to one."""
    done = subprocess.run(
        [python, "-c", "import ensurepip, venv"], capture_output=True, check=False
    )
    return done.returncode == 0


def _kept_elsewhere(version: str) -> str | None:
    """A Python that the version manager or the test service keeps away from the path."""
    places = [Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")]
    if "RUNNER_TOOL_CACHE" in os.environ:
        places.append(Path(os.environ["RUNNER_TOOL_CACHE"], "Python"))
    for place in places:
        for python in sorted(place.glob(f"{version}.*/**/bin/python{version}")):
            return str(python)
    return None


def make(folder: Path, python: str, *requirements: str, cwd: Path = ROOT) -> Path:
    """Make an environment with some packages; its interpreter."""
    run(python, "-m", "venv", str(folder), cwd=cwd)
    inside = folder / "bin" / "python"
    if requirements:
        run(str(inside), "-m", "pip", "install", "--quiet", *requirements, cwd=cwd)
    return inside


def installed(python: Path) -> dict[str, str]:
    """The packages of an environment, with their versions."""
    listed = run(str(python), "-m", "pip", "list", "--format=freeze")
    pairs = [line.split("==", 1) for line in listed.splitlines() if "==" in line]
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pairs}


def run(*command: str, cwd: Path = ROOT, environment: dict[str, str] | None = None) -> str:
    """Run a program in a clean environment; what it prints."""
    # Nothing of the environment that runs the tests.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**kept, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-5000:]}"
    return done.stdout
