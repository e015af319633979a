"""Execute, normalise and check the book's notebooks.

    python tools/notebooks.py execute [--normalise-only] [PATH ...]
    python tools/notebooks.py check [PATH ...]

``execute`` runs every notebook from top to bottom, each in a fresh kernel that starts in the
notebook's own folder, and writes them back in one normal form once all of them have succeeded.
``check`` says in what way a stored notebook differs from a freshly executed one in normal form,
without running anything.  Without a PATH both take every notebook under ``book/``.

The normal form keeps differences small: cell identifiers never change, execution counts run from
1 without gaps, and nothing is stored that depends on the machine or on the clock.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import os
import re
import struct
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any

import hosted
from PIL import Image

Notebook = dict[str, Any]
Cell = dict[str, Any]

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"

NBFORMAT = (4, 5)
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
#: What a cell may carry; everything else is left behind by an editor or by a run.
CELL_METADATA = ("mystnb", "tags", "otter", "deletable", "editable")
CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
#: Folders that only exist on somebody's own machine.
MACHINE_PATH = re.compile(
    r"(?<![\w.:/])/(?:home|Users|root|tmp|private|var/folders|workspace|work|content|opt|mnt)/[\w.~+-]"
    r"|\b[A-Za-z]:\\\\?(?:Users|Windows|Temp)\b"
    r"|site-packages/"
    r"|\bipykernel_\d+"
)
#: The date matplotlib would write into its figures, fixed (1 January 2000).
SOURCE_DATE_EPOCH = "946684800"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: The parts of a PNG file that hold the picture; comments, dates and software names are dropped.
PNG_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"pHYs", b"sRGB", b"gAMA", b"IDAT", b"IEND"}


class NotebookError(Exception):
    """A notebook that cannot be used as it is; the message names the notebook and the cell."""


def notebooks(paths: Sequence[Path] = ()) -> list[Path]:
    """The notebooks named, or all of them under ``book/`` if none is named."""
    if not paths:
        paths = [BOOK]
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found.extend(
                p
                for p in sorted(path.rglob("*.ipynb"))
                if not any(part.startswith((".", "_")) for part in p.relative_to(path).parts)
            )
        elif path.is_file():
            found.append(path)
        else:
            raise NotebookError(f"{path}: no such notebook")
    return list(dict.fromkeys(p.resolve() for p in found))


def chapters() -> list[Path]:
    """The notebooks that are pages of the book."""
    return sorted(BOOK.glob("*.ipynb"))


def name_of(path: Path) -> str:
    """The path of a notebook as messages print it: relative to the repository."""
    try:
        return path.resolve().relative_to(ROOT).as_posix()
    except ValueError:
        return path.name


def source_of(cell: Cell) -> str:
    """The source of a cell as one string (files store it as a list of lines)."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


# ---------------------------------------------------------------------------------------------
# Reading and writing


def read(path: Path) -> Notebook:
    """Read a notebook without converting it."""
    try:
        notebook: Notebook = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise NotebookError(f"{name_of(path)}: not a notebook: {error}") from error
    if notebook.get("nbformat") != NBFORMAT[0]:
        raise NotebookError(
            f"{name_of(path)}: notebook format {notebook.get('nbformat')}; "
            f"save it as format {NBFORMAT[0]}"
        )
    return notebook


