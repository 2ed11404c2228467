"""Contagion planted into worlds of likeness, drift, shocks and launches: bias, coverage, false claims.

    python benchmarks/contagion/planted.py --seeds 20 --most 5000

A row a world: truth, naive and adjusted figures, share of the naive bias that is left, coverage of 95% intervals, and in
how many seeds contagion is claimed (all checks and placebos counted).
"""

import argparse
import json
from pathlib import Path

import numpy as np

from swayline.influence.contagion import Contagion
from swayline.testing.contagion_worlds import STRONG, ContagionDials, contagion_world

LIKE = {"likeness": 0.9, "drift": 0.6, "shocks": 1.0, "launches": 1.0}
WORLDS = {
    "nothing": ContagionDials(),
    "likeness": ContagionDials(likeness=0.9),
    "likeness, drift, shocks, launches": ContagionDials(**LIKE),
    "contagion alone": ContagionDials(contagion=0.08),
    "weak contagion, likeness and all": ContagionDials(contagion=0.03, **LIKE),
    "strong contagion, likeness and all": STRONG,
}


def one(name: str, seed: int, most: int) -> dict:
    world = contagion_world(seed, WORLDS[name])
    found = Contagion("purchase", "7d", most_exposures=most, seed=seed).fit(world.log)
    answer = found.answers_[0]
    estimate, truth = answer.found.estimate, world.truth(7.0, 0.1 * world.days)
    return {
        "world": name, "seed": seed, "truth": truth, "naive": answer.main.naive.value, "adjusted": estimate.value,
        "low": estimate.low, "high": estimate.high, "claimed": answer.claimed, "identified": answer.identified,
        "placebos": {p.name: None if p.found is None else p.found.adjusted.value for p in answer.placebos},
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--most", type=int, default=5000)
    parser.add_argument("--only", nargs="*", default=list(WORLDS))
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    print(
        "| world | truth | naive | adjusted | bias left of naive | coverage | claimed |\n|---|---|---|---|---|---|---|"
    )
    for name in asked.only:
        rows = [one(name, seed, asked.most) for seed in range(asked.seeds)]
        if asked.out:
            with asked.out.open("a") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)
        truth, naive, adjusted = (np.array([row[key] for row in rows]) for key in ("truth", "naive", "adjusted"))
        inside = np.mean([row["low"] <= row["truth"] <= row["high"] for row in rows])
        claimed = sum(row["claimed"] for row in rows)
        bias = (naive - truth).mean()
        left = f"{(adjusted - truth).mean() / bias:.0%}" if abs(bias) > 0.003 else "no bias"
        print(
            f"| {name} | {truth.mean():.4f} | {naive.mean():.4f} | {adjusted.mean():.4f} | {left} | {inside:.0%} | "
            f"{claimed} of {len(rows)} |", flush=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
