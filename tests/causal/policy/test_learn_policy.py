import numpy as np
import pytest

from swayline.causal.policy.learn_policy import learn_policy
from swayline.core.errors import IdentificationError, UsageError


def world(seed, spread=1.0, n=1500, people=False):
    """Arm a helps where x0 > 0 and harms elsewhere, arm b helps a little everywhere; else three rows a person."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    person = np.arange(n) // 3 if people else np.arange(n)
    arm = rng.integers(0, 3, size=n)[person]
    effect = np.column_stack([np.zeros(n), spread * np.sign(x[:, 0]), np.full(n, 0.2 * spread)])
    y = 0.5 * x[:, 1] + effect[np.arange(n), arm] + rng.normal(size=n) + rng.normal(size=n)[person] * people
    table = {"x0": x[:, 0], "x1": x[:, 1], "arm": np.array(["none", "a", "b"])[arm], "y": y}
    return table | ({"person": person} if people else {}), effect


def fit(table, **more):
    return learn_policy(table, "arm", "y", ["x0", "x1"], **({"randomised": True, "learner": "linear"} | more))


def test_it_gives_each_arm_to_those_whom_it_helps():
    table, _ = world(0)
    found = fit(table)
    a = found.arms.index("a")
    positive = table["x0"][found.rows] > 0
    assert np.mean(found.choice[positive] == a) > 0.7
    assert np.mean(found.choice[~positive] == a) < 0.2
    assert found.gain.low > 0.3
    assert found.over_best.low > 0
    assert found.identified == "yes"
    rows = {row["estimand"]: row for row in found.ledger.to_pylist()}
    assert set(rows) == {"policy_value", "policy_gain", "policy_gain_over_best_arm"}
    assert rows["policy_gain"]["reference"] == "none"


def test_the_value_holds_the_truth():
    covers = 0
    for seed in range(40):
        table, effect = world(seed, n=600)
        found = fit(table, seed=seed)
        place = [("none", "a", "b").index(word) for word in found.arms]
        truth = effect[found.rows][:, place][np.arange(len(found.rows)), found.choice][found.valued].mean()
        covers += found.gain.low <= truth <= found.gain.high
    assert covers >= 35


def test_where_nothing_helps_nothing_is_claimed():
    claimed = sum(fit(world(seed, spread=0.0, n=600)[0], seed=seed).gain.low > 0 for seed in range(30))
    assert claimed <= 3


def test_rows_of_a_person_stand_together():
    claimed = 0
    for seed in range(20):
        table, _ = world(seed, spread=0.0, n=900, people=True)
        found = fit(table, clusters="person", seed=seed)
        first = np.unique(table["person"][found.rows[~found.valued]])
        assert not np.isin(first, table["person"][found.rows[found.valued]]).any()
        claimed += not found.gain.low <= 0 <= found.gain.high
    assert claimed <= 4


def test_two_folds_learn_on_one_half_and_value_on_the_other():
    table, _ = world(2)
    found = fit(table, n_folds=2)
    assert abs(found.valued.mean() - 0.5) < 0.01
    assert found.ledger.column("n").to_pylist() == [int(found.valued.sum())] * 3
    assert found.gain.se > 1.15 * fit(table).gain.se


def test_the_rule_serves_people_to_come():
    found = fit(world(3)[0])
    new = world(4)[0]
    arms = found.choose({"x0": new["x0"], "x1": new["x1"]})
    assert np.mean(arms[new["x0"] > 0] == "a") > 0.7
    assert np.mean(arms[new["x0"] < 0] == "b") > 0.9


def test_an_arm_too_small_to_learn_from_is_told():
    table, _ = world(5, n=60)
    rare = np.where(np.arange(60) < 2, "a", np.where(table["arm"] == "a", "b", table["arm"]))
    with pytest.raises(IdentificationError, match="too few rows"):
        fit(table | {"arm": rare})


def test_a_cost_keeps_an_arm_away():
    found = fit(world(1)[0], costs={"a": 5.0, "b": 5.0})
    assert (found.choice == 0).mean() > 0.95
    with pytest.raises(UsageError, match="no arm"):
        fit(world(1)[0], costs={"c": 1.0})


def test_a_dose_has_no_policy():
    with pytest.raises(UsageError, match="is a dose"):
        learn_policy({"x": np.arange(50.0), "t": np.arange(50.0), "y": np.arange(50.0) % 7}, "t", "y", ["x"])
