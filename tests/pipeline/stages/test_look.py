"""What the run looks at before it learns."""

import json
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import swayline as sw
from swayline.features.profiles import load_profiles
from swayline.pipeline.stages.look import look_at_quality, profile


@pytest.fixture(scope="module")
def looked(shop, tmp_path_factory):
    """A shop with a crawler and with gaps among the items, looked at; the log as it was."""
    folder = tmp_path_factory.mktemp("looked")
    events = pq.read_table(shop / "events.parquet", columns=["user", "item", "behavior", "time"])
    first = events["time"][0].as_py()
    moments = [first + timedelta(seconds=n / 10) for n in range(300)]
    items = events["item"].drop_null().slice(0, 300)
    crawl = {"user": ["crawler"] * 300, "item": items, "behavior": ["view"] * 300, "time": moments}
    crawled = pa.table(crawl).cast(events.schema.set(2, pa.field("behavior", pa.string())))
    plain = events.set_column(2, "behavior", events["behavior"].cast(pa.string()))
    prices = [None if n < 12 else 1e9 if n == 13 else float(n) for n in range(120)]
    side = pq.read_table(shop / "items.parquet")
    side = side.set_column(side.column_names.index("price"), "price", pa.array(prices[: len(side)]))
    log = sw.read_events(pa.concat_tables([plain, crawled]), items=side)
    look_at_quality(log, folder, 0)
    profile(log, folder, log.outcome(), 0)
    return folder, log, len(events) + 300


def test_who_acts_as_nobody_does_is_listed_with_a_reason_and_not_dropped(looked):
    folder, log, n = looked
    flags = pq.read_table(folder / "flags.parquet").to_pylist()
    assert [(one["user"], one["reason"], one["value"]) for one in flags] == [("crawler", "impossible rate", 300)]
    assert "300 acts within a minute" in flags[0]["explanation"]
    assert len(log) == n
    found = load_profiles(folder / "profiles")
    assert found.user("crawler")["flags"] == ["impossible rate"]
    bots = json.loads((folder / "quality.json").read_text())["bots"]
    assert (bots["flagged"], bots["reasons"]) == (1, {"impossible rate": 1})


def test_gaps_and_outliers_of_side_tables_are_counted(looked):
    columns = json.loads((looked[0] / "quality.json").read_text())["columns"]
    price = next(one for one in columns if (one["table"], one["column"]) == ("items", "price"))
    assert (price["missing"], price["outliers"]) == (12, 1)
    assert price["filled_by"] in ("median", "model")
    assert {one["table"] for one in columns} == {"events", "items"}


def test_everybody_and_everything_has_a_profile(looked):
    folder, log, _ = looked
    found = load_profiles(folder / "profiles")
    assert set(found.users["user"].to_pylist()) == set(log.events["user"].to_pylist())
    assert set(found.items["item"].to_pylist()) == set(log.events["item"].drop_null().to_pylist())
