"""Features as of a moment: against plain Python, and blind to whatever comes at or after it."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from swayline.core.errors import SchemaError, UsageError
from swayline.engine import DuckEngine
from swayline.features.asof import features_as_of

START = datetime(2026, 1, 1, tzinfo=UTC)
CATEGORIES = {f"i{n}": f"c{n % 3}" for n in range(6)}
SCHEMA = pa.schema(
    [
        ("row", pa.int64()), ("user", pa.string()), ("item", pa.string()), ("behavior", pa.string()),
        ("time", pa.timestamp("us", "UTC")), ("category", pa.string()), ("device", pa.string()),
        ("exposed", pa.bool_()),
    ]
)  # fmt: skip
MOMENTS = pa.schema([("user", pa.string()), ("time", pa.timestamp("us", "UTC")), ("item", pa.string())])


def events(seed: int, n: int = 250) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    rows = []
    for row in range(1, n + 1):
        item = rng.choice([None, *CATEGORIES])
        rows.append(
            {
                "row": row, "user": f"u{rng.randrange(5)}", "item": item, "behavior": rng.choice(["view", "cart"]),
                "time": START + timedelta(minutes=30 * rng.randrange(600)), "category": CATEGORIES.get(item),
                "device": rng.choice([None, "phone", "desktop"]), "exposed": rng.random() < 0.1,
            }
        )  # fmt: skip
    return rows


def moments(seed: int, n: int = 60) -> list[dict[str, Any]]:
    rng = random.Random(f"moments {seed}")
    return [
        {
            "user": f"u{rng.randrange(6)}", "time": START + timedelta(minutes=30 * rng.randrange(620)),
            "item": rng.choice([None, *CATEGORIES]),
        }
        for _ in range(n)
    ]  # fmt: skip


def found(log: list[dict[str, Any]], asked: list[dict[str, Any]], **more: Any) -> list[dict[str, Any]]:
    with DuckEngine() as engine:
        table = features_as_of(engine, pa.Table.from_pylist(log, SCHEMA), pa.Table.from_pylist(asked, MOMENTS), **more)
    return table.to_pylist()


def plain(log: list[dict[str, Any]], at: dict[str, Any], zone: str) -> dict[str, Any]:
    """The same features the long way."""
    acts = sorted(
        (one for one in log if not one["exposed"] and one["time"] < at["time"]),
        key=lambda one: (one["time"], one["row"]),
    )
    own = [one for one in acts if one["user"] == at["user"]]
    hour = lambda one: one["time"].astimezone(ZoneInfo(zone))  # noqa: E731
    since = lambda rows: (at["time"] - rows[-1]["time"]).total_seconds() / 3600 if rows else None  # noqa: E731
    near = [one for one in own if (hour(one).hour - hour(at).hour) % 24 in (23, 0, 1)]
    devices = [one["device"] for one in own if one["device"]]
    known = [one for one in acts if one["item"] == at["item"] and at["item"]]
    category = known[-1]["category"] if known else None
    alike = [one for one in own if category and one["category"] == category]
    counts = Counter(one["behavior"] for one in own)
    recent = lambda hours: sum(at["time"] - one["time"] <= timedelta(hours=hours) for one in own)  # noqa: E731
    return {
        "events": len(own), "n_view": counts["view"], "n_cart": counts["cart"],
        "active_days": len({one["time"].date() for one in own}),
        "hours_since_last": since(own), "hours_since_first": since(own[:1]),
        "hours_since_cart": since([one for one in own if one["behavior"] == "cart"]),
        "events_1h": recent(1), "events_1d": recent(24), "events_7d": recent(168),
        "events_in_category": len(alike), "share_in_category": len(alike) / len(own) if own else None,
        "popularity_of_category": sum(bool(category) and one["category"] == category for one in acts),
        "events_in_item": sum(one["user"] == at["user"] for one in known), "popularity_of_item": len(known),
        "hour_of_week": hour(at).weekday() * 24 + hour(at).hour,
        "share_near_hour": len(near) / len(own) if own else None,
        "last_device": devices[-1] if devices else None,
    }  # fmt: skip


@pytest.mark.parametrize(("seed", "zone"), [(0, "UTC"), (1, "Asia/Kolkata"), (2, "America/New_York")])
def test_every_feature_is_what_plain_python_counts(seed, zone):
    log, asked = events(seed), moments(seed)
    for at, row in zip(asked, found(log, asked, timezone=zone), strict=True):
        for name, value in plain(log, at, zone).items():
            assert row[name] == (pytest.approx(value) if isinstance(value, float) else value), (name, at)


def test_the_moments_keep_their_order_and_columns():
    asked = moments(3)
    assert [{key: one[key] for key in MOMENTS.names} for one in found(events(3), asked)] == asked


def future_of(at: datetime, kind: str) -> list[dict[str, Any]]:
    """Another future from a moment on: everything different, or nothing at all."""
    if kind == "nothing":
        return []
    rows = [one | {"row": 1_000 + n, "behavior": "cart"} for n, one in enumerate(events(99, 400))]
    rows += [{**one, "item": "i9", "category": "c9", "device": "fridge"} for one in rows[:100]]
    span = timedelta(minutes=30 * 600)
    return [one | {"time": at + (one["time"] - START) / span * timedelta(days=5)} for one in rows]


@pytest.mark.parametrize("kind", ["nothing", "everything"])
@pytest.mark.parametrize("day", [2, 6, 10])
def test_another_future_changes_no_feature_of_a_moment(kind, day):
    log, at = events(5), START + timedelta(days=day)
    asked = [one for one in moments(5, 200) if one["time"] <= at] + [{"user": "u1", "time": at, "item": "i1"}]
    past = [one for one in log if one["time"] < at]
    before = found(log, asked, behaviors=["view", "cart"])
    after = found(past + future_of(at, kind), asked, behaviors=["view", "cart"])
    assert before == after


def test_the_columns_of_behaviors_do_not_see_ahead_either():
    log = [one for one in events(6) if one["behavior"] == "view"]
    at = max(one["time"] for one in log)
    later = [log[0] | {"row": 900, "behavior": "gift", "time": at}]
    asked = [{"user": "u1", "time": at, "item": None}]
    assert found(log, asked) == found(log + later, asked)


def test_a_change_just_before_a_moment_is_seen():
    log, at = events(7), START + timedelta(days=6)
    asked = [{"user": "u1", "time": at, "item": "i1"}]
    one = {**log[0], "row": 901, "user": "u1", "item": "i1", "behavior": "cart", "device": "watch", "exposed": False}
    before = found(log, asked)[0]
    after = found([*log, one | {"time": at - timedelta(microseconds=1), "category": "c1"}], asked)[0]
    assert found([*log, one | {"time": at}], asked)[0] == before
    assert after["events"] == before["events"] + 1
    assert after["n_cart"] == before["n_cart"] + 1
    assert after["last_device"] == "watch"
    assert after["popularity_of_item"] == before["popularity_of_item"] + 1


def test_a_side_table_says_the_category_where_events_do_not():
    log = [one | {"category": None} for one in events(8)]
    with DuckEngine() as engine:
        table = pa.Table.from_pylist(log, SCHEMA).drop_columns(["category"])
        side = pa.table({"item": list(CATEGORIES), "category": list(CATEGORIES.values())})
        asked = [one for one in moments(8) if one["item"]]
        rows = features_as_of(engine, table, pa.Table.from_pylist(asked, MOMENTS), items=side).to_pylist()
    own = [
        sum(one["user"] == at["user"] and one["time"] < at["time"] and not one["exposed"]
            and CATEGORIES.get(one["item"]) == CATEGORIES[at["item"]] for one in log)
        for at in asked
    ]  # fmt: skip
    assert [row["events_in_category"] for row in rows] == own


def test_ordered_logs_and_incomplete_moments_are_refused():
    log = [one | {"time": None} for one in events(9)]
    with pytest.raises(UsageError, match="need times"):
        found(log, moments(9))
    with pytest.raises(SchemaError, match="moments need a time in every row"):
        found(events(9), [{"user": "u1", "time": None, "item": None}])
    with pytest.raises(UsageError, match="'Mars/Base' is no time zone"):
        found(events(9), moments(9), timezone="Mars/Base")
