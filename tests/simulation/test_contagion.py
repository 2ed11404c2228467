"""Contagion runs along some ties; others only join people who are alike."""

import numpy as np
import pytest

from swayline.simulation import WorldSettings, world


@pytest.fixture(scope="module")
def shop():
    return world(WorldSettings(users=240, items=1_500, events=150_000, ties_per_user=1.0, seed=21))


def purchases(made):
    frame = made.events.to_pandas()
    bought = frame[frame.behavior == "purchase"]
    return {user: np.sort(times.astype("int64").to_numpy() / 1e6) for user, times in bought.groupby("user").time}


WEEK_S = 7 * 86_400.0


def excess(made, kind, span_s):
    """Purchases of the target in the span after one of the source, less those at the same hours a week off.

    Returns the observed surplus for each purchase of the source, and what the planted branching implies: purchases of
    the source come in bursts, so that a count after one of them sees children of its neighbours too.
    """
    times = purchases(made)
    start = min(t[0] for t in times.values())
    end = max(t[-1] for t in times.values())
    observed, implied, n = 0.0, 0.0, 0
    for tie in made.truth["ties"]:
        if tie["kind"] == kind and tie["source"] in times and tie["target"] in times:
            source, target = times[tie["source"]], times[tie["target"]]
            asked = source[(source > start + WEEK_S + 86_400) & (source < end - WEEK_S - span_s)]
            n += len(asked)
            for weight, moment in ((1.0, asked), (-0.5, asked - WEEK_S), (-0.5, asked + WEEK_S)):
                until, since = (moment[:, None] + edge - source for edge in (span_s, 0.0))
                observed += weight * (np.searchsorted(target, moment + span_s) - np.searchsorted(target, moment)).sum()
                delay_s = made.settings.delay_s
                fallen = np.exp(-np.maximum(since, 0) / delay_s) - np.exp(-np.maximum(until, 0) / delay_s)
                implied += weight * tie["branching"] * fallen.sum()
    return observed / n, implied / n


def test_lagged_counts_find_contagion_and_not_likeness(shop):
    span = 2 * shop.settings.delay_s
    observed, implied = excess(shop, "contagion", span)
    assert implied > 0.15
    assert observed == pytest.approx(implied, abs=0.06)
    assert abs(excess(shop, "likeness", span)[0]) < 0.05


def test_every_tie_is_named_once_in_table_and_truth(shop):
    table = list(zip(shop.ties["source"].to_pylist(), shop.ties["target"].to_pylist(), strict=True))
    assert table == [(tie["source"], tie["target"]) for tie in shop.truth["ties"]]
    assert len({frozenset(pair) for pair in table}) == len(table)
    assert all(source != target for source, target in table)
    kinds = [tie["kind"] for tie in shop.truth["ties"]]
    assert kinds.count("contagion") == shop.truth["contagion"]["contagious"] == pytest.approx(120, abs=12)
    assert len(set(shop.ties["kind"].to_pylist())) == 2


def test_likeness_ties_join_people_of_one_rhythm(shop):
    rhythm = {user: int(words.split()[0]) for user, words in shop.truth["rhythm"]["users"].items()}

    def alike(kind):
        return np.mean([rhythm[t["source"]] == rhythm[t["target"]] for t in shop.truth["ties"] if t["kind"] == kind])

    assert alike("likeness") > 0.95
    assert alike("contagion") < 0.4


def test_caused_purchases_come_as_often_as_branching_says(shop):
    bought = {user: len(times) for user, times in purchases(shop).items()}
    expected = sum(tie["branching"] * bought.get(tie["source"], 0) for tie in shop.truth["ties"])
    caused = sum(tie["caused"] for tie in shop.truth["ties"])
    assert caused == shop.truth["contagion"]["caused"]
    assert caused == pytest.approx(expected, rel=0.1)
    assert shop.truth["contagion"]["blurred"] <= 0.01 * caused


def test_no_contagion_when_the_dial_is_off():
    made = world(WorldSettings(users=200, items=200, events=10_000, contagion=0.0, seed=22))
    assert made.truth["contagion"]["caused"] == 0
    assert {tie["kind"] for tie in made.truth["ties"]} == {"likeness"}


def test_no_ties_when_told_so():
    made = world(WorldSettings(users=50, items=50, events=2_000, ties_per_user=0.0, seed=23))
    assert made.ties.num_rows == 0
    assert made.truth["ties"] == []
