"""Pack the built pages into one archive: ``python tools/offline.py``.

The pages make no request to another host, and open from the disk as they do from a server.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "_build" / "html"
ARCHIVE = ROOT / "_build" / "why-shortcuts-train.zip"
#: The date of every entry: the same pages make the same archive.
DATE = (2000, 1, 1, 0, 0, 0)
#: What the builder leaves for itself.
LEFT_OUT = (".buildinfo", ".doctrees", ".git", ".nojekyll", ARCHIVE.name)


def pack(pages: Path, archive: Path) -> int:
    """Pack the pages; the number of files."""
    if not (pages / "index.html").is_file():
        raise SystemExit(f"error: there are no pages in {pages}: make book builds them")
    files = [
        path
        for path in sorted(pages.rglob("*"))
        if path.is_file() and path.relative_to(pages).parts[0] not in LEFT_OUT
    ]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for path in files:
            name = f"{archive.stem}/{path.relative_to(pages).as_posix()}"
            entry = zipfile.ZipInfo(name, DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            out.writestr(entry, path.read_bytes())
    return len(files)


def main() -> int:
    """Pack the pages of the last build; the exit status."""
    number = pack(PAGES, ARCHIVE)
    size = ARCHIVE.stat().st_size / 2**20
    print(f"{ARCHIVE.relative_to(ROOT)}: {number} files, {size:.1f} MB. Open index.html in it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
