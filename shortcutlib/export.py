"""Tables of results as files for other programs: CSV, and Parquet through pyarrow."""

import csv
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["check_export", "export"]

_WHOLE = {
    *("k", "p", "warmup", "trials", "seed", "batch", "iterations", "records", "runs"),
    *("descent_success", "optimum", "trap", "neither", "saved", "lost"),
}
_TEXT = {"method", "problem"}


def check_export(path: str | os.PathLike[str]) -> None:
    """Refuse, before any work is done, a file to which a table could not be written.

    Parameters
    ----------
    path : path-like
        A name that ends in ``.csv`` or ``.parquet``.

    Raises
    ------
    ValueError
        If the name ends differently or nothing can be written there.
    ImportError
        If Parquet is asked for and pyarrow is not installed.
    """
    path = Path(path)
    if path.suffix not in (".csv", ".parquet"):
        raise ValueError(f"{path}: the name of a table ends in .csv or .parquet")
    if path.is_dir() or not os.access(path.absolute().parent, os.W_OK):
        raise ValueError(f"{path}: that file cannot be written there")
    if path.suffix == ".parquet":
        _pyarrow()


def export(
    path: str | os.PathLike[str],
    rows: Sequence[Mapping[str, Any]],
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write rows as a table: the same rows give the same bytes.

    Parameters
    ----------
    path : path-like
        A name that ends in ``.csv`` or ``.parquet``; a file of that name is replaced in one go.
    rows : sequence of mapping
        At least one; all have the same keys.
    about : mapping, optional
        Kept in a Parquet file's metadata under ``shortcutlib``; CSV has no room for it.

    Raises
    ------
    ValueError, ImportError
        As for `check_export`.
    OSError
        If the file cannot be written.
    """
    check_export(path)
    path = Path(path)
    draft = path.with_name(path.name + ".partial")
    try:
        if path.suffix == ".csv":
            with draft.open("w", newline="", encoding="utf-8") as file:
                # Floats are written in as many digits as bring them back exactly.
                writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
        else:
            _write_parquet(draft, rows, about or {})
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _write_parquet(path: Path, rows: Sequence[Mapping[str, Any]], about: Mapping[str, Any]) -> None:
    pyarrow, parquet = _pyarrow()
    kinds = {
        name: pyarrow.int64()
        if name in _WHOLE
        else pyarrow.string()
        if name in _TEXT
        else pyarrow.float64()
        for name in rows[0]
    }
    schema = pyarrow.schema(kinds.items(), metadata={"shortcutlib": json.dumps(about)})
    parquet.write_table(pyarrow.Table.from_pylist([dict(row) for row in rows], schema), path)


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ImportError(
            "Parquet needs pyarrow: pip install pyarrow (or shortcutlib[parquet]); or export .csv"
        ) from None
    return pyarrow, parquet
