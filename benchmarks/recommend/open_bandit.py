"""Open Bandit, men's campaign: each log's estimate of the other policy's value, beside its true mean.

python benchmarks/recommend/open_bandit.py
"""

from pathlib import Path

import numpy as np
import pyarrow.csv

from swayline.evaluation.off_policy import LoggedChoices, value_of_policy

DATA = Path(__file__).parents[3] / "shared" / "data" / "open-bandit"
N_ITEMS = 34


def load(name):
    table = pyarrow.csv.read_csv(DATA / name)
    n = len(table)
    return LoggedChoices(
        table["click"].to_numpy().astype(float), table["propensity_score"].to_numpy(),
        table["item_id"].to_numpy().astype(np.int64), [str(item) for item in range(N_ITEMS)],
        table["position"].to_numpy() - 1, [1, 2, 3], np.arange(n), [str(row) for row in range(n)], "click", "probability",
    )  # fmt: skip


def main():
    random, bts = load("men-random.csv"), load("men-bts.csv")
    shares = np.zeros((3, N_ITEMS))
    np.add.at(shares, (bts.context, bts.item), 1)
    shares /= shares.sum(axis=1, keepdims=True)
    for name, log, policy, other in (
        ("random -> BTS", random, shares[random.context], bts),
        ("BTS -> random", bts, np.full((len(bts), N_ITEMS), 1 / N_ITEMS), random),
    ):
        found, truth = value_of_policy(log, policy), other.reward.mean()
        print(
            f"{name}, truth {truth:.4f}, effective choices {found.ess:.0f}, largest weight {found.largest_weight:.1f}"
        )
        for estimator, one in found.estimates.items():
            held = "holds" if one.ci_low <= truth <= one.ci_high else "misses"
            error = abs(one.value - truth) / truth
            print(
                f"  {estimator:<7} {one.value:.5f} [{one.ci_low:.5f}, {one.ci_high:.5f}] {held}, relative error {error:.3f}"
            )


if __name__ == "__main__":
    main()
