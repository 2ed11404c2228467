"""JSON lines and Parquet: typed values are read strictly and come out as the same log."""

import json
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.events.conftest import Reader, accounts

from swayline.core.errors import SchemaError, SourceError
from swayline.events import EventLog, ReadOptions, read_events

GOOD = ['{"user":"g1","item":"i1","time":1511544070,"rating":5}', '{"user":"g2","item":"i2","time":1511544071}']

BAD_OBJECTS = [
    ('{"user":"u","user":"v","item":"i","time":1}', "", "names the key 'user' twice"),
    ('{"user":"u","item":"i","time":1,"x":{"a":1,"a":2}}', "", "names the key 'a' twice"),
    ('{"user":"u","item":"i","time":NaN}', "", "holds NaN"),
    ('{"user":"u","item":"i","time":1,"x":Infinity}', "", "holds Infinity"),
    ('{"user":"u","item":"i","time":1,"x":[-Infinity]}', "", "holds -Infinity"),
    ('{"user":"u","item":"i","time":1e999}', "time", "no time"),
    ('{"user":1e999,"item":"i","time":1}', "user", "no finite number"),
    ('{"user":"u","item":"i","time":1700000000,"rating":1e999}', "value", "no finite number"),
    ('{"user":"u","item":"i","time":1700000000,"rating":true}', "value", "no finite number"),
    ('{"user":true,"item":"i","time":1}', "user", "true or false"),
    ('{"user":"u","item":false,"time":1}', "item", "true or false"),
    ('{"user":"u","item":"i","time":true}', "time", "no time"),
    ('{"user":{"id":1},"item":"i","time":1}', "user", "list or an object"),
    ('{"user":"u","item":["i"],"time":1}', "item", "list or an object"),
    ('{"user":"u","item":"i","time":{"$date":1}}', "time", "list or an object"),
    ('{"user":null,"item":"i","time":1}', "user", "missing"),
    ('{"item":"i","time":1}', "user", "missing"),
    ('{"user":"","item":"i","time":1}', "user", "missing"),
    ('{"user":"u","item":"i"}', "time", "no time"),
    ('{"user":"\\u0000","item":"i","time":1}', "user", "NUL"),
    ('{"user":"\\ud800","item":"i","time":1}', "user", "not valid unicode"),
    ('{"user":"\\udfff\\ud800","item":"i","time":1}', "user", "not valid unicode"),
    ('{"user":"u","item":"' + "i" * 10_240 + '","time":1}', "item", "longer than 512 bytes"),
    ('{"user":' + "9" * 600 + ',"item":"i","time":1}', "user", "longer than 512 bytes"),
    ('{"user":"u","item":"i","time":' + "9" * 5000 + "}", "time", "no time"),
    ('{"user":"u","item":"i","time":1', "", "is no JSON"),
    ('{"user":"u","item":"i","time":1}}', "", "is no JSON"),
    ("{'user':'u','item':'i','time':1}", "", "is no JSON"),
    ('{"user":"u","item":"i","time":01}', "", "is no JSON"),
    ('{"user":"u","item":"i","time":1,}', "", "is no JSON"),
    ('{"user":"u\ti","item":"i","time":1}', "", "is no JSON"),
    ('["u","i",1]', "", "no JSON object"),
    ('"u"', "", "no JSON object"),
    ("null", "", "no JSON object"),
    ('{"x":' + "[" * 100_000 + "]" * 100_000 + "}", "", "is no JSON"),
    (b'{"user":"\xff","item":"i","time":1}', "", "not valid UTF-8"),
    (b"\xef\xbb\xbf{}", "", "is no JSON"),
]


@pytest.mark.parametrize(("line", "column", "reason"), BAD_OBJECTS)
def test_a_bad_object_is_rejected_by_line_and_the_good_ones_stay(
    read: Reader, line: str | bytes, column: str, reason: str
) -> None:
    raw = line.encode() if isinstance(line, str) else line
    log = read(b"\n".join([GOOD[0].encode(), raw, GOOD[1].encode()]), "log.jsonl")
    assert log.events["user"].to_pylist() == ["g1", "g2"]
    (one,) = log.rejected.to_pylist()
    assert (one["row"], one["column"]) == (2, column)
    assert reason in one["reason"]
    assert accounts(log)


def test_ids_that_are_numbers_are_whole_in_every_format(read: Reader) -> None:
    lines = [f'{{"user":{number},"item":{number},"time":{at}}}' for at, number in enumerate(["7", "7.0", "7e0", "7.5"])]
    assert read("\n".join(lines), "log.jsonl").events["user"].to_pylist() == ["7", "7", "7", "7.5"]


