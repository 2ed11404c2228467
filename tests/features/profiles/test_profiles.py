"""Profiles: what was planted in a log stands in them, in words and in numbers."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from math import log2
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

import swayline as sw
from swayline.core.errors import ArtifactError, ConfigError, OutcomeError, UsageError
from swayline.features.profiles import ITEM_STAGES, STAGES, Profiles, load_profiles, profiles

START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
CATEGORIES = ("lamps", "shoes", "books", "toys")


def act(user: str, item: str, day: float, behavior: str = "view", **more: Any) -> dict[str, Any]:
    category = CATEGORIES[int(item[1:]) % 4] if item[1:].isdigit() else None
    time = START + timedelta(days=day)
    return {"user": user, "item": item, "behavior": behavior, "time": time, "category": category, **more}


def log_of(rows: list[dict[str, Any]], items: pa.Table | None = None, **options: Any) -> sw.EventLog:
    columns = {name: None for row in rows for name in row}
    return sw.read_events(
        pa.Table.from_pylist([columns | row for row in rows]), items=items, options=sw.ReadOptions(**options)
    )


def shop(days: int = 40, n: int = 60, seed: int = 0) -> list[dict[str, Any]]:
    """Half of the people come in the morning and only look; half come in the evening, often, and buy."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(n):
        is_late = person % 2
        for day in range(days):
            if rng.random() > (0.9 if is_late else 0.3):
                continue
            hour = (20 if is_late else 8) + rng.normal(0, 0.7)
            for step in range(rng.integers(2, 5)):
                behavior = "purchase" if is_late and rng.random() < 0.4 else "view"
                rows.append(act(f"p{person}", f"i{rng.integers(40)}", day + (hour + step / 60) / 24, behavior))
    return rows


@pytest.fixture(scope="module")
def found() -> Profiles:
    fan = [act("fan", f"i{4 * (n % 9)}", 0.5 + n, "view" if n % 3 else "purchase") for n in range(36)]
    quiet = [act("quiet", f"i{n}", 0.4 + n) for n in range(10)]
    new = [act("new", f"i{n}", 38.4 + n / 2) for n in range(4)]
    return profiles(log_of(shop() + fan + quiet + new), outcome="purchase")


def test_every_person_and_every_item_has_a_profile(found):
    assert found.users.num_rows == 63
    assert found.items.num_rows == 40
    for table in (found.users, found.items):
        for text in table["profile"].to_pylist():
            assert len(text) > 20
            assert "None" not in text
            assert "nan" not in text
    assert found.users["events"].to_pylist() == sorted(found.users["events"].to_pylist(), reverse=True)


def test_an_interest_is_what_sets_a_person_apart(found):
    fan = found.user("fan")
    assert fan["interests"][0]["category"] == "lamps"
    assert fan["interests"][0]["lift"] > 2
    assert sum(one["weight"] for one in fan["interests"]) == pytest.approx(1, abs=1e-3)
    assert fan["favorites"] == [{"category": "lamps", "share": 1.0, "events": 36}]
    assert "Drawn to lamps (100% of interest, 3.7× usual)" in fan["profile"]
    lifts = [one["lift"] for row in found.users.to_pylist() if row["user"][0] == "p" for one in row["interests"]]
    assert np.median(lifts) < 1.4


def test_rarer_and_later_acts_weigh_more_in_interests():
    rows = [act("u", "i0", 0.1), act("u", "i0", 0.2), act("u", "i1", 0.3, "purchase")]
    rows += [act("v", f"i{n % 4}", 0.1 + n / 100) for n in range(60)]
    one = profiles(log_of(rows)).user("u")
    likes = {like["category"]: like["share"] for like in one["interests"]}
    weight = 1 + log2(62 / 1)
    assert likes["shoes"] == pytest.approx(weight / (weight + 2), abs=0.01)
    late = [act("u", "i0", 0.0)] * 1 + [act("u", "i1", 60.0)] + [act("v", "i2", 60.0 + n / 1000) for n in range(9)]
    aged = profiles(log_of(late), half_life_days=30).user("u")
    assert {like["category"]: like["share"] for like in aged["interests"]}["shoes"] == pytest.approx(0.8, abs=0.01)


