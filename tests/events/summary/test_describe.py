import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from swayline.core.errors import DataError, UsageError
from swayline.engine import DuckEngine
from swayline.events import EventLog, ReadOptions, read_events
from swayline.events.summary.describe import describe
from swayline.testing.run_folder import tiny_log

DATA = Path(__file__).parents[2].parent / "shared" / "data"
START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday


def make(rows, **more) -> EventLog:
    """A log from (user, item, behavior, hours after START or None) in source order."""
    users, items, behaviors, hours = zip(*rows, strict=True)
    times = [None if hour is None else START + timedelta(hours=hour) for hour in hours]
    events = pa.table(
        {
            "row": pa.array(range(1, len(rows) + 1), pa.int64()),
            "user": pa.array(users, pa.string()),
            "item": pa.array(items, pa.string()),
            "behavior": pa.array(behaviors, pa.string()),
            "time": pa.array(times, pa.timestamp("us", tz="UTC")),
        }
    )
    return EventLog(events, n_read=len(rows), **more)


def described(log: EventLog, outcome: str = "purchase"):
    with DuckEngine() as engine:
        found = describe(engine, log, outcome)
    json.dumps(found, allow_nan=False)
    return found


def step(found, unit, behavior):
    return next(one for one in found["funnel"][unit]["steps"] if one["behavior"] == behavior)


def test_counts_who_and_what_the_log_holds():
    log = make([("a", "x", "view", 0), ("a", "y", "view", 1), ("b", "x", "view", 2), ("b", "x", "purchase", 3)])
    size = described(log)["size"]
    assert (size["events"], size["users"], size["items"], size["pairs"]) == (4, 2, 2, 3)
    assert size["density"] == pytest.approx(3 / 4)


def test_outcome_counts_only_when_it_comes_after_on_the_same_item():
    rows = [
        ("a", "x", "view", 0), ("a", "x", "purchase", 1),  # follows
        ("b", "x", "purchase", 0), ("b", "x", "view", 1),  # comes before
        ("c", "x", "view", 0), ("c", "y", "purchase", 1),  # another item
    ]  # fmt: skip
    found = described(make(rows))
    pair, person = step(found, "pairs", "view"), step(found, "users", "view")
    assert (pair["n"], pair["then_outcome"]["x"]) == (3, 1)
    assert (person["n"], person["then_outcome"]["x"]) == (3, 2)
    assert pair["then_outcome"]["ci_low"] < 1 / 3 < pair["then_outcome"]["ci_high"]


def test_interval_is_wider_when_the_same_people_make_all_the_pairs():
    """100 pairs that all go one way within each of 4 people say as much as 4 answers, not as 100."""
    clustered = [(user, f"{user}{n}", "view", n) for user in "abcd" for n in range(25)]
    clustered += [(user, f"{user}{n}", "purchase", 50 + n) for user in "ab" for n in range(25)]
    spread = [(f"u{n}", "x", "view", n) for n in range(100)] + [(f"u{n}", "x", "purchase", 200 + n) for n in range(50)]
    wide, narrow = (step(described(make(rows)), "pairs", "view")["then_outcome"] for rows in (clustered, spread))
    assert wide["rate"] == narrow["rate"] == 0.5
    assert wide["ci_high"] - wide["ci_low"] > 2.5 * (narrow["ci_high"] - narrow["ci_low"])


def test_ties_of_time_keep_the_order_of_the_source():
    found = described(make([("a", "x", "purchase", 0), ("a", "x", "view", 0)]))
    assert step(found, "pairs", "view")["then_outcome"]["x"] == 0
    assert found["flow"]["steps"] == [{"source": "purchase", "target": "view", "n": 1}]


def test_flow_does_not_cross_from_one_person_to_the_next():
    flow = described(make([("a", "x", "view", 0), ("b", "x", "purchase", 1)]))["flow"]
    assert flow["steps"] == []
    assert {one["behavior"]: (one["starts"], one["ends"]) for one in flow["edges"]} == {
        "view": (1, 1),
        "purchase": (1, 1),
    }


def test_hours_are_read_on_the_clock_of_the_log():
    log = make([("a", "x", "view", 22), ("a", "x", "purchase", 23)], options=ReadOptions(timezone="Asia/Shanghai"))
    week = described(log)["hour_of_week"]
    assert week["all"][1][6] == 1  # Monday 22:00 UTC is Tuesday 06:00 in Shanghai
    assert week["outcome"][1][7] == 1
    assert sum(map(sum, week["all"])) == 2


