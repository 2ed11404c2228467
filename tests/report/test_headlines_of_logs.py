"""The first sentences about a log, each counted again by hand, on logs where an older sentence was false."""

import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from swayline.engine import DuckEngine
from swayline.events import EventLog, ReadOptions
from swayline.events.summary.describe import describe
from swayline.features.bots import FLAGS, BotFlags
from swayline.features.profiles import build_profiles
from swayline.features.profiles.segments import _names
from swayline.features.profiles.sentences import person_sentence
from swayline.report.artifacts import Artifacts
from swayline.report.sections.audience import _finding as segments_finding
from swayline.report.sections.audience import audience_section
from swayline.report.sections.catalogue import catalogue_section
from swayline.report.sections.funnel import funnel_section
from swayline.report.sections.overview import overview_section
from swayline.report.sections.quality import quality_section
from swayline.report.sections.time import time_section
from swayline.report.wording.words import percent

START = datetime(2025, 1, 6, tzinfo=UTC)


def log_of(rows, timezone="UTC"):
    """Rows of (user, item, behavior, seconds after a Monday[, value])."""
    rows = sorted(rows, key=lambda row: row[3])
    columns = {
        "row": pa.array(range(1, len(rows) + 1), pa.int64()),
        "user": [row[0] for row in rows],
        "item": [row[1] for row in rows],
        "behavior": [row[2] for row in rows],
        "time": pa.array([START + timedelta(seconds=float(row[3])) for row in rows], pa.timestamp("us", tz="UTC")),
    }
    if len(rows[0]) > 4:
        columns["value"] = pa.array([row[4] for row in rows], pa.float64())
    return EventLog(pa.table(columns), n_read=len(rows), options=ReadOptions(timezone=timezone))


def described(log, outcome):
    with DuckEngine() as engine:
        found = describe(engine, log, outcome)
    return Artifacts(describe=found)


def random_rows(seed, n=3000, behavior="play", days=70, people=40, items=60):
    rng = np.random.default_rng(seed)
    return [
        (f"u{rng.integers(people)}", f"i{rng.integers(items)}", behavior, rng.integers(days * 86400)) for _ in range(n)
    ]


def returns_by_hand(rows):
    """(acts, further rows of an act, acts on an item that its person had acted on at an earlier moment)."""
    acts = sorted({row[:4] for row in rows}, key=lambda row: row[3])
    first = {}
    for user, item, _, moment in acts:
        first.setdefault((user, item), moment)
    returns = sum(moment > first[user, item] for user, item, _, moment in acts)
    return len(acts), len(rows) - len(acts), returns


