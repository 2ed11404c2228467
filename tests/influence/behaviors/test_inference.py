import numpy as np
import pytest

from swayline.influence.behaviors.inference import difference_in_means, from_scores


def test_clustered_errors_equal_the_textbook_sum_over_clusters():
    rng = np.random.default_rng(0)
    scores, clusters = rng.normal(size=60), np.repeat(np.arange(20), 3)
    sums = scores.reshape(20, 3).sum(axis=1)
    assert from_scores(0.0, scores, clusters).se == pytest.approx(np.sqrt(20 / 19 * (sums**2).sum()) / 60)


def test_copies_of_a_row_within_a_cluster_do_not_shrink_the_interval():
    rng = np.random.default_rng(1)
    treated, outcome = rng.random(200) < 0.5, rng.normal(size=200)
    once = difference_in_means(treated, outcome, np.arange(200))
    copied = difference_in_means(np.repeat(treated, 5), np.repeat(outcome, 5), np.repeat(np.arange(200), 5))
    assert copied.se == pytest.approx(once.se)


def test_an_arm_without_successes_still_has_a_wide_interval():
    treated = np.array([True] * 20 + [False] * 20)
    found = difference_in_means(treated, np.zeros(40))
    assert found.low < -0.1
    assert found.high > 0.1


def test_intervals_of_clustered_data_cover_the_truth():
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(400):
        person = np.repeat(rng.normal(size=100), 4)
        treated = np.repeat(rng.random(100) < 0.5, 4)
        found = difference_in_means(
            treated, person + rng.normal(size=400) + 0.3 * treated, np.repeat(np.arange(100), 4)
        )
        covered += found.low < 0.3 < found.high
    assert 0.92 < covered / 400 < 0.98
