"""Worlds whose effect is planted: 500 small seeds each. Run by ``make truth``."""

import numpy as np
import pytest

from swayline.causal.effect import estimate_effect

pytestmark = pytest.mark.truth
SEEDS = 500
CONTROLS = [f"x{k}" for k in range(5)]


def world(seed, effect, hidden=0.0, n=800):
    """Two seen causes (and perhaps an unseen one) of treatment and outcome; the outcome bends in one of them."""
    rng = np.random.default_rng([7, seed])
    x, u = rng.normal(size=(n, 5)), rng.normal(size=n)
    t = rng.random(n) < 1 / (1 + np.exp(-(0.6 * x[:, 0] + 0.4 * x[:, 1] + hidden * u)))
    y = effect * t * (1 + 0.5 * x[:, 1]) + 0.5 * x[:, 0] + 0.3 * x[:, 1] + 0.2 * x[:, 1] ** 2 + hidden * u
    return {f"x{k}": x[:, k] for k in range(5)} | {"t": t, "y": y + 0.5 * rng.normal(size=n)}


def run(effect, hidden=0.0):
    found = [
        estimate_effect(world(seed, effect, hidden), "t", "y", CONTROLS, learner="linear", seed=seed)
        for seed in range(SEEDS)
    ]
    naive = np.array([one.arms[0].estimates["difference in means"].value for one in found])
    return found, naive


@pytest.mark.parametrize("effect", [0.3, 0.0])
def test_a_planted_effect_is_found_and_a_planted_zero_is_found_zero(effect):
    found, naive = run(effect)
    for method in ("aipw", "tmle"):
        estimates = [one.arms[0].estimates[method] for one in found]
        bias = np.mean([one.value for one in estimates]) - effect
        cover = np.mean([one.low <= effect <= one.high for one in estimates])
        print(
            f"effect {effect}, {method}: bias {bias:+.4f}, coverage {cover:.3f}, naive bias {naive.mean() - effect:+.3f}"
        )
        assert abs(bias) <= 0.01
        assert 0.93 <= cover <= 0.97
    assert abs(naive.mean() - effect) >= 0.10
    failed = np.mean([one.identified == "no" for one in found])
    print(f"effect {effect}: a refutation failed by chance in {failed:.3f}")
    assert failed <= 0.05


def test_an_unseen_cause_is_never_called_identified_and_the_bound_holds_the_truth():
    found, naive = run(0.3, hidden=0.5)
    assert all(one.identified in ("assumed", "no") for one in found)
    bounds = np.array([[one.arms[0].sensitivity.low, one.arms[0].sensitivity.high] for one in found])
    holds = np.mean((bounds[:, 0] <= 0.3) & (bounds[:, 1] >= 0.3))
    wide = np.mean(bounds[:, 1] - bounds[:, 0]) / (2 * abs(naive.mean() - 0.3))
    inside = np.mean([one.estimate.low <= 0.3 <= one.estimate.high for one in found])
    print(f"hidden cause: bound holds {holds:.3f}, width {wide:.2f} of twice the naive bias, interval {inside:.3f}")
    assert holds >= 0.93
    assert wide <= 1.0
    assert inside < 0.5
