import numpy as np
import pytest

from swayline.causal.effect import estimate_effect
from swayline.causal.estimate.estimators import has_support


def holdout(share, n=40_000, seed=0, effect=0.5):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    t = (rng.random(n) < share).astype(float)
    return {"x": x, "t": t, "y": effect * t + x + rng.normal(size=n)}


@pytest.mark.parametrize("share", [0.01, 0.99])
@pytest.mark.parametrize("effect", [0.0, 0.5])
def test_an_experiment_with_a_small_arm_is_estimated_over_everybody(share, effect):
    found = estimate_effect(holdout(share, effect=effect), "t", "y", ["x"], randomised=True, learner="linear")
    one = found.arms[0]
    assert found.estimate.low < effect < found.estimate.high
    assert found.estimate.se < 0.06
    assert (found.identified, one.share_kept) == ("yes", 1.0)
    row = next(row for row in found.ledger.to_pylist() if row["primary"])
    assert "Averaged over all rows." in row["assumptions"]


def test_known_propensities_are_not_trimmed():
    rng = np.random.default_rng(3)
    n = 20_000
    x = rng.normal(size=n)
    e = np.clip(1 / (1 + np.exp(-(x - 3.5))), 0.005, 0.995)
    t = rng.random(n) < e
    y = 0.5 * t + x + rng.normal(size=n)
    found = estimate_effect({"x": x, "e": e, "t": t, "y": y}, "t", "y", ["x"], propensity="e", learner="linear")
    assert found.arms[0].share_kept == 1.0
    assert found.estimate.low < 0.5 < found.estimate.high


def test_a_rare_treatment_with_overlap_is_kept_and_one_that_controls_decide_is_refused_for_that_reason():
    rng = np.random.default_rng(4)
    n = 15_000
    x = rng.normal(size=n)
    t = rng.random(n) < 1 / (1 + np.exp(-(0.7 * x - 4)))
    found = estimate_effect({"x": x, "t": t, "y": 0.5 * t + x + rng.normal(size=n)}, "t", "y", ["x"], learner="linear")
    assert t.mean() < 0.03
    assert found.identified == "assumed"
    assert found.arms[0].share_kept > 0.95
    assert found.estimate.low < 0.5 < found.estimate.high
    decided = rng.random(n) < 1 / (1 + np.exp(-(8 * x - 4)))
    y = 0.5 * decided + x + rng.normal(size=n)
    refused = estimate_effect({"x": x, "t": decided, "y": y}, "t", "y", ["x"], learner="linear")
    assert refused.identified == "no"
    assert "the controls all but decide the treatment in" in refused.arms[0].reason


def test_a_trimmed_average_says_over_whom():
    rng = np.random.default_rng(5)
    x = rng.normal(size=4000)
    t = rng.random(4000) < 1 / (1 + np.exp(-2.5 * x))
    data = {"x": x, "t": t, "y": x + rng.normal(size=4000)}
    found = estimate_effect(data, "t", "y", ["x"], learner="linear")
    row = next(row for row in found.ledger.to_pylist() if row["primary"])
    kept = found.arms[0].kept
    assert 0.5 < kept.mean() < 1
    assert f"Averaged over the {kept.mean():.1%} of rows whose chance of either arm" in row["assumptions"]
    assert f"not over the other {np.sum(~kept):,}" in row["assumptions"]
    assert row["n"] == kept.sum()


def test_support_is_relative_to_the_share_of_the_arm():
    arm = (np.arange(1000) < 10).astype(np.int64)
    alike = np.full(1000, 0.01)
    assert has_support(alike, 1 - alike, arm, 1, "ate").all()
    even = (np.arange(1000) % 2).astype(np.int64)
    assert not has_support(alike, 1 - alike, even, 1, "ate").any()
