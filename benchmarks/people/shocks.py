"""Null ties called influence, planted ties found and covered, under shocks that everybody feels and on coarse clocks.

python benchmarks/people/shocks.py --seeds 10 [--worlds news "sale days" …]
"""

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime

import numpy as np
from scipy.stats import rankdata

from swayline.influence.network import PeopleInfluence
from swayline.testing.people_worlds import DAY_S, HOUR_S, log_of, people_world

SMALL = {"people": 60, "weeks": 16, "acts": 90.0}
WORLDS: dict[str, dict] = {
    "none": {},
    "news": {"shock": "news"},
    "sale days": {"shock": "sale days"},
    "sales felt unequally": {"shock": "sales felt unequally"},
    "season": {"shock": "season"},
    "swings": {"shock": "swings"},
    "quiet people": {"shock": "sale days", "acts": 20.0},
    "quiet, news": {"shock": "news", "acts": 20.0},
    "nothing but news": {"shock": "news", "dial": 0.0},
    "nothing but sale days": {"shock": "sale days", "dial": 0.0},
    "day clock, 8 h": {"clock": DAY_S},
    "day clock, 2 d": {"clock": DAY_S, "delay_s": 2 * DAY_S},
    "day clock, 4 d": {"clock": DAY_S, "delay_s": 4 * DAY_S},
    "day clock, 20 min": {"clock": DAY_S, "delay_s": 1200.0},
    "hour clock, 8 h": {"clock": HOUR_S},
    "20 days later": {"delay_s": 20 * DAY_S},
}


def measured(name: str, seed: int) -> dict[str, float]:
    """One world: what its ledger says, beside the truth."""
    asked = dict(WORLDS[name])
    clock = asked.pop("clock", None)
    world = people_world(seed, **(SMALL | asked))
    world = world if clock is None else world.on_a_clock(clock)
    log, ties = log_of(world)
    began = time.process_time()
    people = PeopleInfluence("buy", channels=False).fit(log, ties)
    rows = [row for row in people.ledger_.to_pylist() if row["estimand"] == "excitation"]
    truth = {(f"p{s:03d}", f"p{t:03d}"): b for s, t, b in zip(world.source, world.target, world.branching, strict=True)}
    real = np.array([truth[row["cause"], row["effect"]] for row in rows])
    estimate, low, high = (np.array([row[c] for row in rows], float) for c in ("estimate", "ci_low", "ci_high"))
    stands = np.array([row["identified"] == "assumed" for row in rows])
    sways, claimed = real > 0, stands & (low > 0)
    covered = (low <= real) & (real <= high)
    rank, n, m = rankdata(estimate), int(sways.sum()), int((~sways).sum())
    share = lambda of, among: float(of[among].mean()) if among.any() else float("nan")  # noqa: E731
    return {
        "auc": float((rank[sways].sum() - n * (n + 1) / 2) / (n * m)) if n and m else float("nan"),
        "null_interval": share(low > 0, ~sways), "null_called": share(claimed, ~sways),
        "found": share(claimed, sways), "covered": share(covered, sways),
        "covered_where_identified": share(covered, sways & stands), "identified": share(stands, np.ones(len(rows), bool)),
        "mean": share(estimate, sways), "truth": share(real, sways), "delay_h": people.fit_.kernel.mean_s() / HOUR_S,
        "ks": people.goodness_.ks, "cpu_s": time.process_time() - began,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--worlds", nargs="*", default=list(WORLDS))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out")
    options = parser.parse_args()
    columns = ("auc", "null_interval", "null_called", "found", "covered", "covered_where_identified", "identified")
    columns += ("mean", "truth", "delay_h", "ks", "cpu_s")
    print(f"{'world':<24}" + "".join(f"{name[:11]:>12}" for name in columns), datetime.now(UTC).isoformat()[:16])
    for name in options.worlds:
        seeds = range(options.first, options.first + options.seeds)
        with ProcessPoolExecutor(options.workers) as pool:
            rows = list(pool.map(measured, [name] * len(seeds), seeds))
        mean = {
            c: float(np.nanmean([row[c] for row in rows])) if not all(np.isnan(row[c]) for row in rows) else None
            for c in columns
        }
        print(
            f"{name:<24}" + "".join(f"{'–' if mean[c] is None else format(mean[c], '.3f'):>12}" for c in columns),
            flush=True,
        )
        if options.out:
            with open(options.out, "a") as file:
                file.write(json.dumps({"world": name, "seeds": len(seeds), "rows": rows}) + "\n")


if __name__ == "__main__":
    main()
