"""Launches fanned out by the ledger beside launches to the most followed people, in planted worlds.

    python benchmarks/contagion/launch.py --seeds 5

Each world's log is measured (`influence contagion --by-person`, or `influence people`), ten new items are launched with 40
showings, by the ledger and to the people whom most ties leave, and both plans are judged on the *true* chances of
passing on, which the ledger never saw. A row a world: expected adopters of each plan, of the best plan on the truth,
and the ratio ledger / most followed with its range over seeds.
"""

import argparse

import numpy as np

from swayline.influence.contagion import Contagion
from swayline.influence.diffusion import Launches, launch_from_ledger, make_graph
from swayline.influence.network import PeopleInfluence
from swayline.testing.contagion_worlds import ContagionDials, contagion_world
from swayline.testing.people_worlds import log_of, people_world

LIKE = {"likeness": 0.9, "drift": 0.6, "shocks": 1.0, "launches": 1.0}
ITEMS, BUDGET = [f"new{k}" for k in range(10)], 40


def voices(seed: int, share: float, loud: float, rest: float):
    world = contagion_world(seed, ContagionDials(contagion=rest, **LIKE), voices=(share, loud))
    found = Contagion("purchase", "7d", most_exposures=3000, by_person=True, seed=seed).fit(world.log)
    chance = {f"u{one}": loud if voice else rest for one, voice in enumerate(world.is_voice)}
    truth = [chance[one] for one in world.ties["source"].to_pylist()]
    return found.ledger_, world.ties, np.array(truth)


def hawkes(seed: int):
    world = people_world(seed)
    log, ties = log_of(world)
    found = PeopleInfluence("buy").fit(log, ties)
    return found.ledger_, ties, -np.expm1(-world.branching)


WORLDS = {
    "15% pass on .30, others none": lambda seed: voices(seed, 0.15, 0.3, 0.0),
    "15% pass on .30, others .03": lambda seed: voices(seed, 0.15, 0.3, 0.03),
    "all alike, .08": lambda seed: voices(seed, 0.0, 0.0, 0.08),
    "Hawkes, half of the ties carry .12 to .30": hawkes,
}


def one(name: str, seed: int) -> tuple[float, float, float] | None:
    ledger, ties, truth = WORLDS[name](seed)
    try:
        found = launch_from_ledger(ledger, ITEMS, BUDGET, ties=ties, seed=seed)
    except Exception as error:  # the ledger says no: that is an answer, and counted
        print(f"  {name}, seed {seed}: {error}")
        return None
    names = sorted({*ties["source"].to_pylist(), *ties["target"].to_pylist()})
    at = {name: place for place, name in enumerate(names)}
    ends = [np.array([at[one] for one in ties[column].to_pylist()]) for column in ("source", "target")]
    judge = Launches(make_graph(*ends, truth, len(names)), np.ones((len(ITEMS), len(names))), seed=seed + 1000)
    # Followers are counted over all ties, not over those that carry something.
    fame = np.argsort(-np.bincount(ends[0], minlength=len(names)), kind="stable")[:BUDGET]
    plans = (
        (np.array([at[one] for one in found.table["user"].to_pylist()]), found.plan.item),
        (fame, np.arange(BUDGET) % len(ITEMS)),
    )
    reached = [float(judge.judge(*plan).spread[-1]) for plan in plans]
    return reached[0], reached[1], float(judge.plan(BUDGET).spread[-1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=list(WORLDS))
    asked = parser.parse_args()
    print("| world | seeds | by the ledger | most followed | best on the truth | ratio | brought beyond those shown |")
    print("|---|---|---|---|---|---|---|")
    for name in asked.only:
        found = [one(name, seed) for seed in range(asked.first, asked.first + asked.seeds)]
        rows = np.array([row for row in found if row is not None])
        if not len(rows):
            print(f"| {name} | 0 of {asked.seeds} | the ledger says no | | | | |", flush=True)
            continue
        ledger, fame, best = rows.T
        ratio, beyond = ledger / fame, (ledger - BUDGET).mean() / (fame - BUDGET).mean()
        print(
            f"| {name} | {len(rows)} of {asked.seeds} | {ledger.mean():.1f} | {fame.mean():.1f} | {best.mean():.1f} | "
            f"{ratio.mean():.2f} ({ratio.min():.2f} to {ratio.max():.2f}) | {beyond:.2f} |", flush=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
