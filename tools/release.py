"""What a release needs to know: its version, and what to say of it.

python tools/release.py version      prints the version
python tools/release.py notes        prints the version's section of CHANGELOG.md
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def version() -> str:
    """The version of the book and the library."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def notes() -> str:
    """What the change log says of the version."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.M)[1:]
    for section in sections:
        heading, _, body = section.partition("\n")
        if heading.split()[0] == version():
            return body.strip()
    raise SystemExit(f"CHANGELOG.md has no section {version()}")


def main() -> int:
    """Print what is asked for; the exit status."""
    known = {"version": version, "notes": notes}
    if len(sys.argv) != 2 or sys.argv[1] not in known:
        print(__doc__, file=sys.stderr)
        return 2
    print(known[sys.argv[1]]())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