def dump(notebook: Notebook) -> str:
    """The text of a notebook in normal form: sorted keys, one space, a newline at the end."""
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def write(path: Path, text: str) -> bool:
    """Replace a file in one step, unless it has this text already; say whether it changed."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    os.replace(temporary, path)
    return True


# ---------------------------------------------------------------------------------------------
# The normal form


def slug(text: str) -> str:
    """A cell identifier made from the first words of a cell."""
    text = re.sub(r":{3,}\s*\{([^}]*)\}", r"\1", text)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", text.lower())
    return "-".join(words[:6])[:40].strip("-")


def cell_ids(cells: Iterable[Cell]) -> list[str]:
    """Identifiers for all cells: their own where valid and unique, else made from the text."""
    cells = list(cells)
    own = [cell.get("id") for cell in cells]
    valid = [isinstance(i, str) and CELL_ID.fullmatch(i) is not None for i in own]
    taken = {i for i, ok in zip(own, valid, strict=True) if ok}
    seen: set[str] = set()
    ids: list[str] = []
    for cell, identifier, ok in zip(cells, own, valid, strict=True):
        if ok and isinstance(identifier, str) and identifier not in seen:
            chosen = identifier
        else:
            kind = str(cell.get("cell_type", "cell"))
            base = slug(source_of(cell)) or kind
            chosen, number = base, 1
            while chosen in taken:
                number += 1
                chosen = f"{base}-{number}"
            taken.add(chosen)
        seen.add(chosen)
        ids.append(chosen)
    return ids


def split_lines(text: str | list[str]) -> list[str]:
    """Text as the list of lines that notebook files store."""
    joined = text if isinstance(text, str) else "".join(text)
    return joined.splitlines(keepends=True)


def light_png(raw: bytes) -> bytes:
    """A PNG with a palette of at most 256 colours, half the size, where that is smaller."""
    image = Image.open(BytesIO(raw))
    if image.mode == "P":
        return raw
    if image.mode == "RGBA" and image.getextrema()[3] == (255, 255):
        image = image.convert("RGB")
    if image.mode != "RGB":
        return raw
    small = BytesIO()
    image.quantize(256, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return min(raw, small.getvalue(), key=len)


def bare_png(data: str | list[str]) -> str:
    """A base64 PNG, light and without the chunks that name software or dates."""
    encoded = data if isinstance(data, str) else "".join(data)
    try:
        raw = base64.b64decode(encoded, validate=False)
    except (binascii.Error, ValueError):
        return encoded
    if not raw.startswith(PNG_SIGNATURE):
        return encoded
    raw = light_png(raw)
    kept, position = [PNG_SIGNATURE], len(PNG_SIGNATURE)
    while position + 12 <= len(raw):
        (length,) = struct.unpack(">I", raw[position : position + 4])
        end = position + 12 + length
        if raw[position + 4 : position + 8] in PNG_CHUNKS:
            kept.append(raw[position:end])
        position = end
    return base64.b64encode(b"".join(kept)).decode("ascii")


def normal_output(output: dict[str, Any], count: int) -> dict[str, Any]:
    """One output in normal form."""
    output = deepcopy(output)
    kind = output.get("output_type")
    if kind == "execute_result":
        output["execution_count"] = count
    if kind == "stream":
        output["text"] = split_lines(output.get("text", ""))
    if kind in ("execute_result", "display_data"):
        output.pop("transient", None)
        output["metadata"] = {
            mime: value for mime, value in output.get("metadata", {}).items() if value
        }
        data = output.get("data", {})
        # A live widget's view names a model of a kernel that is gone; its text/html stays.
        data.pop("application/vnd.jupyter.widget-view+json", None)
        for mime, value in data.items():
            if mime == "image/png":
                data[mime] = bare_png(value)
            elif isinstance(value, str | list) and (
                mime.startswith("text/") or mime in ("image/svg+xml", "application/javascript")
            ):
                data[mime] = split_lines(value)
    return output


def merged_streams(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join neighbouring pieces of the same stream: how a run splits them is chance."""
    merged: list[dict[str, Any]] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if (
            last is not None
            and output.get("output_type") == last.get("output_type") == "stream"
            and output.get("name") == last.get("name")
        ):
            text = "".join(split_lines(last["text"])) + "".join(split_lines(output["text"]))
            last["text"] = text
        else:
            merged.append(deepcopy(output))
    return merged