def test_keys_may_come_late_and_in_any_order(read: Reader) -> None:
    lines = ['{"time":1,"user":"u","item":"i"}', '{"item":"i","behavior":"buy","user":"v","time":2}']
    log = read("\n".join(lines), "log.jsonl")
    assert log.rejected["column"].to_pylist() == ["behavior"]
    assert log.events["behavior"].to_pylist() == ["purchase"]


def parquet(tmp_path: Path, columns: dict[str, Any], **said: Any) -> EventLog:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table(columns), path)
    return read_events(path, options=ReadOptions(**said))


MOMENT = datetime(2017, 11, 24, 17, 21, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "times",
    [
        pa.array([1511544070], pa.int64()),
        pa.array([1511544070], pa.int32()),
        pa.array([1511544070.0]),
        pa.array(["1511544070"]),
        pa.array([1511544070000]),
        pa.array([1511544070], pa.timestamp("s")),
        pa.array([1511544070000], pa.timestamp("ms", "UTC")),
        pa.array([1511544070000000], pa.timestamp("us", "Asia/Shanghai")),
        pa.array([1511544070000000999], pa.timestamp("ns")),
        pa.array(["2017-11-24T17:21:10Z"]),
        pa.array(["2017-11-24T17:21:10Z"]).dictionary_encode(),
        pa.array([Decimal("1511544070.00")]),
        pa.array(["1511544070"], pa.large_string()),
    ],
    ids=lambda times: str(times.type),
)
def test_times_of_every_type_are_one_moment(tmp_path: Path, times: pa.Array) -> None:
    log = parquet(tmp_path, {"user": ["u"], "item": ["i"], "time": times})
    assert log.events["time"].to_pylist() == [MOMENT]


def test_typed_times_near_1970_keep_their_unit(tmp_path: Path) -> None:
    log = parquet(tmp_path, {"user": ["u"], "item": ["i"], "time": pa.array([60_000_000], pa.timestamp("us"))})
    assert log.events["time"].to_pylist() == [datetime(1970, 1, 1, 0, 1, tzinfo=UTC)]
    assert parquet(tmp_path, {"user": ["u"], "item": ["i"], "time": [date(2017, 11, 24)]}).events[
        "time"
    ].to_pylist() == [datetime(2017, 11, 24, tzinfo=UTC)]


def test_a_typed_time_beyond_reason_costs_its_row_alone(tmp_path: Path) -> None:
    times = pa.array([1511544070000, 9 * 10**18, None, -5], pa.timestamp("ms"))
    log = parquet(tmp_path, {"user": list("abcd"), "item": list("ijkl"), "time": times})
    assert log.events["user"].to_pylist() == ["a"]
    assert log.rejected["row"].to_pylist() == [2, 3, 4]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (pa.array([7, 8, 9]), ["7", "8", "9"]),
        (pa.array([7.0, None, 9.0]), ["7", None, "9"]),
        (pa.array([7.0, math.nan, 9.5]), ["7", None, "9.5"]),
        (pa.array([2**63, 2, 3], pa.uint64()), [str(2**63), "2", "3"]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        (pa.array([b"a", b"\xff", b"c"]), ["a", None, "c"]),
        (pa.array(["a", "b\x00", "c"]), ["a", None, "c"]),
        (pa.array(["a", "", "c"], pa.large_string()), ["a", None, "c"]),
        (pa.array(["a", None, "c"], pa.string_view()), ["a", None, "c"]),
        (pa.array([b"ab", b"cd", b"ef"], pa.binary(2)), ["ab", "cd", "ef"]),
        (pa.array([Decimal("1.50"), None, Decimal("2.00")]), ["1.50", None, "2.00"]),
    ],
    ids=lambda one: str(one.type) if isinstance(one, pa.Array) else "",
)
def test_ids_of_every_type_are_text_and_gaps_are_rejected(
    tmp_path: Path, ids: pa.Array, expected: list[str | None]
) -> None:
    log = parquet(tmp_path, {"user": ids, "item": ["i", "i", "i"], "time": [1, 2, 3]})
    assert log.events["user"].to_pylist() == [one for one in expected if one is not None]
    assert log.rejected["row"].to_pylist() == [row for row, one in enumerate(expected, 1) if one is None]
    assert accounts(log)


