"""The small worlds are what they say: dials turn the signal on and off."""

import numpy as np
import pytest

import swayline.testing
from swayline.core.errors import UsageError
from swayline.testing import effect_world, markov_sequences, small_shop


def adjusted(world):
    """Least squares of the outcome on treatment and controls: estimate and standard error of the treatment."""
    t = world.table["treatment"].to_numpy().astype(float)
    x = np.column_stack([t, np.ones(len(t)), *(world.table[c].to_numpy() for c in world.controls)])
    y = world.table["outcome"].to_numpy()
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    residual = y - x @ beta
    return beta[0], np.sqrt(inverse[0, 0] * residual @ residual / (len(y) - x.shape[1]))


@pytest.mark.parametrize("effect", [0.0, 0.5])
def test_adjusting_finds_the_planted_effect_in_95_of_100_worlds_and_the_naive_difference_is_wrong(effect):
    worlds = [effect_world(seed, n=600, effect=effect) for seed in range(200)]
    found = np.array([adjusted(world) for world in worlds])
    assert abs(found[:, 0].mean() - effect) < 0.02
    assert 0.90 <= (np.abs(found[:, 0] - effect) < 1.96 * found[:, 1]).mean() <= 0.99
    assert np.mean([world.naive for world in worlds]) - effect > 0.3


def test_without_confounding_the_naive_difference_is_the_effect():
    assert effect_world(1, n=40_000, effect=0.5, confounding=0.0).naive == pytest.approx(0.5, abs=0.05)


def test_a_hidden_cause_biases_the_adjusted_estimate():
    assert adjusted(effect_world(1, n=20_000, effect=0.0, hidden=1.0))[0] > 0.3


def test_logistic_effects_are_in_probability():
    world = effect_world(2, n=200_000, effect=1.0, confounding=0.0, kind="logistic")
    assert set(np.unique(world.table["outcome"].to_numpy())) == {0.0, 1.0}
    assert world.naive == pytest.approx(world.ate, abs=0.01)
    assert 0.15 < world.ate < 0.30


def test_effects_vary_only_when_told_to():
    assert np.ptp(effect_world(3).cate) == 0
    varied = effect_world(3, n=5_000, heterogeneity=0.5)
    assert np.corrcoef(varied.cate, varied.table["x2"].to_numpy())[0, 1] > 0.99


def test_clusters_widen_the_spread_of_estimates_beyond_what_rows_say():
    found = np.array([adjusted(effect_world(seed, n=1_000, n_clusters=25)) for seed in range(120)])
    assert found[:, 0].std() > 1.15 * found[:, 1].mean()
    assert abs(found[:, 0].mean() - 0.5) < 0.05


def test_chains_follow_their_successor_as_often_as_the_signal_says():
    for signal in (0.0, 0.5, 1.0):
        made = markov_sequences(0, n_users=400, n_items=100, signal=signal)
        items = made.sequences.items.reshape(400, 20)
        assert (made.successor[items[:, :-1]] == items[:, 1:]).mean() == pytest.approx(signal, abs=0.04)
        assert (np.sort(made.successor) == np.arange(100)).all()
        assert (np.diff(made.sequences.times.reshape(400, 20)) > 0).all()


def test_same_seed_same_world_and_another_seed_another():
    assert effect_world(5).table.equals(effect_world(5).table)
    assert not effect_world(5).table.equals(effect_world(6).table)
    assert (markov_sequences(5).sequences.items == markov_sequences(5).sequences.items).all()
    assert small_shop(5).events.equals(small_shop(5).events)


@pytest.mark.parametrize("call", [
    lambda: effect_world(0, kind="probit"), lambda: effect_world(0, n_controls=1),
    lambda: markov_sequences(0, signal=1.5), lambda: markov_sequences(0, n_items=1), lambda: small_shop(drift=-1),
])  # fmt: skip
def test_refuses_misuse(call):
    with pytest.raises(UsageError):
        call()


def test_exports_exactly_these_names():
    assert swayline.testing.__all__ == ["EffectWorld", "MarkovWorld", "effect_world", "markov_sequences", "small_shop"]
