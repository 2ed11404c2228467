"""Experiments on networks: planted effects are found, none where there is none, and what the table cannot say is said."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from swayline.causal.interference import Design, estimate_network_effects
from swayline.causal.interference.assignment import read_assignment
from swayline.causal.interference.exposure import read_mapping, read_reach
from swayline.core.errors import IdentificationError, SchemaError, UsageError
from swayline.testing.network_experiments import network_experiment


def asked(world, *mappings, **changes):
    design = replace(world.design, **changes)
    return estimate_network_effects(world.table, world.ties, design, mappings or ("share",), draws=99)


def test_exposures_are_what_they_say():
    treated, ties = np.array([0.0, 1.0, 2.0, 2.0]), np.array([1.0, 2.0, 2.0, 5.0])
    said = {"share": [0, 0.5, 1, 0.4], "count": [0, 1, 2, 2], "any": [0, 1, 1, 1], "share>=0.5": [0, 1, 1, 0],
            "count >= 2": [0, 0, 1, 1]}  # fmt: skip
    for name, wanted in said.items():
        assert read_mapping(name)(treated, ties).tolist() == wanted


@pytest.mark.parametrize("name", ["shar", "share>=", "share>=2", "count>=0", "share>0.5", "any>=1", ""])
def test_unknown_exposures_are_refused(name):
    with pytest.raises(UsageError, match="unknown"):
        read_mapping(name)


@pytest.mark.parametrize("mapping", ["share", "any", "count"])
def test_planted_effects_are_found(mapping):
    size = 0.8 if mapping != "count" else 0.3
    world = network_experiment(2, mapping, spillover=size, people=1500)
    one = asked(world, mapping).found[0]
    assert one.spillover.low < size < one.spillover.high
    assert one.spillover.low > 0
    assert one.direct.low < world.direct < one.direct.high
    assert one.checks["randomisation"].figure < 0.05
    assert one.verdict(True)[0] == "yes"


def test_no_spillover_is_found_where_there_is_none_though_people_of_many_ties_differ():
    p_values, naive = [], []
    for seed in range(12):
        world = network_experiment(seed, "any", spillover=0.0)
        one = asked(world, "any").found[0]
        p_values.append(one.checks["randomisation"].figure)
        naive.append(one.naive.low > 0)
        assert one.spillover.p > 0.001
    assert np.mean(p_values) > 0.25
    assert np.mean(naive) > 0.5  # outcomes go together with ties' outcomes, and nobody moved anybody


def test_an_encouragement_moves_ties_through_what_they_take_up():
    rng = np.random.default_rng(5)
    world = network_experiment(5, spillover=0.0, people=1500)
    table, ties = world.table.to_pydict(), world.ties.to_pydict()
    own_wish = rng.normal(size=1500)
    took = (np.array(table["treated"]) * 1.5 + own_wish > 1.0).astype(float)
    at = {name: k for k, name in enumerate(table["person"])}
    source, target = (np.array([at[one] for one in ties[end]]) for end in ("source", "target"))
    count = np.maximum(np.bincount(target, minlength=1500), 1)
    share = np.bincount(target, took[source], 1500) / count
    alike = np.bincount(target, own_wish[source], 1500) / count  # ties who want it are ties of people who want it
    y = 0.5 * took + 0.7 * share + own_wish + 1.5 * alike + 0.3 * rng.normal(size=1500)
    frame = world.table.append_column("took", pa.array(took)).set_column(4, "y", pa.array(y))
    design = replace(world.design, taken="took")
    found = estimate_network_effects(frame, world.ties, design, draws=99)
    one = found.found[0]
    assert one.strength > 30
    assert one.spillover.low < 0.7 < one.spillover.high
    assert one.direct.low < 0.5 < one.direct.high
    assert one.naive.low > 1.0  # by itself, what ties took up says far too much
    rows = found.ledger.to_pandas()
    assert rows[rows["estimand"] == "late"]["cause"].tolist() == ["took"]
    assert rows[rows["primary"]]["method"].unique().tolist() == ["two-stage least squares"]


def test_a_weak_encouragement_says_no():
    rng = np.random.default_rng(0)
    world = network_experiment(0)
    frame = world.table.append_column("took", pa.array(rng.integers(0, 2, 600).astype(float)))
    one = estimate_network_effects(frame, world.ties, replace(world.design, taken="took"), draws=19).found[0]
    assert one.verdict(True) == ("no", f"Not identified: {one.checks['instrument'].words}.")


def test_rows_stand_in_the_ledger_beside_the_association():
    rows = asked(network_experiment(1), "share", "any").ledger.to_pandas()
    quoted = rows[rows["primary"]]
    assert quoted["estimand"].tolist() == ["spillover", "ate", "spillover"]
    assert set(quoted["cause"]) == {"treated of ties: share", "treated", "treated of ties: any"}
    assert set(quoted["evidence"]) == {"experiment"}
    assert set(rows[rows["estimand"] == "association"]["identified"]) == {"no"}


def test_a_treatment_that_went_with_what_was_known_before_says_no():
    world = network_experiment(3, people=1500)
    rng = np.random.default_rng(0)
    known = np.array(world.table["before"])
    picked = (known + 0.3 * rng.normal(size=1500) > 0.5).astype(float)  # called random, and is not
    table = world.table.set_column(3, "treated", pa.array(picked))
    at = {name: k for k, name in enumerate(table["person"].to_pylist())}
    like = [f"p{one}" for one in np.argsort(known)]  # ties join people of the same past
    ties = pa.table({"source": like[:-1] + like[1:], "target": like[1:] + like[:-1]})
    assert len(at) == 1500
    design = Design("treated", "y", "person", ("before",), randomised=True)
    one = estimate_network_effects(table, ties, design, draws=99).found[0]
    assert one.verdict(True)[0] == "no"
    assert not one.checks["balance"].passed


def test_negative_controls_that_react_say_no():
    world = network_experiment(2, "share", spillover=0.9, people=1500)
    one = asked(world, "share", negative_controls=("before",)).found[0]
    assert one.checks["negative control before"].passed
    fooled = world.table.set_column(5, "before", world.table["y"])
    one = estimate_network_effects(
        fooled, world.ties, replace(world.design, negative_controls=("before",)), draws=19
    ).found[0]
    assert one.verdict(True)[0] == "no"


def test_draws_keep_strata_units_and_what_is_fixed():
    treated = np.array([1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, np.nan])
    unit, stratum = np.array([0, 0, 1, 1, 2, 3, 4, 5]), np.array([0, 0, 0, 0, 1, 1, 1, 1])
    assignment = read_assignment(treated, unit, stratum, ("home", "village"))
    fixed = np.zeros(8, bool)
    fixed[4] = True
    drawn = next(assignment.draws(np.random.default_rng(0), 30))
    assert (drawn[0] == drawn[1]).all()
    assert (drawn[[0, 2]].sum(axis=0) == 1).all()
    assert (drawn[4:7].sum(axis=0) == 1).all()
    assert 0 < drawn[0].mean() < 1
    assert (next(assignment.draws(np.random.default_rng(0), 30, fixed))[4] == 1).all()


def test_tables_that_cannot_answer_say_why():
    world = network_experiment(0)
    table, ties = world.table, world.ties
    strange = pa.table({"source": ["x"], "target": ["y"]})
    with pytest.raises(SchemaError, match=r"no tie joins two rows.*'x' → 'y'"):
        estimate_network_effects(table, strange, world.design)
    with pytest.raises(SchemaError, match="stands in 2 rows"):
        estimate_network_effects(pa.concat_tables([table, table.slice(0, 1)]), ties, world.design)
    with pytest.raises(UsageError, match="must be 0 or 1"):
        estimate_network_effects(table, ties, replace(world.design, treatment="before"))
    with pytest.raises(UsageError, match="holds treated and untreated rows"):
        estimate_network_effects(table, ties, replace(world.design, assigned_by="village", strata=None))
    with pytest.raises(IdentificationError, match="at least 30 are needed"):
        estimate_network_effects(table.slice(0, 40), ties.slice(0, 60), world.design)
    nobody = table.set_column(3, "treated", pa.array(np.zeros(600)))
    with pytest.raises(IdentificationError, match="no contrast"):
        estimate_network_effects(nobody, ties, world.design)


def test_people_outside_the_table_count_as_untreated_only_where_asked():
    table = pa.table({"user": ["a", "b"]})
    ties = pa.table({"source": ["b", "zoe"], "target": ["a", "a"]})
    known = np.ones(2, bool)
    assert read_reach(table, ties, "user", "drop").ties(known).tolist() == [1.0, 0.0]
    assert read_reach(table, ties, "user", "untreated").ties(known).tolist() == [2.0, 0.0]
    assert read_reach(table, ties, "user", "drop").left_out == 1
