"""Results at full size that come with the library, and how they are collected from a folder.

Each file of ``shortcutlib/reslink/data`` is JSON with the configuration, the versions it was
computed with, and columns of numbers, thinned for drawing.
"""

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from shortcutlib.results_file import ResultsFile

__all__ = ["SHIPPED", "collect", "load_shipped", "write_shipped"]

#: What is shipped.
SHIPPED = ("convergence", "dynamics", "dynamics-without-noise", "zero-start", "pairs", "adversary")
#: Digits kept in the columns.
_DIGITS = 5


def load_shipped(name: str) -> dict[str, Any]:
    """Results that come with the library.

    Parameters
    ----------
    name : str
        One of `SHIPPED`.

    Returns
    -------
    dict
        With ``"configuration"``, ``"origin"`` and what the experiment recorded.

    Raises
    ------
    ValueError
        If there are no such results.
    """
    if name not in SHIPPED:
        raise ValueError(f"there are no results {name!r}: choose among {', '.join(SHIPPED)}")
    file = resources.files("shortcutlib.reslink") / "data" / f"{name}.json"
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value


def _columns(records: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {key: [record[key] for record in records] for key in records[0]}


def _thinned(records: list[dict[str, Any]], head: int, most: int) -> list[dict[str, Any]]:
    """The first records and then about `most`, evenly; always the last."""
    first, tail = records[:head], records[head:]
    every = max(1, -(-len(tail) // most))
    kept = tail[::every]
    if tail and kept[-1] is not tail[-1]:
        kept.append(tail[-1])
    return first + kept


def _best(records: list[dict[str, Any]], key: str, value: str) -> list[dict[str, Any]]:
    """For every key the record with the smallest value."""
    found: dict[Any, dict[str, Any]] = {}
    for record in records:
        if record[key] not in found or record[value] < found[record[key]][value]:
            found[record[key]] = record
    return list(found.values())


def collect(
    folder: Path,
    prefix: str,
    *,
    head: int = 0,
    most: int = 100,
    best: tuple[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Everything recorded in a folder under names with a prefix, as columns.

    Parameters
    ----------
    folder : Path
        Where trainings ran.
    prefix : str
        Beginning of the names of the results files.
    head, most : int
        How many of the first records are kept, and about how many of the others.
    best : tuple of str, optional
        A key and a value: for every key only the record with the smallest value is kept.

    Returns
    -------
    list of dict
        For every file its configuration, origin and columns, in the order of the names.

    Raises
    ------
    ValueError
        If there is no such file.
    """
    found = []
    for path in sorted(folder.glob(f"{prefix}*.jsonl")):
        with ResultsFile(path) as results:
            records = results.records
            if best is not None:
                records = _best(records, *best)
            if records:
                found.append(
                    {
                        "configuration": results.configuration,
                        "origin": results.origin,
                        "columns": _columns(_thinned(records, head, most)),
                    }
                )
    if not found:
        raise ValueError(f"{folder} has no results {prefix}*: run the experiment there first")
    return found


def write_shipped(path: Path, content: Mapping[str, Any]) -> None:
    """Write results as a small file, numbers rounded for drawing.

    Parameters
    ----------
    path : Path
        The file.
    content : mapping
        In JSON's types.
    """
    text = json.dumps(_rounded(content), separators=(",", ":"), allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
