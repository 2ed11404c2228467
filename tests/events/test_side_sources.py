"""Side tables come from wherever logs come from, and give what their file gives."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from swayline.core.errors import SchemaError, SourceError, UsageError
from swayline.engine import DuckEngine
from swayline.events import EventLog, Paging, ReadOptions, read_events

EVENTS = pa.table({"user": ["u1", "u2"], "item": ["i1", "i2"], "time": [1_511_544_070, 1_511_544_071]})
ITEMS = [
    {"item_id": "i1", "title": "One", "price": 1.5, "stock": 3},
    {"item_id": "i2", "title": "Two", "price": None, "stock": 4},
    {"item_id": "i2", "title": "Again", "price": 2.5, "stock": 5},
]
USERS = [{"user_id": 1, "age": 30}, {"user_id": 2, "age": 41}]
TIES = [{"source": "u1", "target": "u2"}, {"source": "u2", "target": "u2"}]
SIDES = {"items": ITEMS, "users": USERS, "ties": TIES}


def files(folder: Path) -> dict[str, Path]:
    for name, rows in SIDES.items():
        (folder / f"{name}.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return {name: folder / f"{name}.jsonl" for name in SIDES}


@pytest.fixture
def expected(engine: DuckEngine, tmp_path: Path) -> EventLog:
    return read_events(EVENTS, **files(tmp_path), engine=engine)


def same(log: EventLog, expected: EventLog) -> None:
    for name in SIDES:
        assert getattr(log, name).to_pylist() == getattr(expected, name).to_pylist()
    assert log.rejected.drop_columns(["file"]).to_pylist() == [
        {"row": 3, "column": "item", "value": "i2", "reason": "is named twice; the first stands"},
        {"row": 2, "column": "target", "value": "u2", "reason": "is tied to itself"},
    ]


def test_frames_are_side_tables(engine: DuckEngine, expected: EventLog) -> None:
    sides: dict[str, Any] = {name: pl.DataFrame(rows) for name, rows in SIDES.items()}
    same(read_events(EVENTS, **sides, engine=engine), expected)


def test_tables_of_one_duckdb_file_are_a_log_with_its_side_tables(
    engine: DuckEngine, expected: EventLog, tmp_path: Path
) -> None:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        for name, rows in {"log": EVENTS.to_pylist(), **SIDES}.items():
            connection.register("rows", pa.Table.from_pylist(rows))
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM rows")
            connection.unregister("rows")
    said = ReadOptions(table="log", items_table="items", users_table="main.users", ties_table="ties")
    log = read_events(path, items=path, users=path, ties=path, options=said, engine=engine)
    assert log.events["user"].to_pylist() == ["u1", "u2"]
    same(log, expected)
    with pytest.raises(UsageError, match="say --items-table NAME, one of: main.items, main.log"):
        read_events(EVENTS, items=path, engine=engine)
    with pytest.raises(SchemaError, match="no table 'itms'"):
        read_events(EVENTS, items=path, options=ReadOptions(items_table="itms"), engine=engine)


@pytest.fixture
def side_schema(postgres: str) -> Iterator[str]:
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed (extra sources)")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA side")
        connection.execute("CREATE TABLE side.items (item_id text, title text, price float8, stock int)")
        connection.execute("CREATE TABLE side.users (user_id int, age int)")
        connection.execute("CREATE TABLE side.ties (source text, target text)")
        for name, rows in SIDES.items():
            marks = ", ".join(["%s"] * len(rows[0]))
            connection.cursor().executemany(
                f"INSERT INTO side.{name} VALUES ({marks})", [tuple(row.values()) for row in rows]
            )
        yield postgres
        connection.execute("DROP SCHEMA side CASCADE")


def test_tables_of_postgres_are_side_tables(engine: DuckEngine, expected: EventLog, side_schema: str) -> None:
    said = ReadOptions(items_table="side.items", users_table="side.users", ties_table="side.ties")
    log = read_events(EVENTS, items=side_schema, users=side_schema, ties=side_schema, options=said, engine=engine)
    for name in SIDES:
        assert getattr(log, name).to_pylist() == getattr(expected, name).to_pylist()
    assert log.rejected["row"].to_pylist() == [4, 3]  # the server's table comes as CSV: its header is row 1
    assert not any("secret" in one for one in log.rejected["file"].to_pylist())


def test_addresses_are_side_tables_paged_like_the_log(engine: DuckEngine, expected: EventLog, server: Any) -> None:
    def answer(asked: dict[str, list[str]]) -> tuple[int, dict[str, str], Any]:
        rows, at = SIDES[asked["kind"][0]], int(asked["page"][0])
        return 200, {}, {"rows": rows[2 * (at - 1) : 2 * at]}

    server.answer = answer
    at = {name: server.address.replace("kind=all", f"kind={name}") for name in SIDES}
    said = ReadOptions(paging=Paging(page="page", rows="rows", per_second=1000.0))
    same(read_events(EVENTS, **at, options=said, engine=engine), expected)
    server.answer = lambda asked: (404, {}, "")
    with pytest.raises(SourceError, match="refuses: 404"):
        read_events(EVENTS, items=at["items"], options=said, engine=engine)


def test_recbole_items_and_users_are_read_without_options(engine: DuckEngine, tmp_path: Path) -> None:
    (tmp_path / "log.inter").write_text("user_id:token\titem_id:token\ttimestamp:float\nu1\ti1\t1511544070\n")
    (tmp_path / "log.item").write_text(
        "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\tweight:float\tvector:float_seq\n"
        'i1\tToy "Story" \t1995\tAnimation Comedy\t0.5\t0.1 0.2\n'
        "i2\t\t\t\t\t\n"
    )
    (tmp_path / "log.user").write_text("user_id:token\tage:token\tgender:token\nu1\t24\tM\nu2\t\tF\n")
    log = read_events(
        tmp_path / "log.inter",
        items=tmp_path / "log.item",
        users=tmp_path / "log.user",
        options=ReadOptions(format="recbole"),
        engine=engine,
    )
    assert log.items is not None
    assert log.items.to_pylist() == [
        {"item": "i1", "title": 'Toy "Story"', "release_year": 1995, "category": "Animation Comedy", "weight": 0.5,
         "vector": "0.1 0.2"},
        {"item": "i2", "title": None, "release_year": None, "category": None, "weight": None, "vector": None},
    ]  # fmt: skip
    assert log.users is not None
    assert log.users.to_pylist() == [
        {"user": "u1", "age": 24, "gender": "M"},
        {"user": "u2", "age": None, "gender": "F"},
    ]
