"""Find a Chromium or Chrome for the browser tests.

    python tools/find_chromium.py [--install]

Prints the path of the program.  The environment variable CHROMIUM comes first, then the names
and places that the packages of the common systems use.  With ``--install``, and where nothing is
found, Debian's package is installed if that needs no password.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
)
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "~/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "~/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
REMEDY = (
    "no Chromium or Chrome found, and the browser tests need one.\n"
    "Debian: apt-get install chromium.  macOS: brew install --cask chromium.\n"
    "Or say where it is: CHROMIUM=/path/to/chromium make test"
)


def find() -> str | None:
    """The path of a browser, or None."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    for name in NAMES:
        path = shutil.which(name)
        # Ubuntu's chromium-browser can be a mere pointer to a snap that is not installed.
        if path and runs(path):
            return path
    for place in PLACES:
        candidate = Path(place).expanduser()
        if candidate.is_file():
            return str(candidate)
    return None


def runs(path: str) -> bool:
    """Whether a program answers when asked for its version."""
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def install() -> None:
    """Install Debian's package, as root or with sudo that asks for no password."""
    if shutil.which("apt-get") is None:
        return
    prefix: list[str] = []
    if os.geteuid() != 0:
        sudo = shutil.which("sudo")
        if sudo is None or subprocess.run([sudo, "-n", "true"], check=False).returncode != 0:
            return
        prefix = [sudo, "-n"]
    print("No Chromium or Chrome found: installing Debian's package.", file=sys.stderr)
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    for step in (["update"], ["install", "--no-install-recommends", "chromium"]):
        subprocess.run([*prefix, *quiet, *step], stdout=sys.stderr, check=False)


def main() -> int:
    """Print the path of the browser; the exit status."""
    if os.environ.get("CHROMIUM") and find() is None:
        print(f"error: CHROMIUM={os.environ['CHROMIUM']}: no such program", file=sys.stderr)
        return 1
    if find() is None and "--install" in sys.argv[1:]:
        install()
    path = find()
    if path is None:
        print(f"error: {REMEDY}", file=sys.stderr)
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
