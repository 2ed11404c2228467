"""The engine answers in UTC, spills outside the working folder, goes nowhere and says what stopped it."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swayline.core.errors import DataError, SchemaError, UsageError
from swayline.engine import DuckEngine, Relation
from swayline.engine.operators import sequences


def test_a_parquet_file_and_a_table_are_asked_alike(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1, 2]}), tmp_path / "it's.parquet")
    with DuckEngine() as engine:
        engine.register("t", tmp_path / "it's.parquet")
        assert engine.collect(Relation.query("SELECT x FROM t ORDER BY x"))["x"].to_pylist() == [1, 2]
        engine.register("t", pa.table({"x": [7]}))
        assert engine.collect(Relation.query("SELECT x FROM t"))["x"].to_pylist() == [7]


def test_times_are_utc_whatever_the_machine_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    with DuckEngine() as engine:
        table = engine.collect(Relation.query("SELECT TIMESTAMPTZ '2026-01-01 00:00:00' AS t"))
    assert table.schema.field("t").type == pa.timestamp("us", "UTC")
    assert table["t"].cast(pa.int64())[0].as_py() == 1_767_225_600_000_000


def test_a_broken_query_is_one_line(tmp_path: Path) -> None:
    with DuckEngine() as engine, pytest.raises(DataError) as caught:
        engine.collect(Relation.query("SELECT nothing\nFROM nowhere"))
    assert str(caught.value).isprintable()
    assert "nowhere" in str(caught.value)


def test_a_callers_variables_are_no_tables() -> None:
    secret = pa.table({"x": [1]})
    with DuckEngine() as engine, pytest.raises(DataError, match="secret"):
        engine.collect(Relation.query("SELECT * FROM secret"))
    assert len(secret) == 1


def test_it_fetches_no_extension() -> None:
    with DuckEngine() as engine, pytest.raises(DataError):
        engine.collect(Relation.query("SELECT * FROM read_csv('https://localhost:1/x.csv')"))


def test_more_than_memory_spills_outside_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    n = 3_000_000
    with DuckEngine(memory_limit="100MB") as engine:
        found = engine.collect(
            Relation.query(
                f"SELECT count(*) AS n, max(r) AS r FROM (SELECT md5(i::VARCHAR) AS r FROM range({n}) t(i) ORDER BY r)"
            )
        )
    assert found["n"][0].as_py() == n
    assert list(tmp_path.iterdir()) == []


def test_too_little_memory_is_told() -> None:
    with DuckEngine(memory_limit="1MB") as engine, pytest.raises(DataError, match="table engine stopped"):
        engine.collect(Relation.query("SELECT list(i) FROM range(10000000) t(i)"))


def test_a_relation_knows_its_columns_and_runs_when_collected() -> None:
    with DuckEngine() as engine:
        engine.register("log", pa.table({"user": ["u", "u", "v"], "t": [3, 1, 2]}))
        engine.register("people", pa.table({"user": ["u"], "age": [40]}))
        log = engine.relation("log")
        assert log.columns == ("user", "t")
        so_far = log.window(["user"], ["t"], n="count(*)").join(engine.relation("people"), ["user"], "left")
        assert so_far.columns == ("user", "t", "n", "age")
        found = engine.collect(so_far.where("n > 1").select("user", "t", old=lambda d: f"{d.quote('age')} > 30"))
        assert found.to_pylist() == [{"user": "u", "t": 3, "old": True}]
        both = engine.collect(log.union(log).group(["user"], n="count(*)").order("user"))
        assert both.to_pylist() == [{"user": "u", "n": 4}, {"user": "v", "n": 2}]


def test_a_relation_names_the_nearest_column() -> None:
    with pytest.raises(SchemaError, match="user"):
        Relation.of("log", ["user", "t"]).group(["usr"], n="count(*)")
    with pytest.raises(UsageError, match="outer"):
        Relation.of("log").join(Relation.of("people"), ["user"], "outer")


def test_a_table_that_is_not_there_is_told() -> None:
    with DuckEngine() as engine, pytest.raises(DataError, match="nothing_here"):
        engine.relation("nothing_here")


def test_hostile_names_are_quoted(tmp_path: Path) -> None:
    hostile = 'a" FROM t; --'
    with DuckEngine() as engine:
        engine.register("t", pa.table({hostile: [1, 1]}))
        assert engine.collect(sequences.distinct_by_count("t", hostile)).to_pylist() == [{"id": 1, "n": 2}]
        engine.copy(engine.relation("t"), tmp_path / "it's.parquet")
    assert pq.read_table(tmp_path / "it's.parquet").column_names == [hostile]