def test_one_behavior_is_asked_who_comes_back_and_not_who_comes_to_it():
    rows = random_rows(0)
    run = described(log_of(rows), "play")
    acts, _, returns = returns_by_hand(rows)
    days = defaultdict(set)
    for user, _, _, moment in rows:
        days[user].add(moment // 86400)
    again = percent(sum(len(each) > 1 for each in days.values()) / len(days))
    for section in (overview_section(run), funnel_section(run)):
        assert f"{again} of the people came back on another day" in section.finding.replace("People", "people")
        assert f"{percent(returns / acts)} of the plays are returns" in section.finding
        assert "100%" not in section.finding.replace(again, "")
        assert "came to a play" not in section.finding
    assert f"{len(rows):,} events of {len(days)} people" in overview_section(run).finding
    assert not [label for _, label, _ in overview_section(run).blocks[0].tiles if "come to" in label]


def test_grades_are_told_by_how_many_reach_the_middle_one():
    rng = np.random.default_rng(3)
    rows = [(*row[:2], "rate", row[3], float(rng.integers(1, 6))) for row in random_rows(3)]
    middle = np.quantile([row[4] for row in rows], 0.5, method="lower")
    share = percent(float(np.mean([row[4] >= middle for row in rows])))
    text = overview_section(described(log_of(rows), "rate")).finding
    assert f"{share} of the ratings are {middle:.0f} or more (of 1 to 5)" in text


def test_rows_repeated_per_tag_are_told_with_their_share():
    rows = [row for row in random_rows(1, n=400) for _ in range(1 + hash(row[1]) % 3)]
    _, repeats, _ = returns_by_hand(rows)
    run = described(log_of(rows), "play")
    told = f"{percent(repeats / len(rows))} of the rows repeat a person, item and moment"
    assert repeats
    assert told in overview_section(run).finding
    assert told in quality_section(run).finding
    assert "repeat" not in overview_section(described(log_of(random_rows(1, n=400)), "play")).finding


@pytest.mark.parametrize("timezone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_dates_are_never_read_as_hours(timezone):
    rng = np.random.default_rng(5)
    weekdays = [0, 1, 2, 3, 4, 5, 5, 5, 5, 6]  # Saturdays four times as often
    rows = [
        (f"u{rng.integers(40)}", f"i{rng.integers(50)}", "play", 86400 * (7 * rng.integers(20) + rng.choice(weekdays)))
        for _ in range(2000)
    ]
    section = time_section(described(log_of(rows, timezone), "play"))
    assert (
        section.finding == "The log's times are dates, so no hour can be told; people are most often here on Saturdays."
    )
    said = " ".join([section.lead, *(block.title for block in section.blocks)])
    assert ":00" not in said
    assert "good to the day" in section.lead


def test_months_are_never_read_as_days():
    rng = np.random.default_rng(6)
    moments = [(datetime(2025 + k // 12, k % 12 + 1, 1, tzinfo=UTC) - START).total_seconds() for k in range(1, 37)]
    rows = [(f"u{rng.integers(40)}", f"i{rng.integers(50)}", "play", rng.choice(moments)) for _ in range(2000)]
    section = time_section(described(log_of(rows), "play"))
    assert section.finding.startswith(
        "The log's times are good to the month, so neither hours nor weekdays can be told"
    )
    assert "no month of the year clearly stands out" in section.finding
    assert section.blocks[0].title.startswith("The busiest month was")
    counts = Counter(row[3] for row in rows)
    assert f"with {max(counts.values())} events" in section.blocks[0].title


def test_at_random_times_hardly_any_hour_or_weekday_is_claimed():
    sections = [time_section(described(log_of(random_rows(seed)), "play")) for seed in range(12)]
    silent = [one for one in sections if one.finding == "No hour of the day and no weekday clearly stands out."]
    assert len(silent) >= 10
    assert all("no hour of the day clearly stands out" in one.blocks[1].title for one in silent)


def test_a_planted_hour_is_found_and_one_persons_burst_is_none():
    rng = np.random.default_rng(7)
    planted = [(*row[:3], row[3] // 86400 * 86400 + 20 * 3600 + rng.integers(3600)) for row in random_rows(7, n=900)]
    text = time_section(described(log_of(random_rows(8) + planted), "play")).finding
    assert text == "People are most often here from 20:00 to 21:00."
    burst = [("u1", "i1", "play", 20 * 3600 + k) for k in range(3000)]
    assert "No hour" in time_section(described(log_of(random_rows(8) + burst), "play")).finding


def test_no_two_segments_have_one_name_and_none_is_only_numbered():
    features = ("activity", "breadth", "variety", "evening")
    centers = np.array([[1.2, -0.9, 0.1, 0.0], [1.1, -0.8, 0.2, 0.3], [-1.0, 0.6, -0.5, 0.0]])
    names = _names(centers, features)
    assert len(set(names)) == 3
    assert not [name for name in names if re.search(r"\(\d", name)]
    rng = np.random.default_rng(0)
    for k in range(2, 9):
        many = _names(rng.normal(size=(k, 4)) * 0.5, features)
        assert len(set(many)) == k


def groups_of(reached, people, center=None):
    return [
        {
            "name": f"s{k}", "people": n, "median_events": 5.0, "events": 10 * n * (k + 1), "reached_outcome": x,
            "center": center or {"activity": 1.0},
        }
        for k, (x, n) in enumerate(zip(reached, people, strict=True))
    ]  # fmt: skip


def told(groups, behaviors=("view", "purchase")):
    return segments_finding(groups, {"outcome": "purchase", "weights": dict.fromkeys(behaviors, 1.0)})


def test_segments_are_told_by_their_share_of_the_events():
    text = told(groups_of([100, 100], [100, 300]), behaviors=("purchase",))
    assert text == (
        "People fall into 2 segments: those who are “s1” are 75% of the people and make 86% of the events."
    )  # 6,000 of 7,000 events


def test_segments_that_differ_by_chance_are_not_set_against_each_other():
    """One in twenty such logs may claim it; uncorrected, most of them would."""
    rng = np.random.default_rng(0)
    drawn = [groups_of(rng.binomial(200, 0.3, 6).tolist(), [200] * 6) for _ in range(200)]
    assert sum("come to" in told(groups) for groups in drawn) <= 17


def test_segments_that_differ_clearly_are_unless_formed_by_the_outcome_itself():
    groups = groups_of([150, 20], [200, 200])
    assert "75% of those who are “s0” come to a purchase, 10% of those who are “s1”" in told(groups)
    assert "come to" not in told(groups_of([150, 20], [200, 200], {"share of purchase": 1.3}))
    assert "come to" not in told(groups_of([9, 0], [9, 9]))


@pytest.mark.parametrize("seed", range(5))
def test_behaviors_dealt_at_random_are_not_said_to_lead_to_the_outcome(seed):
    rng = np.random.default_rng(seed)
    names = ["view", "click", "cart", "share", "purchase"]
    rows = [(*row[:2], names[rng.integers(5)], row[3]) for row in random_rows(seed, n=2500, items=30)]
    text = funnel_section(described(log_of(rows), "purchase")).finding
    assert "times" not in text
    assert "×" not in text


def test_a_behavior_of_few_pairs_does_not_lead():
    rows = [(f"u{k}", f"i{k % 9}", "view", k) for k in range(400)]
    rows += [(f"u{k}", f"i{k % 9}", "purchase", 1000 + k) for k in range(40)]
    rows += [(f"u{k}", f"i{k % 9}", "cart", 900 + k) for k in range(3)]
    text = funnel_section(described(log_of(rows), "purchase")).finding
    assert text == "Views are followed by a purchase of the same item in 10% of 400 pairs."


def test_counts_of_many_behaviors_are_counted_again():
    rows = random_rows(9, n=800, behavior="view") + random_rows(10, n=60, behavior="purchase", people=20)
    log = log_of(rows)
    with DuckEngine() as engine:
        found = describe(engine, log, "purchase")
        flags = BotFlags(FLAGS.empty_table(), 40)
        made = build_profiles(engine, log, "purchase", flags, segments=2)
    run = Artifacts(describe=found, profiles=made.summary, people=made.users, things=made.items)
    people = {row[0] for row in rows}
    buyers = {row[0] for row in rows if row[2] == "purchase"}
    assert f"{percent(len(buyers) / len(people))} of the people came to a purchase" in overview_section(run).finding
    events = Counter(row[1] for row in rows).most_common()
    top, share = re.match(r"The top ([\d.]+)% of items hold (\S+) of events", catalogue_section(run).finding).groups()
    held = sum(n for _, n in events[: max(1, round(float(top) / 100 * len(events)))]) / len(rows)
    assert share == percent(held)
    segment = re.search(
        r"those who are “(.+?)” are (\S+) of the people and make (\S+) of", audience_section(run).finding
    )
    members = set(made.users.filter(pa.compute.equal(made.users["segment"], segment[1]))["user"].to_pylist())
    assert segment[2] == percent(len(members) / len(people))
    assert segment[3] == percent(sum(row[0] in members for row in rows) / len(rows))


def test_grades_beside_a_condition_are_all_grades_and_not_those_that_meet_it():
    """ML-100K said "mean value 4.38, of 4 to 5" of ratings from 1 to 5, because the outcome was ``rate>=4``."""
    rows = [(f"u{k % 20}", f"i{k}", "rate", 60 * k, float(1 + k % 5)) for k in range(200)]
    log, outcome = log_of(rows).split_by_outcome("rate>=4")
    section = funnel_section(described(log, outcome))
    assert ("3", "mean value", "of 1 to 5") in section.blocks[0].tiles
    table = next(block for block in section.blocks if getattr(block, "caption", "") == "Ratings by value")
    assert [row[0] for row in table.rows] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(("days", "told"), [(1, False), (4, False), (5, True)])
def test_an_hour_or_a_part_of_the_week_is_a_habit_from_five_active_days_on(days, told):
    """ML-100K said "acts most around 9:00, hardly at weekends" of somebody who came on one day."""
    one = {
        "events": 700,
        "items": 700,
        "n_rate": 700,
        "active_days": days,
        "peak_hour": 9,
        "weekend_share": 0.0,
        "flags": [],
        "segment": "everybody",
    }
    sentence = person_sentence(one, ("rate",), weekend=0.25)
    assert ("Acts most around 9:00, hardly at weekends." in sentence) is told


def test_an_order_of_depth_is_claimed_only_where_behaviors_have_one():
    """ML-100K listed ratings of 4 or more above the others as "shallow to deep"."""

    def captions(log, outcome):
        return [getattr(block, "caption", "") for block in overview_section(described(log, outcome)).blocks]

    stars = [(f"u{k % 20}", f"i{k}", "rate", 60 * k, float(1 + k % 5)) for k in range(200)]
    assert "What people do" in captions(*log_of(stars).split_by_outcome("rate>=4"))
    shop = [(f"u{k % 20}", f"i{k}", ("view", "purchase")[k % 2], 60 * k) for k in range(200)]
    assert "What people do, shallow to deep" in captions(log_of(shop), "purchase")
