"""Effects on a condition: what brings high values, and not only any value."""

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import OutcomeError
from swayline.influence.effects import BehaviorEffects


def _world(effect, seed=0, n=4000):
    """View, then perhaps a trial (at random), then a rating: trials change how high it is, and not whether it comes."""
    rng = np.random.default_rng(seed)
    tried, rated = rng.random(n) < 0.5, rng.random(n) < 0.6
    high = rng.random(n) < 0.4 + effect * tried
    rows = {"user": [], "item": [], "behavior": [], "value": [], "time": []}

    def act(pair, behavior, hours, value=None):
        cells = (f"u{pair % 800}", f"i{pair}", behavior, value, int((pair * 0.01 + hours) * 3.6e9))
        for name, cell in zip(rows, cells, strict=True):
            rows[name].append(cell)

    for pair in range(n):
        act(pair, "view", 0)
        if tried[pair]:
            act(pair, "trial", 0.5)
        if rated[pair]:
            act(pair, "rate", 3, 5.0 if high[pair] else 2.0)
    table = pa.table(rows)
    return table.set_column(4, "time", table["time"].cast(pa.timestamp("us", tz="UTC"))).sort_by("time")


def _quoted(events, outcome):
    effects = BehaviorEffects(["trial"], outcome, window="1h", horizon="5h", learner="linear").fit(events)
    rows = [row for row in effects.ledger_.to_pylist() if row["primary"] and row["estimand"] == "ate"]
    assert {row["effect"] for row in rows} == {outcome}
    return rows[0]


def test_finds_the_planted_effect_on_high_values_alone():
    events = _world(0.3)
    high, low = _quoted(events, "rate>=4"), _quoted(events, "rate<4")
    planted = 0.6 * 0.3
    assert high["ci_low"] < planted < high["ci_high"]
    assert high["ci_low"] > 0
    assert low["ci_high"] < 0
    anything = _quoted(events, "rate")
    assert anything["ci_low"] < 0 < anything["ci_high"]


def test_finds_none_where_there_is_none():
    row = _quoted(_world(0.0, seed=1), "rate>=4")
    assert row["ci_low"] < 0 < row["ci_high"]


def test_what_misses_the_condition_is_no_treatment_unless_it_is_named():
    effects = BehaviorEffects(outcome="rate>=4", window="1h", horizon="5h", learner="linear").fit(_world(0.3))
    assert "rate<4" not in set(effects.ledger_["cause"].to_pylist())


def test_an_unknown_behaviour_in_a_condition_is_named():
    with pytest.raises(OutcomeError, match="did you mean 'rate'"):
        BehaviorEffects(["trial"], "rat>=4").fit(_world(0.0))