def normalise(notebook: Notebook) -> Notebook:
    """A notebook in normal form (the argument is left alone)."""
    cells: list[Cell] = []
    count = 0
    source_cells = [
        c for c in notebook.get("cells", []) if source_of(c).strip() or c.get("outputs")
    ]
    for cell, identifier in zip(source_cells, cell_ids(source_cells), strict=True):
        kind = cell["cell_type"]
        metadata = {
            key: value
            for key, value in cell.get("metadata", {}).items()
            if key in CELL_METADATA and value not in ([], {}, None)
        }
        if "tags" in metadata:
            metadata["tags"] = sorted(set(metadata["tags"]))
        new: Cell = {
            "cell_type": kind,
            "id": identifier,
            "metadata": metadata,
            "source": split_lines(source_of(cell).rstrip()),
        }
        if kind == "markdown" and cell.get("attachments"):
            new["attachments"] = cell["attachments"]
        if kind == "code":
            outputs = cell.get("outputs", [])
            executed = cell.get("execution_count") is not None
            if executed:
                count += 1
            new["execution_count"] = count if executed else None
            new["outputs"] = [normal_output(o, count) for o in merged_streams(outputs)]
        cells.append(new)
    return {
        "cells": cells,
        "metadata": deepcopy(NOTEBOOK_METADATA),
        "nbformat": NBFORMAT[0],
        "nbformat_minor": NBFORMAT[1],
    }


# ---------------------------------------------------------------------------------------------
# Executing


def output_text(output: dict[str, Any]) -> Iterator[str]:
    """Every piece of text in an output."""
    if "text" in output:
        yield "".join(split_lines(output["text"]))
    for mime, value in output.get("data", {}).items():
        if mime.startswith("image/") and mime != "image/svg+xml":
            continue
        if isinstance(value, str | list):
            yield "".join(split_lines(value))
        else:
            yield json.dumps(value)
    yield from output.get("traceback", [])


def output_faults(cell: Cell) -> Iterator[str]:
    """What is wrong with the outputs of a code cell."""
    for output in cell.get("outputs", []):
        kind = output.get("output_type")
        if kind == "error":
            yield f"raised {output.get('ename')}: {output.get('evalue')}"
        if kind == "stream" and output.get("name") == "stderr":
            text = "".join(split_lines(output.get("text", ""))).strip()
            yield f"wrote to the error stream: {text[:300]}"
        for text in output_text(output):
            found = MACHINE_PATH.search(text)
            if found:
                start = max(0, found.start() - 30)
                yield f"shows a path of this machine: ...{text[start : found.end() + 30]!r}"
                break


def describe(index: int, cell: Cell) -> str:
    """How messages name a cell: its number from 1, its identifier and its first line."""
    lines = source_of(cell).strip().splitlines()
    first = lines[0] if lines else ""
    return f"cell {index + 1} [{cell.get('id', 'no id')}] ({first[:60]})"


