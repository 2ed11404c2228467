"""Figures of fairness: by hand, and as fairlearn computes them where it is installed."""

import numpy as np
import pytest

from swayline.metrics import fairness


def test_groups_without_anybody_have_no_figure():
    means = fairness.group_means(np.array([1.0, np.nan, 0.0]), np.array([0, 1, -1]), 2)
    assert means[0] == 1.0
    assert np.isnan(means[1])
    assert np.isnan(fairness.gap(means))


def test_exposure_shares_sum_to_one_and_the_top_place_weighs_most():
    lists = np.array([[0, 1, -1], [0, 2, 1]])
    shares = fairness.exposure_by_group(lists, np.array([0, 1, -1]), 2)
    assert shares.sum() == pytest.approx(1.0)
    assert shares[0] > shares[1]
    assert fairness.exposure_gap(shares, shares) == 0.0
    assert fairness.exposure_gap(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1.0


def test_a_list_of_what_the_person_takes_has_no_popularity_lift():
    popularity = np.array([3.0, 1.0])
    lift = fairness.popularity_lift(np.array([[0, 1], [0, 0], [-1, -1]]), np.array([2.0, 2.0, 2.0]), popularity)
    assert lift[:2].tolist() == [0.0, 1.0]
    assert np.isnan(lift[2])


def test_calibration_is_told_by_group():
    truth, chance = np.array([1.0, 0.0] * 50), np.array([0.5] * 50 + [0.9] * 50)
    good, bad = fairness.calibration_by_group(truth, chance, np.repeat([0, 1], 50), 2)
    assert good == pytest.approx(0.0)
    assert bad == pytest.approx(0.4)


def test_fairlearn_agrees():
    theirs = pytest.importorskip("fairlearn.metrics", reason="fairlearn is not installed")
    rng = np.random.default_rng(0)
    truth, chosen, groups = rng.random(300) < 0.5, rng.random(300) < 0.4, rng.integers(0, 3, 300)
    ours = fairness.demographic_parity_difference(chosen.astype(float), groups, 3)
    assert ours == pytest.approx(theirs.demographic_parity_difference(truth, chosen, sensitive_features=groups))
    rates = fairness.equal_opportunity_difference(chosen.astype(float), truth, groups, 3)
    frame = theirs.MetricFrame(
        metrics=theirs.true_positive_rate, y_true=truth, y_pred=chosen, sensitive_features=groups
    )  # fmt: skip
    assert rates == pytest.approx(frame.difference())
