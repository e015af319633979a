"""Results at full size that come with the library, and how they are collected from a folder.

Each file of ``shortcutlib/reslink/data`` is JSON with the configuration, the versions it was
computed with, and columns of numbers, thinned for drawing.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from shortcutlib.results_file import ResultsFile

__all__ = ["SHIPPED", "collect", "load_shipped", "write_shipped"]

#: What is shipped.
SHIPPED = ("convergence", "dynamics", "dynamics-without-noise", "zero-start", "pairs", "adversary")
#: Digits kept of what is only drawn.
DIGITS = 5


def load_shipped(name: str) -> dict[str, Any]:
    """Results that come with the library.

    Parameters
    ----------
    name : str
        One of `SHIPPED`.

    Returns
    -------
    dict
        With ``"trainings"``, a list of what `collect` returned.

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


def _rounded(value: Any, digits: int) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{digits}g}")
    if isinstance(value, Mapping):
        return {key: _rounded(item, digits) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item, digits) for item in value]
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


def collect(
    folder: Path,
    prefix: str,
    *,
    head: int = 0,
    most: int = 100,
    choose: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] | None = None,
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
    choose : callable, optional
        Makes of all records those that are kept, in the place of the thinning.

    Returns
    -------
    list of dict
        For every file its configuration, origin and columns, in the order of the names; and where
        the records have steps, the step that was ``"reached"``, which need not be the last one that
        the configuration asks for.

    Raises
    ------
    ValueError
        If there is no such file.
    """
    found = []
    for path in sorted(folder.glob(f"{prefix}*.jsonl")):
        with ResultsFile(path) as results:
            records = results.records
            if not records:
                continue
            kept = _thinned(records, head, most) if choose is None else choose(records)
            reached = {"reached": records[-1]["step"]} if "step" in records[-1] else {}
            found.append(
                {
                    "configuration": results.configuration,
                    "origin": results.origin,
                    **reached,
                    "columns": _columns(kept),
                }
            )
    if not found:
        raise ValueError(f"{folder} has no results {prefix}*: run the experiment there first")
    return found


def write_shipped(path: Path, content: Mapping[str, Any], *, digits: int = DIGITS) -> None:
    """Write results as a small file, numbers rounded for drawing.

    Parameters
    ----------
    path : Path
        The file.
    content : mapping
        In JSON's types.
    digits : int, default 5
        Significant digits that are kept.
    """
    text = json.dumps(_rounded(content, digits), separators=(",", ":"), allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
