from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from swayline.core.errors import EmptyLogError, OutcomeError, SchemaError, UsageError
from swayline.events.log import EventLog
from swayline.influence.network import PeopleInfluence, league_table
from swayline.ledger import SCHEMA

START = 1_599_436_800.0
DAY = 86400.0


@dataclass(frozen=True)
class Case:
    events: pa.Table
    ties: pa.Table


def table(user, item, behavior, time_s):
    order = np.argsort(time_s, kind="stable")
    return pa.table(
        {
            "row": pa.array(np.arange(1, len(user) + 1)),
            "user": pa.array(np.array(user)[order].tolist()),
            "item": pa.array(np.array(item)[order].tolist()),
            "behavior": pa.array(np.array(behavior)[order].tolist()),
            "time": pa.array((np.array(time_s)[order] * 1e6).astype(np.int64), pa.timestamp("us", tz="UTC")),
        }
    )


def shop(seed=0):
    """ "lead" brings .6 purchases of "fan" each, of the same item; "critic"'s reviews bring .5; "twin" brings none."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in ("lead", "fan", "critic", "twin"):
        for t in rng.uniform(0, 80 * DAY, 160):
            rows.append((user, f"i{rng.integers(40)}", "purchase", t))
    for _, item, _, t in [row for row in rows if row[0] == "lead"]:
        rows += [("fan", item, "purchase", t + rng.exponential(7200)) for _ in range(rng.poisson(0.6))]
    for t in rng.uniform(0, 79 * DAY, 200):
        rows.append(("critic", "i0", "review", t))
        rows += [
            ("fan", f"i{rng.integers(40)}", "purchase", t + rng.exponential(7200)) for _ in range(rng.poisson(0.5))
        ]
    user, item, behavior, time_s = zip(*rows, strict=True)
    events = table(user, item, behavior, np.array(time_s) + START)
    ties = pa.table(
        {
            "source": ["lead", "critic", "twin", "lead", "ghost", "fan", "lead"],
            "target": ["fan", "fan", "fan", "twin", "fan", "fan", "fan"],
        }
    )
    return Case(events, ties)


@pytest.fixture(scope="module")
def case():
    return shop()


@pytest.fixture(scope="module")
def people(case):
    return PeopleInfluence().fit(EventLog(case.events, ties=case.ties))


def rows_of(people, **wanted):
    rows = people.ledger_.to_pylist()
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def test_writes_exactly_one_excitation_row_per_distinct_tie(people):
    assert people.ledger_.schema == SCHEMA
    whole = rows_of(people, estimand="excitation")
    assert {row["channel"] for row in whole} == {"all"}
    assert sorted((row["cause"], row["effect"]) for row in whole) == [
        ("critic", "fan"), ("ghost", "fan"), ("lead", "fan"), ("lead", "twin"), ("twin", "fan"),
    ]  # fmt: skip
    for row in whole:
        assert (row["cause_kind"], row["effect_kind"], row["unit"]) == ("user", "user", "actions")
        if row["estimate"] is not None:
            assert 0 <= row["ci_low"] <= row["estimate"] <= row["ci_high"]
            assert row["identified"] in ("assumed", "no")


def test_finds_the_leader_and_clears_the_twin(people):
    lead = rows_of(people, estimand="excitation", cause="lead", effect="fan")[0]
    assert lead["ci_low"] > 0.2
    assert lead["ci_low"] < 0.6 < lead["ci_high"]
    for cause, effect in (("twin", "fan"), ("lead", "twin")):
        assert rows_of(people, estimand="excitation", cause=cause, effect=effect)[0]["ci_low"] == 0.0


def test_a_person_who_never_acts_is_unknown(people):
    ghost = rows_of(people, estimand="excitation", cause="ghost")[0]
    assert ghost["estimate"] is None
    assert ghost["n"] == 0
    assert ghost["identified"] == "no"


def test_tells_channels_apart(people):
    def part(cause, channel):
        return rows_of(people, estimand="excitation_part", cause=cause, effect="fan", channel=channel)[0]

    assert part("lead", "consumption")["estimate"] == pytest.approx(0.6, abs=0.2)
    assert part("lead", "consumption")["ci_low"] > part("lead", "social")["estimate"]
    assert part("critic", "content")["ci_low"] > 0.2
    assert part("critic", "content")["n"] == 200
    assert part("twin", "consumption")["estimate"] < 0.1
    assert not rows_of(people, estimand="excitation_part", cause="lead", channel="content")


def test_scores_people(people):
    scores = {row["user"]: row for row in people.people_.to_pylist()}
    assert scores["lead"]["given"] > 0.3 > scores["twin"]["given"]
    assert scores["lead"]["given_low"] <= scores["lead"]["given"] <= scores["lead"]["given_high"]
    assert scores["fan"]["susceptibility"] > 0.15 > scores["twin"]["susceptibility"]
    assert scores["lead"]["reach"] >= scores["lead"]["given"] - 1e-9
    assert scores["ghost"]["given"] is None
    assert sum(row["pagerank"] for row in scores.values()) == pytest.approx(1.0)
    best = league_table(people.people_, "given", k=2)
    assert best["user"][0].as_py() == "lead"
    with pytest.raises(UsageError, match="given"):
        league_table(people.people_, "pagerank")


def test_starts_with_the_leader(people):
    seeds = people.spread(budget=1)
    assert seeds["user"].to_pylist() == ["lead"]
    assert seeds.column_names == ["rank", "user", "gain", "spread"]


def test_shows_the_events_behind_a_tie(people):
    behind = people.tie_events("lead", "fan")
    assert len(behind) > 20
    assert pc.min(behind["lag_s"]).as_py() > 0
    assert 0 < pc.min(behind["probability"]).as_py() <= pc.max(behind["probability"]).as_py() <= 1
    # Expected acts brought = branching times acts of the source.
    lead = rows_of(people, estimand="excitation", cause="lead", effect="fan")[0]
    assert pc.sum(behind["probability"]).as_py() == pytest.approx(lead["estimate"] * lead["n"], rel=0.1)
    with pytest.raises(UsageError, match="no tie"):
        people.tie_events("fan", "lead")


def test_lays_out_the_network(people):
    network = people.network()
    assert set(network.edges["source"].to_pylist()) <= set(network.nodes["user"].to_pylist())
    assert np.isfinite(network.nodes["x"].to_numpy()).all()


def test_new_events_give_what_a_fit_of_everything_gives(case):
    cut = int(0.85 * len(case.events))
    whole = PeopleInfluence(channels=False).fit(EventLog(case.events), case.ties)
    later = PeopleInfluence(channels=False).fit(EventLog(case.events.slice(0, cut)), case.ties)
    before = later.ledger_["estimate"].to_pylist()
    later.update(case.events.slice(cut))
    for new, _old, all_at_once in zip(
        later.ledger_["estimate"].to_pylist(), before, whole.ledger_["estimate"].to_pylist(), strict=True
    ):
        if all_at_once is not None:
            assert new == pytest.approx(all_at_once, abs=0.12)  # delays were learned from less
    assert later.ledger_["estimate"].to_pylist() != before
    with pytest.raises(UsageError, match="before the end"):
        later.update(case.events.slice(0, 3))
    with pytest.raises(UsageError, match="fit first"):
        PeopleInfluence().update(case.events)


def test_same_seed_same_ledger(case):
    log = EventLog(case.events)
    assert (
        PeopleInfluence(seed=3).fit(log, case.ties).ledger_.equals(PeopleInfluence(seed=3).fit(log, case.ties).ledger_)
    )


def test_refuses_what_it_cannot_answer(case):
    log = EventLog(case.events)
    with pytest.raises(SchemaError, match="--ties"):
        PeopleInfluence().fit(log)
    with pytest.raises(SchemaError, match="target"):
        PeopleInfluence().fit(log, pa.table({"source": ["a"], "whither": ["b"]}))
    with pytest.raises(EmptyLogError, match="tied to itself"):
        PeopleInfluence().fit(log, pa.table({"source": ["fan"], "target": ["fan"]}))
    with pytest.raises(OutcomeError, match="share"):
        PeopleInfluence("share").fit(log, case.ties)
    with pytest.raises(SchemaError, match="no times"):
        PeopleInfluence().fit(EventLog(case.events.drop(["time"])), case.ties)


def test_ties_between_people_who_are_not_in_the_log_are_an_error():
    case = shop()
    strangers = pa.table({"source": ["nobody", "lead"], "target": ["nowhere", "ghost"]})
    with pytest.raises(EmptyLogError, match="no tie joins two people of the log.*'nobody'"):
        PeopleInfluence("purchase").fit(EventLog(case.events, ties=strangers))
    browsers = pa.table({"source": ["reader"], "target": ["fan"]})
    row = {name: case.events[name][:1] for name in case.events.column_names}
    row["user"], row["behavior"] = pa.array(["reader"]), pa.array(["view"])
    events = pa.concat_tables([case.events, pa.table(row)])
    with pytest.raises(EmptyLogError, match="no source of the 1 ties ever did 'purchase'"):
        PeopleInfluence("purchase").fit(EventLog(events, ties=browsers))


def test_a_tie_to_somebody_who_is_not_in_the_log_claims_nothing():
    case = shop()
    ties = pa.table({"source": ["lead", "lead"], "target": ["fan", "ghost"]})
    rows = PeopleInfluence("purchase").fit(EventLog(case.events, ties=ties)).ledger_.to_pylist()
    assert {row["identified"] for row in rows if row["effect"] == "ghost"} == {"no"}
    assert {row["estimate"] for row in rows if row["effect"] == "ghost"} == {None}
    assert any(row["identified"] == "assumed" for row in rows if row["effect"] == "fan")
