import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import swayline as sw
from swayline.core.errors import EmptyLogError
from swayline.evolution import is_evolution
from swayline.evolution.acts import read_acts
from swayline.evolution.cohorts import find_cohorts
from swayline.evolution.links import find_links
from swayline.evolution.returns import is_return
from swayline.testing.attacks import command
from swayline.testing.drift_worlds import DriftWorld, drift_log


@pytest.fixture(scope="module")
def world():
    return drift_log(DriftWorld(people=60, days=42, a_day=0.8, tastes=(21,)))[0]


def test_the_verb_writes_what_the_house_promises(world, tmp_path):
    pq.write_table(world.events.drop_columns(["row"]), tmp_path / "events.parquet")
    done = command(["evolve", "events.parquet", "--quick", "--out", "out", "--json"], tmp_path)
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert pq.read_schema(tmp_path / "out" / "drift.parquet").names[:6] == [
        "kind", "id", "time", "score", "p_value", "changed",
    ]  # fmt: skip
    assert set(told["rows"]) == {"drift", "transitions", "cohorts"}  # a quick look leaves links out
    for name in told["rows"]:
        assert pq.read_metadata(tmp_path / "out" / f"{name}.parquet").num_rows == told["rows"][name]
    assert is_evolution(tmp_path / "out")
    again = command(["evolve", "events.parquet", "--quick", "--out", "out"], tmp_path)
    assert again.code == 0, again.err


def test_the_summary_names_no_person(world):
    told = json.dumps(sw.evolve(world, quick=True).summary)
    assert not [one for one in set(world.events["user"].to_pylist()) if f'"{one}"' in told]


def test_an_empty_log_is_refused(world):
    from dataclasses import replace

    with pytest.raises(EmptyLogError, match="no event"):
        sw.evolve(replace(world, events=world.events.slice(0, 0)))


def test_one_person_of_one_day_gets_an_answer_that_names_what_was_left_out(log_of):
    found = sw.evolve(log_of([("a", "x", "view", 0), ("a", "y", "view", 1)]))
    assert len(found.drift) == 0
    assert len(found.cohorts) == 0
    assert len(found.notes) >= 2


def test_an_ordered_log_still_has_its_steps(log_of):
    found = sw.evolve(log_of([("a", f"i{k % 3}", "view", 0) for k in range(20)], ordered=True))
    assert len(found.transitions) > 0
    assert any("no times" in one for one in found.notes)


def test_retention_counts_people_who_came_back(log_of):
    rows = [(f"u{k}", "x", "view", 0.0) for k in range(10)] + [(f"u{k}", "x", "view", 24 * 7.5) for k in range(4)]
    rows += [("late", "x", "view", 24 * 40.0)]
    found = find_cohorts(read_acts(log_of(rows)))
    first = {one["age"]: one for one in found.table.to_pylist() if one["established"]}
    assert (first[0]["people"], first[1]["active"], first[1]["retention"], first[2]["active"]) == (10, 4, 0.4, 0)
    assert first[1]["ci_low"] < 0.4 < first[1]["ci_high"]


def test_an_event_is_a_return_where_the_person_had_the_item(log_of):
    acts = read_acts(
        log_of([("a", "x", "view", 0), ("b", "x", "view", 1), ("a", "x", "view", 2), ("a", "y", "view", 3)])
    )
    assert is_return(acts).tolist() == [False, False, True, False]


def test_links_know_nothing_of_what_comes_later(world):
    acts = read_acts(world)
    cut = int(acts.time_us[len(acts) // 2])
    early = world.events.filter(pa.compute.less(world.events["time"].cast(pa.int64()), cut))
    from dataclasses import replace

    one = find_links(acts.before(cut)).table
    other = find_links(read_acts(replace(world, events=early))).table
    assert one.select(["user", "item", "rank"]).to_pylist() == other.select(["user", "item", "rank"]).to_pylist()
    assert np.allclose(one["probability"].to_numpy(), other["probability"].to_numpy())


def test_chances_of_links_sum_to_no_more_than_one(world):
    table = find_links(read_acts(world)).table
    assert (
        max(pa.TableGroupBy(table, "user").aggregate([("probability", "sum")])["probability_sum"].to_pylist())
        <= 1.000001
    )
    assert {"return", "discovery"} >= set(table["mark"].to_pylist())


def test_returning_people_are_linked_to_what_they_had(log_of):
    rows = [
        (f"u{p}", f"i{p % 5}" if k % 2 else f"i{p}x{k % 4}", "play", 24 * k + p / 60)
        for p in range(40)
        for k in range(12)
    ]
    found = find_links(read_acts(log_of(rows)))
    assert found.mrr > 2 * found.popular_mrr
