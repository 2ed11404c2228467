import numpy as np
import pytest

from swayline.evaluate import bootstrap_mean, paired_test


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