def test_rhythm_is_read_on_the_clock_of_the_log():
    rows = [act("u", "i1", day + (23.5 - 8) / 24) for day in range(20)]  # 23:30 in Shanghai
    one = profiles(log_of(rows, timezone="Asia/Shanghai")).user("u")
    assert one["peak_hour"] == 23
    assert one["rhythm"][23] == 1
    assert sum(one["rhythm"]) == pytest.approx(1)
    local = Counter(row["time"].astimezone(ZoneInfo("Asia/Shanghai")).weekday() >= 5 for row in rows)
    assert one["weekend_share"] == pytest.approx(local[True] / 20)


def test_stages_follow_each_persons_own_pauses(found):
    stages = {row["user"]: row["stage"] for row in found.users.to_pylist()}
    assert stages["quiet"] == "gone quiet"
    assert stages["new"] == "new"
    assert stages["fan"] == "slowing"  # came every day, and is silent for some
    assert set(stages.values()) <= set(STAGES)
    often = [stages[f"p{n}"] for n in range(1, 60, 2)]
    assert often.count("active") + often.count("returned") >= 28


def test_planted_habits_come_out_as_segments(found):
    groups = found.summary["segments"]["groups"]
    assert len(groups) == 2
    of = {row["user"]: row["segment"] for row in found.users.to_pylist()}
    late, early = ({of[f"p{n}"] for n in range(start, 60, 2)} for start in (1, 0))
    assert len(late) == len(early) == 1
    assert late != early
    assert sum(group["people"] for group in groups) == 63
    tried = {one["k"]: one["strength"] for one in found.summary["segments"]["tried"]}
    assert tried[2] > 0.8


def test_people_alike_in_everything_are_one_segment():
    found = profiles(
        sw.read_events(pa.table({"user": ["a", "b"], "item": ["x", "x"]}), options=sw.ReadOptions(ordered=True))
    )
    assert found.users["segment"].to_pylist() == ["everybody", "everybody"]


def test_people_of_one_kind_are_one_segment():
    rng = np.random.default_rng(1)
    rows = [
        act(
            f"p{person}",
            f"i{rng.integers(40)}",
            float(rng.uniform(0, 40)),
            "purchase" if rng.random() < 0.3 else "view",
        )
        for person in range(200)
        for _ in range(30)
    ]
    found = profiles(log_of(rows))
    assert [group["name"] for group in found.summary["segments"]["groups"]] == ["everybody"]
    assert len(profiles(log_of(rows), segments=3).summary["segments"]["groups"]) == 3


def test_items_say_who_came_to_the_outcome_and_what_follows(found):
    plain = shop() + [act("fan", f"i{4 * (n % 9)}", 0.5 + n, "view" if n % 3 else "purchase") for n in range(36)]
    item = found.item("i0")
    people = {row["user"] for row in plain if row["item"] == "i0"}
    buyers = {row["user"] for row in plain if row["item"] == "i0" and row["behavior"] == "purchase"}
    assert item["users"] == len(people | {"quiet", "new"})
    assert item["reached"] == len(buyers)
    assert item["conversion"] == pytest.approx(len(buyers) / item["users"], abs=1e-4)
    assert item["category"] == "lamps"
    assert "i4" in {one["item"] for one in item["next_items"]}  # the fan's path
    assert set(found.items["stage"].to_pylist()) <= set(ITEM_STAGES)


def test_rising_and_fading_items_are_told_from_steady_ones():
    rng = np.random.default_rng(4)
    rows = [act(f"p{rng.integers(90)}", f"i{n % 5}", float(rng.uniform(0, 30))) for n in range(6_000)]
    rows += [act(f"p{n % 20}", "i10", 23 + 7 * n / 60) for n in range(60)]
    rows += [act(f"p{n % 20}", "i11", 15 + 15 * (n / 60) ** 0.2) for n in range(60)]
    rows += [act(f"p{n % 20}", "i12", 10 * n / 60) for n in range(60)]
    rows += [act("fan", "i13", 21 + 9 * n / 60) for n in range(60)]  # one fan is no trend
    stages = {row["item"]: row["stage"] for row in profiles(log_of(rows)).items.to_pylist()}
    assert {name: stages[name] for name in ("i0", "i10", "i11", "i12", "i13")} == {
        "i0": "steady", "i10": "new", "i11": "rising", "i12": "fading",
        "i13": "too few visits to tell",
    }  # fmt: skip


