import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from swayline.causal.effect import estimate_effect
from swayline.core.errors import IdentificationError, SchemaError, UsageError
from swayline.ledger import COLUMNS

CONTROLS = [f"x{k}" for k in range(5)]


def world(seed=0, n=1500, effect=0.4, hidden=0.0):
    """A treatment that x0 and x1 (and an unseen cause) push towards, as they do the outcome."""
    rng = np.random.default_rng(seed)
    x, u = rng.normal(size=(n, 5)), rng.normal(size=n)
    t = rng.random(n) < 1 / (1 + np.exp(-(0.8 * x[:, 0] + 0.5 * x[:, 1] + hidden * u)))
    y = effect * t * (1 + x[:, 1]) + 0.8 * x[:, 0] + 0.5 * x[:, 1] + hidden * u + rng.normal(size=n)
    return {f"x{k}": x[:, k] for k in range(5)} | {"t": t, "y": y}


def by_method(found):
    return {row["method"]: row for row in found.ledger.to_pylist() if row["subject"] is None}


def test_finds_a_planted_effect_that_the_naive_difference_misses():
    found = estimate_effect(world(), "t", "y", CONTROLS, learner="linear")
    rows = by_method(found)
    assert rows["aipw"]["ci_low"] < 0.4 < rows["aipw"]["ci_high"]
    assert rows["difference in means"]["ci_low"] > 0.5
    assert rows["aipw"]["primary"]
    assert rows["aipw"]["identified"] == "assumed"
    assert rows["difference in means"]["estimand"] == "association"
    assert tuple(found.ledger.column_names) == COLUMNS


def test_finds_nothing_where_nothing_is():
    rows = by_method(estimate_effect(world(effect=0.0), "t", "y", CONTROLS, learner="linear"))
    for method in ("regression adjustment", "ipw", "matching", "aipw", "dml", "tmle"):
        assert rows[method]["ci_low"] < 0 < rows[method]["ci_high"], method


def test_says_what_a_hidden_cause_could_do():
    found = estimate_effect(world(n=4000, hidden=0.6), "t", "y", CONTROLS, learner="linear")
    assert found.identified in ("assumed", "no")
    assert not found.estimate.low < 0.4 < found.estimate.high
    assert found.arms[0].sensitivity.low < 0.4 < found.arms[0].sensitivity.high
    assert found.arms[0].sensitivity.strongest == "x0"


def test_effects_of_persons_follow_their_modifier():
    found = estimate_effect(world(n=4000, effect=1.0), "t", "y", CONTROLS)
    fresh = world(seed=1, n=500, effect=1.0)
    truth = 1 + fresh["x1"]
    assert np.sqrt(np.mean((found.effect(fresh) - truth) ** 2)) < 0.35
    interval = found.effect_interval(fresh)
    assert interval.shape == (500, 2)
    assert (interval[:, 0] < interval[:, 1]).all()


def test_a_gaussian_process_serves_small_data():
    found = estimate_effect(world(n=250, effect=1.0), "t", "y", CONTROLS, estimand="cate")
    assert "Gaussian process" in " ".join(found.notes)
    rows = [row for row in found.ledger.to_pylist() if row["estimand"] == "cate"]
    assert len(rows) == 250
    assert rows[7]["subject"] == "7"
    assert found.estimate.low < 1 < found.estimate.high
    truth = 1 + np.asarray(world(n=250, effect=1.0)["x1"])
    inside = [row["ci_low"] < value < row["ci_high"] for row, value in zip(rows, truth, strict=True)]
    assert np.mean(inside) > 0.8


def test_effect_of_an_array_equals_that_of_a_frame():
    data = world(n=600)
    found = estimate_effect(data, "t", "y", CONTROLS, learner="linear")
    assert np.allclose(found.effect(np.column_stack([data[name] for name in CONTROLS])), found.effect(data))


def test_the_treated_have_an_effect_of_their_own():
    found = estimate_effect(world(n=6000, effect=1.0), "t", "y", CONTROLS, estimand="att", learner="linear")
    data = world(n=6000, effect=1.0)
    truth = (1 + data["x1"])[data["t"]].mean()
    assert found.estimate.low < truth < found.estimate.high
    assert by_method(found)["aipw"]["estimand"] == "att"


