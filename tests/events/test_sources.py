"""Frames, databases and addresses give the log that a file of the same rows gives."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from swayline.core.errors import EmptyLogError, SchemaError, SourceError, UsageError
from swayline.engine import DuckEngine
from swayline.events import EventLog, Paging, ReadOptions, read_events
from swayline.events.sources import pages

START = 1_511_544_070
ROWS = [
    {
        "user": f"u{n % 7}",
        "item": f"i{n % 5}",
        "behavior": ["view", "cart"][n % 2],
        "time": START + 60 * n,
        "rating": n / 2,
    }
    for n in range(40)
]
NAMES = ["user", "item", "behavior", "time", "value", "session"]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory, engine: DuckEngine) -> pa.Table:
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in ROWS))
    return read_events(path, engine=engine).events.select(NAMES)


# --- frames ------------------------------------------------------------------------------------


def frames() -> dict[str, Any]:
    typed = [row | {"time": datetime.fromtimestamp(row["time"], UTC)} for row in ROWS]  # type: ignore[arg-type]
    return {
        "arrow": pa.Table.from_pylist(ROWS),
        "arrow batch": pa.RecordBatch.from_pylist(ROWS),
        "pandas": pd.DataFrame(ROWS),
        "pandas typed": pd.DataFrame(typed),
        "pandas index": pd.DataFrame(ROWS, index=range(100, 140)),
        "polars": pl.DataFrame(ROWS),
        "polars typed": pl.DataFrame(typed),
        "polars lazy": pl.LazyFrame(ROWS),
        "duckdb relation": duckdb.from_arrow(pa.Table.from_pylist(ROWS)),
    }


@pytest.mark.parametrize("name", sorted(frames()))
def test_a_frame_is_the_log_its_file_would_be(engine: DuckEngine, expected: pa.Table, name: str) -> None:
    log = read_events(frames()[name], engine=engine)
    assert log.events.select(NAMES).equals(expected)
    assert log.events["row"].to_pylist() == list(range(1, 41))


def test_gaps_and_mixed_kinds_of_a_pandas_frame_cost_their_rows_alone(engine: DuckEngine) -> None:
    frame = pd.DataFrame(
        {"user": ["1", "b", None, float("nan"), "2.5"], "item": [7.0, None, 1.0, 2.0, 9.0], "time": [1, 2, 3, 4, 5]}
    )
    log = read_events(frame, engine=engine)
    assert list(zip(log.events["user"].to_pylist(), log.events["item"].to_pylist(), strict=True)) == [
        ("1", "7"),
        ("2.5", "9"),
    ]
    assert [(one["file"], one["row"], one["column"]) for one in log.rejected.to_pylist()] == [
        ("the frame", 2, "item"),
        ("the frame", 3, "user"),
        ("the frame", 4, "user"),
    ]


def test_side_tables_may_be_frames(engine: DuckEngine) -> None:
    items = pl.DataFrame({"item_id": ["i1", "i2", "i2"], "weight": [1.5, 2.5, 3.5]})
    ties = pd.DataFrame({"source": ["a"], "target": ["b"]})
    log = read_events(pa.Table.from_pylist(ROWS), items=items, ties=ties, engine=engine)
    assert log.items is not None
    assert log.items.to_pylist() == [{"item": "i1", "weight": 1.5}, {"item": "i2", "weight": 2.5}]
    assert log.ties is not None
    assert log.ties.to_pylist() == [{"source": "a", "target": "b"}]
    assert log.rejected["row"].to_pylist() == [3]


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (42, UsageError),
        ([1, 2], UsageError),
        (None, UsageError),
        (pd.DataFrame({1: ["a"]}), SourceError),
        (pd.DataFrame({"user": ["a"]}), SchemaError),
        (pa.table({"user": [], "item": [], "time": []}), EmptyLogError),
        (pd.DataFrame([["a", "b", "i", 1]], columns=["user", "user", "item", "time"]), (SchemaError, SourceError)),
    ],
)
def test_what_is_no_log_is_refused_in_one_line(engine: DuckEngine, frame: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        read_events(frame, engine=engine)
    assert str(caught.value).isprintable()


# --- DuckDB ------------------------------------------------------------------------------------


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with duckdb.connect(str(path)) as connection:
        connection.register("rows", pa.Table.from_pylist(ROWS))
        connection.execute('CREATE TABLE "odd ""name; DROP TABLE x" AS SELECT * FROM rows')
        connection.execute(
            "CREATE TABLE typed AS SELECT user, item, behavior, to_timestamp(time) AS time, rating FROM rows"
        )
        connection.execute("CREATE VIEW thief AS SELECT * FROM read_csv_auto('/etc/passwd')")
    return path


@pytest.mark.parametrize("table", ["typed", "main.typed", 'odd "name; DROP TABLE x'])
def test_a_duckdb_table_is_the_log_its_file_would_be(
    engine: DuckEngine, database: Path, expected: pa.Table, table: str
) -> None:
    log = read_events(database, options=ReadOptions(table=table), engine=engine)
    assert log.events.select(NAMES).equals(expected)


def test_a_table_must_be_said_where_there_are_several_and_exist(engine: DuckEngine, database: Path) -> None:
    with pytest.raises(UsageError, match="say --table NAME, one of: main.odd"):
        read_events(database, engine=engine)
    with pytest.raises(SchemaError, match="no table 'main.typd': did you mean 'main.typed'"):
        read_events(database, options=ReadOptions(table="main.typd"), engine=engine)


def test_a_strangers_view_opens_no_file(engine: DuckEngine, database: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read_events(database, options=ReadOptions(table="thief"), engine=engine)
    assert "/bin/" not in str(caught.value)
    assert "disabled by configuration" in str(caught.value)


def test_a_damaged_database_is_refused(engine: DuckEngine, database: Path) -> None:
    database.write_bytes(database.read_bytes()[:5000])
    with pytest.raises(SourceError, match="cannot be read as a DuckDB database"):
        read_events(database, engine=engine)


# --- Postgres ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop(postgres: str) -> str:
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed (extra sources)")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(
            'CREATE TABLE log ("user" text, item text, behavior text, time timestamptz, rating float8, note text)'
        )
        connection.execute("CREATE SCHEMA other")
        connection.execute('CREATE TABLE other."odd ""name; --" (uid int, sku int, ts bigint)')
        connection.execute('INSERT INTO other."odd ""name; --" VALUES (1, 7, 1511544070), (NULL, 8, 1511544071)')
        connection.cursor().executemany(
            "INSERT INTO log VALUES (%s, %s, %s, to_timestamp(%s), %s, %s)",
            [(*row.values(), 'two\nlines, "quoted"') for row in ROWS],
        )
    return postgres


def test_a_postgres_table_is_the_log_its_file_would_be(engine: DuckEngine, shop: str, expected: pa.Table) -> None:
    for table in ("log", "public.log"):
        log = read_events(shop, options=ReadOptions(table=table), engine=engine)
        assert log.events.select(NAMES).equals(expected)
        assert len(log.rejected) == 0


def test_names_in_postgres_are_data_and_gaps_are_rejected(engine: DuckEngine, shop: str) -> None:
    log = read_events(shop, options=ReadOptions(table='other.odd "name; --'), engine=engine)
    assert log.events["user"].to_pylist() == ["1"]
    (one,) = log.rejected.to_pylist()
    assert (one["column"], one["reason"]) == ("user", "is missing")
    assert "secret" not in one["file"]


def test_a_postgres_that_refuses_is_told_without_its_password(engine: DuckEngine, shop: str) -> None:
    with pytest.raises(SchemaError, match="no table 'lag'") as caught:
        read_events(shop, options=ReadOptions(table="lag"), engine=engine)
    assert "secret" not in str(caught.value)
    with pytest.raises(UsageError, match="has 2 tables"):
        read_events(shop, engine=engine)
    with pytest.raises(SourceError, match="does not exist") as caught:
        read_events(shop.replace("/postgres?", "/nowhere?"), engine=engine)
    assert str(caught.value).isprintable()
    assert "secret" not in str(caught.value)


# --- pages -------------------------------------------------------------------------------------

Answer = tuple[int, dict[str, str], Any]


def log_of(server: Any, engine: DuckEngine, **paging: Any) -> EventLog:
    return read_events(server.address, options=ReadOptions(paging=Paging(per_second=1000.0, **paging)), engine=engine)


def by_page(asked: dict[str, list[str]]) -> Answer:
    at = int(asked["page"][0])
    return 200, {}, {"data": {"events": ROWS[15 * (at - 1) : 15 * at]}}


def by_cursor(asked: dict[str, list[str]]) -> Answer:
    at = int(asked.get("after", ["0"])[0])
    following = str(at + 15) if at + 15 < len(ROWS) else None
    return 200, {}, {"rows": ROWS[at : at + 15], "meta": {"next": following}}


def test_counted_pages_are_one_log(server: Any, engine: DuckEngine, expected: pa.Table) -> None:
    server.answer = by_page
    log = log_of(server, engine, page="page", rows="data.events")
    assert log.events.select(NAMES).equals(expected)
    assert [one["page"] for one in server.asked] == [["1"], ["2"], ["3"], ["4"]]
    assert all(one["kind"] == ["all"] for one in server.asked)


def test_pages_behind_a_cursor_are_one_log(server: Any, engine: DuckEngine, expected: pa.Table) -> None:
    server.answer = by_cursor
    assert log_of(server, engine, cursor="after", next="meta.next", rows="rows").events.select(NAMES).equals(expected)
    assert [one.get("after") for one in server.asked] == [None, ["15"], ["30"]]


def test_one_page_that_is_a_list_is_a_log(server: Any, engine: DuckEngine, expected: pa.Table) -> None:
    server.answer = lambda asked: (200, {}, ROWS)
    assert log_of(server, engine).events.select(NAMES).equals(expected)
    assert len(server.asked) == 1


def test_busy_and_broken_answers_are_asked_again(server: Any, engine: DuckEngine, expected: pa.Table) -> None:
    bad = iter([(429, {"Retry-After": "0"}, ""), (503, {}, ""), (500, {}, "")])
    server.answer = lambda asked: next(bad, None) or by_cursor(asked)
    assert log_of(server, engine, cursor="after", next="meta.next", rows="rows").events.select(NAMES).equals(expected)
    assert len(server.asked) == 6


def test_a_broken_download_goes_on_where_it_stopped(
    server: Any, engine: DuckEngine, expected: pa.Table, tmp_path: Path
) -> None:
    paging = {"cursor": "after", "next": "meta.next", "rows": "rows", "keep": str(tmp_path)}
    server.answer = lambda asked: (500, {}, "") if asked.get("after") == ["30"] else by_cursor(asked)
    with pytest.raises(SourceError, match="run again to go on from here"):
        log_of(server, engine, **paging)
    server.asked.clear()
    server.answer = by_cursor
    assert log_of(server, engine, **paging).events.select(NAMES).equals(expected)
    assert server.asked == [{"kind": ["all"], "after": ["30"]}]
    server.asked.clear()
    assert log_of(server, engine, **paging).events.select(NAMES).equals(expected)
    assert server.asked == []


def test_no_more_is_asked_a_second_than_allowed(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(pages.time, "monotonic", lambda: now[0])
    server.answer = by_page
    list(pages.fetch(server.address, Paging(page="page", rows="data.events", per_second=2.0), tmp_path, sleep))
    assert waits[1:] == pytest.approx([0.5, 0.5, 0.5])


def test_bad_rows_of_a_page_are_rejected_strictly(server: Any, engine: DuckEngine) -> None:
    rows = (
        b'[{"user":"a","item":"i","time":1},{"user":"b","user":"c","item":"i","time":2},{"user":"d","item":"i","time":NaN},7,'
        + (b'{"user":1e999,"item":"i","time":3},{"user":"e","item":"i","time":4,"x":[1e999,{"y":null}]}]')
    )
    server.answer = lambda asked: (200, {}, rows)
    log = log_of(server, engine)
    assert log.events["user"].to_pylist() == ["a", "e"]
    assert log.rejected["row"].to_pylist() == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((404, {}, ""), "refuses: 404"),
        ((401, {}, ""), "refuses: 401"),
        ((200, {}, b"<html>"), "answers with no JSON"),
        ((200, {}, b"\xff\xfe"), "answers with no JSON"),
        ((200, {}, b"[" * 100_000), "answers with no JSON"),
        ((200, {}, {"error": "no"}), "gives no list of rows"),
        ((200, {}, 7), "gives no list of rows"),
        ((200, {}, []), "no usable event"),
        ((200, {}, [1, 2]), "no row of the first page is a JSON object"),
        ((200, {}, [{"a": 1}]), "told to be the user"),
        ((302, {"Location": "ftp://127.0.0.1/x"}, ""), "redirects"),
    ],
)
def test_an_address_that_gives_no_pages_is_refused_in_one_line(
    server: Any, engine: DuckEngine, answer: Answer, reason: str
) -> None:
    server.answer = lambda asked: answer
    with pytest.raises((SourceError, EmptyLogError, SchemaError), match=reason) as caught:
        log_of(server, engine)
    assert str(caught.value).isprintable()
    assert "kind=all" not in str(caught.value)


def test_pages_that_run_in_a_circle_are_refused(server: Any, engine: DuckEngine) -> None:
    server.answer = lambda asked: (200, {}, {"rows": ROWS[:2], "next": "again"})
    with pytest.raises(SourceError, match="run in a circle"):
        log_of(server, engine, cursor="after", rows="rows")


def test_a_page_too_large_is_refused(server: Any, engine: DuckEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_PAGE_BYTES", 1 << 20)
    server.answer = lambda asked: (200, {}, b"[" + b" " * (2 << 20))
    with pytest.raises(SourceError, match="more than 1 MB a page"):
        log_of(server, engine)


def test_a_token_is_sent_and_never_shown(server: Any, engine: DuckEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "hush")
    server.answer = lambda asked: (200, {}, ROWS)
    log = log_of(server, engine, token_env="SHOP_TOKEN")
    assert server.tokens == ["Bearer hush"]
    assert "hush" not in json.dumps(log.options.as_json())
    assert ReadOptions.from_json(json.loads(json.dumps(log.options.as_json()))) == log.options
    with pytest.raises(UsageError, match="NO_SUCH_TOKEN"):
        log_of(server, engine, token_env="NO_SUCH_TOKEN")


def test_nobody_home_is_told(engine: DuckEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_FIRST_WAIT_S", 0.001)
    with pytest.raises(SourceError, match="did not answer in 5 tries"):
        read_events("http://127.0.0.1:1/x", engine=engine)


@pytest.mark.parametrize("said", [{"page": "p", "cursor": "c"}, {"per_second": 0.0}, {"per_second": float("nan")}])
def test_paging_that_means_nothing_is_misuse(said: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Paging(**said)
