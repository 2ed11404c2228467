"""Spark answers every operator as DuckDB does, on the same rows: ties in time, nulls, skewed keys, unicode, repeats."""

import importlib.util
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swayline.core.errors import DataError, MissingExtraError, SourceError
from swayline.engine import DuckEngine, Relation, SparkEngine
from swayline.engine.registry import OPERATORS

_SPEC = importlib.util.spec_from_file_location("dialects", Path(__file__).with_name("test_dialects.py"))
_dialects = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_dialects)
MOMENT, NUMBER, REAL, SAMPLES, TABLES = (
    getattr(_dialects, name) for name in ("MOMENT", "NUMBER", "REAL", "SAMPLES", "TABLES")
)
WORDS = ["view", "cart", "it's \\ 1", "ünïcödé 食", "", "a`b"]


@pytest.fixture(scope="module")
def engines() -> Iterator[tuple[DuckEngine, SparkEngine]]:
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    if shutil.which("java") is None:
        pytest.skip("Spark needs a Java")
    with DuckEngine() as duck, SparkEngine() as spark:
        spark._session.conf.set("spark.sql.shuffle.partitions", "1")
        for at, (name, columns) in enumerate(TABLES.items()):
            table = drawn(columns, seed=at)
            for engine in (duck, spark):
                engine.register(name, table)
        yield duck, spark


def drawn(columns: dict[str, pa.DataType], seed: int, n: int = 60) -> pa.Table:
    """Rows with what breaks engines: few values, so ties and repeats; one key that most rows have; nulls; unicode."""
    rng = np.random.default_rng(seed)
    made = {}
    for name, kind in columns.items():
        null = rng.random(n) < (0.1 if kind in (pa.string(), MOMENT, REAL) else 0.0)
        if name == "row":
            values: list[Any] = list(range(1, n + 1))
            null[:] = False
        elif kind == NUMBER:
            values = np.where(rng.random(n) < 0.5, 1, rng.integers(0, 6, n)).tolist()
        elif name == "w":  # a weight has no sign
            values = (rng.integers(1, 40, n) / 4).tolist()
        elif kind == REAL:
            values = (rng.integers(-40, 40, n) / 4).tolist()
        elif kind == MOMENT:
            start = datetime(2026, 1, 1, tzinfo=UTC)
            values = [start + timedelta(minutes=30 * int(one)) for one in rng.integers(0, 40, n)]
        elif name in ("time", "value", "lat", "lon", "position", "propensity", "exposed"):
            values = rng.choice(["1767225600", "20260101120000", "12.5", "-3", "x", "", "1e3"], n).tolist()
        else:
            values = np.where(rng.random(n) < 0.5, "u1", rng.choice(WORDS, n)).tolist()
        made[name] = pa.array([None if empty else one for one, empty in zip(values, null, strict=True)], kind)
    return pa.table(made)


def rows(table: pa.Table) -> Counter[tuple[Any, ...]]:
    return Counter(
        tuple(told(one) for one in row)
        for row in zip(*(table[at].to_pylist() for at in range(table.num_columns)), strict=True)
    )


def told(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, list):
        return tuple(told(one) for one in value)
    if isinstance(value, dict):
        return tuple(told(one) for one in value.values())
    return float(value) if type(value).__name__ == "Decimal" else value


@pytest.mark.truth
def test_every_operator_gives_the_same_rows_on_both_engines(engines: tuple[DuckEngine, SparkEngine]) -> None:
    duck, spark = engines
    wrong = {}
    for name, samples in SAMPLES.items():
        for at, arguments in enumerate(samples):
            relation = OPERATORS[name](*arguments)
            try:
                ours, theirs = duck.collect(relation), spark.collect(relation)
            except DataError as error:
                wrong[f"{name} {at}"] = str(error)[:200]
                continue
            if rows(ours) != rows(theirs):
                wrong[f"{name} {at}"] = (
                    f"{(rows(ours) - rows(theirs)).most_common(2)} {(rows(theirs) - rows(ours)).most_common(2)}"
                )
    assert wrong == {}


@pytest.mark.truth
def test_a_folder_of_parts_is_one_table_and_a_copy_keeps_its_order(
    engines: tuple[DuckEngine, SparkEngine], tmp_path: Path
) -> None:
    _, spark = engines
    (tmp_path / "parts").mkdir()
    for part in range(3):
        pq.write_table(pa.table({"x": [part, part + 10]}), tmp_path / "parts" / f"{part}.parquet")
    spark.register("parts", tmp_path / "parts")
    assert sorted(spark.collect(spark.relation("parts"))["x"].to_pylist()) == [0, 1, 2, 10, 11, 12]
    spark.copy(spark.relation("parts").order("x"), tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet")["x"].to_pylist() == [0, 1, 2, 10, 11, 12]


@pytest.mark.truth
def test_a_broken_query_is_one_line(engines: tuple[DuckEngine, SparkEngine]) -> None:
    with pytest.raises(DataError, match="the table engine stopped") as caught:
        engines[1].collect(Relation.query("SELECT nothing FROM nowhere"))
    assert str(caught.value).isprintable()


@pytest.mark.truth
def test_a_session_of_the_callers_own_stays_open(engines: tuple[DuckEngine, SparkEngine]) -> None:
    session = engines[1]._session
    with SparkEngine(session) as engine:
        engine.register("mine", pa.table({"x": [1]}))
        assert engine.collect(engine.relation("mine"))["x"].to_pylist() == [1]
    assert session.range(2).count() == 2


def test_without_a_java_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark")
    monkeypatch.setattr("swayline.engine.spark.shutil.which", lambda name: None)
    with pytest.raises(MissingExtraError, match="Java 17: apt-get install"):
        SparkEngine()


def test_without_pyspark_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyspark", None)
    monkeypatch.setitem(__import__("sys").modules, "pyspark.sql", None)
    with pytest.raises(MissingExtraError, match=r"swayline\[spark\]"):
        SparkEngine()


def test_a_cluster_that_refuses_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refuses:
        builder = property(lambda self: self)

        def __getattr__(self, name: str) -> Any:
            if name == "getOrCreate":
                raise RuntimeError("connection refused\nat java.lang")
            return lambda *args, **kwargs: self

    pytest.importorskip("pyspark")
    monkeypatch.setattr("pyspark.sql.SparkSession", Refuses())
    monkeypatch.setattr("swayline.engine.spark.shutil.which", lambda name: "java")
    with pytest.raises(
        SourceError, match="does not start on spark://nowhere:7077: connection refused: check the address"
    ):
        SparkEngine(master="spark://nowhere:7077")
