"""How often equal models are told from the best, and how often a better one is found.

``python benchmarks/evaluation/best_of_several.py 500``: the model confidence set beside the best tested against every other under
Holm (the paired test's normal limit).
"""

import sys

import numpy as np
from scipy import stats

from swayline.evaluation import adjusted, compare_all


def lists(n: int, n_models: int, rng: np.random.Generator, lead: float = 0.0) -> np.ndarray:
    """NDCG@10 of correlated models, 88% zeros; the first hits ``lead`` more often; (n, n_models)."""
    place = np.sqrt(0.7) * rng.normal(size=(n, 1)) + np.sqrt(0.3) * rng.normal(size=(n, n_models))
    hit = np.full(n_models, 0.12)
    hit[0] += lead
    rank = np.floor(stats.norm.cdf(place) / hit * 10)
    return np.where(rank < 10, 1 / np.log2(rank + 2), 0.0)


def holm(values: np.ndarray) -> np.ndarray:
    """Which models the old test called worse than the best."""
    best = int(np.argmax(values.mean(axis=0)))
    gaps = values[:, [best]] - np.delete(values, best, axis=1)
    errors = gaps.std(axis=0, ddof=1) / np.sqrt(len(values))
    return adjusted(2 * stats.norm.sf(gaps.mean(axis=0) / np.maximum(errors, 1e-12)), "holm") <= 0.05


def main(seeds: int) -> None:
    """A line for each number of models."""
    for n_models in (2, 5, 10, 20):
        found = np.zeros(4)
        for seed in range(seeds):
            for lead in (0.0, 0.05):
                values = lists(300, n_models, np.random.default_rng([seed, n_models]), lead)
                out = compare_all(values, np.random.default_rng(seed), n_flips=400).p_values <= 0.05
                old = holm(values)
                if lead == 0:
                    found[:2] += old.any(), out.any()
                elif int(np.argmax(values.mean(axis=0))) == 0:
                    found[2:] += old.mean(), out[1:].mean()
        shares = " ".join(f"{share:.3f}" for share in found / seeds)
        print(f"{n_models} models: false claims Holm, set; others found worse Holm, set: {shares}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