def execute(path: Path, *, timeout: int = 600) -> Notebook:
    """Run one notebook in a fresh kernel and return it in normal form."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    prepared = normalise(read(path))
    if path.resolve() in chapters():
        hosted.put_cell(prepared)
    for cell in prepared["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    node = nbformat.reads(dump(prepared), as_version=NBFORMAT[0])
    client = NotebookClient(
        node,
        timeout=timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
        store_widget_state=False,
        extra_arguments=["--log-level=ERROR"],
    )
    try:
        client.execute()
    except CellExecutionError as error:
        for index, cell in enumerate(node.cells):
            if any(o.get("output_type") == "error" for o in cell.get("outputs", [])):
                where = describe(index, cell)
                break
        else:
            where = "a cell"
        # The traceback ends with the line the reader needs; colours would hide it.
        detail = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
        raise NotebookError(f"{name_of(path)}: {where} failed\n{detail}") from error
    except (CellTimeoutError, DeadKernelError) as error:
        raise NotebookError(f"{name_of(path)}: {error}") from error
    executed = normalise(json.loads(nbformat.writes(node)))
    for index, cell in enumerate(executed["cells"]):
        for fault in output_faults(cell):
            raise NotebookError(f"{name_of(path)}: {describe(index, cell)} {fault}")
    return executed


def execute_all(paths: Sequence[Path], *, timeout: int, normalise_only: bool) -> None:
    """Execute the notebooks; write them back only when every one has succeeded."""
    os.environ["SOURCE_DATE_EPOCH"] = SOURCE_DATE_EPOCH
    # The kernel must draw into the notebook and find the library of this repository.
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    search = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(search)
    results: list[tuple[Path, str]] = []
    for number, path in enumerate(paths, start=1):
        print(f"[{number}/{len(paths)}] {name_of(path)}", flush=True)
        notebook = normalise(read(path)) if normalise_only else execute(path, timeout=timeout)
        results.append((path, dump(notebook)))
    changed = [path for path, text in results if write(path, text)]
    for path in changed:
        print(f"written: {name_of(path)}")
    print(f"{len(paths)} notebooks, {len(changed)} changed")


# ---------------------------------------------------------------------------------------------
# Checking


def faults(path: Path) -> list[str]:
    """Why a stored notebook is not an executed notebook in normal form; empty if it is."""
    try:
        notebook = read(path)
    except NotebookError as error:
        return [str(error)]
    found: list[str] = []
    code = [(i, c) for i, c in enumerate(notebook.get("cells", [])) if c.get("cell_type") == "code"]
    counts = [cell.get("execution_count") for _, cell in code]
    if counts != list(range(1, len(code) + 1)):
        found.append(
            f"not executed in order in one run: its execution counts are {counts} "
            "(make notebooks runs it)"
        )
    for index, cell in code:
        found.extend(f"{describe(index, cell)} {fault}" for fault in output_faults(cell))
    for index, cell in enumerate(notebook.get("cells", [])):
        where = MACHINE_PATH.search(source_of(cell))
        if where:
            found.append(f"{describe(index, cell)} contains a path of a machine: {where.group()}")
    if not found and path.read_text(encoding="utf-8") != dump(normalise(notebook)):
        found.append(f"not in normal form ({first_difference(path, notebook)})")
    return found


def first_difference(path: Path, notebook: Notebook) -> str:
    """The first line in which a stored notebook differs from its normal form."""
    stored = path.read_text(encoding="utf-8").splitlines()
    wanted = dump(normalise(notebook)).splitlines()
    for number, (have, want) in enumerate(zip(stored, wanted, strict=False), start=1):
        if have != want:
            return f"line {number} is {have.strip()[:60]!r}, should be {want.strip()[:60]!r}"
    if len(stored) != len(wanted):
        return f"{len(stored)} lines, should be {len(wanted)}"
    return "line endings or the newline at the end"


def check_all(paths: Sequence[Path]) -> int:
    """Print what is wrong with the notebooks; the number of faulty ones."""
    faulty = 0
    for path in paths:
        reasons = faults(path)
        faulty += bool(reasons)
        for reason in reasons:
            print(f"{name_of(path)}: {reason}")
    print(f"{len(paths)} notebooks checked, {faulty} with faults")
    return faulty


# ---------------------------------------------------------------------------------------------
# Command line


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    parser = argparse.ArgumentParser(
        prog="notebooks.py", description="Execute, normalise and check the book's notebooks."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("execute", help="run notebooks and write them back in normal form")
    run.add_argument("--timeout", type=int, default=600, help="seconds a cell may take")
    run.add_argument(
        "--normalise-only", action="store_true", help="write the normal form without running"
    )
    verify = commands.add_parser("check", help="say what is wrong with stored notebooks")
    for command in (run, verify):
        command.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    options = parser.parse_args(arguments)
    try:
        paths = notebooks(options.paths)
        if options.command == "check":
            return 1 if check_all(paths) else 0
        execute_all(paths, timeout=options.timeout, normalise_only=options.normalise_only)
    except NotebookError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
