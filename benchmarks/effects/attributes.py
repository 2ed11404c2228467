"""A category that stands in the items table alone confounds a cart and a purchase: is it held fixed?

``python benchmarks/effects/attributes.py --seeds 10`` (planted .2 and 0; 1,500 people, 200 items, 20 categories, half
of which are carted and bought more).
"""

import argparse

import numpy as np
import pyarrow as pa

from swayline.events import EventLog
from swayline.influence.effects import BehaviorEffects

USERS, ITEMS, CATEGORIES, PAIRS = 1_500, 200, 20, 4
DAY_S = 86_400.0


def world(seed: int, effect: float, in_events: bool) -> EventLog:
    """A log in which a category's quality moves carts (.2 or .6) and purchases (.1 or .4), and a cart adds ``effect``."""
    rng = np.random.default_rng([17, seed])
    good = np.tile([False, True], CATEGORIES // 2)[rng.permutation(CATEGORIES)]
    of = rng.integers(CATEGORIES, size=ITEMS)
    rows: list[tuple[int, int, str, float]] = []
    for user in range(USERS):
        for item in rng.choice(ITEMS, PAIRS, replace=False):
            t0 = rng.random() * 60 * DAY_S
            rows.append((user, item, "view", t0))
            cart = rng.random() < (0.6 if good[of[item]] else 0.2)
            if cart:
                rows.append((user, item, "cart", t0 + 60 + rng.random() * 3600))
            if rng.random() < 0.1 + 0.3 * good[of[item]] + effect * cart:
                rows.append((user, item, "purchase", t0 + 90_000 + rng.random() * DAY_S))
    rows.append((0, 0, "view", 70 * DAY_S))
    rows.sort(key=lambda row: row[3])
    start = int(np.datetime64("2026-01-01", "us").astype(np.int64))
    columns = {
        "row": pa.array(range(1, len(rows) + 1)), "user": [f"u{row[0]}" for row in rows],
        "item": [f"i{row[1]}" for row in rows], "behavior": [row[2] for row in rows],
        "time": pa.array([start + int(row[3] * 1e6) for row in rows], pa.timestamp("us", "UTC")),
    }  # fmt: skip
    if in_events:
        columns["category"] = [f"c{of[row[1]]}" for row in rows]
    items = pa.table({"item": [f"i{k}" for k in range(ITEMS)], "category": [f"c{c}" for c in of]})
    return EventLog(pa.table(columns), items=items)


def main() -> None:
    """Print a line a world."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_args().seeds
    for in_events in (False, True):
        for effect in (0.2, 0.0):
            found, naive, covered = [], [], 0
            for seed in range(seeds):
                log = world(seed, effect, in_events)
                effects = BehaviorEffects(
                    ["cart"], "purchase", window="1d", horizon="7d", learner="linear", seed=seed
                ).fit(log)
                rows = effects.ledger_.to_pylist()
                row = next(one for one in rows if one["estimand"] == "ate" and one["primary"])
                naive.append(next(one for one in rows if one["estimand"] == "association")["estimate"])
                found.append(row["estimate"])
                covered += row["ci_low"] <= effect <= row["ci_high"]
            where = "events and items table" if in_events else "items table alone"
            print(
                f"category in {where}, planted {effect}: mean {np.mean(found):.3f}, covered {covered}/{seeds},"
                f" association {np.mean(naive):.3f}"
            )


if __name__ == "__main__":
    main()
