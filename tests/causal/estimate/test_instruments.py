import numpy as np
import pytest

from swayline.causal.effect import estimate_effect
from swayline.causal.estimate.instruments import two_stage
from swayline.core.errors import IdentificationError, UsageError


def world(seed, effect=1.0, pull=1.0, n=1000):
    """z moves t, an unseen u moves t and y; x moves all of them."""
    rng = np.random.default_rng([3, seed])
    x, u = rng.normal(size=(2, n))
    z = (rng.random(n) < 1 / (1 + np.exp(-x))).astype(float)
    t = rng.random(n) < 1 / (1 + np.exp(-(2 * pull * (z - 0.5) + u + 0.5 * x)))
    y = effect * t + u + x + 0.5 * rng.normal(size=n)
    return {"x": x, "z": z, "t": t, "y": y}


def late(found):
    return next(row for row in found.ledger.to_pylist() if row["estimand"] == "late" and row["primary"])


@pytest.mark.parametrize("effect", [1.0, 0.0])
def test_an_instrument_finds_what_adjusting_misses(effect):
    estimates, covers, naive = [], 0, []
    for seed in range(40):
        found = estimate_effect(world(seed, effect), "t", "y", ["x"], instrument="z", learner="linear", seed=seed)
        row = late(found)
        estimates.append(row["estimate"])
        covers += row["ci_low"] <= effect <= row["ci_high"]
        naive.append(found.estimate.value)
    assert abs(np.mean(estimates) - effect) < 0.06
    assert covers >= 35
    assert np.mean(naive) - effect > 0.4


def test_the_instrument_is_never_a_control():
    found = estimate_effect(world(0), "t", "y", instrument="z", learner="linear")
    assert found.encoder.controls == ("x",)
    with pytest.raises(UsageError, match="is the instrument"):
        estimate_effect(world(0), "t", "y", ["x", "z"], instrument="z")
    with pytest.raises(UsageError, match="instrument of itself"):
        estimate_effect(world(0), "t", "y", ["x"], instrument="t")


def test_a_weak_instrument_is_not_identified_and_its_interval_holds_the_truth():
    covers, weak = 0, 0
    for seed in range(40):
        found = estimate_effect(world(seed, pull=0.03, n=300), "t", "y", ["x"], instrument="z", learner="linear")
        row, one = late(found), found.by_instrument[0].found
        low = -np.inf if row["ci_low"] is None else row["ci_low"]
        high = np.inf if row["ci_high"] is None else row["ci_high"]
        covers += low <= 1 <= high
        weak += one.weak
    assert covers >= 35
    assert weak >= 36
    assert late(found)["identified"] == "no"


def test_two_rays_are_told_as_the_line_and_the_gap_in_words():
    for seed in range(60):
        found = estimate_effect(
            world(seed, effect=3.0, pull=0.1, n=300), "t", "y", ["x"], instrument="z", learner="linear", seed=seed
        )
        one = found.by_instrument[0].found
        if one.gap is not None:
            break
    row, (low, high) = late(found), one.gap
    assert (row["ci_low"], row["ci_high"], row["identified"]) == (None, None, "no")
    assert f"only effects between {low:.4g} and {high:.4g} are excluded" in row["assumptions"]
    assert not one.holds((low + high) / 2)
    assert one.holds(low - 1)
    assert one.holds(high + 1)


def test_a_graph_without_a_back_door_set_falls_back_on_its_instrument():
    found = estimate_effect(world(1), "t", "y", graph="x -> z; x -> t; x -> y; z -> t -> y; t <-> y", learner="linear")
    assert found.identified == "no"
    row = late(found)
    assert row["identified"] == "assumed"
    assert row["ci_low"] < 1 < row["ci_high"]


def test_clusters_widen_the_interval():
    rng = np.random.default_rng(0)
    z, noise = rng.normal(size=200), rng.normal(size=200)
    d = z + noise
    y = d + rng.normal(size=200)
    once = two_stage(z, d, y, None)
    thrice = two_stage(*(np.repeat(v, 3) for v in (z, d, y)), np.repeat(np.arange(200), 3))
    assert thrice.estimate.se == pytest.approx(once.estimate.se, rel=0.01)
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high), rel=0.02)


def test_an_instrument_that_does_not_vary_is_refused():
    with pytest.raises(IdentificationError, match="the same in all"):
        estimate_effect(world(0) | {"z": np.ones(1000)}, "t", "y", ["x"], instrument="z", learner="linear")
