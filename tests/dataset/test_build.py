"""Vocabularies, k-core and sequences of an event table, against plain Python."""

import math
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from swayline.core.errors import EmptyLogError, SchemaError
from swayline.dataset import UNKNOWN, Vocabulary, build_dataset, k_core
from swayline.engine import DuckEngine

START = datetime(2026, 1, 1, tzinfo=UTC)


def table(seed: int, n: int = 300, timed: bool = True) -> pa.Table:
    rng = random.Random(seed)
    rows = [
        {
            "row": row,
            "user": f"u{rng.randrange(30)}",
            "item": rng.choice([None, *(f"i{int(rng.paretovariate(0.8))}" for _ in range(8))]),
            "behavior": rng.choice(["view", "cart"]),
            "time": START + timedelta(minutes=rng.randrange(50)) if timed else None,
        }
        for row in range(1, n + 1)
    ]
    return pa.Table.from_pylist(rows).cast(
        pa.schema(
            [
                ("row", pa.int64()),
                ("user", pa.string()),
                ("item", pa.string()),
                ("behavior", pa.string()),
                ("time", pa.timestamp("us", "UTC")),
            ]
        )
    )


@pytest.fixture(scope="module")
def engine() -> DuckEngine:
    return DuckEngine()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("timed", [True, False])
def test_histories_are_each_users_named_events_by_time_then_row(engine: DuckEngine, seed: int, timed: bool) -> None:
    events = table(seed, timed=timed)
    data = build_dataset(engine, events)
    expected: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in events.to_pylist():
        if one["item"] is not None:
            expected[one["user"]].append(one)
    assert set(data.users.names) == set(expected)
    for at, user in enumerate(data.users.names):
        rows = sorted(expected[user], key=lambda one: (one["time"] or START, one["row"]))
        place = data.sequences.of(at)
        assert data.sequences.events[place].tolist() == [one["row"] for one in rows]
        assert [data.items.names[item] for item in data.sequences.items[place]] == [one["item"] for one in rows]
        assert [data.behaviors.names[act] for act in data.sequences.behaviors[place]] == [
            one["behavior"] for one in rows
        ]
    assert data.ordered is not timed


def test_numbers_of_items_and_users_follow_their_ids_alone(engine: DuckEngine) -> None:
    """Neither how often an item occurs nor what else occurs moves two items past each other."""
    events = table(1)
    data = build_dataset(engine, events)
    counts = Counter(item for item in events["item"].to_pylist() if item is not None)
    assert set(data.items.names) == set(counts)
    assert data.items.names != sorted(counts, key=lambda item: (-counts[item], item))
    some = build_dataset(engine, events.slice(0, 100))
    for whole, part in ((data.items, some.items), (data.users, some.users)):
        assert [name for name in whole.names if name in set(part.names)] == part.names
    assert data.items.names == Vocabulary.of(sorted(counts)).by_hash().names


def test_behaviors_stay_most_frequent_first(engine: DuckEngine) -> None:
    events = table(1)
    counts = Counter(events.filter(pa.compute.is_valid(events["item"]))["behavior"].to_pylist())
    assert build_dataset(engine, events).behaviors.names == sorted(counts, key=lambda one: (-counts[one], one))


@pytest.mark.parametrize(("min_user", "min_item"), [(1, 1), (2, 2), (5, 3), (6, 12)])
def test_k_core_is_what_removing_again_and_again_leaves(engine: DuckEngine, min_user: int, min_item: int) -> None:
    events = table(2).filter(pa.compute.is_valid(table(2)["item"]))
    rows = events.to_pylist()
    while True:
        users, items = Counter(one["user"] for one in rows), Counter(one["item"] for one in rows)
        left = [one for one in rows if users[one["user"]] >= min_user and items[one["item"]] >= min_item]
        if len(left) == len(rows):
            break
        rows = left
    assert rows
    assert sorted(k_core(engine, events, min_user, min_item)["row"].to_pylist()) == [one["row"] for one in rows]


def test_a_core_that_holds_nothing_is_told(engine: DuckEngine) -> None:
    with pytest.raises(EmptyLogError, match="users need 1000"):
        build_dataset(engine, table(1), min_user_events=1000)


