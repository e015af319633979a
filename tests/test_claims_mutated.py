"""A number changed in the ledger is noticed: whether its name is changed along with it or not."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests.claims import ledger

#: Rows, what they print, and what a slip of the pen would make of it.
SLIPS = (
    ("liu2019-theorem-4", "0.48", "4.8"),
    ("liu2019-theorem-4", "15.8", "1.5"),
    ("liu2019-lemma-5", "2", "1"),
    ("liu2019-lemma-7", "0.0558", "0.0559"),
    ("liu2019-lemma-8", "6.01", "0.6"),
    ("liu2019-text-ball-alignment", "1", "2"),
    ("liu2019-lemma-9", "9.78", "0.9"),
    ("liu2019-lemma-11", "m/8", "m/2"),
    ("liu2019-lemma-12", r"(N - m)\delta/4", r"(N - m)\delta/400"),
    ("liu2019-lemma-14", r"\log\frac{2}{\delta}", r"\log\frac{3}{\delta}"),
    ("liu2019-footnote-3", "0.475077", "0.475078"),
    ("liu2019-figure-3", "3", "4"),
    ("response-alignment-rate", "k + 2", "k + 3"),
    ("response-small-steps", ".742947", ".742957"),
)  # fmt: skip


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the ledger that the ledger's tests read in place of it."""
    path = tmp_path / "claims.yml"
    path.write_text(ledger.LEDGER.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(ledger, "LEDGER", path)
    ledger.rows.cache_clear()
    yield path
    ledger.rows.cache_clear()


def _change(path: Path, row_id: str, change: Any) -> None:
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    (at,) = (i for i, row in enumerate(rows) if row["id"] == row_id)
    rows[at] = change(rows[at])
    path.write_text(yaml.safe_dump(rows, allow_unicode=True), encoding="utf-8")
    ledger.rows.cache_clear()


def _run(row_id: str) -> None:
    """Run the test that the row names."""
    file, _, name = ledger.rows()[row_id]["test"].partition("::")
    test = getattr(importlib.import_module(file.removesuffix(".py").replace("/", ".")), name)
    wanted = inspect.signature(test).parameters
    test(**{"rng": np.random.default_rng(20191207)} if "rng" in wanted else {})


@pytest.mark.parametrize("row_id, printed, slip", SLIPS)
def test_a_slip_of_the_pen_is_noticed(row_id: str, printed: str, slip: str, copied: Path) -> None:
    def everywhere(row: dict[str, Any]) -> dict[str, Any]:
        values = {
            name: text.replace(printed, slip) if printed in text else text
            for name, text in row["values"].items()
        }
        assert values != row["values"]
        return row | {"values": values}

    _change(copied, row_id, everywhere)
    with pytest.raises(AssertionError, match=re.escape(row_id)):
        _run(row_id)


@pytest.mark.parametrize("row_id", sorted({row_id for row_id, _, _ in SLIPS}))
def test_a_copy_without_a_slip_passes(row_id: str, copied: Path) -> None:
    """So that what fails above does so because of the slip."""
    _run(row_id)
    assert copied.read_text(encoding="utf-8")


def test_a_wrong_best_value_is_noticed(copied: Path) -> None:
    """As in the rows whose best constant is a field of its own."""
    row_id = "li-yuan2017-lemma-2-5"
    _change(copied, row_id, lambda row: row | {"best_value": row["best_value"] + 1e-4})
    with pytest.raises(AssertionError, match=row_id):
        _run(row_id)


def _places(text: str, printed: str) -> Iterator[tuple[int, int]]:
    """Where a named number stands in a text, but for references, exponents and the like."""
    references = [match.span() for match in ledger.NO_RESULT.finditer(text)]
    for match in re.finditer(ledger.occurrences(printed), text):
        if not any(low <= match.start() < high for low, high in references):
            yield match.span()


def test_a_change_in_the_text_alone_is_noticed() -> None:
    """Wherever a row prints a named number: with any other digit it is not the named one."""
    tried, missed = 0, []
    for row in ledger.rows().values():
        for printed in set(row.get("values", {}).values()) - {"0", "1"}:
            for field in set(ledger.PRINTING) & set(row):
                for low, high in _places(row[field], printed):
                    for other in set(ledger.with_another_digit(printed)) - {"0", "1"}:
                        text = row[field][:low] + other + row[field][high:]
                        tried += 1
                        try:
                            left = ledger.unbound(row | {field: text})
                        except AssertionError:
                            continue
                        if not left:
                            missed.append(f"{row['id']}, {field}: {printed} could be {other}")
    assert missed == []
    assert tried > 900
