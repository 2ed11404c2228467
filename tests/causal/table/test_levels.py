import tracemalloc

import numpy as np
import pyarrow as pa
import pytest

from swayline.causal.effect import estimate_effect
from swayline.causal.table.frame import learn_encoder
from swayline.causal.table.levels import as_features, learn_levels
from swayline.core.errors import UsageError


def shops(levels, seed=0, rows=20, effect=1.0, dose=False, outcome="number"):
    """Shops that move the treatment and the outcome, and a control that goes with them."""
    rng = np.random.default_rng([levels, seed])
    shop = rng.integers(0, levels, levels * rows)
    moves = rng.normal(size=levels)[shop]
    x = 0.5 * moves + rng.normal(size=len(shop))
    push = moves + 0.5 * x
    t = push + rng.normal(size=len(shop)) if dose else (rng.random(len(shop)) < 1 / (1 + np.exp(-push))).astype(float)
    if outcome == "number":
        y = effect * t + moves + 0.5 * x + rng.normal(size=len(shop))
    else:
        y = (rng.random(len(shop)) < np.clip(0.4 + 0.1 * effect * t + 0.1 * moves, 0, 1)).astype(float)
    return {"shop": [str(1000 + k) for k in shop], "x": x, "t": t, "y": y}


def ask(data, **said):
    return estimate_effect(data, "t", "y", ["shop", "x"], **({"learner": "linear"} | said))


@pytest.mark.parametrize("dose", [False, True])
@pytest.mark.parametrize("effect", [0.0, 1.0])
def test_a_control_of_many_levels_is_adjusted_for(dose, effect):
    found = [ask(shops(200, seed, effect=effect, dose=dose), seed=seed) for seed in range(4)]
    errors = np.array([one.estimate.value - effect for one in found])
    spread = np.mean([one.estimate.se for one in found])
    assert abs(errors.mean()) < 2.5 * spread / 2
    assert sum(one.estimate.low < effect < one.estimate.high for one in found) >= 3
    row = next(row for row in found[0].ledger.to_pylist() if row["primary"])
    assert row["identified"] == "assumed"
    assert "control 'shop' has 200 levels: held fixed level by level" in row["assumptions"]


def test_a_yes_no_outcome_keeps_the_level_whole():
    found = ask(shops(200, 3, outcome="yes or no"))
    assert found.estimate.low < 0.1 < found.estimate.high
    assert found.arms[0].estimates["tmle"].low < 0.1 < found.arms[0].estimates["tmle"].high


def test_two_controls_of_many_levels_are_held_fixed_together():
    data = shops(150, 1)
    rng = np.random.default_rng(9)
    region = rng.integers(0, 120, len(data["x"]))
    moves = rng.normal(size=120)[region]
    data["t"] = (rng.random(len(region)) < 1 / (1 + np.exp(-moves))).astype(float)
    data["y"] = data["y"] * 0 + data["t"] + moves + rng.normal(size=len(region))
    data["region"] = [f"r{k}" for k in region]
    found = estimate_effect(data, "t", "y", ["shop", "region", "x"], learner="linear")
    assert found.estimate.low < 1 < found.estimate.high


def test_clusters_may_be_the_levels():
    data = shops(200, 2)
    assert ask(data, clusters="shop").estimate.low < 1 < ask(data, clusters="shop").estimate.high


def test_rows_alone_in_their_level_are_left_out_and_told():
    data = shops(150, 4)
    data["shop"] = [f"alone {k}" if k < 600 else shop for k, shop in enumerate(data["shop"])]
    found = ask(data)
    assert not found.arms[0].kept[:600].any()
    assert found.arms[0].kept[600:].mean() > 0.95
    assert "600 rows are alone in theirs" in " ".join(found.notes)
    data["shop"] = [f"alone {k}" if k < 2000 else shop for k, shop in enumerate(data["shop"])]
    refused = ask(data)
    assert refused.identified == "no"
    assert "67% of the rows are alone in their level" in refused.arms[0].reason


def test_a_column_that_tells_rows_apart_is_not_a_control():
    data = shops(150, 4)
    found = estimate_effect(data | {"shop": [f"user {k}" for k in range(3000)]}, "t", "y", learner="linear")
    assert "'shop' tells nearly every row apart" in " ".join(found.notes)
    assert "the 1 control carries" in found.arms[0].reason


def test_an_experiment_needs_no_level():
    rng = np.random.default_rng(6)
    data = shops(150, 5) | {"t": rng.integers(0, 2, 3000).astype(float)}
    data["y"] = 0.5 * data["t"] + rng.normal(size=3000)
    found = ask(data, randomised=True)
    assert found.identified == "yes"
    assert found.estimate.low < 0.5 < found.estimate.high


def test_new_rows_and_unseen_levels_have_an_effect():
    found = ask(shops(150, 6))
    assert np.isfinite(found.effect({"shop": ["1003", "never seen", None], "x": [0.0, 0.0, 1.0]})).all()


def test_a_rows_own_treatment_is_not_in_its_feature():
    data = pa.table(shops(150, 7))
    encoder, x = learn_encoder(data, ["shop", "x"], merge=False)
    levels, fold = learn_levels(data, encoder), np.arange(3000) % 5
    t = np.asarray(data["t"].to_numpy())
    other = np.where(fold == 2, 1 - t, t)
    before, _ = as_features(x, encoder, levels, fold, t[:, None], ["t"])
    after, wide = as_features(x, encoder, levels, fold, other[:, None], ["t"])
    at = fold == 2
    raw = [np.asarray(each[at, -1]) for each in (before, after)]
    assert np.corrcoef(raw[0], raw[1])[0, 1] > 1 - 1e-9
    assert wide.names[-1] == "shop by t"


def test_a_hundred_thousand_levels_take_little_memory():
    data = shops(100_000, rows=2)
    tracemalloc.start()
    found = ask(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 400e6
    assert found.estimate.low < 1 < found.estimate.high


def test_a_gaussian_process_does_not_take_them():
    with pytest.raises(UsageError, match="no control of many levels such as 'shop'"):
        ask(shops(150, rows=4), learner="gaussian")