def test_a_log_without_items_is_told(engine: DuckEngine) -> None:
    events = table(1)
    with pytest.raises(EmptyLogError, match="nothing to recommend"):
        build_dataset(engine, events.filter(pa.compute.is_null(events["item"])))


def test_behaviors_too_many_to_be_behaviors_are_told(engine: DuckEngine) -> None:
    n = 40_000
    columns = {"row": list(range(n)), "user": ["u"] * n, "item": ["i"] * n, "behavior": [str(one) for one in range(n)]}
    events = pa.table(columns).append_column("time", pa.array([START] * n, pa.timestamp("us", "UTC")))
    with pytest.raises(SchemaError, match="40000 different behaviours"):
        build_dataset(engine, events)


def test_what_was_only_shown_is_no_act(engine: DuckEngine) -> None:
    events = table(4)
    shown = pa.array([[None, True, False][row % 3] for row in range(len(events))])
    data = build_dataset(engine, events.append_column("exposed", shown))
    acts = [one["row"] for one in events.to_pylist() if one["item"] is not None and (one["row"] - 1) % 3 != 1]
    assert sorted(data.sequences.events.tolist()) == acts


def test_fixed_vocabularies_leave_out_what_they_do_not_hold(engine: DuckEngine) -> None:
    items = Vocabulary.of(["i2", "i1"])
    data = build_dataset(engine, table(3), items=items)
    assert data.items is items
    assert set(data.sequences.items.tolist()) == {0, 1}
    assert data.sequences.n_items == 2


def test_unknown_ids_have_no_row() -> None:
    vocabulary = Vocabulary.of(["a", "ü", ""])
    assert vocabulary.rows(["ü", "z", "", "a"]).tolist() == [1, UNKNOWN, 2, 0]
    assert vocabulary.rows(pa.array(["z", None])).tolist() == [UNKNOWN, UNKNOWN]
    assert vocabulary.rows([]).tolist() == []


def test_items_are_known_by_the_median_place_of_their_events():
    import pyarrow as pa

    from swayline.dataset import build_dataset
    from swayline.engine import DuckEngine

    events = pa.table(
        {
            "row": [1, 2, 3, 4],
            "user": ["a", "a", "b", "b"],
            "item": ["x", "x", "x", "y"],
            "behavior": ["view"] * 4,
            "time": pa.array([1, 2, 3, 4], pa.timestamp("us", tz="UTC")),
            "lat": [1.0, 2.0, 9.0, None],
            "lon": [5.0, 5.0, 5.0, None],
        }
    )
    with DuckEngine() as engine:
        data = build_dataset(engine, events)
        stated = build_dataset(engine, events, side=pa.table({"item": ["x"], "lat": [7.0], "lon": [8.0]}))
    row = data.items.names.index("x")
    known = data.sequences.catalogue.table
    assert (float(known["lat"][row].as_py()), float(known["lon"][row].as_py())) == (2.0, 5.0)
    assert known["lat"][1 - row].as_py() is None
    assert float(stated.sequences.catalogue.table["lat"][row].as_py()) == 7.0


def with_values(values: list[float | None]) -> pa.Table:
    events = table(3, n=len(values))
    return events.append_column("value", pa.array(values, pa.float64()))


def test_values_stand_beside_their_events_and_none_is_nan(engine: DuckEngine) -> None:
    rng = random.Random(4)
    values = [rng.choice([None, math.nan, 1.0, 4.5, -2.0]) for _ in range(200)]
    made = build_dataset(engine, with_values(values)).sequences
    assert made.values is not None
    for row, value in zip(made.events, made.values, strict=True):
        given = values[row - 1]
        assert math.isnan(value) if given is None or math.isnan(given) else value == given


@pytest.mark.parametrize("value", [None, math.nan])
def test_a_log_whose_values_are_all_missing_has_none(engine: DuckEngine, value: float | None) -> None:
    assert build_dataset(engine, with_values([value] * 50)).sequences.values is None
    assert build_dataset(engine, table(3)).sequences.values is None


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_an_infinite_value_is_refused_by_its_row(engine: DuckEngine, value: float) -> None:
    events = with_values([1.0] * 50)
    named = next(row["row"] for row in events.to_pylist() if row["item"] is not None)
    events = with_values([value if row == named else 1.0 for row in range(1, 51)])
    with pytest.raises(SchemaError, match=f"value of row {named} is infinite"):
        build_dataset(engine, events)