def test_several_arms_are_each_compared_with_the_reference():
    rng = np.random.default_rng(3)
    arm = rng.choice(["no mail", "mens", "womens"], size=3000)
    x = rng.normal(size=3000)
    y = 0.5 * (arm == "mens") + 1.0 * (arm == "womens") + x + rng.normal(size=3000)
    found = estimate_effect({"arm": arm, "x": x, "y": y}, "arm", "y", ["x"], randomised=True, learner="linear")
    rows = {row["cause"]: row for row in found.ledger.to_pylist() if row["primary"]}
    assert set(rows) == {"arm=mens", "arm=womens"}
    assert rows["arm=mens"]["ci_low"] < 0.5 < rows["arm=mens"]["ci_high"]
    assert rows["arm=womens"]["ci_low"] < 1.0 < rows["arm=womens"]["ci_high"]
    assert {row["reference"] for row in rows.values()} == {"no mail"}
    assert {row["identified"] for row in rows.values()} == {"yes"}
    assert found.effect({"x": [0.0]}, arm="womens").shape == (1,)


def test_a_dose_has_a_slope():
    rng = np.random.default_rng(4)
    x = rng.normal(size=2000)
    dose = x + rng.normal(size=2000)
    found = estimate_effect(
        {"d": dose, "x": x, "y": 0.3 * dose + x + rng.normal(size=2000)}, "d", "y", ["x"], learner="linear"
    )
    rows = by_method(found)
    assert rows["dml"]["ci_low"] < 0.3 < rows["dml"]["ci_high"]
    assert rows["least squares association"]["ci_low"] > 0.5


def test_clusters_widen_the_interval():
    rng = np.random.default_rng(5)
    village = np.repeat(np.arange(60), 20)
    t = np.repeat(rng.random(60) < 0.5, 20)
    y = np.repeat(rng.normal(size=60), 20) + rng.normal(size=1200)
    frame = {"t": t, "y": y, "v": village}
    alone = estimate_effect(frame, "t", "y", [], randomised=True)
    together = estimate_effect(frame, "t", "y", [], randomised=True, clusters="v")
    assert together.estimate.se > 2 * alone.estimate.se


def test_no_overlap_is_not_identified():
    rng = np.random.default_rng(6)
    x = rng.normal(size=2000)
    found = estimate_effect(
        {"x": x, "t": rng.random(2000) < 1 / (1 + np.exp(-8 * x)), "y": x}, "t", "y", ["x"], learner="linear"
    )
    assert found.identified == "no"
    assert found.arms[0].share_kept < 0.5


def test_an_outcome_that_hardly_anybody_has_is_not_told_with_an_interval():
    made = world(effect=0.0)
    rng = np.random.default_rng(5)
    for rate, verdict in ((0.004, "no"), (0.05, "assumed")):
        made["y"] = (rng.random(len(made["t"])) < rate).astype(float)
        found = estimate_effect(made, "t", "y", CONTROLS, learner="linear").arms[0]
        assert found.identified == verdict, found.reason
        assert ("rarer outcome: too few for an interval" in found.reason) == (verdict == "no")


def test_shown_it_says_what_to_quote_and_whether_it_holds():
    found = estimate_effect(world(n=400), "t", "y", CONTROLS, learner="linear")
    shown = repr(found).splitlines()
    assert "association" in shown[0]
    assert "identified: no" in shown[0]
    assert f"{found.estimate.value:+.4f}" in shown[1]
    assert f"identified: {found.identified}" in shown[1]
    assert found.arms[0].reason in shown[2]
    assert len(shown) == 3


def test_shown_effects_of_persons_are_a_line_and_rows_of_the_ledger():
    found = estimate_effect(world(n=400), "t", "y", CONTROLS, estimand="cate", learner="linear")
    each = found.ledger.filter(pc.equal(found.ledger["estimand"], "cate"))["estimate"].to_numpy()
    last = repr(found).splitlines()[-1]
    assert len(repr(found).splitlines()) == 4
    assert len(each) == 400
    assert f"{np.median(each):+.4f} in the middle of 400 rows" in last


def test_an_experiment_names_the_control_that_the_treatment_moved():
    rng = np.random.default_rng(4)
    t = rng.integers(0, 2, 2000)
    clicks = t + rng.normal(size=2000)
    table = {"t": t, "age": rng.normal(size=2000), "clicks": clicks, "y": clicks + rng.normal(size=2000)}
    found = estimate_effect(table, "t", "y", randomised=True, learner="linear")
    assert found.identified == "no"
    assert "in 'clicks'" in found.arms[0].reason
    assert "leave it out of the controls" in found.arms[0].reason
    assert estimate_effect(table, "t", "y", ["age"], randomised=True, learner="linear").identified == "yes"


def test_nothing_adjusted_for_is_not_identified_unless_randomised():
    data = world(n=300)
    assert estimate_effect(data, "t", "y", []).identified == "no"
    assert "randomised" in estimate_effect(data, "t", "y", []).arms[0].reason


