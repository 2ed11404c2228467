"""Strangers' reviews: planted herding among quality, drift and fame.

    python benchmarks/contagion/strangers.py --seeds 20

A row a world: truth, naive, within item and day, by reviewers' leniency, coverage of its 95% interval, claims.
"""

import argparse

import numpy as np

from swayline.influence.strangers import Strangers
from swayline.testing.stranger_worlds import stranger_world

WORLDS = {
    "no herding": {"herding": 0.0},
    "no herding, strong drift": {"herding": 0.0, "drift": 1.5},
    "weak herding": {"herding": 0.2},
    "herding": {"herding": 0.6},
    "shop, none": {"herding": 0.0, "shop": True},
    "shop, reviews move buyers": {"herding": 1.0, "shop": True},
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    print(
        "| world | truth | naive | within item and day | by writers | coverage | claimed |\n|---|---|---|---|---|---|---|"
    )
    for name, dials in WORLDS.items():
        rows = []
        for seed in range(asked.first, asked.first + asked.seeds):
            world = stranger_world(seed, **dials)
            one = Strangers("purchase" if dials.get("shop") else "rate>=4").fit(world.log).reading_
            inside = one.effect.low <= world.truth <= one.effect.high
            rows.append((world.truth, one.naive.value, one.within.value, one.effect.value, inside, one.claimed))
        *figures, inside, claimed = np.array(rows, float).T
        told = " | ".join(f"{figure.mean():.4f}" for figure in figures)
        print(f"| {name} | {told} | {inside.mean():.0%} | {int(claimed.sum())} of {len(rows)} |", flush=True)


if __name__ == "__main__":
    main()
