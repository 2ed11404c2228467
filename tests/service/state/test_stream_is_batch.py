"""What events make one by one is what a batch makes of all of them, whatever their order and however often they come."""

import json
import random
from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swayline.dataset import Dataset, Vocabulary, build_dataset, from_lists
from swayline.engine import DuckEngine
from swayline.events import read_events
from swayline.service.log import Event, open_store
from swayline.service.state import LiveState

DAY_US = 86_400_000_000
ITEMS = [f"i{n}" for n in range(12)]
BEHAVIORS = ["view", "cart"]
START = 1_760_000_000_000_000


def nothing_known() -> Dataset:
    empty = from_lists([], len(ITEMS), n_behaviors=2, times=[])
    return Dataset(Vocabulary.of([]), Vocabulary.of(ITEMS), Vocabulary.of(BEHAVIORS), empty, ordered=False)


def some_events(n: int, seed: int, n_users: int = 20) -> list[Event]:
    draw = random.Random(seed)
    return [
        Event(f"e{number}", f"u{draw.randrange(n_users)}", draw.choice(ITEMS), draw.choice(BEHAVIORS),
              START + draw.randrange(20) * DAY_US + draw.randrange(50) * 1_000_000, START, "")
        for number in range(n)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def made():
    return some_events(3000, seed=5)


def streamed(tmp_path, events, batch=700) -> LiveState:
    store, state = open_store(tmp_path), LiveState(nothing_known())
    for start in range(0, len(events), batch):
        store.append(events[start : start + batch])
        state.follow(store)
    store.close()
    return state


def test_histories_and_counts_are_those_of_a_batch(made, tmp_path):
    doubled = [*made, *random.Random(1).choices(made, k=2000)]
    random.Random(2).shuffle(doubled)
    state = streamed(tmp_path / "log", doubled)
    rows = [
        {"event_id": e.event_id, "user": e.user, "item": e.item, "behavior": e.behavior, "time": e.time_us}
        for e in made
    ]
    table = pa.Table.from_pylist(rows)
    table = table.set_column(4, "time", table["time"].cast(pa.timestamp("us", "UTC")))
    with DuckEngine() as engine:
        log = read_events(table, engine=engine)
        batch = build_dataset(engine, log.events, items=Vocabulary.of(ITEMS), behaviors=Vocabulary.of(BEHAVIORS))
    for row, user in enumerate(batch.users.names):
        part, history = batch.sequences.of(row), state.people.of(user)
        for name in ("items", "behaviors", "times"):
            assert getattr(history, name).tolist() == getattr(batch.sequences, name)[part].tolist(), (user, name)
    counts = np.bincount(batch.sequences.items, minlength=len(ITEMS))
    assert [state.things.popularity(item) for item in ITEMS] == counts.tolist()
    of_user = defaultdict(set)
    for event in made:
        of_user[event.user].add(event.item)
    pairs = Counter((a, b) for items in of_user.values() for a in items for b in items if a != b)
    assert state.things.together("i3") == {b: n for (a, b), n in pairs.items() if a == "i3"}


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_order_and_repetition_do_not_matter(tmp_path_factory, data):
    events = some_events(60, seed=data.draw(st.integers(0, 1000)))
    order = data.draw(st.permutations(events))
    more = data.draw(st.lists(st.sampled_from(events), max_size=20))
    folder = tmp_path_factory.mktemp("logs")
    first = streamed(folder / "a", events, batch=13).summary()
    assert streamed(folder / "b", [*order, *more], batch=data.draw(st.integers(1, 50))).summary() == first


def test_100_000_events_shuffled_and_doubled_make_the_same_state(tmp_path):
    events = some_events(100_000, seed=9, n_users=5_000)
    other = [*events, *events[::3]]
    random.Random(3).shuffle(other)
    assert streamed(tmp_path / "a", events, 20_000).summary() == streamed(tmp_path / "b", other, 20_000).summary()


def test_a_base_and_what_came_since_are_one_history(tmp_path):
    base = from_lists([[0, 1]], len(ITEMS), [[0, 1]], [[START, START + 10]], 2)
    known = Dataset(Vocabulary.of(["u1"]), Vocabulary.of(ITEMS), Vocabulary.of(BEHAVIORS), base, ordered=False)
    state, store = LiveState(known), open_store(tmp_path)
    store.append([
        Event("late", "u1", "i5", "view", START + 5, START, ""),
        Event("again", "u1", "i1", "cart", START + 10, START, ""),  # the base's own event, sent once more
        Event("strange", "u1", "i99", "view", START + 20, START, ""),  # an item that the model does not know
        Event("shown", "u1", "i7", "view", START + 21, START, json.dumps({"exposed": True})),
        Event("no", "u1", "i8", "dismiss", START + 22, START, ""),
    ])  # fmt: skip
    state.follow(store)
    assert state.people.of("u1").items.tolist() == [0, 5, 1]
    assert [act.item for act in state.history("u1")] == ["i0", "i5", "i1", "i99"]
    assert state.refused["u1"] == {"i8"}
    assert "i7" not in state.seen("u1")
    assert state.things.together("i5") == {"i0": 1, "i1": 1, "i99": 1}


def test_trends_rise_with_new_acts(tmp_path):
    rows = [Event(f"o{n}", f"u{n}", "i1", "view", START - 9 * DAY_US, START, "") for n in range(40)]
    rows += [Event(f"n{n}", f"u{n}", "i2", "view", START, START, "") for n in range(40)]
    state = streamed(tmp_path, rows)
    assert [item for item, _ in state.things.trending(START, 5)] == ["i2"]


def test_an_erased_person_leaves_no_count(tmp_path):
    events = [event for event in some_events(400, seed=1) if event.user != "u3"]
    mine = [event for event in some_events(400, seed=1) if event.user == "u3"]
    assert mine
    store, state = open_store(tmp_path / "a"), LiveState(nothing_known())
    store.append([*events, *mine])
    state.follow(store)
    state.erase("u3", store.of_user("u3"))
    assert state.summary() == streamed(tmp_path / "b", events).summary()
    assert not state.people.knows("u3")
