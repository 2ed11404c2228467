"""Every operator gives what a few lines of plain Python give."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from swayline.engine import DuckEngine, Relation
from swayline.engine.operators import cleaning, sequences, sessions, transitions, windows

START = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("event_id", pa.string()),
        ("user", pa.string()),
        ("item", pa.string()),
        ("behavior", pa.string()),
        ("time", pa.timestamp("us", "UTC")),
        ("session", pa.string()),
    ]
)
Rows = list[dict[str, Any]]


def log(seed: int, n: int = 400) -> Rows:
    rng = random.Random(seed)
    return [
        {
            "row": row,
            "event_id": rng.choice([None, f"e{rng.randrange(60)}"]),
            "user": f"u{rng.randrange(12)}",
            "item": rng.choice([None, f"i{rng.randrange(6)}"]),
            "behavior": rng.choice(["view", "cart", "buy"]),
            "time": START + timedelta(minutes=10 * rng.randrange(60)),
            "session": rng.choice([None, "a", "b"]),
        }
        for row in range(1, n + 1)
    ]


@pytest.fixture(params=range(4))
def rows(request: pytest.FixtureRequest) -> Rows:
    return log(request.param)


@pytest.fixture(scope="module")
def duck() -> DuckEngine:
    return DuckEngine()


def ask(duck: DuckEngine, rows: Rows, query: Relation) -> Rows:
    duck.register("t", pa.Table.from_pylist(rows, SCHEMA))
    return duck.collect(query).to_pylist()


def in_time(rows: Rows) -> Rows:
    return sorted(rows, key=lambda one: (one["time"], one["row"]))


def without_repeats(duck: DuckEngine, rows: Rows, columns: list[str], key: str | None = None) -> Rows:
    gone = {one["row"] for one in ask(duck, rows, cleaning.deduplicate("t", columns, key))}
    suspects = {one["row"] for one in ask(duck, rows, cleaning.suspects("t", columns, key))}
    few = [one for one in rows if one["row"] in suspects]
    assert {one["row"] for one in ask(duck, few, cleaning.deduplicate("t", columns, key))} == gone
    return [one for one in rows if one["row"] not in gone]


def test_deduplicate_keeps_the_first_of_equal_rows(duck: DuckEngine, rows: Rows) -> None:
    columns = ["user", "item", "behavior"]
    first: dict[Any, int] = {}
    for one in rows:
        first.setdefault(tuple(one[name] for name in columns), one["row"])
    assert [one["row"] for one in without_repeats(duck, rows, columns)] == sorted(first.values())


def test_deduplicate_by_a_key_keeps_one_row_a_key_in_any_order(duck: DuckEngine, rows: Rows) -> None:
    columns = ["event_id", "user", "item", "behavior", "time", "session"]
    found = without_repeats(duck, rows, columns, "event_id")
    keyed = [one["event_id"] for one in found if one["event_id"] is not None]
    assert sorted(keyed) == sorted({one["event_id"] for one in rows if one["event_id"] is not None})
    unkeyed = {tuple(one[name] for name in columns): one["row"] for one in reversed(rows) if one["event_id"] is None}
    assert [one["row"] for one in found if one["event_id"] is None] == sorted(unkeyed.values())
    shuffled = [one | {"row": row} for row, one in enumerate(random.Random(0).sample(rows, len(rows)), 1)]

    def content(some: Rows) -> set[tuple[Any, ...]]:
        return {tuple(one[name] for name in columns) for one in some}

    assert content(without_repeats(duck, shuffled, columns, "event_id")) == content(found)


def test_of_rows_equal_under_one_key_the_first_stays(duck: DuckEngine) -> None:
    same = {"event_id": "e", "user": "u", "item": "i", "behavior": "view", "time": START, "session": None}
    rows = [same | {"row": row} for row in random.Random(0).sample(range(4, 5000), 4000)]
    kept = without_repeats(duck, rows, ["event_id", "user", "item"], "event_id")
    assert [one["row"] for one in kept] == [min(one["row"] for one in rows)]


def test_a_log_without_repeats_has_no_suspects(duck: DuckEngine, rows: Rows) -> None:
    assert ask(duck, rows, cleaning.suspects("t", ["row", "user"])) == []


@pytest.mark.parametrize("has_own", [True, False])
def test_sessionise_cuts_each_user_at_long_pauses(duck: DuckEngine, rows: Rows, has_own: bool) -> None:
    expected: dict[int, str] = {}
    for user in {one["user"] for one in rows}:
        number, last = 1, None
        for one in in_time([one for one in rows if one["user"] == user]):
            number += last is not None and one["time"] - last > timedelta(minutes=30)
            last = one["time"]
            expected[one["row"]] = (one["session"] if has_own else None) or f"{user}#{number}"
    found = ask(duck, rows, sessions.sessionise("t", ["row"], has_own, 1800.0))
    assert [(one["row"], one["session"]) for one in found] == [
        (one["row"], expected[one["row"]]) for one in in_time(rows)
    ]


def test_k_core_step_drops_rows_of_the_rare(duck: DuckEngine, rows: Rows) -> None:
    users, items = Counter(one["user"] for one in rows), Counter(one["item"] for one in rows)
    del items[None]
    expected = [one["row"] for one in rows if users[one["user"]] >= 33 and items[one["item"]] >= 33]
    assert 0 < len(expected) < len(rows)
    assert sorted(one["row"] for one in ask(duck, rows, cleaning.k_core_step("t", 33, 33))) == expected


def test_distinct_by_count_orders_by_count_then_name(duck: DuckEngine, rows: Rows) -> None:
    counts = Counter(one["item"] for one in rows if one["item"] is not None)
    expected = [{"id": item, "n": counts[item]} for item in sorted(counts, key=lambda item: (-counts[item], item))]
    assert ask(duck, rows, sequences.distinct_by_count("t", "item")) == expected


def test_ordered_sequences_are_codes_by_user_time_and_row(duck: DuckEngine, rows: Rows) -> None:
    codes = {
        name: {value: at for at, value in enumerate(sorted({one[name] for one in rows if one[name]}))}
        for name in ("user", "item", "behavior")
    }
    for name, values in codes.items():
        duck.register(f"{name}s", pa.table({"id": list(values), "code": list(values.values())}))
    found = ask(duck, rows, sequences.ordered_sequences("t", "users", "items", "behaviors"))
    named = [one for one in rows if one["item"] is not None]
    expected = sorted(named, key=lambda one: (codes["user"][one["user"]], one["time"], one["row"]))
    assert [one["row"] for one in found] == [one["row"] for one in expected]
    assert [one["item"] for one in found] == [codes["item"][one["item"]] for one in expected]
    assert [one["time"] for one in found] == [round(one["time"].timestamp() * 1e6) for one in expected]


def test_ordered_sequences_without_times_follow_rows(duck: DuckEngine, rows: Rows) -> None:
    untimed = [one | {"time": None, "item": "i"} for one in rows]
    for name in ("user", "item", "behavior"):
        values = sorted({one[name] for one in untimed})
        duck.register(f"{name}s", pa.table({"id": values, "code": list(range(len(values)))}))
    found = ask(duck, untimed, sequences.ordered_sequences("t", "users", "items", "behaviors"))
    assert {one["time"] for one in found} == {-1}
    assert [(one["user"], one["row"]) for one in found] == sorted((one["user"], one["row"]) for one in found)


@pytest.mark.parametrize("within", ["user", "session"])
def test_transition_counts_are_of_neighbours(duck: DuckEngine, rows: Rows, within: str) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    last: dict[Any, str] = {}
    for one in in_time(rows):
        key = (one["user"], one[within])
        if key in last:
            expected[last[key], one["behavior"]] += 1
        last[key] = one["behavior"]
    found = ask(duck, rows, transitions.transition_counts("t", ["user", within] if within != "user" else ["user"]))
    assert {(one["source"], one["target"]): one["n"] for one in found} == expected


def test_sessions_of_the_same_name_are_each_users_own(duck: DuckEngine) -> None:
    rows = [
        {"row": row, "user": user, "item": "i", "behavior": behavior, "time": START, "session": "1", "event_id": None}
        for row, (user, behavior) in enumerate([("u", "view"), ("v", "cart"), ("u", "buy")], 1)
    ]
    assert ask(duck, rows, transitions.transition_counts("t", ["user", "session"])) == [
        {"source": "view", "target": "buy", "n": 1}
    ]


def test_funnel_counts_events_users_items_and_pairs(duck: DuckEngine, rows: Rows) -> None:
    hostile = [
        *rows,
        rows[0] | {"row": 900, "user": "a\x1fb", "item": "c"},
        rows[0] | {"row": 901, "user": "a", "item": "b\x1fc"},
    ]
    found = {one["behavior"]: one for one in ask(duck, hostile, transitions.funnel_counts("t"))}
    for behavior in ("view", "cart", "buy"):
        mine = [one for one in hostile if one["behavior"] == behavior]
        named = [one for one in mine if one["item"] is not None]
        assert found[behavior] == {
            "behavior": behavior,
            "events": len(mine),
            "users": len({one["user"] for one in mine}),
            "items": len({one["item"] for one in named}),
            "pairs": len({(one["user"], one["item"]) for one in named}),
        }


def test_windowed_counts_start_on_whole_windows(duck: DuckEngine, rows: Rows) -> None:
    expected = Counter((int(one["time"].timestamp()) // 3600 * 3600, one["behavior"]) for one in rows)
    found = ask(duck, [*rows, rows[0] | {"row": 999, "time": None}], windows.windowed_counts("t", 3600))
    assert {(one["start_s"], one["behavior"]): one["n"] for one in found} == expected
