"""Logs that say more than what happened: known chances, a position that was shuffled, a declared graph."""

import numpy as np
import pytest

from swayline.core.errors import SchemaError
from swayline.influence.effects.behavior_effects import BehaviorEffects

HOUR = 3600.0


def log_of(make_log, seed, effect=0.25, randomised=False, pairs=3000):
    """An impression (position 1 to 8) opens each pair; a wish that no column shows moves click and purchase."""
    rng = np.random.default_rng(seed)
    rows, position, chance_of = [], [], []
    for k in range(pairs):
        user, item, start = f"u{k % 600}", f"i{k}", float(rng.uniform(0, 20 * 24)) * HOUR
        place, wish = int(rng.integers(1, 9)), rng.random() < 0.5
        chance = float(rng.choice([0.3, 0.6])) if randomised else 0.75 - 0.08 * place + 0.2 * wish
        rows.append((user, item, "impression", start))
        position.append(float(place))
        chance_of.append(chance)
        clicked = rng.random() < chance
        if clicked:
            rows.append((user, item, "click", start + HOUR))
            position.append(None)
            chance_of.append(None)
        if rng.random() < 0.1 + effect * clicked + 0.4 * wish:
            rows.append((user, item, "purchase", start + 48 * HOUR))
            position.append(None)
            chance_of.append(None)
    rows.append(("end", "end", "impression", 40 * 24 * HOUR))
    log = make_log(rows)
    return log.append_column("position", [[*position, 1.0]]).append_column("propensity", [[*chance_of, 0.5]])


def fit(log, **more):
    return BehaviorEffects(["click"], "purchase", "1d", "3d", learner="linear", **more).fit(log)


def row_of(found, estimand):
    return next(r for r in found.ledger_.to_pylist() if r["estimand"] == estimand and r["primary"])


@pytest.mark.parametrize("effect", [0.25, 0.0])
def test_a_shuffled_position_finds_what_adjusting_overstates(make_log, effect):
    found = fit(log_of(make_log, 1, effect), instrument="position")
    late, ate = row_of(found, "late"), row_of(found, "ate")
    assert late["ci_low"] <= effect <= late["ci_high"]
    assert late["identified"] == "assumed"
    assert "2sls, instrument position" in late["method"]
    assert ate["ci_low"] > effect
    reduced = next(r for r in found.ledger_.to_pylist() if r["estimand"] == "reduced_form")
    assert reduced["cause"] == "position"


@pytest.mark.parametrize("effect", [0.25, 0.0])
def test_a_known_propensity_identifies(make_log, effect):
    found = fit(log_of(make_log, 2, effect, randomised=True), propensity="propensity")
    rows = [
        r for r in found.ledger_.to_pylist() if r["method"] in ("ipw, landmark episodes", "aipw, landmark episodes")
    ]
    assert {r["identified"] for r in rows} == {"yes"}
    assert all(r["ci_low"] <= effect <= r["ci_high"] for r in rows)


def test_a_graph_with_an_unseen_cause_makes_the_verdict_no(make_log):
    log = log_of(make_log, 3, pairs=1500)
    row = row_of(fit(log, graph="impression -> click -> purchase; click <-> purchase"), "ate")
    assert row["identified"] == "no"
    assert "unseen cause of click and purchase" in row["assumptions"]
    row = row_of(fit(log, graph="impression -> click -> purchase; impression -> purchase"), "ate")
    assert row["identified"] == "assumed"
    assert "by the graph adjusting for impression" in row["assumptions"]


def test_a_column_that_the_log_lacks_is_named(make_log):
    with pytest.raises(SchemaError, match="no column 'rank'"):
        fit(log_of(make_log, 4, pairs=300), instrument="rank")
