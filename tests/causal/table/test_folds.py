"""Regressions of every fold's other rows from shared moments equal those fitted one fold at a time."""

import numpy as np
import pytest
from scipy import optimize

from swayline.causal.nuisance.learners import Expansion, Linear, Logistic
from swayline.causal.nuisance.logistic import logistic_out_of_fold
from swayline.causal.table.folds import FoldedDesign, ridge_out_of_fold


def chance(x, beta):
    return 1 / (1 + np.exp(-(x @ beta[1:] + beta[0])))


def logistic_by_scipy(x, y, penalty=1.0):
    def loss(beta):
        score = x @ beta[1:] + beta[0]
        slope = chance(x, beta) - y
        value = np.logaddexp(0, score).sum() - y @ score + penalty / 2 * beta[1:] @ beta[1:]
        return value, np.concatenate([[slope.sum()], x.T @ slope + penalty * beta[1:]])

    return optimize.minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="BFGS", options={"gtol": 1e-8}).x


def world(seed=0, n=900, p=4, rare=0.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    y = (rng.random(n) < 1 / (1 + np.exp(rare - x[:, 0] - 0.5 * x[:, 1]))).astype(float)
    return x, y, rng.integers(0, 5, size=n), rng.random(n) < 0.6


@pytest.mark.parametrize("some", [False, True])
@pytest.mark.parametrize("rare", [0.0, 4.0])
def test_logistic_regressions_of_all_folds_equal_those_of_each(some, rare):
    x, y, fold, rows = world(rare=rare)
    teaches = rows if some else np.ones(len(x), dtype=bool)
    found = Logistic().out_of_fold(FoldedDesign(x, fold), y[:, None], teaches if some else None)[:, 0]
    for k in range(5):
        inside = teaches & (fold != k)
        assert np.allclose(found[fold == k], chance(x[fold == k], logistic_by_scipy(x[inside], y[inside])), atol=1e-3)


def test_outcomes_that_a_line_separates_still_get_finite_chances():
    x, _, fold, _ = world(1)
    y = (x[:, 0] > 0).astype(float)
    found = Logistic(penalty=1e-3).out_of_fold(FoldedDesign(x, fold), y[:, None], None)[:, 0]
    assert np.isfinite(found).all()
    assert np.mean((found > 0.5) == (y > 0.5)) > 0.97


def test_ridge_regressions_of_all_folds_and_targets_equal_those_of_each():
    x, y, fold, rows = world(2)
    expansion = Expansion.of(x, range(4))
    targets = np.column_stack([y, x[:, 0] ** 2 + y])
    for learner in (Linear(), Linear(expansion)):
        found = learner.out_of_fold(FoldedDesign(x, fold), targets, rows)
        for k in range(5):
            inside = rows & (fold != k)
            for j in range(2):
                alone = learner.fit(x[inside], targets[inside, j])(x[fold == k])
                assert np.allclose(found[fold == k, j], alone, atol=1e-8)


def test_a_wider_design_is_made_once():
    x, _, fold, _ = world(3)
    cut, expansion = FoldedDesign(x, fold), Expansion.of(x, range(4))
    assert cut.wide(expansion) is cut.wide(Expansion.of(x, range(4)))
    assert cut.wide(None) is x


def test_more_columns_than_rows_predict_the_same_at_the_cost_of_the_rows():
    rng = np.random.default_rng(0)
    x, fold = rng.normal(size=(60, 200)), np.arange(60) % 3
    y = np.column_stack([x[:, 0] + rng.normal(size=60), x[:, 1] > 0]).astype(np.float64)
    cut = FoldedDesign(x, fold)
    narrow = cut.wide(None)
    assert narrow.shape == (60, 60)
    np.testing.assert_allclose(narrow @ narrow.T, x @ x.T, atol=1e-9)
    np.testing.assert_allclose(ridge_out_of_fold(cut, narrow, y, None), ridge_out_of_fold(cut, x, y, None), atol=1e-6)
    for rows in (None, np.arange(60) % 2 == 0):
        np.testing.assert_allclose(
            logistic_out_of_fold(cut, narrow, y[:, 1], rows, 1.0), logistic_out_of_fold(cut, x, y[:, 1], rows, 1.0),
            atol=2e-3,
        )  # fmt: skip
    assert FoldedDesign(x[:, :20], fold).wide(None).shape == (60, 20)


def test_a_wide_design_lists_no_products():
    x = np.random.default_rng(0).normal(size=(50, 3000))
    assert Expansion.of(x, range(3000)).products == ()
