"""People who respond: what is planted happens, and nothing happens where nothing is planted."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from swayline.core.errors import ConfigError, UsageError
from swayline.simulation.responding import (
    RespondingSettings,
    RespondingWorld,
    events_of,
    exposure_table,
    named_world,
    random_lists,
    simulate_days,
)


def _logged(settings):
    world = RespondingWorld(settings)
    shape = (len(world), settings.items)
    days = list(simulate_days(world, random_lists(world), 0, settings.logged_days, np.zeros(shape, bool), []))
    return world, days


def _nothing(day, present, owned):
    return np.full((len(owned), 1), -1)


def test_lists_change_nothing_where_nothing_sways_anybody():
    world = RespondingWorld(named_world("quiet", 3))
    shape = (len(world), world.settings.items)
    without = [one.taken for one in simulate_days(world, _nothing, 0, 10, np.zeros(shape, bool), [])]
    with_lists = [one.taken for one in simulate_days(world, random_lists(world), 0, 10, np.zeros(shape, bool), [])]
    assert all((a == b).all() for a, b in zip(without, with_lists, strict=True))
    assert sum(one.sum() for one in without) > 100


def test_the_planted_uplift_is_what_a_random_log_shows():
    world, days = _logged(replace(named_world("persuadable"), people=1500, taste=0.0, position_bias=0.0))
    table = exposure_table(world, days)
    shown, outcome = table["shown"].to_numpy(), table["outcome"].to_numpy()
    kinds = world.uplift[table["kind_of_person"].to_numpy(), table["kind_of_item"].to_numpy()]
    for planted in np.unique(kinds):
        some = kinds == planted
        effect = outcome[some & shown].mean() - outcome[some & ~shown].mean()
        error = 4 * np.sqrt(outcome[some & shown].var() / (some & shown).sum())
        assert abs(effect - planted * (1 - outcome[some & ~shown].mean())) < error


def test_what_ties_took_spreads_where_contagion_is_planted_and_nowhere_else():
    def excess(contagion):
        settings = RespondingSettings(people=800, ties_per_person=5.0, contagion=contagion, taste=0.0, base=-4.0)
        world, days = _logged(settings)
        owned, after, base = np.zeros((len(world), settings.items), bool), [], []
        for before, now in itertools.pairwise(days):
            owned |= before.taken
            touched = (world.ties @ before.taken > 0) & ~owned
            after.append(now.taken[touched].mean())
            base.append(now.taken[~touched & ~owned].mean())
        return np.mean(after) / np.mean(base)

    assert excess(0.0) == pytest.approx(1.0, abs=0.25)
    assert excess(1.0) > 1.8


def test_tastes_drift_and_newcomers_join():
    world = RespondingWorld(named_world("whole"))
    assert np.corrcoef(world.taste_on(0).ravel(), world.taste_on(20).ravel())[0, 1] < 0.5
    still = RespondingWorld(named_world("quiet"))
    assert (still.taste_on(0) == still.taste_on(20)).all()
    assert len(world) == 300 + 27 * 15
    assert (world.joined == 5).sum() == 15


def test_the_log_holds_what_happened():
    world, days = _logged(replace(named_world("social"), people=60, logged_days=3))
    events, ties = events_of(world, days)
    assert events.filter(np.array(events["behavior"].to_pylist()) == "purchase").num_rows == sum(
        one.taken.sum() for one in days
    )
    assert events.filter(np.array(events["behavior"].to_pylist()) == "impression").num_rows == 60 * 5 * 3
    assert len(ties) == world.ties.sum()


@pytest.mark.parametrize(("dial", "value"), [("uplift", float("nan")), ("uplift", 0.9), ("places", 0), ("people", 1)])
def test_a_dial_out_of_range_is_named(dial, value):
    with pytest.raises(ConfigError, match=dial):
        RespondingSettings(**{dial: value})


def test_an_unknown_world_is_named_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'social'"):
        named_world("socal")
