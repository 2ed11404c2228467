"""A corpus of bad cells through every reader: each costs its own row, named by column, value and reason, and no other."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swayline.engine import DuckEngine
from swayline.events import ReadOptions, read_events

LONG = "x" * 10_240
MISSING = [
    "",
    " ",
    "\u00a0",
    "\u200b",
    "\ufeff",
    "NaN",
    "nan",
    "null",
    "NULL",
    "None",
    "<NA>",
    "NaT",
    "\\N",
    "\u3000 \u2003",
]
BAD_CELLS = [
    *(("user", value) for value in [*MISSING, LONG, "ü" * 257, "💥" * 129, "u" * 513]),
    *(("item", value) for value in [*MISSING, LONG, "ü" * 257, "i" * 513]),
    *(("behavior", value) for value in [*MISSING, LONG, "b" * 513]),
    *(
        ("time", value)
        for value in [
            *MISSING,
            "soon",
            "now",
            "today",
            "epoch",
            "infinity",
            "-infinity",
            "inf",
            "-inf",
            "1e999",
            "-1e999",
            "1e400",
            "0x5a18",
            "0b11",
            "1_511_544_070",
            "1,511",
            "१५११५४४०७०",
            "１５１１",
            "1511544070s",
            "--1",
            "1.2.3",
            "99999999999999999999999999",
            "1511544070000000",
            "-1",
            "-1511544070",
            "1969-12-31",
            "2999-01-01",
            "9999-12-31T23:59:59Z",
            "2017-02-30",
            "2017-13-01",
            "2017-00-10",
            "2017-11-25 25:00",
            "2017-11-25 (BC)",
            "25.11.2017",
            "11/25/2017",
            "2017-W47",
            "12:00",
            "Sat Nov 25 2017",
            "true",
            "{}",
            "=NOW()",
            LONG,
        ]
    ),
    *(
        ("value", value)
        for value in ["inf", "-inf", "1e999", "five", "1_0", "0x1", "--1", "1.2.3", "4,5", "€5", "=1+1", "true", LONG]
    ),
    *(("lat", value) for value in ["91", "-90.001", "inf", "north", "1e9", "40°", "40_0"]),
    *(("lon", value) for value in ["181", "-180.001", "inf", "east", "1e9"]),
    *(("position", value) for value in ["-1", "1.5", "first", "1e30", "inf", "1_0", "0x1"]),
    *(("propensity", value) for value in ["0", "-0.1", "1.0001", "inf", "often", "50%"]),
    *(("exposed", value) for value in ["2", "-1", "maybe", "tru", "0.5", "yess"]),
    *(("event_id", value) for value in ["e" * 513, LONG]),
    *(("session", value) for value in ["s" * 513]),
    *(("category", value) for value in ["c" * 513]),
    *(("text", value) for value in ["t" * 65_537]),
]
GOOD = {
    "user": "good",
    "item": "i",
    "behavior": "view",
    "time": "1511544070",
    "value": "4.5",
    "lat": "1.5",
    "lon": "2.5",
    "position": "3",
    "propensity": "0.5",
    "exposed": "true",
    "event_id": "",
    "session": "s",
    "category": "c",
    "text": "t",
}
SAID = {name: name for name in GOOD}


def rows() -> list[dict[str, str]]:
    """A good row before every bad one, so that odd rows are good and even ones bad."""
    found = []
    for number, (column, value) in enumerate(BAD_CELLS):
        good = GOOD | {"user": f"good{number}", "event_id": f"e{number}"}
        found += [good, GOOD | {"user": f"bad{number}", "event_id": f"b{number}", column: value}]
    return found


def delimited(mark: str, pack: Callable[[bytes], bytes] = bytes) -> Callable[[Path], Any]:
    def write(path: Path) -> Path:
        lines = [
            mark.join(GOOD),
            *(mark.join(f'"{one}"' if mark in one else one for one in row.values()) for row in rows()),
        ]
        path.write_bytes(pack("\n".join(lines).encode()))
        return path

    return write


def jsonl(pack: Callable[[bytes], bytes] = bytes) -> Callable[[Path], Any]:
    def write(path: Path) -> Path:
        path.write_bytes(pack("\n".join(json.dumps(row) for row in rows()).encode()))
        return path.rename(path.with_suffix(".jsonl"))

    return write


def parquet(path: Path) -> Path:
    pq.write_table(pa.Table.from_pylist(rows()), path, row_group_size=50)
    return path


def database(path: Path) -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.register("rows", pa.Table.from_pylist(rows()))
        connection.execute("CREATE TABLE log AS SELECT * FROM rows")
    return path


READERS: dict[str, tuple[Callable[[Path], Any], int]] = {
    # how it is written, number of the first row
    "csv": (delimited(","), 2),
    "tsv": (delimited("\t"), 2),
    "semicolons": (delimited(";"), 2),
    "bars": (delimited("|"), 2),
    "csv.gz": (delimited(",", gzip.compress), 2),
    "csv.zst": (delimited(",", lambda raw: bytes(pa.compress(raw, codec="zstd", asbytes=True))), 2),
    "jsonl": (jsonl(), 1),
    "jsonl.gz": (jsonl(gzip.compress), 1),
    "parquet": (parquet, 1),
    "duckdb": (database, 1),
    "arrow": (lambda path: pa.Table.from_pylist(rows()), 1),
    "pandas": (lambda path: pd.DataFrame(rows()), 1),
    "polars": (lambda path: pl.DataFrame(rows()), 1),
}


def test_the_corpus_is_large() -> None:
    assert len(set(BAD_CELLS)) == len(BAD_CELLS)
    assert len(BAD_CELLS) * len(READERS) >= 2000


@pytest.mark.parametrize("name", sorted(READERS))
def test_every_bad_cell_costs_its_own_row_in_every_reader(tmp_path: Path, engine: DuckEngine, name: str) -> None:
    write, first = READERS[name]
    log = read_events(write(tmp_path / "log"), options=ReadOptions(mapping=SAID), engine=engine)
    assert sorted(log.events["user"].to_pylist(), key=lambda user: int(user[4:])) == [
        f"good{number}" for number in range(len(BAD_CELLS))
    ]
    rejected = log.rejected.to_pylist()
    assert [one["row"] for one in rejected] == [first + 2 * number + 1 for number in range(len(BAD_CELLS))]
    for one, (column, value) in zip(rejected, BAD_CELLS, strict=True):
        assert one["column"] == column, (value, one)
        assert one["reason"]
        assert one["value"] == (value if len(value) <= 200 else f"{value[:200]}…")
