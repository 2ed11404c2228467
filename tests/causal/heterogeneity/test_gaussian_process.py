import numpy as np
import pytest

from swayline.causal.heterogeneity import gaussian_process as gaussian
from swayline.causal.heterogeneity.gaussian_kernels import Evidence, bases, kernel, own_variance


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    arm = rng.integers(0, 2, 60)
    return x, arm, np.sin(x[:, 0]) + arm * (1 + x[:, 1]) + 0.1 * rng.normal(size=60)


@pytest.fixture(scope="module")
def fitted(data):
    return gaussian.fit_arms(*data, 2)


def grown(seed, n=200):
    """One arm grows ever faster along an index of four controls, the other is a line."""
    rng = np.random.default_rng([3, seed])
    x, arm = rng.normal(size=(n, 4)), rng.integers(0, 2, n)
    index = x @ [0.6, 0.5, 0.4, 0.0]
    truth = index - np.exp(1.5 * index) + 2
    return x, arm, np.where(arm == 1, index + 2, np.exp(1.5 * index)) + 0.5 * rng.normal(size=n), truth


def test_the_gradient_is_the_derivative(data):
    x, arm, y = data
    theta = np.random.default_rng(1).normal(size=8 + 2 + 6 + 1) * 0.5
    evidence = Evidence(x, arm, y, 2)

    def value(at):
        return evidence(at)[0]

    numeric = np.array([(value(theta + 1e-5 * e) - value(theta - 1e-5 * e)) / 2e-5 for e in np.eye(len(theta))])
    assert np.allclose(numeric, evidence(theta)[1], atol=1e-5)


def test_held_out_predictions_equal_those_of_a_process_without_the_fold(data):
    x, arm, y = data
    fitted = gaussian.fit_arms(x, arm, y, 2, steps=20)
    fold = np.arange(60) % 4
    rest = fold != 1
    matrix = kernel(fitted.mode.parts, x[rest], arm[rest], x[rest], arm[rest])
    matrix += np.diag(fitted.mode.parts.noise[arm[rest]] + 1e-6)
    weights = np.linalg.solve(matrix, fitted.target[rest])
    cross = kernel(fitted.mode.parts, x[~rest], np.ones(15, dtype=int), x[rest], arm[rest])
    assert np.allclose(fitted.held_out(fold, 2)[~rest, 1], cross @ weights * fitted.spread + fitted.level, atol=1e-6)


def test_the_effect_follows_the_outcomes_and_its_spread_covers_the_truth(data, fitted):
    x = data[0]
    mean, spread = fitted.effect(x, 1)
    assert np.corrcoef(mean, fitted.outcome(x, 1) - fitted.outcome(x, 0))[0, 1] > 0.95
    assert np.mean(np.abs(mean - (1 + x[:, 1])) < 1.96 * spread) > 0.85


def test_the_effect_is_a_mixture_of_the_mode_and_the_draws_and_averages_to_the_average(data, fitted):
    x = data[0]
    mean, spread = fitted.effect(x, 1)
    likely = fitted.outcome(x, 1) - fitted.outcome(x, 0)
    drawn = np.array([fitted._effect(state, x, 1, 0)[0] for state in fitted.draws]) * fitted.spread
    assert np.allclose(mean, (likely + drawn.mean(axis=0)) / 2)
    assert (spread >= np.sqrt((likely - mean) ** 2 + np.mean((drawn - mean) ** 2, axis=0)) / np.sqrt(2)).all()
    value, error = fitted.average(x, 1)
    assert value == pytest.approx(mean.mean())
    assert np.std(mean) / np.sqrt(len(x)) < error < spread.mean()


def test_the_variance_of_what_an_arm_keeps_is_the_kernels_diagonal(data, fitted):
    x, parts = data[0], fitted.mode.parts
    diagonal = sum(own * np.diag(base) for own, base in zip(parts.own[1:], bases(parts, x, x), strict=True))
    assert np.allclose(own_variance(parts, x), parts.own[0] + diagonal)


def test_an_outcome_that_grows_ever_faster_is_followed():
    x, arm, y, truth = grown(0)
    mean, spread = gaussian.fit_arms(x, arm, y, 2).effect(x, 1)
    assert np.sqrt(np.mean((mean - truth) ** 2)) < 0.1 * truth.std()
    assert np.mean(np.abs(mean - truth) < 1.96 * spread) > 0.85


def test_nobody_differs_much_where_all_are_affected_alike_and_most_controls_cause_nothing():
    """Twenty controls, one cause: where each control has a scale of its own, the local part follows noise (.37).

    The middle of seven worlds: in some (which, depends on the processor's rounding) noise is still taken for differences.
    """
    differences = []
    for seed in range(7):
        rng = np.random.default_rng([5, seed])
        x, arm = rng.normal(size=(150, 20)), rng.integers(0, 2, 150)
        y = x[:, 0] + 0.5 * x[:, 0] ** 2 + arm + rng.normal(size=150)
        differences.append(gaussian.fit_arms(x, arm, y, 2).effect(x, 1)[0].std())
    assert np.median(differences) < 0.28
    assert np.sort(differences)[4] < 0.4


def test_growth_does_not_go_on_far_beyond_the_rows_seen():
    x, arm, y, truth = grown(0)
    found = gaussian.fit_arms(x, arm, y, 2)
    direction = found.mode.parts.index / np.linalg.norm(found.mode.parts.index)
    near, far, further = (found.effect(direction[None] * k, 1) for k in (2.0, 10.0, 100.0))
    assert near[0][0] < -10
    assert abs(far[0][0]) < 10 * np.abs(truth).max()
    assert further[0][0] == pytest.approx(far[0][0], rel=0.1)
    assert far[1][0] > near[1][0]
