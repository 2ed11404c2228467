"""Worlds of testing/log_worlds.py, one seed each; tests/truth has many."""

import pytest

from swayline.influence.effects import BehaviorEffects
from swayline.testing.log_worlds import log_world


def ask(name, effect=0.0, seed=11, **dials):
    made = log_world(name, seed, effect, **dials)
    found = BehaviorEffects(["cart"], "purchase", learner="linear", seed=seed).fit(made.log)
    rows = found.ledger_.to_pylist()
    row = next(one for one in rows if one["estimand"] == "ate" and one["primary"])
    return made, found, row, rows


@pytest.mark.parametrize("name", ["promotion, several"])
def test_what_a_day_or_an_item_on_a_day_adds_is_held_fixed(name):
    made, _, row, rows = ask(name)
    assert row["ci_low"] <= made.truth(row["window_s"], row["horizon_s"]) <= row["ci_high"]
    assert row["method"].startswith("aipw within item and day")
    assert row["identified"] == "assumed"
    plain = next(one for one in rows if one["method"] == "aipw, landmark episodes")
    assert plain["ci_low"] > 0  # what was quoted before claims an effect that nobody planted ...
    assert plain["identified"] == "no"  # ... and says so now


def test_taste_is_held_fixed_where_the_past_shows_it_and_carry_over_is_not_mistaken_for_it():
    made, _, row, _ = ask("taste", 0.2)
    assert "person" in row["method"]
    assert row["ci_low"] <= made.truth(row["window_s"], row["horizon_s"]) <= row["ci_high"]
    _, _, carried, _ = ask("carry-over", 0.2)
    assert "person" not in carried["method"]


@pytest.mark.parametrize(("name", "check"), [("reverse", "right before the outcome"), ("stolen", "own other items")])
def test_a_check_says_no_to_what_cannot_be_held_fixed(name, check):
    _, _, row, _ = ask(name)
    assert row["identified"] == "no"
    assert check in row["assumptions"]


def test_an_audit_plants_effects_and_stops_in_time():
    _, found, row, _ = ask("sale days", n_users=300)
    (audit,) = found.audit()
    assert audit.draws == (5, 5)
    assert abs(audit.bias_null) < 2.6 * audit.noise
    assert audit.naive > 0.01  # the copies hold the confounding of the log
    assert audit.found >= 0.6
    assert audit.verdict == row["identified"]
    assert "copies of this log" in audit.in_words()
    (short,) = found.audit(seconds=0)
    assert short.draws == (1, 1)


def test_an_unknown_world_is_refused_with_the_nearest_name():
    with pytest.raises(Exception, match="taste"):
        log_world("tast", 0)
