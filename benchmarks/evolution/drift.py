"""False alarms in worlds that stand still, and planted changes found within a week: ``python benchmarks/evolution/drift.py``."""

import argparse
from collections import Counter

from swayline.evolution.acts import read_acts
from swayline.evolution.drift import find_drift
from swayline.evolution.drift.table import QUICK
from swayline.testing.drift_worlds import START, DriftWorld, drift_log

SMALL = DriftWorld(people=100, days=70, a_day=0.8)
STILL = {"still": SMALL, "still-weekly": DriftWorld(people=100, days=70, a_day=0.8, weekly=0.6)}
PLANTED = {
    "interests of all": (DriftWorld(days=90, tastes=(40,), weekly=0.5), "population", "categories"),
    "interests of all, there and back": (DriftWorld(days=90, tastes=(30, 62), weekly=0.5), "population", "categories"),
    "activity of all": (DriftWorld(days=90, activity={50: 1.5}, weekly=0.5), "population", "activity"),
    "two categories that rise": (DriftWorld(days=90, rising={2: 35, 5: 60}), "category", None),
    "20 of 60 people, 2 visits a day": (
        DriftWorld(people=60, a_day=2.0, days=90, movers=20, stickiness=0.0),
        "user",
        None,
    ),
    "20 of 60 people, 6 visits a day": (
        DriftWorld(people=60, a_day=6.0, days=90, movers=20, stickiness=0.0),
        "user",
        None,
    ),
}


def _claims(world: DriftWorld) -> tuple[list[dict], dict[str, int]]:
    log, moved = drift_log(world)
    rows = find_drift(read_acts(log), QUICK, world.seed).table.to_pylist()
    return [one for one in rows if one["changed"]], moved


def still(name: str, seeds: int, first: int) -> None:
    alarmed, kinds = 0, Counter()
    for seed in range(first, first + seeds):
        claims, _ = _claims(STILL[name].seeded(seed))
        alarmed += bool(claims)
        kinds.update({one["kind"] for one in claims})
    print(f"{name}: {alarmed} of {seeds} seeds alarmed {dict(kinds)}", flush=True)


def planted(name: str, seeds: int) -> None:
    world, kind, of = PLANTED[name]
    hits = wrong = missed = 0
    for seed in range(seeds):
        claims, moved = _claims(world.seeded(seed))
        told = [
            (one["id"], (one["time"] - START).days) for one in claims if one["kind"] == kind and of in (None, one["id"])
        ]
        truth = [(of, day) for day in (*world.tastes, *world.activity)] + list(moved.items())
        left = truth + [(f"c{category}", day) for category, day in world.rising.items()]
        for name_of, day in told:
            near = next((one for one in left if one[0] == name_of and abs(one[1] - day) <= 7), None)
            hits, wrong = hits + (near is not None), wrong + (near is None)
            if near is not None:
                left.remove(near)
        missed += len(left)
    f1 = 2 * hits / max(1, 2 * hits + wrong + missed)
    print(f"{name}: {hits} found, {wrong} wrong, {missed} missed, F1 {f1:.3f} ({seeds} seeds)", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--planted-seeds", type=int, default=10)
    parser.add_argument("--only", choices=[*STILL, "planted"])
    asked = parser.parse_args()
    for one in STILL:
        if asked.only in (None, one):
            still(one, asked.seeds, asked.first)
    for one in PLANTED if asked.only in (None, "planted") else ():
        planted(one, asked.planted_seeds)
