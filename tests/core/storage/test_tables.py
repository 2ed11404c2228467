import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from swayline.core.errors import ArtifactError, UsageError
from swayline.core.storage.tables import read_typed, table_ending, write_table

SCHEMA = pa.schema([
    ("user", pa.string()), ("n", pa.int64()), ("score", pa.float64()), ("kept", pa.bool_()),
    ("at", pa.timestamp("us", tz="UTC")),
])  # fmt: skip
TABLE = pa.table(
    {
        "user": ["a", 'quo"te,\nline', "", None, "é"],
        "n": [1, None, 3, 4, 2**60],
        "score": [0.1, -1e-300, 1e300, None, 2.0],
        "kept": [True, False, None, True, False],
        "at": [datetime(2026, 1, 31, 12, 0, tzinfo=UTC), datetime(2026, 1, 31, 12, 0, 0, 250_000, UTC), None, None,
               datetime(1969, 12, 31, tzinfo=UTC)],
    },
    SCHEMA,
)  # fmt: skip


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".jsonl", ".CSV"])
def test_a_table_comes_back_as_it_was_written_in_every_format(tmp_path, ending):
    path = tmp_path / f"t{ending}"
    write_table(path, TABLE)
    assert read_typed(path, SCHEMA).cast(SCHEMA).equals(TABLE)


def test_the_ending_decides_the_bytes(tmp_path):
    for name in ("t.parquet", "t.csv", "t.jsonl"):
        write_table(tmp_path / name, TABLE)
    assert (tmp_path / "t.parquet").read_bytes()[:4] == b"PAR1"
    assert (tmp_path / "t.csv").read_text().splitlines()[:2] == [
        '"user","n","score","kept","at"', '"a",1,0.1,true,"2026-01-31T12:00:00Z"'
    ]  # fmt: skip
    first = json.loads((tmp_path / "t.jsonl").read_text().splitlines()[0])
    assert first == {"user": "a", "n": 1, "score": 0.1, "kept": True, "at": "2026-01-31T12:00:00Z"}


def test_what_csv_has_no_words_for_is_written_as_json(tmp_path):
    table = pa.table({"tags": [["a", "b"], None], "kind": pa.array(["x", "y"]).dictionary_encode()})
    write_table(tmp_path / "t.csv", table)
    read = pa.csv.read_csv(tmp_path / "t.csv")
    assert read["tags"].to_pylist()[0] == '["a", "b"]'
    assert read["kind"].to_pylist() == ["x", "y"]


def test_nan_is_null_in_json_lines(tmp_path):
    write_table(tmp_path / "t.jsonl", pa.table({"x": [float("nan"), float("inf"), 1.0]}))
    assert [json.loads(line)["x"] for line in (tmp_path / "t.jsonl").read_text().splitlines()] == [None, None, 1.0]


@pytest.mark.parametrize("name", ["recs.xlsx", "recs", "recs.csv.gz", ".csv", "recs.json"])
def test_another_ending_names_the_three(name):
    with pytest.raises(UsageError, match=r"\.parquet, \.csv or \.jsonl"):
        table_ending(Path(name))


def test_parquet_is_read_whatever_its_name_and_damage_is_said(tmp_path):
    pq.write_table(TABLE, tmp_path / "old.csv")
    assert read_typed(tmp_path / "old.csv", SCHEMA).equals(TABLE)
    (tmp_path / "bad.jsonl").write_text("{]\n")
    (tmp_path / "array.jsonl").write_text("[1]\n")
    for name in ("bad.jsonl", "array.jsonl", "missing.csv"):
        with pytest.raises(ArtifactError):
            read_typed(tmp_path / name, SCHEMA)
