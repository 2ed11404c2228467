"""Doses, orders, timings, combinations and mediation, planted in a log and found in it, zeros too."""

import numpy as np
import pytest

from swayline.core.errors import IdentificationError
from swayline.influence.effects.behavior_effects import BehaviorEffects

HOUR = 3600.0


def log_of(make_log, seed, dose=0.0, order=0.0, cart=0.0, favorite=0.0, soon=0.0, pairs=3000):
    """Pairs open with a view; more views, a cart, a favourite may follow within a day; the purchase two days later."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(pairs):
        user, item, start = f"u{k % 500}", f"i{k}", float(rng.uniform(0, 20 * 24)) * HOUR
        keen = rng.random() < 0.5
        rows.append((user, item, "view", start))
        views = rng.poisson(1.0)
        rows += [(user, item, "view", start + float(rng.uniform(0.1, 20)) * HOUR) for _ in range(views)]
        at = {}
        for name, share in (("cart", 0.4), ("favorite", 0.4)):
            if rng.random() < share:
                at[name] = start + float(np.exp(rng.uniform(np.log(0.2), np.log(20)))) * HOUR
                rows.append((user, item, name, at[name]))
        chance = 0.15 + 0.05 * keen + dose * min(views, 4) + cart * ("cart" in at) + favorite * ("favorite" in at)
        if len(at) == 2:
            chance += order * (at["cart"] < at["favorite"])
        if "cart" in at:
            chance -= soon * np.log2((at["cart"] - start) / HOUR / 2)
        if rng.random() < chance:
            rows.append((user, item, "purchase", start + 48 * HOUR))
    rows.append(("end", "end", "view", 40 * 24 * HOUR))
    return make_log(rows)


def further(log, treatments=("view", "cart", "favorite")):
    found = BehaviorEffects(list(treatments), "purchase", "1d", "3d", learner="linear").fit(log)
    kinds = ("ate_dose", "ate_order", "ate_timing", "ate_combination")
    return {(row["estimand"], row["cause"]): row for row in found.ledger_.to_pylist() if row["estimand"] in kinds}


def near(row, truth):
    return row["ci_low"] - 0.01 <= truth <= row["ci_high"] + 0.01


def test_planted_dose_order_timing_and_combination_are_found(make_log):
    rows = further(log_of(make_log, 5, dose=0.05, order=0.25, cart=0.2))
    assert near(rows["ate_dose", "view"], 0.05)
    assert rows["ate_dose", "view"]["ci_low"] > 0
    assert near(rows["ate_order", "cart before favorite"], 0.25)
    assert rows["ate_order", "cart before favorite"]["ci_low"] > 0.1
    timed = further(log_of(make_log, 6, cart=0.2, soon=0.05))
    assert near(timed["ate_timing", "cart sooner"], 0.05)
    assert timed["ate_timing", "cart sooner"]["ci_low"] > 0
    assert near(timed["ate_timing", "favorite sooner"], 0.0)
    both = rows["ate_combination", "cart+favorite"]
    assert both["reference"] == "none of cart, favorite"
    assert both["ci_low"] > 0.2
    assert rows["ate_combination", "cart"]["ci_low"] > 0.1
    assert near(rows["ate_combination", "favorite"], 0.0)


def test_planted_zeros_are_found_zero(make_log):
    rows = further(log_of(make_log, 1))
    assert len(rows) >= 6
    assert sum(row["ci_low"] <= 0 <= row["ci_high"] for row in rows.values()) >= len(rows) - 1
    assert all(abs(row["estimate"]) < 0.08 for row in rows.values())


def test_each_answer_says_what_it_compares_and_is_judged(make_log):
    rows = further(log_of(make_log, 2, pairs=1200))
    dose = rows["ate_dose", "view"]
    assert "Per further view" in dose["assumptions"]
    assert dose["identified"] in ("assumed", "no")
    assert "placebo treatment" in dose["refutations"]
    assert rows["ate_order", "cart before favorite"]["reference"] == "favorite before cart"


@pytest.mark.parametrize("direct", [0.0, 0.15])
def test_mediation_splits_what_runs_through_the_cart(make_log, direct):
    rng = np.random.default_rng(5)
    rows = []
    for k in range(4000):
        user, item, start = f"u{k % 500}", f"i{k}", float(rng.uniform(0, 20 * 24)) * HOUR
        rows.append((user, item, "view", start))
        liked = rng.random() < 0.5
        if liked:
            rows.append((user, item, "favorite", start + HOUR))
        cart = rng.random() < 0.2 + 0.4 * liked
        if cart:
            rows.append((user, item, "cart", start + 2 * HOUR))
        if rng.random() < 0.1 + direct * liked + 0.5 * cart:
            rows.append((user, item, "purchase", start + 48 * HOUR))
    rows.append(("end", "end", "view", 40 * 24 * HOUR))
    found = BehaviorEffects(["favorite", "cart"], "purchase", "1d", "3d", learner="linear").fit(make_log(rows))
    split = {
        row["estimand"]: row for row in found.ledger_.to_pylist()
        if row["cause"] == "favorite" and row["reference"] == "cart"
    }  # fmt: skip
    assert near(split["ate_direct"], direct)
    assert near(split["ate_through"], 0.2)


def test_a_log_too_short_for_any_landmark_says_so(make_log):
    rows = [(f"u{k}", f"i{k}", act, k * 60.0 + shift) for k in range(50) for shift, act in enumerate(("view", "cart"))]
    rows.append(("u1", "i1", "purchase", 4000.0))
    with pytest.raises(IdentificationError, match="0 with the outcome"):
        BehaviorEffects(["cart"], "purchase", "2d", "3h", learner="linear").fit(make_log(rows))


def test_the_graph_of_hypotheses_joins_what_drives_the_outcome_and_time_points_it(make_log):
    found = BehaviorEffects(["cart", "favorite"], "purchase", "1d", "3d", learner="linear").fit(
        log_of(make_log, 3, cart=0.4, pairs=1500)
    )
    edges = {(row["source"], row["target"]): row for row in found.graph_.to_pylist()}
    assert edges["cart", "purchase"]["oriented"] == 1.0
    assert edges["cart", "purchase"]["confidence"] >= 0.6
    assert ("favorite", "purchase") not in edges
    assert found.picture()["graph"] == found.graph_.to_pylist()


def test_a_lag_that_never_varies_has_no_timing(make_log):
    rng = np.random.default_rng(0)
    rows = []
    for k in range(600):
        user, item, start = f"u{k % 100}", f"i{k}", float(rng.uniform(0, 20 * 24)) * HOUR
        rows.append((user, item, "view", start))
        if rng.random() < 0.5:
            rows.append((user, item, "cart", start + 0.5))
        if rng.random() < 0.3:
            rows.append((user, item, "purchase", start + 48 * HOUR))
    rows.append(("end", "end", "view", 40 * 24 * HOUR))
    assert not [key for key in further(make_log(rows), ["cart"]) if key[0] == "ate_timing"]
