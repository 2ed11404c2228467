"""Ranking by change: the planted change is found by kinds, none is found where none is, and lists follow it."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

import swayline as sw
from swayline.core.errors import DataError, UsageError
from swayline.recommend import Chain, Context, Query, UpliftRanker
from swayline.simulation.responding import RespondingWorld, exposure_table, named_world, random_lists, simulate_days


def _table(name, people=800):
    world = RespondingWorld(replace(named_world(name, 2), people=people, position_bias=0.0))
    shape = (len(world), world.settings.items)
    return world, exposure_table(
        world, list(simulate_days(world, random_lists(world), 0, 6, np.zeros(shape, bool), []))
    )


def _by_kinds(world, ranker):
    people, items = (part.ravel() for part in np.indices(world.uplift.shape))
    return ranker.effects({"kind_of_person": people, "kind_of_item": items})[1].reshape(world.uplift.shape)


def test_the_planted_change_is_found_where_it_is():
    world, table = _table("persuadable")
    found = _by_kinds(world, UpliftRanker(["kind_of_person"], ["kind_of_item"]).fit(table))
    assert np.corrcoef(found.ravel(), world.uplift.ravel())[0, 1] > 0.95
    assert found[world.uplift > 0].mean() == pytest.approx(world.uplift[world.uplift > 0].mean(), abs=0.06)
    assert abs(found[world.uplift == 0].mean()) < 0.03


def test_no_change_is_found_where_nothing_sways_anybody():
    world, table = _table("quiet")
    found = _by_kinds(world, UpliftRanker(["kind_of_person"], ["kind_of_item"]).fit(table))
    assert np.abs(found).max() < 0.02


def test_the_step_uplift_puts_first_what_showing_changes():
    """Everybody takes `safe` anyway; showing `swayed` is what changes something."""
    rng = np.random.default_rng(0)
    n = 8000
    kind = rng.choice(["safe", "swayed", "dull"], size=n)
    shown = rng.random(n) < 0.3
    chance = np.select([kind == "safe", (kind == "swayed") & shown], [0.6, 0.3], 0.02)
    chances = pa.table({
        "shown": shown, "propensity": np.full(n, 0.3), "outcome": (rng.random(n) < chance).astype(float),
        "category": kind, "town": rng.choice(["N", "S"], size=n),
    })  # fmt: skip
    met = ["safe1", "dull1", "safe2", "swayed1"]
    events = pa.table({
        "user": [f"u{u}" for u in range(40) for _ in range(2)], "item": [met[(u + s) % 4] for u in range(40) for s in range(2)],
        "time": list(range(80)),
    })  # fmt: skip
    items = pa.table({"item": ["safe1", "safe2", "swayed1", "dull1"], "category": ["safe", "safe", "swayed", "dull"]})
    people = pa.table({"user": [f"u{u}" for u in range(40)], "town": ["N", "S"] * 20})
    model = sw.Recommender("item-knn").fit(sw.read_events(events, items=items, users=people))
    context = Context(model.bundle(), uplift=UpliftRanker(["town"], ["category"]).fit(chances))
    asked = [Query(user="u1", k=4, seen="keep")]
    first = Chain().with_step("uplift").serve(context, asked)["item"][0].as_py()
    by_outcome = Chain().with_step({"step": "uplift", "strength": 0.0}).serve(context, asked)["item"][0].as_py()
    assert (first, by_outcome[:4]) == ("swayed1", "safe")


def test_the_step_uplift_without_a_fit_says_what_to_give():
    events = pa.table({"user": ["a", "b"] * 3, "item": ["x", "y", "z"] * 2, "time": list(range(6))})
    model = sw.Recommender("most-popular").fit(sw.read_events(events))
    with pytest.raises(DataError, match="needs a fitted UpliftRanker"):
        Chain().with_step("uplift").serve(model.context, [Query(user="a", seen="keep")])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"propensity": [0.0] * 6}, "propensity of row 1 is 0.0"),
        ({"propensity": [1.5] * 6}, "propensity of row 1 is 1.5"),
        ({"shown": [True] * 6}, "everything or nothing was shown"),
        ({"kind": None}, "no column 'kind'"),
    ],
)
def test_chances_that_cannot_be_are_named(change, said):
    columns = {
        "shown": [True, False] * 3,
        "propensity": [0.5] * 6,
        "outcome": [1.0, 0.0] * 3,
        "kind": ["a", "b"] * 3,
    } | change
    with pytest.raises((DataError, UsageError)) as error:
        UpliftRanker([], ["kind"]).fit(
            pa.table({name: values for name, values in columns.items() if values is not None})
        )
    assert said in str(error.value)
