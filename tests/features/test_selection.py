"""Stability selection finds the columns that count, and hardly any where none does; ``prepare`` does as it is told."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import swayline as sw
from swayline.core.errors import ConfigError, DataError, UsageError
from swayline.features.selection import select_stable
from swayline.testing.attacks import attack


def world(seed, strength, n=300, p=30):
    rng = np.random.default_rng(seed)
    columns = {f"x{at}": rng.normal(size=n) for at in range(p)}
    columns["city"] = rng.choice(["Oslo", "Rome", "Bern"], n).astype(object)
    y = strength * (columns["x0"] - columns["x1"] + 1.5 * (columns["city"] == "Rome")) + rng.normal(size=n)
    return columns, y


def test_what_counts_is_kept_words_among_it_and_nothing_else():
    found = select_stable(*world(0, 1.0))
    assert set(found.chosen) == {"x0", "x1", "city"}
    assert found.expected_false <= 1.0


def test_where_nothing_counts_fewer_are_kept_than_the_bound_allows():
    kept = [len(select_stable(*world(seed, 0.0, p=20)).chosen) for seed in range(6)]
    assert np.mean(kept) <= 1.0


def test_of_few_columns_that_say_nothing_few_are_kept():
    kept = [len(select_stable(*world(seed, 0.0, p=3)).chosen) for seed in range(10)]
    assert np.mean(kept) <= 0.5
    alone = [
        len(select_stable({"x": np.random.default_rng(seed).normal(size=80)}, world(seed, 0, 80)[1]).chosen)
        for seed in range(20)
    ]
    assert np.mean(alone) <= 0.4


def test_constant_and_copied_columns_break_nothing():
    columns, y = world(1, 1.0)
    columns |= {"same": np.full(len(y), 7.0), "copy": columns["x0"].copy(), "large": 1e15 + columns["x1"]}
    found = select_stable(columns, y)
    assert found.share["same"] == 0
    assert found.share["x0"] + found.share["copy"] >= 0.9


def test_what_cannot_be_asked_is_refused():
    columns, y = world(2, 1.0)
    with pytest.raises(DataError, match="never varies"):
        select_stable(columns, np.ones(len(y)))
    with pytest.raises(UsageError, match="least"):
        select_stable(columns, y, least=0.5)
    with pytest.raises(DataError, match="too few"):
        select_stable({"x": np.arange(5.0)}, np.arange(5.0))


TABLE = pa.table({
    "user": [f"u{n}" for n in range(6)], "age": [20.0, None, 40.0, 60.0, float("inf"), 40.0],
    "city": ["Rome", "Rome", None, " ", "Oslo", "Rome"], "bought": [0, 1, 0, 1, None, 1],
})  # fmt: skip


@pytest.mark.parametrize(("way", "age"), [("mean", 40.0), ("median", 40.0), ("mode", 40.0)])
def test_gaps_are_filled_as_asked_and_flagged(way, age):
    found = sw.prepare(TABLE, way, fence=0)
    assert found["age"].to_pylist() == [20.0, age, 40.0, 60.0, age, 40.0]
    assert found["age_filled"].to_pylist() == [False, True, False, False, True, False]
    assert found["city"].to_pylist() == ["Rome", "Rome", "Rome", "Rome", "Oslo", "Rome"]
    assert (found.done["age"].how, found.done["city"].how) == (way, "mode")
    assert found["user"].to_pylist() == TABLE["user"].to_pylist()


def test_rows_with_a_gap_go_where_that_was_asked():
    assert sw.prepare(TABLE, "drop")["user"].to_pylist() == ["u0", "u5"]
    found = sw.prepare(TABLE, {"city": "drop", "age": "mean"})
    assert (found["user"].to_pylist(), found.dropped) == (["u0", "u1", "u4", "u5"], 2)
    with pytest.raises(DataError, match="no row is left"):
        sw.prepare(pa.table({"x": [None, None], "y": [1.0, 2.0]}), "drop")


def test_other_rows_teach_the_fillings():
    train = pa.table({"age": [10.0, 10.0, 30.0, 30.0], "city": ["a", "b", "b", "b"]})
    found = sw.prepare(TABLE.select(["age", "city"]), "mean", fit_on=train, fence=0)
    assert found["age"].to_pylist()[1] == 20.0
    assert found["city"].to_pylist()[2] == "b"


def test_unknown_words_and_columns_name_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'median'"):
        sw.prepare(TABLE, "medain")
    with pytest.raises(UsageError, match="did you mean 'age'"):
        sw.prepare(TABLE, {"agee": "drop"})
    with pytest.raises(UsageError, match="did you mean 'bought'"):
        sw.prepare(TABLE, select="bougt")


def test_the_verb_tells_each_column_and_keeps_those_that_count(tmp_path):
    columns, y = world(3, 1.0, p=6)
    rows = pa.table(columns | {"y": y, "user": np.arange(len(y))})
    gaps = np.random.default_rng(0).random(len(y)) < 0.1
    rows = rows.set_column(0, "x0", pa.array(np.where(gaps, np.nan, columns["x0"]), from_pandas=True))
    pq.write_table(rows, tmp_path / "t.parquet")
    done = attack(["prepare", "t.parquet", "--fill", "mean", "--select", "y", "--out", "r.parquet", "--json"], tmp_path)
    assert (done.code, done.result["columns"]["x0"]["missing"]) == (0, int(gaps.sum())), done
    assert {"x0", "x1", "city"} <= set(done.result["selection"]["chosen"])
    written = pq.read_table(tmp_path / "r.parquet")
    assert {"x0", "x0_filled", "y", "user"} <= set(written.column_names)
    assert written["y"].to_pylist() == rows["y"].to_pylist()
    for words in (["--fill", "mean", "--fill", "mode"], ["--fill", "mean", "--fill", "x0=mode"], ["--fill", "x0=avg"]):
        done = attack(["prepare", "t.parquet", *words, "--out", "q.parquet"], tmp_path)
        assert (done.code, done.err.count("\n")) == (2, 1), done