def test_hours_seen_twice_are_counted_as_two():
    log = make([("a", "x", "view", 0), ("a", "x", "purchase", 7 * 24)])
    seen = described(log)["hour_of_week"]["hours_seen"]
    assert seen[0][0] == 2
    assert seen[0][1] == 1


def test_a_stray_event_does_not_flatten_the_time_picture():
    rows = [("a", "x", "view", hour / 100) for hour in range(5000)] + [("a", "x", "purchase", -24 * 900)]
    found = described(make(rows))
    assert found["span"]["outside"] >= 1
    assert found["span"]["days"] < 3
    assert len(found["activity"]["starts"]) < 60
    assert found["span"]["first"].startswith("2023")


@pytest.mark.parametrize(("days", "window"), [(5, 3600), (100, 86400), (900, 604800)])
def test_window_grows_with_the_span(days, window):
    found = described(
        make([("a", "x", "view", 24 * day + day % 5) for day in range(days)] + [("a", "x", "purchase", 24 * days)])
    )
    activity = found["activity"]
    assert activity["window_s"] == window
    assert len(activity["starts"]) == len(activity["series"]["view"]) <= 402
    assert sum(map(sum, activity["series"].values())) == days + 1


def test_ordered_logs_have_no_clock_and_keep_their_order():
    log = make([("a", "x", "view", None), ("a", "x", "purchase", None)], options=ReadOptions(ordered=True))
    found = described(log)
    assert found["span"] is found["activity"] is found["hour_of_week"] is None
    assert step(found, "pairs", "view")["then_outcome"]["x"] == 1
    assert found["flow"]["within"] == "user"


def test_every_person_stands_in_one_bin_of_activity():
    rows = [(f"u{user}", f"i{n}", "view", n) for user in range(30) for n in range(user + 1)]
    found = described(make(rows), "view")["per_user"]
    assert sum(found["counts"]) == 30
    assert found["max"] == 30
    assert found["median"] == 15
    assert found["edges"][-1] > 30


def test_long_tail_shares_rise_to_one():
    rows = [("a", "hit", "view", n) for n in range(90)] + [("a", f"i{n}", "view", n) for n in range(10)]
    tail = described(make(rows), "view")["long_tail"]
    shares = [one["events_share"] for one in tail["curve"]]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert tail["curve"][0]["events_share"] == 0.9
    assert tail["once"] == 10


def test_rejected_rows_are_grouped_with_their_first_examples():
    rows = described(tiny_log())["rows"]
    assert (rows["rejected"], rows["duplicates"]) == (2, 1)
    assert [(one["column"], one["reason"], one["n"]) for one in rows["reasons"]] == [("time", "is no time", 2)]
    assert [one["row"] for one in rows["reasons"][0]["examples"]] == [7, 9]


def test_top_items_carry_their_titles():
    top = described(tiny_log())["top_items"]
    assert all(one["label"] == f"{one['id']} lamp" for one in top)
    assert all(sum(one["by"].values()) == one["events"] for one in top)


def test_a_log_of_searches_without_items_is_described():
    events = [("a", None, "search", 0), ("b", None, "search", 1)]
    found = described(make(events), "search")
    assert found["long_tail"] is None
    assert found["size"]["density"] is None
    assert found["size"]["events_without_item"] == 2


@pytest.mark.parametrize("zone", ["Mars/Olympus", "x'; DROP TABLE t; --"])
def test_refuses_a_time_zone_that_is_none(zone):
    with pytest.raises((UsageError, DataError), match=r"zone|Zone"):
        described(make([("a", "x", "view", 0)], options=ReadOptions(timezone=zone)), "view")


def test_outcome_with_a_quote_in_it_is_only_a_word():
    found = described(make([("a", "x", "view", 0), ("a", "x", "it's done", 1)]), "it's done")
    assert step(found, "pairs", "view")["then_outcome"]["x"] == 1


def test_real_log_of_a_shop():
    path = DATA / "taobao" / "events.csv"
    if not path.exists():
        pytest.skip("needs ../shared/data/taobao beside the checkout")
    options = ReadOptions(columns=("user", "item", "category", "behavior", "time"), timezone="Asia/Shanghai")
    found = described(read_events(path, options=options))
    assert found["size"]["users"] == 983
    assert found["span"]["clock_from"].startswith("2017-11-25")
    assert found["span"]["clock_to"].startswith("2017-12-03")
    assert {one["behavior"]: one["events"] for one in found["behaviors"]}["purchase"] == 2101
    assert sum(found["per_user"]["counts"]) == 983
