import numpy as np
import pytest

from swayline.causal.inference.intervals import difference_in_means, from_scores


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


def clustered_experiment(n_clusters: int, sizes: str, share: float, rng: np.random.Generator):
    """Whole clusters treated or not, an effect of 0.3; rows of a cluster share a fifth of their variance."""
    size = np.full(n_clusters, 20)
    if sizes == "lognormal":
        size = np.maximum(2, np.round(12 * np.exp(rng.normal(size=n_clusters)))).astype(int)
    if sizes == "giant":
        size[0] = 20 * (n_clusters - 1)
    cluster = np.repeat(np.arange(n_clusters), size)
    treated = np.zeros(n_clusters, dtype=bool)
    treated[rng.permutation(n_clusters)[: max(2, round(n_clusters * share))]] = True
    y = np.sqrt(0.2) * rng.normal(size=n_clusters)[cluster] + np.sqrt(0.8) * rng.normal(size=len(cluster))
    return treated[cluster], y + 0.3 * treated[cluster], cluster


@pytest.mark.parametrize(("sizes", "share"), [("lognormal", 0.2), ("giant", 0.5)])
def test_intervals_cover_where_clusters_are_few_and_unlike_in_size(sizes, share):
    covered = 0
    for seed in range(200):
        found = difference_in_means(*clustered_experiment(15, sizes, share, np.random.default_rng(seed)))
        covered += found.low < 0.3 < found.high
    assert covered / 200 > 0.90  # .75 and .83 with the sum over clusters and Student's with one less than their number


def test_an_arm_within_one_cluster_has_no_interval():
    treated = np.repeat([True, False, False, False], 10)
    found = difference_in_means(treated, np.random.default_rng(0).normal(size=40), np.repeat(np.arange(4), 10))
    assert np.isnan(found.se)
    assert np.isfinite(found.value)


def test_leaving_a_cluster_out_is_exact_for_a_difference_of_means():
    treated, y, cluster = clustered_experiment(12, "lognormal", 0.5, np.random.default_rng(1))
    whole = difference_in_means(treated, y, cluster)
    without = [difference_in_means(treated[keep], y[keep]).value for keep in (cluster != g for g in range(12))]
    assert whole.se == pytest.approx(np.sqrt(11 / 12 * np.sum((np.array(without) - whole.value) ** 2)))