def test_a_negative_control_that_responds_turns_the_verdict():
    data = world(n=3000, hidden=0.8)
    rng = np.random.default_rng(7)
    t = np.asarray(data["t"])
    data["before"] = 0.5 * t + rng.normal(size=3000)
    found = estimate_effect(data, "t", "y", CONTROLS, negative_controls=["before"], learner="linear")
    assert found.identified == "no"
    checks = json.loads(by_method(found)["aipw"]["refutations"])
    assert checks["negative control: before"]["passed"] is False
    assert "check failed" in by_method(found)["aipw"]["assumptions"]


def test_a_draw_that_is_not_random_is_caught():
    found = estimate_effect(world(n=2000), "t", "y", CONTROLS, randomised=True, learner="linear")
    assert found.identified == "no"
    assert not found.arms[0].refutations["balance of the assignment"].passed


def test_a_known_propensity_is_used():
    rng = np.random.default_rng(8)
    x = rng.normal(size=4000)
    e = 1 / (1 + np.exp(-x))
    t = rng.random(4000) < e
    frame = {"x": x, "e": e, "t": t, "y": 0.5 * t + x + rng.normal(size=4000)}
    found = estimate_effect(frame, "t", "y", [], propensity="e")
    assert found.estimate.low < 0.5 < found.estimate.high
    assert found.identified == "yes"


def test_pandas_arrow_and_mapping_agree():
    data = world(n=400)
    one = estimate_effect(pd.DataFrame(data), "t", "y", CONTROLS, learner="linear")
    two = estimate_effect(pa.table(data), "t", "y", CONTROLS, learner="linear")
    assert one.ledger == two.ledger
    assert one.estimate == estimate_effect(data, "t", "y", CONTROLS, learner="linear").estimate


def test_words_missing_values_and_constants_are_controls_too():
    rng = np.random.default_rng(9)
    n = 1000
    city = rng.choice(["a", "b", None], size=n)
    age = np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n))
    t = rng.random(n) < np.where(city == "a", 0.7, 0.3)
    y = 1.0 * (city == "a") + 0.2 * t + rng.normal(size=n)
    frame = pd.DataFrame({"city": city, "age": age, "same": 1.0, "t": t, "y": y})
    found = estimate_effect(frame, "t", "y", learner="linear")
    assert found.estimate.low < 0.2 < found.estimate.high
    assert "age missing" in found.encoder.names


def test_rows_without_outcome_are_left_out_and_counted():
    data = world(n=400)
    data["y"] = np.where(np.arange(400) < 40, np.nan, data["y"])
    found = estimate_effect(data, "t", "y", CONTROLS, learner="linear")
    assert any("40 rows" in note for note in found.notes)


def test_a_yes_no_outcome_has_a_logistic_association_in_logits():
    data = world(n=1500)
    data["y"] = data["y"] > 0.5
    rows = by_method(estimate_effect(data, "t", "y", CONTROLS, learner="linear"))
    assert rows["logistic association"]["unit"] == "logit"
    assert rows["bayes association"]["estimand"] == "association"
    assert rows["aipw"]["unit"] == "probability"


def test_the_same_seed_gives_the_same_ledger():
    assert estimate_effect(world(), "t", "y", seed=3).ledger == estimate_effect(world(), "t", "y", seed=3).ledger


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"estimand": "late"}, UsageError, "estimand is 'late'"),
        ({"learner": "magic"}, UsageError, "learner is 'magic'"),
        ({"controls": ["x9"]}, UsageError, "no control 'x9'"),
        ({"controls": "x1"}, UsageError, "a list of columns"),
        ({"controls": ["y"]}, UsageError, "is the treatment or the outcome"),
        ({"treatment": "tt"}, SchemaError, "no column 'tt'"),
        ({"outcome": "t"}, UsageError, "both treatment and outcome"),
        ({"reference": "9"}, UsageError, "is no value"),
        ({"n_folds": 1}, UsageError, "at least 2"),
    ],
)
def test_refuses_a_question_that_makes_no_sense(change, error, words):
    settings = {"treatment": "t", "outcome": "y", "controls": CONTROLS} | change
    with pytest.raises(error, match=words):
        estimate_effect(world(n=60), **settings)


def test_refuses_a_treatment_without_variation():
    with pytest.raises(IdentificationError, match="nothing to compare"):
        estimate_effect({"t": [1] * 30, "y": list(range(30))}, "t", "y", [])


def test_refuses_an_outcome_that_is_text():
    with pytest.raises(SchemaError, match="numbers"):
        estimate_effect({"t": [0, 1] * 15, "y": ["a", "b"] * 15}, "t", "y", [])
