import numpy as np
import pytest
from scipy.stats import bootstrap, permutation_test

from swayline.evaluation import bootstrap_mean, paired_test


def test_bootstrap_interval_covers_the_true_mean_about_95_of_100_times():
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(300):
        values = (rng.random(150) < 0.3).astype(float)
        estimate = bootstrap_mean(values, np.random.default_rng(seed), n_resamples=400)
        covered += estimate.ci_low <= 0.3 <= estimate.ci_high
    assert 0.90 <= covered / 300 <= 0.99


def test_bootstrap_of_no_value_is_not_a_number():
    assert np.isnan(bootstrap_mean(np.zeros(0), np.random.default_rng(0)).value)


def test_paired_test_is_uniform_when_nothing_differs():
    rng = np.random.default_rng(1)
    p_values = []
    for seed in range(300):
        ours, theirs = rng.normal(size=60), rng.normal(size=60)
        p_values.append(paired_test(ours, theirs, np.random.default_rng(seed), n_flips=200))
    assert 0.02 <= np.mean(np.array(p_values) <= 0.05) <= 0.09


def test_paired_test_finds_a_small_steady_difference():
    theirs = np.random.default_rng(2).normal(size=400)
    assert (
        paired_test(theirs + 0.05 + 0.1 * np.random.default_rng(3).normal(size=400), theirs, np.random.default_rng(0))
        < 0.01
    )


def test_paired_test_says_one_when_all_are_equal():
    assert paired_test(np.ones(5), np.ones(5), np.random.default_rng(0)) == 1.0


@pytest.mark.parametrize("n", [1, 2, 5])
def test_paired_p_value_is_exact_in_the_limit_for_few_users(n):
    p_value = paired_test(np.ones(n), np.zeros(n), np.random.default_rng(0), n_flips=20_000)
    assert p_value == pytest.approx(2.0 ** (1 - n), abs=0.02)


def test_paired_test_agrees_with_scipy_for_few_users():
    rng = np.random.default_rng(5)
    ours, theirs = rng.normal(0.6, 1, 12), rng.normal(0, 1, 12)
    exact = permutation_test(
        (ours, theirs), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf
    )
    found = paired_test(ours, theirs, np.random.default_rng(0), n_flips=40_000)
    assert found == pytest.approx(exact.pvalue, abs=0.01)


def test_bootstrap_agrees_with_scipy():
    values = np.random.default_rng(6).exponential(size=200)
    theirs = bootstrap((values,), np.mean, method="percentile", rng=np.random.default_rng(0)).confidence_interval
    ours = bootstrap_mean(values, np.random.default_rng(0), n_resamples=5000)
    assert (ours.ci_low, ours.ci_high) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_users_asked_often_make_the_interval_wider_and_the_test_weaker():
    users = np.repeat(np.arange(40), 25)
    rng = np.random.default_rng(7)
    values = np.repeat(rng.normal(size=40), 25) + 0.1 * rng.normal(size=1000)
    alone = bootstrap_mean(values, np.random.default_rng(0))
    together = bootstrap_mean(values, np.random.default_rng(0), clusters=users)
    assert together.value == pytest.approx(alone.value)
    assert together.ci_high - together.ci_low > 3 * (alone.ci_high - alone.ci_low)
    zeros = np.zeros(1000)
    shifted = values - values.mean() + 0.15
    assert paired_test(shifted, zeros, np.random.default_rng(0)) < 0.001
    assert paired_test(shifted, zeros, np.random.default_rng(0), clusters=users) > 0.1


def test_clustered_bootstrap_covers_the_true_mean_about_95_of_100_times():
    rng, covered = np.random.default_rng(8), 0
    for seed in range(200):
        sizes = rng.integers(1, 8, 80)
        values = np.repeat(rng.normal(size=80), sizes) + rng.normal(size=sizes.sum())
        one = bootstrap_mean(
            values, np.random.default_rng(seed), n_resamples=300, clusters=np.repeat(np.arange(80), sizes)
        )
        covered += one.ci_low <= 0.0 <= one.ci_high
    assert 0.89 <= covered / 200 <= 0.99


def test_questions_without_a_value_are_left_out():
    one = bootstrap_mean(np.array([1.0, np.nan, 0.0, np.nan]), np.random.default_rng(0))
    assert one.value == 0.5