def invalid_text(values: list[bytes]) -> pa.Array:
    """A string column whose bytes are no text, as careless writers leave it."""
    return pa.Array.from_buffers(pa.string(), len(values), pa.array(values, pa.binary()).buffers())


def test_bytes_that_are_no_text_cost_their_row_alone(tmp_path: Path) -> None:
    columns = {"user": invalid_text([b"a", b"\xff\xfe", b"c"]), "item": ["i", "i", "i"], "time": [1, 2, 3]}
    log = parquet(tmp_path, columns | {"note": invalid_text([b"\xff", b"x", b"y"])})
    assert log.events["user"].to_pylist() == ["a", "c"]
    assert log.rejected.to_pylist()[0]["reason"] == "is not valid UTF-8"
    assert accounts(log)


@pytest.mark.parametrize("nested", [[["u"]], [{"id": "u"}], pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64()))])
def test_a_nested_column_of_ours_is_refused_by_name(tmp_path: Path, nested: Any) -> None:
    with pytest.raises(SchemaError, match="column 'user' is"):
        parquet(tmp_path, {"user": nested, "item": ["i"], "time": [1]})


def test_columns_that_are_not_ours_tell_repeats_apart_whatever_their_type(tmp_path: Path) -> None:
    same = {"user": ["u"] * 3, "item": ["i"] * 3, "time": [5] * 3}
    for others in (
        pa.array([[1], [2], [1]]),
        pa.array([{"a": 1}, {"a": 2}, {"a": 1}]),
        pa.array([b"\xff", b"\xfe", b"\xff"]),
        pa.array(["x", "y", "x"]).dictionary_encode(),
        pa.array([1.5, math.nan, 1.5]),
        pa.array([None, "", None], pa.string()),
        pa.array(["a\x1fb", "a", "a\x1fb"]),
        pa.array([True, False, True]),
        pa.array([date(2020, 1, 1), None, date(2020, 1, 1)]),
    ):
        log = parquet(tmp_path, same | {"other": others})
        assert (len(log), log.n_duplicates) == (2, 1), others.type


def test_marks_inside_cells_make_no_rows_equal(tmp_path: Path) -> None:
    columns = {
        "user": ["u"] * 3,
        "item": ["i"] * 3,
        "time": [5] * 3,
        "a": ["x", "x\x1fy", "x\x1f"],
        "b": ["y\x1fz", "z", "y"],
    }
    assert len(parquet(tmp_path, columns)) == 3


def test_nanoseconds_apart_are_two_events(tmp_path: Path) -> None:
    times = pa.array([1511544070_000000001, 1511544070_000000002, 1511544070_000000001], pa.timestamp("ns"))
    log = parquet(tmp_path, {"user": ["u"] * 3, "item": ["i"] * 3, "time": times})
    assert (len(log), log.n_duplicates) == (2, 1)


def test_parquet_without_rows_or_with_two_columns_of_a_name_is_told(tmp_path: Path) -> None:
    path = tmp_path / "twice.parquet"
    pq.write_table(pa.table([["u"], ["v"], ["i"], [1]], names=["user", "user", "item", "time"]), path)
    with pytest.raises(SchemaError, match="2 columns named 'user'"):
        read_events(path)


def test_a_damaged_page_is_told_with_the_record(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    many = list(map(str, range(50_000)))
    pq.write_table(pa.table({"user": many, "item": many, "time": list(range(50_000))}), path, compression="zstd")
    raw = bytearray(path.read_bytes())
    raw[2_000:3_000] = b"\xaa" * 1_000
    path.write_bytes(bytes(raw))
    with pytest.raises(SourceError, match="damaged from record"):
        read_events(path)


def test_the_same_events_are_the_same_log_from_every_format(read: Reader, tmp_path: Path) -> None:
    rows = [
        {
            "user": f"u{n % 7}",
            "item": f"i{n % 5}",
            "behavior": ["view", "cart"][n % 2],
            "time": 1511544070 + 60 * n,
            "rating": n / 2,
        }
        for n in range(50)
    ]
    lines = [",".join(str(value) for value in row.values()) for row in rows]
    from_csv = read("user,item,behavior,time,rating\n" + "\n".join(lines), "log.csv")
    from_json = read("\n".join(json.dumps(row) for row in rows), "log.jsonl")
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "log.parquet")
    from_parquet = read_events(tmp_path / "log.parquet")
    names = [name for name in from_csv.events.column_names if name != "row"]
    assert from_json.events.select(names).equals(from_csv.events.select(names))
    assert from_parquet.events.select(names).equals(from_csv.events.select(names))
