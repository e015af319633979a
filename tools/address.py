"""Write the repository's public address wherever it stands.

    python tools/address.py URL

The one setting is ``repository: url`` in ``_config.yml``; the first cell of every chapter names the
release's wheel, whose address follows from it.  An empty URL takes the address out again.
"""

from __future__ import annotations

import json
import re
import sys
from urllib.parse import urlsplit

import hosted
import notebooks

CONFIGURATION = hosted.ROOT / "_config.yml"
SETTING = re.compile(r'^(repository:\n(?: +[^\n]*\n)*? +url: )"[^"\n]*"$', re.M)


def checked(url: str) -> str:
    """An address of a repository, without what comes after its name."""
    url = url.strip().removesuffix("/").removesuffix(".git")
    parts = urlsplit(url)
    if url and (parts.scheme != "https" or not re.fullmatch(r"/[\w.-]+/[\w.-]+", parts.path)):
        raise ValueError(
            f"{url!r} is no address of a repository: give one like https://github.com/OWNER/NAME"
        )
    return url


def write_address(url: str) -> list[str]:
    """Write the address; the names of the files that changed."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    new, count = SETTING.subn(rf'\g<1>"{url}"', text)
    if count != 1:
        raise ValueError(f"{CONFIGURATION.name} has no setting repository: url in quotes")
    changed = []
    if new != text:
        CONFIGURATION.write_text(new, encoding="utf-8")
        changed.append(CONFIGURATION.name)
    for path in notebooks.chapters():
        notebook = notebooks.read(path)
        hosted.put_cell(notebook)
        if notebooks.write(path, notebooks.dump(notebook)):
            changed.append(notebooks.name_of(path))
    return changed


def main() -> int:
    """Run the command line; the exit status."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        changed = write_address(checked(sys.argv[1]))
    except (ValueError, notebooks.NotebookError, json.JSONDecodeError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    print("\n".join(f"written: {name}" for name in changed) or "nothing to change")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
