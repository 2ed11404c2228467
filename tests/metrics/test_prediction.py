"""Predictions agree with scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as theirs
from sklearn.calibration import calibration_curve

from swayline.core.errors import UsageError
from swayline.metrics import prediction as ours
from swayline.metrics import ranking


@pytest.fixture(scope="module")
def happened() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    p = rng.beta(0.7, 1.2, 500)
    return (rng.random(500) < p).astype(int), p


def test_log_loss_and_squared_error_agree_with_scikit_learn(happened: tuple[np.ndarray, np.ndarray]) -> None:
    truth, p = happened
    assert ours.log_loss(truth, p).mean() == pytest.approx(theirs.log_loss(truth, p))
    assert ours.squared_error(truth, p).mean() == pytest.approx(theirs.brier_score_loss(truth, p))
    assert ours.squared_error(p, truth * 2.0).mean() == pytest.approx(theirs.mean_squared_error(p, truth * 2.0))


@pytest.mark.parametrize("levels", [3, 10**9])
def test_auc_agrees_with_scikit_learn(happened: tuple[np.ndarray, np.ndarray], levels: int) -> None:
    truth, p = happened
    score = np.floor(p * levels)
    assert ours.auc(truth, score) == pytest.approx(theirs.roc_auc_score(truth, score))


@pytest.mark.parametrize("levels", [4, 10**9])
def test_auc_of_a_ranked_target_is_that_of_its_row(levels: int) -> None:
    rng = np.random.default_rng(1)
    scores = rng.integers(0, levels, (50, 20)).astype(float)
    targets = rng.integers(0, 20, 50)
    found = ranking.auc(*ranking.ranks(scores, targets), 20)
    assert found == pytest.approx(
        [theirs.roc_auc_score(np.eye(20)[t], row) for t, row in zip(targets, scores, strict=True)]
    )


def test_accuracy_and_macro_f1_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    truth, guess = rng.integers(0, 5, 200), rng.integers(1, 6, 200)
    assert ours.accuracy(truth, guess).mean() == pytest.approx(theirs.accuracy_score(truth, guess))
    assert ours.macro_f1(truth, guess) == pytest.approx(theirs.f1_score(truth, guess, average="macro"))


@pytest.mark.parametrize(("equal", "strategy"), [("width", "uniform"), ("mass", "quantile")])
def test_calibration_error_agrees_with_the_curve_of_scikit_learn(
    happened: tuple[np.ndarray, np.ndarray], equal: str, strategy: str
) -> None:
    truth, p = happened
    share, mean = calibration_curve(truth, p, n_bins=8, strategy=strategy)
    edges = np.linspace(0, 1, 9) if equal == "width" else np.quantile(p, np.linspace(0, 1, 9))
    size = np.histogram(p, edges)[0]
    expected = np.average(np.abs(share - mean), weights=size[size > 0])
    assert ours.calibration_error(truth, p, 8, equal) == pytest.approx(expected)


def test_true_probabilities_are_calibrated_and_sure_ones_are_not(happened: tuple[np.ndarray, np.ndarray]) -> None:
    truth, p = happened
    assert ours.calibration_error(truth, p) < 0.05
    assert ours.calibration_error(truth, np.full(500, 0.99)) == pytest.approx(0.99 - truth.mean())


def test_a_sure_mistake_costs_much_and_not_everything() -> None:
    assert 30 < ours.log_loss(np.array([1]), np.array([0.0]))[0] < 40


def test_what_cannot_be_said_is_not_a_number() -> None:
    assert np.isnan(ours.auc(np.ones(3), np.arange(3)))
    assert np.isnan(ours.macro_f1(np.zeros(0), np.zeros(0)))
    assert np.isnan(ours.calibration_error(np.zeros(0), np.zeros(0)))
    with pytest.raises(UsageError, match="equal width or mass"):
        ours.calibration_error(np.zeros(1), np.zeros(1), equal="size")
