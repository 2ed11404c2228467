import numpy as np
import pyarrow as pa

from swayline.influence.effects import covariates as history
from swayline.influence.effects.episodes import pairs, timeline


def random_log(make_log, n=400, seed=0):
    rng = np.random.default_rng(seed)
    words = np.array(["view", "view", "view", "cart", "purchase"])
    return make_log(
        [
            (
                f"u{rng.integers(8)}",
                f"i{item}",
                str(rng.choice(words)),
                float(rng.integers(0, 3000)) * 60,
                f"c{item % 3}",
            )
            for item in rng.integers(0, 30, n)
        ]
    )


def test_controls_equal_a_count_by_hand_of_what_came_strictly_before(engine, make_log):
    log = timeline(random_log(make_log))
    found = pairs(engine, log)
    at = history.moments(log, found.opened, found.user, found.unit)
    table = history.controls(engine, log, at, "purchase", None, pair=False)
    t, u, i, c, b = (log.column(name) for name in "tuicb")
    view, bought = b == log.code("view"), b == log.code("purchase")
    for k in range(len(at.order)):
        before = t < at.time[k]
        mine = before & (u == at.user[k])
        expected = {
            "own: events": mine.sum(),
            "own: view": (mine & view).sum(),
            "own in category: purchase": (mine & bought & (c == at.category[k])).sum(),
            "item: events by all": (before & (i == at.unit[k])).sum(),
            "category: purchase by all": (before & bought & (c == at.category[k])).sum(),
            "own: events in the last hour": (mine & (t >= at.time[k] - 3_600_000_000)).sum(),
        }
        for name, count in expected.items():
            assert np.isclose(table[name][k].as_py(), np.log1p(count)), name
        if (mine & view).any():
            hours = (at.time[k] - t[mine & view].max()) / 3.6e9
            assert np.isclose(table["own: time since view"][k].as_py(), np.log1p(hours))


def test_later_events_change_no_control(engine, make_log):
    events = random_log(make_log)
    cut = np.sort(events.column("time").cast(pa.int64()).to_numpy())[200]
    early = events.filter(pa.array(events.column("time").cast(pa.int64()).to_numpy() <= cut))
    tables = []
    for some in (events, early):
        log = timeline(some)
        found = pairs(engine, log)
        keep = log.column("t")[found.opened] <= cut
        at = history.moments(log, found.opened[keep], found.user[keep], found.unit[keep])
        table = history.controls(engine, log, at, "purchase", None, pair=False)
        tables.append(
            {name: table[name].to_numpy() for name in ("own: view", "item: events by all", "days into the log")}
        )
    assert len(tables[0]["own: view"]) == len(tables[1]["own: view"])
    for name in tables[0]:
        assert np.allclose(tables[0][name], tables[1][name]), name


def test_items_numbers_become_controls(engine, make_log):
    log = timeline(random_log(make_log))
    found = pairs(engine, log)
    at = history.moments(log, found.opened, found.user, found.unit)
    items = pa.table({"item": [f"i{k}" for k in range(29)], "price": np.arange(29.0), "title": ["x"] * 29})
    table = history.controls(engine, log, at, "purchase", items, pair=True)
    assert "item: title" not in table.column_names
    price = table["item: price"].to_numpy(zero_copy_only=False)
    for k, unit in enumerate(at.unit):
        word = int(log.units[int(unit)].as_py()[1:])
        assert price[k] == word if word < 29 else np.isnan(price[k])
    assert "own on item: view" in table.column_names


def test_own_outcomes_split_at_the_horizon_before(engine, make_log):
    log = timeline(make_log([("u", "a", "purchase", 0.0), ("u", "b", "purchase", 100.0), ("u", "c", "view", 150.0)]))
    at = history.moments(log, np.array([2]), np.array([0]), np.array([2]))
    engine.register("behaviors_ev", log.table)
    recent, earlier = history.own_outcomes(engine, log, at, "purchase", 100_000_000)
    assert (recent[0], earlier[0]) == (1.0, 1.0)


def test_a_category_is_a_control_whichever_table_says_it(engine, make_log):
    events = random_log(make_log)
    said = events.select(["item", "category"]).group_by("item").aggregate([("category", "min")])
    items = pa.table({"item": said["item"], "category": said["category_min"]})
    tables = []
    for some, side in ((events, None), (events.drop_columns(["category"]), items)):
        log = timeline(some, items=side)
        found = pairs(engine, log)
        at = history.moments(log, found.opened, found.user, found.unit)
        tables.append(history.controls(engine, log, at, "purchase", side, pair=False))
    assert tables[0].equals(tables[1])
    assert {"item: category", "own in category: view", "category: purchase by all"} <= set(tables[0].column_names)


def test_attributes_of_people_and_items_are_controls_and_texts_are_not(engine, make_log):
    log = timeline(random_log(make_log))
    found = pairs(engine, log)
    at = history.moments(log, found.opened, found.user, found.unit)
    users = pa.table(
        {"user": [f"u{k}" for k in range(8)], "job": ["x", "y"] * 4, "age": range(8), "zip": list("abcdefgh")}
    )
    table = history.controls(engine, log, at, "purchase", None, pair=False, users=users)
    ids = log.users.take(pa.array(at.user)).to_pylist()
    assert table["user: age"].to_pylist() == [int(one[1:]) for one in ids]
    assert table["user: job"].to_pylist() == ["xy"[int(one[1:]) % 2] for one in ids]
    assert "user: zip" not in table.column_names


def test_events_without_a_category_are_in_none(engine, make_log):
    events = random_log(make_log)
    gone = pa.array([None if k % 2 else word for k, word in enumerate(events["category"].to_pylist())])
    log = timeline(events.set_column(events.column_names.index("category"), "category", gone))
    at = history.moments(log, np.arange(len(log.table)), log.column("u"), log.column("i"))
    table = history.controls(engine, log, at, "purchase", None, pair=True)
    none = at.category < 0
    assert none.any()
    assert table["own in category: events"].to_numpy()[none].max() == 0
    assert table["category: events by all"].to_numpy()[none].max() == 0
