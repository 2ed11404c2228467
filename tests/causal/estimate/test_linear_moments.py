import numpy as np
import pytest

from swayline.causal.estimate.joint import joint_slopes
from swayline.causal.estimate.linear_moments import shared_effects
from swayline.causal.nuisance.cross_fitting import folds
from swayline.core.errors import UsageError
from swayline.numerics.ridge import moments, solve_ridge


def world(seed=0, n=6000):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6))
    t = np.column_stack([rng.random(n) < 1 / (1 + np.exp(-x[:, k])) for k in range(3)]).astype(float)
    y = (t @ [0.5, 0.0, -0.3] + x[:, :3].sum(axis=1) + rng.normal(size=n))[:, None]
    clusters = np.arange(n) // 3
    return x, t, y, folds(n, 5, clusters, rng), clusters


def test_finds_each_planted_effect_and_the_planted_zero():
    found = shared_effects(*world(seed=1))
    for one, truth in zip(found.together[0], (0.5, 0.0, -0.3), strict=True):
        assert one.low < truth < one.high
    assert found.alone[0][0].low < 0.5 < found.alone[0][0].high


def test_moments_less_a_fold_equal_regressions_without_it():
    x, t, y, fold, clusters = world(n=600)
    left = np.empty((600, 4))
    both = np.column_stack([t, y])
    for k in range(5):
        rest = fold != k
        beta = solve_ridge(*moments(x[rest], both[rest]), 1.0)
        left[~rest] = both[~rest] - x[~rest] @ beta[1:] - beta[0]
    by_hand = joint_slopes(left[:, :3], left[:, 3]).estimate(1, clusters)
    found = shared_effects(x, t, y, fold, clusters).together[0][1]
    assert found.value == pytest.approx(by_hand.value)
    assert found.se == pytest.approx(by_hand.se)


def test_single_precision_agrees_with_double():
    x, t, y, fold, clusters = world()
    one = shared_effects(x, t, y, fold, clusters).alone[0][0]
    two = shared_effects(x.astype(np.float32), t, y, fold, clusters).alone[0][0]
    assert two.value == pytest.approx(one.value, abs=1e-4)


def test_refuses_rows_that_differ():
    x, t, y, fold, clusters = world(n=100)
    with pytest.raises(UsageError, match="rows differ"):
        shared_effects(x[:50], t, y, fold, clusters)
