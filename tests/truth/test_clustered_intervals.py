"""Clustered intervals cover, whatever the sizes of the clusters and however the treatment was assigned."""

import numpy as np
import pytest

from swayline.causal.inference.intervals import difference_in_means

pytestmark = pytest.mark.truth
SEEDS = 500


def experiment(n_clusters: int, sizes: str, assigned: str, heavy: bool, effect: float, rng: np.random.Generator):
    """An experiment whose effect differs by cluster around ``effect``."""
    size = np.full(n_clusters, 20)
    if sizes == "lognormal":
        size = np.maximum(2, np.round(12 * np.exp(rng.normal(size=n_clusters)))).astype(int)
    if sizes == "giant":
        size[0] = 20 * (n_clusters - 1)
    cluster = np.repeat(np.arange(n_clusters), size)

    def noise(n: int) -> np.ndarray:
        return np.exp(rng.normal(size=n)) - np.exp(0.5) if heavy else rng.normal(size=n)

    shared, own, differs = noise(n_clusters), noise(len(cluster)), 0.3 * rng.normal(size=n_clusters)
    if assigned == "cluster":
        arm = np.zeros(n_clusters, dtype=bool)
        arm[rng.permutation(n_clusters)[: n_clusters // 2]] = True
        treated = arm[cluster]
    else:
        treated = rng.random(len(cluster)) < 0.5
    y = np.sqrt(0.2) * shared[cluster] + np.sqrt(0.8) * own + treated * (effect + differs[cluster])
    return treated, y, cluster


@pytest.mark.parametrize("n_clusters", [10, 15, 30, 120])
@pytest.mark.parametrize("sizes", ["equal", "lognormal", "giant"])
@pytest.mark.parametrize("assigned", ["cluster", "within"])
@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize("effect", [0.0, 0.3])
def test_intervals_cover_about_95_of_100_times(n_clusters, sizes, assigned, heavy, effect):
    covered = 0
    for seed in range(SEEDS):
        found = difference_in_means(
            *experiment(n_clusters, sizes, assigned, heavy, effect, np.random.default_rng([seed, n_clusters]))
        )
        covered += found.low < effect < found.high
    assert covered / SEEDS > 0.91  # .94 less three standard errors of 500 seeds
