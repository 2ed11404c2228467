import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from swayline.core.errors import SchemaError
from swayline.events.log import EventLog
from swayline.influence.network import PeopleInfluence
from swayline.influence.network.describe.credit import credited, period_edges, period_of_acts

START, DAY = 1_599_436_800.0, 86400.0


def log(seed=0, categories=True):
    """ "lamp-lover" brings .6 purchases of "fan" each, in lamps; "twin" brings none."""
    rng = np.random.default_rng(seed)
    rows = [
        (user, ("lamps", "books")[rng.integers(2)], t)
        for user in ("lamp-lover", "fan", "twin")
        for t in rng.uniform(0, 60 * DAY, 150)
    ]
    for user, _, t in list(rows):
        if user == "lamp-lover":
            rows += [("fan", "lamps", t + rng.exponential(7200)) for _ in range(rng.poisson(0.6))]
    rows.sort(key=lambda row: row[2])
    columns = {
        "row": list(range(len(rows))),
        "user": [row[0] for row in rows],
        "item": [f"{row[1]}-{k % 7}" for k, row in enumerate(rows)],
        "behavior": ["purchase"] * len(rows),
        "time": pa.array([int((START + row[2]) * 1e6) for row in rows], pa.timestamp("us", tz="UTC")),
    }
    items = pa.table(
        {
            "item": [f"{name}-{k}" for name in ("lamps", "books") for k in range(7)],
            "category": ["lamps"] * 7 + ["books"] * 7,
        }
    )
    ties = pa.table({"source": ["lamp-lover", "twin"], "target": ["fan", "fan"]})
    return EventLog(pa.table(columns), ties=ties, items=items if categories else None)


@pytest.fixture(scope="module")
def people():
    return PeopleInfluence("purchase").fit(log())


def test_leaders_lead_where_they_brought_most(people):
    leaders = people.leaders(k=3).to_pylist()
    first = {row["category"]: row for row in leaders if row["rank"] == 1}
    assert first["lamps"]["user"] == "lamp-lover"
    assert first["lamps"]["ci_low"] < 90 < first["lamps"]["ci_high"]
    assert first["lamps"]["brought"] > 2 * first["books"]["brought"]


def test_what_ties_brought_adds_up_over_periods(people):
    fit = people.fit_
    by_period = credited(fit, period_of_acts(fit, 3), 3)
    whole = credited(fit, np.zeros(len(fit.acts.times), np.int64), 1)
    assert by_period.sum(axis=1) == pytest.approx(whole[:, 0])
    sources = fit.acts.counts[fit.ties.source]
    assert whole[:, 0] == pytest.approx(fit.x_tie * sources, rel=0.1, abs=1.0)


def test_without_categories_says_so():
    found = PeopleInfluence("purchase").fit(log(categories=False))
    with pytest.raises(SchemaError, match="categories"):
        found.leaders()
    assert found.picture()["leaders"] == []


def test_a_picture_is_plain_json_about_the_surest_ties(people):
    picture = people.picture()
    read = json.loads(json.dumps(picture, allow_nan=False))
    assert read["edges"]["source"][0] == "lamp-lover"
    assert len(read["periods"]) == len(read["edges"]["brought"]) == 3
    assert set(read["edges"]["channels"]) == {"social", "consumption", "content"}
    assert all(len(read["nodes"]["user"]) == len(values) for values in read["nodes"].values())
    assert 0 < read["ties"][0]["acts"][0]["probability"] <= 1
    assert read["ties_sure"] <= read["ties_measured"] == 2


@pytest.mark.parametrize("is_coarse", [False, True])
def test_moments_that_the_log_does_not_tell_are_not_shown(is_coarse):
    """On a clock of days the acts' moments are drawn: which act brought which is not known."""
    made = log()
    if is_coarse:
        days = pc.floor_temporal(made.events["time"], unit="day")
        made = replace(made, events=made.events.set_column(made.events.column_names.index("time"), "time", days))
    ties = PeopleInfluence("purchase").fit(made).picture()["ties"]
    assert ties
    assert all(bool(tie["acts"]) != is_coarse for tie in ties)


def test_a_stray_act_makes_no_period_its_own(people):
    edges = period_edges(people.fit_, 3)
    counts = np.bincount(period_of_acts(people.fit_, 3), minlength=3)
    assert counts.max() - counts.min() <= 2
    assert edges[0] == people.fit_.acts.start_s
    assert edges[-1] == people.fit_.acts.end_s
    assert (np.diff(edges) > 0).all()
