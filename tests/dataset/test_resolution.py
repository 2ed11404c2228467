"""A category is resolved by one rule at every event: its own word, its item's past, the items table."""

from collections import Counter

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from swayline.dataset import attribute_of_events, column_uses, unused_words, with_categories
from swayline.engine import DuckEngine
from swayline.events import EventLog

ROWS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", None]), st.integers(0, 6), st.sampled_from(["x", "y", None])), max_size=12
)
SIDE = {"a": "table", "b": None}


def plain(rows, at):
    item, moment, own = rows[at]
    if own is not None or item is None:
        return own
    said = Counter(word for thing, t, word in rows if thing == item and t < moment and word is not None)
    if said:
        return min(word for word, n in said.items() if n == max(said.values()))
    return SIDE.get(item)


@settings(max_examples=25, deadline=None)
@given(ROWS)
def test_every_event_is_resolved_as_by_hand_and_never_by_what_comes_later(rows):
    events = pa.table({
        "row": pa.array(range(1, len(rows) + 1), pa.int64()), "item": pa.array([row[0] for row in rows], pa.string()),
        "time": pa.array([row[1] for row in rows], pa.timestamp("us", "UTC")),
        "category": pa.array([row[2] for row in rows], pa.string()),
    })  # fmt: skip
    side = pa.table({"item": list(SIDE), "category": pa.array(SIDE.values(), pa.string())})
    with DuckEngine() as engine:
        found = attribute_of_events(events, side, "category", engine)
    assert found.to_pylist() == [plain(rows, at) for at in range(len(rows))]


def test_numbers_and_lists_of_the_items_table_are_categories_too():
    events = pa.table({"row": [1, 2], "item": ["a", "b"]})
    numbers = pa.table({"item": ["a", "b"], "category": [12, 7]})
    lists = pa.table({"item": ["a"], "category": [["p", "q"]]})
    assert attribute_of_events(events, numbers, "category").to_pylist() == ["12", "7"]
    assert attribute_of_events(events, lists, "category").to_pylist() == ["p q", None]
    assert attribute_of_events(events, None, "category") is None
    assert with_categories(EventLog(events, items=numbers)).events["category"].to_pylist() == ["12", "7"]


def test_every_column_is_used_or_named():
    events = pa.table({"row": [1], "user": ["u"], "item": ["a"], "behavior": ["view"], "time": [1], "context": ["k"]})
    users = pa.table({"user": ["u", "v"], "job": ["x", "x"], "zip": ["1a", "2b"], "age": [3, 4]})
    ties = pa.table({"source": ["u"], "target": ["v"], "kind": ["friend"]})
    uses = column_uses(EventLog(events, users=users, ties=ties))
    assert {f"{one.table}.{one.column}" for one in uses if not one.used_by} == {
        "events.context", "users.zip", "ties.kind"
    }  # fmt: skip
    assert {one.column: one.used_by for one in uses}["job"] == ("models", "effects")
    assert "users.zip (nearly every user has a value of its own)" in unused_words(uses)
