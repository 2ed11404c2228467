"""How often the intervals of policy values hold the truth, over 200 simulated logs of three kinds.

python benchmarks/recommend/off_policy_coverage.py
"""

import numpy as np

from swayline.evaluation.off_policy import ESTIMATORS, estimate_policy

N_ITEMS, SEEDS = 20, 200
KINDS = {"common": (5_000, 0.02, 0.15, 2.0), "rare": (10_000, 0.002, 0.012, 2.0), "skewed": (5_000, 0.02, 0.15, 0.5)}


def one(seed, n, low, high, evenness):
    rng = np.random.default_rng(seed)
    truth = rng.uniform(low, high, size=(3, N_ITEMS))
    logging = 0.02 / N_ITEMS + 0.98 * rng.dirichlet(np.full(N_ITEMS, evenness), size=3)
    policy = rng.dirichlet(np.full(N_ITEMS, 1.0), size=3)
    context = rng.integers(3, size=n)
    item = np.array([rng.choice(N_ITEMS, size=int((context == c).sum()), p=logging[c]) for c in range(3)], dtype=object)
    chosen = np.empty(n, int)
    for c in range(3):
        chosen[context == c] = item[c]
    reward = (rng.random(n) < truth[context, chosen]).astype(float)
    model = truth.mean() + 0.3 * (truth - truth.mean())
    found = estimate_policy(
        reward,
        logging[context, chosen],
        policy[context, chosen],
        model[context, chosen],
        (policy * model).sum(1)[context],
    )
    value = float((policy * truth).sum(1)[context].mean())
    return {name: e.ci_low <= value <= e.ci_high for name, e in found.estimates.items()}, {
        name: e.value / value - 1 for name, e in found.estimates.items()
    }


def main():
    for kind, dials in KINDS.items():
        rows = [one(seed, *dials) for seed in range(SEEDS)]
        print(kind)
        for name in ESTIMATORS:
            errors = np.array([row[1][name] for row in rows])
            print(
                f"  {name:<7} {sum(row[0][name] for row in rows)} of {SEEDS} hold the truth, mean relative error {np.abs(errors).mean():.3f}, bias {errors.mean():+.3f}"
            )


if __name__ == "__main__":
    main()
