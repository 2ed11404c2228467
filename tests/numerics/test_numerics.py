"""The shared solvers agree with libraries that do the same."""

import numpy as np
import pytest
from scipy import optimize, stats

from swayline.numerics.logistic import base_rate, chance, fit_logistic
from swayline.numerics.multiple_testing import q_values
from swayline.numerics.ridge import fit_ridge, moments, predict_linear, solve_ridge, solve_ridge_by_gcv


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 5))
    return x, x @ np.array([1.0, -2.0, 0.0, 0.5, 0.0]) + 3 + rng.normal(size=400), rng.uniform(0.5, 2, 400)


@pytest.mark.parametrize("penalty", [0.0, 7.0])
def test_ridge_solves_its_normal_equations(rows, penalty):
    x, y, weight = rows
    wide = np.column_stack([np.ones(len(x)), x])
    direct = np.linalg.solve(
        wide.T @ (wide * weight[:, None]) + penalty * np.diag([0, 1, 1, 1, 1, 1]), wide.T @ (weight * y)
    )
    np.testing.assert_allclose(fit_ridge(x, y, penalty, weight), direct, atol=1e-6)


def test_ridge_agrees_with_scikit_learn(rows):
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y, _ = rows
    peer = linear_model.Ridge(alpha=3.0).fit(x, y)
    found = fit_ridge(x, y, 3.0)
    np.testing.assert_allclose(found, [peer.intercept_, *peer.coef_], atol=1e-6)
    np.testing.assert_allclose(predict_linear(found, x), peer.predict(x), atol=1e-6)


def test_blocks_of_rows_add_up_to_the_whole(rows, monkeypatch):
    x, y, weight = rows
    whole = moments(x, y, weight)
    monkeypatch.setattr("swayline.numerics.ridge.BLOCK", 33)
    for one, other in zip(whole, moments(x, y, weight), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_cross_validated_penalty_is_small_for_signal_and_large_for_noise(rows):
    x, y, _ = rows
    noise = np.random.default_rng(1).normal(size=len(y))
    square, cross = moments(x, np.column_stack([y, noise]))
    found = solve_ridge_by_gcv(square, cross, np.array([(y**2).sum(), (noise**2).sum()]))
    plain = solve_ridge(square, cross, 0.0)
    assert np.abs(found[1:, 0] - plain[1:, 0]).max() < 0.01
    assert np.abs(found[1:, 1]).sum() < 0.5 * np.abs(plain[1:, 1]).sum()


@pytest.mark.parametrize("penalty", [0.1, 5.0])
def test_logistic_regression_reaches_the_optimum(rows, penalty):
    x, y, weight = rows
    hit = (y > 3).astype(float)

    def loss(beta):
        score = x @ beta[1:] + beta[0]
        return (weight * (np.logaddexp(0, score) - hit * score)).sum() + 0.5 * penalty * (beta[1:] ** 2).sum()

    best = optimize.minimize(loss, np.zeros(6), method="BFGS", options={"gtol": 1e-9})
    np.testing.assert_allclose(fit_logistic(x, hit, penalty, weight), best.x, atol=2e-5)


def test_logistic_regression_agrees_with_scikit_learn(rows):
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y, _ = rows
    hit = (y > 3).astype(float)
    peer = linear_model.LogisticRegression(C=1 / 2.0, tol=1e-10, max_iter=1000).fit(x, hit)
    np.testing.assert_allclose(fit_logistic(x, hit, 2.0), [*peer.intercept_, *peer.coef_[0]], atol=2e-5)


def test_separable_rows_stay_finite():
    x = np.array([[-1.0], [-2.0], [1.0], [2.0]])
    assert np.isfinite(fit_logistic(x, np.array([0.0, 0.0, 1.0, 1.0]), 1e-6)).all()
    assert np.isfinite(base_rate(np.ones(4), 1)).all()
    assert chance(np.array([-1e9, 1e9])).tolist() == pytest.approx([0.0, 1.0], abs=1e-9)


def test_tests_that_were_never_shown_count_as_certain_misses():
    p = np.random.default_rng(0).uniform(size=50) ** 3
    padded = stats.false_discovery_control(np.concatenate([p, np.ones(150)]))[:50]
    np.testing.assert_allclose(q_values(p, n_tests=200), padded, atol=1e-12)
    assert q_values([]).tolist() == []
