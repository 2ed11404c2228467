import numpy as np
import pytest

from swayline.influence.behaviors import gaussian


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    arm = rng.integers(0, 2, 60)
    return x, arm, np.sin(x[:, 0]) + arm * (1 + x[:, 1]) + 0.1 * rng.normal(size=60)


def test_the_gradient_is_the_derivative(data):
    x, arm, y = data
    theta = np.random.default_rng(1).normal(size=8 + 2 + 6) * 0.5
    evidence = gaussian._Evidence(x, arm, y, 2)

    def value(at):
        return evidence(at)[0]

    numeric = np.array([(value(theta + 1e-5 * e) - value(theta - 1e-5 * e)) / 2e-5 for e in np.eye(len(theta))])
    assert np.allclose(numeric, evidence(theta)[1], atol=1e-5)


def test_held_out_predictions_equal_those_of_a_process_without_the_fold(data):
    x, arm, y = data
    fitted = gaussian.fit_arms(x, arm, y, 2, steps=20)
    fold = np.arange(60) % 4
    rest = fold != 1
    matrix = gaussian._kernel(fitted.mode.parts, x[rest], arm[rest], x[rest], arm[rest])
    matrix += np.diag(fitted.mode.parts.noise[arm[rest]] + 1e-6)
    weights = np.linalg.solve(matrix, fitted.target[rest])
    cross = gaussian._kernel(fitted.mode.parts, x[~rest], np.ones(15, dtype=int), x[rest], arm[rest])
    assert np.allclose(fitted.held_out(fold, 2)[~rest, 1], cross @ weights * fitted.spread + fitted.level, atol=1e-6)


def test_the_effect_follows_the_outcomes_and_its_spread_covers_the_truth(data):
    x, arm, y = data
    fitted = gaussian.fit_arms(x, arm, y, 2)
    mean, spread = fitted.effect(x, 1)
    assert np.corrcoef(mean, fitted.outcome(x, 1) - fitted.outcome(x, 0))[0, 1] > 0.95
    assert np.mean(np.abs(mean - (1 + x[:, 1])) < 1.96 * spread) > 0.85


def test_the_effect_lies_half_way_from_the_draws_to_the_mode_and_averages_to_the_average(data):
    x, arm, y = data
    fitted = gaussian.fit_arms(x, arm, y, 2)
    mean, spread = fitted.effect(x, 1)
    likely = fitted.outcome(x, 1) - fitted.outcome(x, 0)
    drawn = np.mean([fitted._effect(state, x, 1, 0)[0] for state in fitted.draws], axis=0) * fitted.spread
    assert np.allclose(mean, (likely + drawn) / 2)
    assert (spread >= np.abs(mean - drawn)).all()
    value, error = fitted.average(x, 1)
    assert value == pytest.approx(mean.mean())
    assert np.std(mean) / np.sqrt(len(x)) < error < spread.mean()
