"""Ranking by uplift and influence beside ranking by predicted outcome, where people respond (`--worlds`, `--seeds`).

Every ranker learns once from the same log of random lists with known propensities; the same luck is drawn whatever is
shown. Printed: what all people took over the days after, and the paired difference with its 95% interval.

    python benchmarks/recommend/responding.py --worlds quiet,persuadable --seeds 20
"""

import argparse
import time

import numpy as np
import pyarrow as pa
from scipy import stats

from swayline.causal.nuisance.learners import Linear
from swayline.recommend import UpliftRanker
from swayline.simulation.responding import (
    WORLDS,
    RespondingWorld,
    exposure_table,
    named_world,
    random_lists,
    simulate_days,
)

MEMORY_DAYS = 3
COLUMNS = ("kind_of_person", "kind_of_item", "item")


def affinity(owned):
    """(U, I) how like each item is to what the person took: cosine of who took both."""
    counts = owned.astype(float)
    sizes = np.sqrt(counts.sum(axis=0) + 5.0)
    likeness = counts.T @ counts / np.outer(sizes, sizes)
    np.fill_diagonal(likeness, 0.0)
    return counts @ likeness


def touched(world, lately):
    recent = sum((one.astype(float) for one in lately[-MEMORY_DAYS:]), np.zeros((len(world), world.settings.items)))
    return np.minimum(world.ties @ recent, 3.0)


def features(world, owned, lately):
    n, m = owned.shape
    return {
        "kind_of_person": np.repeat(world.kind_of_person, m), "kind_of_item": np.tile(world.kind_of_item, n),
        "item": np.tile(np.arange(m), n), "affinity": affinity(owned).ravel(), "touched": touched(world, lately).ravel(),
    }  # fmt: skip


def logged_table(world, days):
    """Chances to show of the logged days, with the affinity and the ties' acts as they stood on each morning."""
    base = exposure_table(world, days)
    numbers = {"affinity": [], "touched": []}
    owned, lately = np.zeros((len(world), world.settings.items), bool), []
    for one in days:
        people, items = np.nonzero(one.present[:, None] & ~owned)
        numbers["affinity"].append(affinity(owned)[people, items])
        numbers["touched"].append(touched(world, lately)[people, items])
        owned |= one.taken
        lately.append(one.taken)
    for name, parts in numbers.items():
        base = base.append_column(name, pa.array(np.concatenate(parts)))
    return base


def reach_of_items(table, world):
    """(I,) acts of others that one act on the item causes: effect of each tie's act a day, by item, shrunk, × ties × days."""
    item, y = table["item"].to_numpy(), table["outcome"].to_numpy()
    t = table["touched"].to_numpy()
    found = np.zeros(world.settings.items)
    spread = np.zeros_like(found)
    for one in range(world.settings.items):
        some = (item == one) & ~table["shown"].to_numpy(zero_copy_only=False)
        x = t[some] - t[some].mean()
        if (x**2).sum() < 1e-9:
            spread[one] = np.inf
            continue
        found[one] = (x @ y[some]) / (x**2).sum()
        spread[one] = np.sqrt(y[some].var() / (x**2).sum())
    known = np.isfinite(spread)
    if not known.any():
        return found
    between = max(0.0, found[known].var() - (spread[known] ** 2).mean())
    centre = found[known].mean()
    shrunk = np.where(known, centre + between / (between + spread**2 + 1e-12) * (found - centre), centre)
    return np.maximum(shrunk, 0.0) * world.ties.sum() / len(world) * MEMORY_DAYS


def rankers(world, days):
    table = logged_table(world, days)
    uplift = UpliftRanker(["kind_of_person"], ["kind_of_item", "item"], ["affinity", "touched"]).fit(table)
    columns = {name: table[name].to_numpy() for name in (*COLUMNS, "affinity", "touched")}
    predict = Linear().fit(uplift.design_(columns), table["outcome"].to_numpy())
    reach = reach_of_items(table, world) if world.ties.any() else np.zeros(world.settings.items)
    out = (
        world.ties.sum(axis=0) / max(world.ties.sum() / len(world), 1e-9) if world.ties.any() else np.zeros(len(world))
    )
    further = 1.0 + out[:, None] * reach[None, :]

    def by(score):
        def choose(day, present, owned):
            values = score(features(world, owned, lately)).reshape(owned.shape)
            return np.argsort(-np.where(owned, -np.inf, values), axis=1)[:, : world.settings.places]

        return choose

    lately = []
    return lately, {
        "outcome": by(lambda x: predict(uplift.design_(x))),
        "outcome if shown": by(lambda x: uplift.effects(x)[0]),
        "uplift": by(lambda x: uplift.effects(x)[1]),
        "uplift and influence": by(lambda x: uplift.effects(x)[1] * further.ravel()),
    }


def one_seed(name, seed):
    world = RespondingWorld(named_world(name, seed))
    s = world.settings
    owned, lately = np.zeros((len(world), s.items), bool), []
    days = list(simulate_days(world, random_lists(world), 0, s.logged_days, owned, lately))
    shared, choosers = rankers(world, days)
    totals = {}
    for ranker, choose in {"random": random_lists(world), **choosers}.items():
        again, recent = owned.copy(), list(lately)
        shared.clear()
        shared += recent
        total = 0
        for day in simulate_days(world, choose, s.logged_days, s.logged_days + s.days, again, recent):
            shared.append(day.taken)
            total += int(day.taken.sum())
        totals[ranker] = total
    return totals


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--worlds", default=",".join(WORLDS))
    parser.add_argument("--seeds", type=int, default=10)
    said = parser.parse_args()
    for name in said.worlds.split(","):
        started = time.time()
        rows = [one_seed(name, seed) for seed in range(said.seeds)]
        print(f"## {name}, {said.seeds} seeds, {time.time() - started:.0f} s")
        for ranker in rows[0]:
            values = np.array([row[ranker] for row in rows], float)
            line = f"{ranker:<22} {values.mean():9.1f}"
            for base in ("outcome", "outcome if shown"):
                other = np.array([row[base] for row in rows], float)
                gap = values - other
                half = (
                    stats.t.ppf(0.975, len(gap) - 1) * gap.std(ddof=1) / np.sqrt(len(gap)) if len(gap) > 1 else np.nan
                )
                share = 100 / other.mean()
                line += f"   over {base}: {gap.mean() * share:+6.2f}% [{(gap.mean() - half) * share:+.2f}, {(gap.mean() + half) * share:+.2f}]"
            print(line, flush=True)


if __name__ == "__main__":
    main()