def test_items_of_a_world_that_stands_still_are_steady():
    rng = np.random.default_rng(6)
    rows = []
    for _ in range(500):  # a person comes to an item again and again within some days, and then no more
        person, item, start = rng.integers(200), rng.integers(40), rng.uniform(0, 28)
        rows += [act(f"p{person}", f"i{item}", float(start + day)) for day in range(rng.integers(1, 9))]
    stages = Counter(profiles(log_of(rows)).items["stage"].to_pylist())
    assert stages["steady"] >= 35
    assert stages["rising"] + stages["fading"] <= 1


def test_words_come_from_titles_and_from_what_people_wrote():
    titles = pa.table(
        {"item": [f"i{n}" for n in range(8)], "title": [f"{'red' if n < 4 else 'blue'} thing{n % 2}" for n in range(8)]}
    )
    rows = [act("red", f"i{n % 4}", n / 10) for n in range(12)] + [
        act("blue", f"i{4 + n % 4}", n / 10) for n in range(12)
    ]
    rows += [act("seeker", "", 1.0 + n, "search", text="garden hose") | {"item": None} for n in range(3)]
    rows += [act("seeker", "i1", 2.0)]
    found = profiles(log_of(rows, items=titles))
    assert found.user("red")["words"][0]["word"] == "red"
    assert found.user("blue")["words"][0]["word"] == "blue"
    assert {word["word"] for word in found.user("seeker")["words"][:2]} == {"garden", "hose"}
    assert found.item("i0")["label"] == "red thing0"


def test_the_usual_device_is_named():
    rows = [act("u", "i1", n / 10, device="phone" if n else "desktop") for n in range(5)] + [
        act("v", "i1", 1, device=None)
    ]
    found = profiles(log_of(rows))
    assert (found.user("u")["device"], found.user("v")["device"]) == ("phone", None)


def test_flagged_people_have_a_profile_and_no_say_in_segments():
    crawl = [act("crawler", f"i{n % 40}", 3 + n / 86_400, "view") for n in range(600)]
    found = profiles(
        log_of(shop() + [{**one, "time": START + timedelta(days=3, seconds=n / 4)} for n, one in enumerate(crawl)])
    )
    crawler = found.user("crawler")
    assert crawler["flags"] == ["impossible rate", "volume"]
    assert "Flagged: impossible rate, volume." in crawler["profile"]
    assert found.summary["flagged"] == 1
    assert len(found.summary["segments"]["groups"]) == 2


def test_an_ordered_log_has_profiles_without_a_clock():
    table = pa.table({"user": ["a", "a", "b"], "item": ["x", "y", "x"]})
    found = profiles(sw.read_events(table, options=sw.ReadOptions(ordered=True)))
    one = found.user("a")
    assert one["stage"] is None
    assert "peak_hour" not in one
    assert one["profile"] == "2 interactions on 2 items."
    assert found.summary["timed"] is False


def test_what_was_only_shown_is_no_act():
    rows = [
        act("u", "i1", 0.1, exposed=False),
        act("u", "i2", 0.2, exposed=True),
        act("shown", "i2", 0.3, exposed=True),
    ]
    found = profiles(log_of(rows), outcome="view")
    assert found.users["user"].to_pylist() == ["u"]
    assert found.items["item"].to_pylist() == ["i1"]


def test_the_same_seed_gives_the_same_profiles(found):
    log = log_of(shop())
    one, other = profiles(log, seed=3), profiles(log, seed=3)
    assert one.users.equals(other.users)
    assert one.items.equals(other.items)
    assert one.summary == other.summary


def test_a_folder_keeps_them_whole(found, tmp_path):
    found.save(tmp_path / "profiles")
    again = load_profiles(tmp_path / "profiles")
    assert again.users.equals(found.users)
    assert again.items.equals(found.items)
    assert again.summary == found.summary
    (tmp_path / "profiles" / "items.parquet").write_bytes(b"damaged")
    with pytest.raises(ArtifactError, match="make them anew"):
        load_profiles(tmp_path / "profiles")


def test_bad_arguments_say_what_to_do(found):
    with pytest.raises(UsageError, match="knows no user 'fam'.*did you mean 'fan'"):
        found.user("fam")
    with pytest.raises(OutcomeError, match="did you mean 'purchase'"):
        profiles(log_of(shop(5)), outcome="purchse")
    with pytest.raises(ConfigError, match="half_life_days is '0'"):
        profiles(log_of(shop(5)), half_life_days=0)
    with pytest.raises(ConfigError, match="'900' groups cannot be made"):
        profiles(log_of(shop(5)), segments=900)
