import json

import numpy as np
import pytest

from swayline import simulation as simulate
from swayline.core.errors import IdentificationError, OutcomeError, UsageError
from swayline.influence.effects.behavior_effects import BehaviorEffects

HOUR = 3600.0


@pytest.fixture(scope="module")
def shop():
    return simulate.world(simulate.WorldSettings(users=600, items=300, events=12_000, seed=3))


@pytest.fixture(scope="module")
def measured(shop):
    asked = BehaviorEffects(["cart", "share"], "purchase", "1d", "7d", learner="linear")
    return asked.fit(shop.events)


def quoted(effects):
    return {row["cause"]: row for row in effects.ledger_.to_pylist() if row["primary"] and row["estimand"] == "ate"}


def test_finds_the_planted_effect_and_the_planted_zero(shop, measured):
    rows = quoted(measured)
    truth = shop.truth["effects"]
    for word in ("cart", "share"):
        assert rows[word]["ci_low"] < truth[word]["ate_overlap"] < rows[word]["ci_high"], word
    assert rows["cart"]["ci_low"] > 0
    naive = [
        row for row in measured.ledger_.to_pylist()
        if row["cause"] == "share" and row["method"].startswith("difference in means")
    ]  # fmt: skip
    assert naive[0]["ci_low"] > 0.05
    assert naive[0]["identified"] == "no"


def test_rows_say_what_was_asked_and_what_was_left_out(measured):
    row = quoted(measured)["cart"]
    assert (row["cause_kind"], row["effect"], row["unit"]) == ("behavior", "purchase", "probability")
    assert (row["window_s"], row["horizon_s"]) == (24 * HOUR, 7 * 24 * HOUR)
    assert "left out" in row["assumptions"]
    assert "placebo treatment" in json.loads(row["refutations"])
    overlap = {one["treatment"]: one for one in measured.overlap_.to_pylist()}
    assert overlap["cart"]["rows"] > overlap["cart"]["treated"] > 0
    assert overlap["cart"]["left_out_end"] > 0


def test_the_picture_holds_overlap_and_balance_of_what_is_quoted(measured):
    picture = measured.picture(most=5)
    assert {row["treatment"] for row in picture["overlap"]} == {"cart", "share"}
    of_cart = [row for row in picture["balance"] if row["treatment"] == "cart"]
    assert len(of_cart) == 5
    assert abs(of_cart[0]["before"]) >= abs(of_cart[-1]["before"]) > abs(of_cart[0]["after"])
    assert json.loads(json.dumps(picture, allow_nan=False)) == picture


def test_weighting_balances_what_confounds(measured):
    rows = [
        row for row in measured.balance_.to_pylist() if row["treatment"] == "cart" and row["control"] == "own: view"
    ]
    assert abs(rows[0]["before"]) > 0.3
    assert abs(rows[0]["after"]) < 0.1


def test_joint_and_mediated_effects_stand_beside(measured):
    estimands = {row["estimand"] for row in measured.ledger_.to_pylist() if row["cause"] == "share"}
    assert {"ate", "ate_joint", "ate_direct", "ate_through", "association", "bound"} <= estimands


def test_early_outcomes_move_the_answer_to_trials(make_log):
    rng = np.random.default_rng(0)
    rows = []
    for k in range(1500):
        start = float(rng.uniform(0, 20 * 24)) * HOUR
        user, item = f"u{k % 300}", f"i{k}"
        rows.append((user, item, "view", start))
        act = "cart" if rng.random() < 0.4 else "view"
        rows.append((user, item, act, start + 60))
        if rng.random() < (0.5 if act == "cart" else 0.2):
            rows.append((user, item, "purchase", start + 120))
    rows.append(("end", "end", "view", 30 * 24 * HOUR))
    measured = BehaviorEffects(["cart"], "purchase", "1d", "1d", learner="linear").fit(make_log(rows))
    by_design = {row["design"]: row for row in measured.overlap_.to_pylist()}
    assert set(by_design) == {"landmark episodes", "sequential trials"}
    row = quoted(measured)["cart"]
    assert row["method"].endswith(", sequential trials")
    assert row["estimate"] > 0.1


def test_cate_rows_name_the_user(shop):
    measured = BehaviorEffects(["cart"], "purchase", "1d", "7d", estimand="cate", learner="linear").fit(shop.events)
    rows = [row for row in measured.ledger_.to_pylist() if row["estimand"] == "cate"]
    assert len(rows) > 500
    assert {row["subject"] for row in rows} <= set(shop.events.column("user").to_pylist())


def test_most_rows_draws_whole_users(shop):
    measured = BehaviorEffects(["cart"], "purchase", "1d", "7d", learner="linear", most_rows=800).fit(shop.events)
    assert measured.overlap_.to_pylist()[0]["rows"] < 1200


def test_too_few_episodes_are_not_measured(make_log):
    log = make_log([("u", "x", "view", 0.0), ("u", "x", "cart", 9.0), ("u", "x", "purchase", 20.0)])
    with pytest.raises(IdentificationError, match="too few"):
        BehaviorEffects(["cart"], "purchase").fit(log)


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"treatments": ["cat"]}, OutcomeError, "did you mean 'cart'"),
        ({"outcome": "sale"}, OutcomeError, "does not occur"),
        ({"treatments": ["purchase"]}, UsageError, "cannot be a treatment"),
        ({"window": "soon"}, UsageError, "duration 'soon'"),
        ({"estimand": "late"}, UsageError, "estimand"),
        ({"learner": "lin"}, UsageError, "auto, linear, boosting, forest"),
        ({"unit": "shop"}, UsageError, "must be one of item, category"),
    ],
)
def test_refuses_what_makes_no_sense(make_log, settings, error, words):
    log = make_log([("u", "x", "view", 0.0), ("u", "x", "cart", 9.0), ("u", "x", "purchase", 20.0)])
    with pytest.raises(error, match=words):
        BehaviorEffects(**({"outcome": "purchase"} | settings)).fit(log)
