"""Side tables are read as strictly as events: ids are text, each once; what cannot be used is rejected by row."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swayline.core.errors import EmptyLogError, SchemaError, SourceError
from swayline.engine import DuckEngine
from swayline.events import EventLog, ReadOptions, read_events
from swayline.events.sources.delimited import reader


@pytest.fixture
def read(tmp_path: Path, engine: DuckEngine):  # type: ignore[no-untyped-def]
    """A log with one side table: ``read("items", content, "items.csv", items_map=…)``."""

    def reader(which: str, content: str | bytes, name: str = "side.csv", **said: object) -> EventLog:
        (tmp_path / "log.csv").write_text("user,item,time\nu,007,5\n")
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        side = {which: tmp_path / name}
        return read_events(tmp_path / "log.csv", **side, options=ReadOptions(**said), engine=engine)  # type: ignore[arg-type]

    return reader


def test_items_keep_their_ids_as_written_and_their_features_typed(read) -> None:  # type: ignore[no-untyped-def]
    text = (
        "item_id,movie_title,genres,price,zip,weight,note,empty\n007,Dr No,Action,1.5,01234,3,a,\n8,=1+1,,2,98765,,,\n"
    )
    log = read("items", text)
    assert log.items.to_pylist() == [
        {
            "item": "007",
            "title": "Dr No",
            "category": "Action",
            "price": 1.5,
            "zip": "01234",
            "weight": 3,
            "note": "a",
            "empty": None,
        },
        {
            "item": "8",
            "title": "=1+1",
            "category": None,
            "price": 2.0,
            "zip": "98765",
            "weight": None,
            "note": None,
            "empty": None,
        },
    ]
    assert len(log.rejected) == 0


def test_bad_rows_of_a_side_table_are_rejected_by_line(read) -> None:  # type: ignore[no-untyped-def]
    lines = [
        b"item,title",
        b"a,A",
        b",B",
        b"c",
        b"a,again",
        b"\xff,D",
        b"e\x00,E",
        b"f," + b"\xff",
        b" g ,G",
        b"i" * 600 + b",I",
        b"nan,N",
    ]
    log = read("items", b"\n".join(lines))
    assert log.items["item"].to_pylist() == ["a", "g"]
    assert {one["row"]: one["reason"] for one in log.rejected.to_pylist()} == {
        3: "is missing",
        4: "has 1 fields where 2 are expected",
        5: "is named twice; the first stands",
        6: "is not valid UTF-8",
        7: "holds a NUL byte",
        8: "is not valid UTF-8",
        10: "is longer than 512 bytes",
        11: "is missing",
    }
    assert log.rejected["file"][0].as_py().endswith("side.csv")


def test_users_come_in_every_format(read) -> None:  # type: ignore[no-untyped-def]
    expected = [{"user": "1", "age": 24}, {"user": "2", "age": None}]
    assert read("users", "user_id:token\tage:token\n1\t24\n2\t\n", "side.user").users.to_pylist() == expected
    assert (
        read("users", gzip.compress(b"1|24\n2|\n"), "side.gz", users_columns=("user", "age")).users.to_pylist()
        == expected
    )
    assert read("users", '{"user": 1, "age": 24}\n{"user": "2"}\n', "side.jsonl").users.to_pylist() == expected
    assert read("users", "who,age\n1,24\n2,\n", users_map={"user": "who"}).users.to_pylist() == expected


def test_json_features_may_be_lists_and_ids_may_not(read) -> None:  # type: ignore[no-untyped-def]
    lines = '{"item":"a","tags":["x",1.5,true]}\n{"item":["b"]}\n{"item":"c","tags":null}\n{"item":"d","item":"e"}\n'
    log = read("items", lines, "side.jsonl")
    assert log.items.to_pylist() == [{"item": "a", "tags": '["x", 1.5, true]'}, {"item": "c", "tags": None}]
    assert log.rejected["row"].to_pylist() == [2, 4]


def test_parquet_features_keep_their_types(tmp_path: Path, engine: DuckEngine) -> None:
    (tmp_path / "log.csv").write_text("user,item,time\nu,7,5\n")
    columns = {
        "item_id": pa.array([7.0, None, 9.0, 7.0]),
        "vector": [[1.0], [2.0], [3.0], [4.0]],
        "Kind": ["a", "b", "c", "d"],
    }
    pq.write_table(pa.table(columns), tmp_path / "items.parquet")
    log = read_events(tmp_path / "log.csv", items=tmp_path / "items.parquet", engine=engine)
    assert log.items is not None
    assert log.items.to_pylist() == [
        {"item": "7", "vector": [1.0], "kind": "a"},
        {"item": "9", "vector": [3.0], "kind": "c"},
    ]
    assert log.rejected["row"].to_pylist() == [2, 4]


def test_ties_run_from_source_to_target_and_are_named_once(read) -> None:  # type: ignore[no-untyped-def]
    log = read("ties", "a b\nb a\na b\nc c\nd\n\n", "ties.txt", ties_columns=("target", "source"))
    assert log.ties.select(["source", "target"]).to_pylist() == [
        {"source": "b", "target": "a"},
        {"source": "a", "target": "b"},
    ]
    assert {one["row"]: one["reason"] for one in log.rejected.to_pylist()} == {
        3: "is named twice; the first stands",
        4: "is tied to itself",
        5: "has 1 fields where 2 are expected",
    }


def test_undirected_ties_run_both_ways_once(read) -> None:  # type: ignore[no-untyped-def]
    log = read("ties", "source,target\na,b\nb,a\nb,c\n", ties_undirected=True)
    pairs = sorted(zip(log.ties["source"].to_pylist(), log.ties["target"].to_pylist(), strict=True))
    assert pairs == [("a", "b"), ("b", "a"), ("b", "c"), ("c", "b")]


def test_times_of_ties_are_times(read) -> None:  # type: ignore[no-untyped-def]
    log = read("ties", "source,target,time\na,b,2017-11-24T17:21:10Z\nb,c,\nc,d,soon\n")
    assert [one and int(one.timestamp()) for one in log.ties["time"].to_pylist()] == [1511544070, None]
    assert log.rejected["value"].to_pylist() == ["soon"]


@pytest.mark.parametrize(
    ("which", "content", "name", "kind", "reason"),
    [
        ("items", "", "side.csv", EmptyLogError, "is empty"),
        ("items", "item,title\n", "side.csv", EmptyLogError, "no usable row"),
        ("items", "name,title\na,b\n", "side.csv", SchemaError, "--items-map item=NAME"),
        ("users", "a,b\n", "side.csv", SchemaError, "told to be the user"),
        ("ties", "a,b\n", "side.csv", SchemaError, "--ties-columns source,target"),
        ("items", "item,x,x\na,1,2\n", "side.csv", SchemaError, "two columns named 'x'"),
        ("items", "item,row\na,1\n", "side.csv", SchemaError, "'row'"),
        ("items", b"PK\x03\x04", "side.csv", SourceError, "zip"),
        ("items", b"PAR1", "side.parquet", SourceError, "cannot be read as Parquet"),
        ("items", gzip.compress(b"item,title\na,b\n", mtime=0)[:-5], "side.csv.gz", SourceError, "truncated"),
    ],
)
def test_a_file_that_is_no_side_table_is_refused_in_one_line(read, which, content, name, kind, reason) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(kind) as caught:
        read(which, content, name)
    assert reason in str(caught.value)
    assert name in str(caught.value)


def test_a_missing_side_table_is_told(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("user,item,time\nu,7,5\n")
    with pytest.raises(SourceError, match="does not exist"):
        read_events(tmp_path / "log.csv", items=tmp_path / "none.csv")


def test_titles_with_stray_quotes_keep_them_between_tabs(read) -> None:  # type: ignore[no-untyped-def]
    log = read("items", 'item\ttitle\n1\t"Great Performances" Cats\n2\t12" mix\n3\t"\n', "side.item")
    assert log.items["title"].to_pylist() == ['"Great Performances" Cats', '12" mix', '"']


def test_no_part_is_too_small_for_a_side_table(read, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(reader, "_PIECE_BYTES", 32)
    log = read("items", "item,title\n" + "".join(f'{n},"t{n}\nx"\n' for n in range(50)))
    assert log.items["title"].to_pylist() == [f"t{n}\nx" for n in range(50)]
