"""What strangers' reviews do is found where it was planted, and quality, drift and fame are not called influence."""

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import IdentificationError, SchemaError, UsageError
from swayline.events.log import EventLog
from swayline.influence.contagion.reading import read_social
from swayline.influence.strangers import Strangers
from swayline.influence.strangers.rows import reviews_of, rows_of
from swayline.testing.stranger_worlds import START_S, stranger_world

SMALL = {"people": 250, "items": 20, "acts": 4000, "days": 20}


@pytest.fixture(scope="module")
def herd():
    world = stranger_world(1, herding=0.6, **SMALL)
    return world, Strangers("rate>=4").fit(world.log)


@pytest.fixture(scope="module")
def apart():
    world = stranger_world(2, herding=0.0, **SMALL)
    return world, Strangers("rate>=4").fit(world.log)


def test_planted_herding_is_found_and_claimed(herd):
    world, found = herd
    one = found.reading_
    assert one.claimed
    assert one.effect.low < world.truth < one.effect.high
    assert one.p_value < 0.05


def test_quality_drift_and_fame_alone_are_not_claimed(apart):
    one = apart[1].reading_
    assert one.naive.low > 0.05  # a naive reader would claim it
    assert not one.claimed
    assert one.effect.low < 0 < one.effect.high
    assert abs(one.effect.value) < 0.4 * one.naive.value


def test_who_buys_after_reading_is_asked_where_reviews_are_acts_of_their_own():
    world = stranger_world(1, herding=1.0, shop=True)
    one = Strangers("purchase").fit(world.log).reading_
    assert one.effect.low < world.truth < one.effect.high
    assert one.effect.low > 0


def test_rows_stand_in_the_ledger_with_the_placebo(herd):
    rows = herd[1].ledger_.to_pandas()
    assert rows["estimand"].tolist() == ["association", "content_effect", "content_effect"]
    quoted = rows[rows["primary"]].iloc[0]
    assert quoted["identified"] == "assumed"
    assert "later reviewers" in quoted["refutations"]
    assert set(rows["channel"]) == {"content"}
    assert set(rows["cause_kind"]) == {"content"}
    assert rows[~rows["primary"]]["identified"].tolist() == ["no", "no"]


def log_of(events, ties=None):
    users, items, behaviors, values, hours = zip(*events, strict=True)
    time = ((START_S + np.array(hours) * 3600.0) * 1e6).astype(np.int64)
    table = pa.table({
        "user": list(users), "item": list(items), "behavior": list(behaviors), "value": list(values),
        "time": pa.array(time).cast(pa.timestamp("us", "UTC")),
    })  # fmt: skip
    return EventLog(table, ties=ties)


def test_only_reviews_of_others_before_the_moment_are_seen():
    log = log_of(
        [
            ("a", "x", "rate", 5.0, 1),
            ("b", "x", "rate", 2.0, 1),
            ("c", "x", "rate", 4.0, 2.5),
            ("d", "x", "rate", 1.0, 3),
        ]
    )
    social = read_social(log.events, None, "rate", None)
    reviews = reviews_of(social, np.array([0]))
    visits = tuple(one for one in (social.item, social.person, social.time, np.zeros(4)))
    rows = rows_of(social, reviews, visits, 86400.0)
    assert np.isnan(rows.seen[:2]).all()  # one tick has no order
    assert rows.seen[2:].tolist() == [3.5, pytest.approx(11 / 3)]
    assert rows.count.tolist() == [0, 0, 2, 3]


def test_people_whose_ties_reviewed_it_are_left_out(herd):
    world, found = herd
    names = sorted(set(world.log.events["user"].to_pylist()))
    ties = pa.table({"source": names[:-1], "target": names[1:]})
    free = Strangers("rate>=4").fit(world.log, ties=ties).reading_.n
    assert 0.5 * found.reading_.n < free < found.reading_.n


def authored(seed, spread):
    """60 items of 10 authors; those of the first two bring more acts where there is a spread."""
    rng = np.random.default_rng(seed)
    events, items = [], []
    for item in range(80):
        author = item % 10
        start = rng.uniform(0, 24 * 30)
        items.append((f"i{item}", f"star{author}"))
        for _ in range(1 + rng.poisson(6 + spread * (author < 2))):
            events.append((f"u{rng.integers(200)}", f"i{item}", "like", None, start + rng.exponential(20)))
    events += [("u0", "end", "view", None, 24 * 60)]
    table = pa.table({"item": [one[0] for one in items], "author": [one[1] for one in items]})
    log = log_of(sorted(events, key=lambda one: one[4]))
    return EventLog(log.events, items=table)


def test_authors_who_bring_more_stand_first_and_equal_ones_are_not_told_apart():
    found = Strangers("like").fit(authored(0, 12.0))
    rows = found.ledger_.to_pandas()
    assert set(rows["cause"][:2]) == {"star0", "star1"}
    assert rows["ci_low"][0] > 4
    assert set(rows["identified"]) == {"assumed"}
    assert rows["estimand"].unique().tolist() == ["reach"]
    alike = Strangers("like").fit(authored(1, 0.0)).ledger_.to_pandas()
    assert set(alike["identified"]) == {"no"}
    assert alike["estimate"].abs().max() < 1.5


def test_logs_that_cannot_answer_say_why():
    views = log_of([("a", "x", "view", None, 1), ("b", "x", "purchase", None, 2)])
    with pytest.raises(IdentificationError, match=r"no reviews to compare; no items table has a column 'author'"):
        Strangers("purchase").fit(views)
    few = log_of([(f"u{k}", "x", "rate", float(1 + k % 5), k) for k in range(40)])
    with pytest.raises(IdentificationError, match="at least 200 are needed"):
        Strangers("rate>=4").fit(few)
    with pytest.raises(UsageError, match="'ratee' is not in the log"):
        Strangers("rate>=4", reviews=["ratee"]).fit(few)
    with pytest.raises(SchemaError, match="no times"):
        Strangers("rate").fit(EventLog(few.events.drop_columns(["time"])))
