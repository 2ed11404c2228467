"""What is due by rhythm, how playlists go on, whose posts to show: right on worlds whose answer is known."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import swayline as sw
from swayline.core.errors import DataError, UsageError
from swayline.recommend import Context
from swayline.recommend.related import Baskets, Due, GoesTogether, continued, held_out, whose_posts
from swayline.simulation.home import AIMLESS, HABITS, simulate_homes

DAY = 86_400_000_000


@pytest.fixture(scope="module")
def homes():
    events = simulate_homes(8, 84, seed=1)
    micros = events["time"].cast(pa.int64()).to_numpy()
    cut = micros.min() + 56 * DAY
    return events.filter(pa.array(micros < cut)), events.filter(pa.array(micros >= cut))


def test_reminders_come_before_most_acts_with_a_rhythm_and_are_mostly_right(homes):
    before, after = homes
    rhythmic = [habit.device for habit in HABITS]
    of = lambda table, names: table.filter(pc.is_in(table["item"], value_set=pa.array(names)))  # noqa: E731
    judged = Due().fit(of(before, rhythmic)).judged(of(after, rhythmic))
    assert judged["precision"] > 0.7
    assert judged["recall"] > 0.65
    aimless = Due().fit(of(before, list(AIMLESS))).judged(of(after, list(AIMLESS)))
    assert aimless["reminders"] <= 0.02 * 28 * 8 * len(AIMLESS)


def test_what_was_done_today_is_not_due_and_weekday_habits_rest_on_sundays(homes):
    before, _ = homes
    due = Due().fit(before)
    monday, sunday = datetime(2026, 3, 2, 6, tzinfo=UTC), datetime(2026, 3, 1, 6, tzinfo=UTC)
    coffee = lambda moment: due.within_a_day(moment)["item"].to_pylist().count("coffee machine")  # noqa: E731
    assert coffee(monday) >= 6
    assert coffee(sunday) <= coffee(monday) // 2
    last = pc.max(before["time"]).as_py()
    late = due.at(last.replace(hour=20, minute=0))
    done = before.filter(pc.greater_equal(before["time"], pa.scalar(last.replace(hour=0, minute=0, second=0))))
    done = set(zip(done["user"].to_pylist(), done["item"].to_pylist(), strict=True))
    assert not done & set(zip(late["user"].to_pylist(), late["item"].to_pylist(), strict=True))


def test_a_rhythm_is_read_on_the_clock_asked(homes):
    before, _ = homes
    lights = before.filter(pc.equal(before["item"], "evening lights"))
    hours = lambda zone: Due(zone).fit(lights).rhythms_[("home000", "evening lights", "use")].hours.argmax()  # noqa: E731
    assert (int(hours("Asia/Shanghai")) - int(hours("UTC"))) % 24 == 8


def test_few_acts_make_no_rhythm_and_bad_settings_are_refused():
    times = pa.array([DAY * day for day in range(4)], pa.timestamp("us", "UTC"))
    few = pa.table({"user": ["u"] * 4, "item": ["i"] * 4, "behavior": ["use"] * 4, "time": times})
    assert Due().fit(few).rhythms_ == {}
    with pytest.raises(UsageError, match="threshold"):
        Due(threshold=1.0)
    with pytest.raises(UsageError, match="ahead"):
        Due(ahead=0)
    with pytest.raises(DataError, match="no times"):
        Due().fit(few.drop_columns(["time"]))


def playlists(rng, mixed):
    rows = []
    for one in range(400):
        genre = rng.integers(5)
        own = rng.choice(20, 6, replace=False) + (0 if mixed else genre * 20)
        rows += [
            (f"u{one % 90}", f"s{item}", f"p{one}") for item in (rng.choice(100, 6, replace=False) if mixed else own)
        ]
    users, items, sessions = zip(*rows, strict=True)
    return Baskets.of(pa.table({"user": users, "item": items, "session": sessions}))


def test_hidden_halves_are_found_where_lists_have_a_kind_and_not_where_they_have_none():
    rng = np.random.default_rng(0)
    kinds, noise = held_out(playlists(rng, False)), held_out(playlists(rng, True))
    assert kinds.ci_low > 0.1
    assert kinds.recall == pytest.approx(10 / 17, abs=0.15)
    assert noise.ci_low < 0.05
    assert noise.recall == pytest.approx(0.1, abs=0.06)
    with pytest.raises(DataError, match="20 are needed"):
        held_out(Baskets.of(pa.table({"user": ["u"] * 3, "item": list("abc"), "session": ["s"] * 3})))


def test_a_playlist_goes_on_with_its_kind_and_without_what_it_holds():
    baskets = playlists(np.random.default_rng(1), False)
    table = continued(GoesTogether().fit(baskets), baskets, np.array([0, 7]), 8)
    for row in (0, 7):
        own = baskets.items.ids.take(
            pa.array(baskets.held.indices[slice(*baskets.held.indptr[row : row + 2])])
        ).to_pylist()
        more = [one["item"] for one in table.to_pylist() if one["playlist"] == row]
        assert len(more) == 8
        assert not set(own) & set(more)
        assert {int(item[1:]) // 20 for item in more} == {int(own[0][1:]) // 20}


def test_bundles_of_one_persons_habit_are_left_out():
    rows = [("me", item, f"m{day}") for day in range(9) for item in "ab"]
    rows += [(f"u{one}", item, f"s{one}") for one in range(9) for item in "cd"]
    rows += [(f"u{one}", item, f"t{one}{item}") for one in range(9) for item in "abcdef"]
    users, items, sessions = zip(*rows, strict=True)
    model = GoesTogether().fit(Baskets.of(pa.table({"user": users, "item": items, "session": sessions})))

    def pairs(people):
        found = model.bundles(least_people=people).to_pylist()
        return {frozenset((one["item"], one["with"])) for one in found}

    assert pairs(1) == {frozenset("ab"), frozenset("cd")}
    assert pairs(3) == {frozenset("cd")}


def test_of_known_people_the_one_alike_stands_first():
    rows = [("me", item) for item in "abc"] + [("like", item) for item in "abc"] + [("far", item) for item in "xyz"]
    rows += [("strange", item) for item in "abc"]
    users, items = zip(*rows, strict=True)
    table = pa.table({"user": users, "item": items, "time": pa.array(range(len(users)), pa.timestamp("s", "UTC"))})
    model = sw.Recommender("most-popular").fit(sw.read_events(table))
    ties = pa.table({"source": ["like", "far"], "target": ["me", "me"]})
    found = whose_posts(Context(model.bundle(), ties=ties), ["me"])
    assert found["other"].to_pylist() == ["like", "far"]
    with pytest.raises(DataError, match="needs ties"):
        whose_posts(Context(model.bundle()), ["me"])
