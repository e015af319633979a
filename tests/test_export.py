import csv
import json
import sys

import pytest
from pyarrow import parquet

from shortcutlib.export import check_export, export

ROWS = [
    {"k": 16, "norm_squared": 0.1 + 0.2, "method": "exact", "success_rate": 1 / 3, "problem": None},
    {"k": 25, "norm_squared": 1e-300, "method": "exact", "success_rate": None, "problem": "a, 'b'"},
]


def test_csv_brings_every_digit_back(tmp_path):
    export(tmp_path / "t.csv", ROWS)
    with open(tmp_path / "t.csv", newline="") as file:
        found = list(csv.DictReader(file))
    assert [int(row["k"]) for row in found] == [16, 25]
    assert [float(row["norm_squared"]) for row in found] == [0.1 + 0.2, 1e-300]
    assert float(found[0]["success_rate"]) == 1 / 3
    assert found[1]["success_rate"] == found[0]["problem"] == ""
    assert found[1]["problem"] == "a, 'b'"


def test_parquet_brings_everything_back(tmp_path):
    export(tmp_path / "t.parquet", ROWS, {"tolerance": 1e-8})
    table = parquet.read_table(tmp_path / "t.parquet")
    assert table.to_pylist() == ROWS
    assert [str(kind) for kind in table.schema.types] == [
        "int64",
        "double",
        "string",
        "double",
        "string",
    ]
    assert json.loads(table.schema.metadata[b"shortcutlib"]) == {"tolerance": 1e-8}


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_table_is_replaced_by_the_same_bytes_and_leaves_nothing_else(tmp_path, name):
    target = tmp_path / name
    target.write_text("an older table")
    export(target, ROWS)
    first = target.read_bytes()
    export(target, ROWS)
    assert target.read_bytes() == first
    assert list(tmp_path.iterdir()) == [target]


def test_impossible_tables_are_refused(tmp_path, monkeypatch):
    for name, match in (("t.xlsx", "ends in .csv or .parquet"), ("no/t.csv", "cannot be written")):
        with pytest.raises(ValueError, match=match):
            check_export(tmp_path / name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    check_export(tmp_path / "t.csv")
    with pytest.raises(ImportError, match="pip install pyarrow"):
        check_export(tmp_path / "t.parquet")
