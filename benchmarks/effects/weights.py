"""Behaviour weights from effects inside the ranker: an ablation on held-out purchases, on Taobao and a simulated shop.

python benchmarks/effects/weights.py taobao|shop [--data ../shared/data] [--seeds 5]

Time order: effects are measured on the first 70% of the time, the strength is chosen on purchases of the next 15%, the
last 15% are asked once. The whole catalogue is ranked before every purchase, from all that came strictly before it.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from logs import taobao

from swayline.dataset import Sequences, Targets, build_dataset, targets_at
from swayline.engine import DuckEngine
from swayline.influence.effects import BehaviorEffects
from swayline.metrics import ndcg, ranks
from swayline.models import create
from swayline.simulation import WorldSettings, world
from swayline.training.behavior_weights import learn_weights


def questions(sequences: Sequences, behavior: int, start: int, end: int) -> Targets:
    """Every outcome in [start, end) that has a history."""
    first = sequences.offsets[sequences.users]
    place = np.arange(len(sequences.items))
    asked = np.flatnonzero(
        (sequences.behaviors == behavior) & (sequences.times >= start) & (sequences.times < end) & (place > first)
    )
    return targets_at(sequences, asked, sequences.users[asked])


def measure(model, targets: Targets) -> np.ndarray:
    found = []
    for start in range(0, len(targets), 256):
        part = targets.take(np.arange(start, min(start + 256, len(targets))))
        found.append(ndcg(*ranks(model.score(part.history), part.items), k=10))
    return np.concatenate(found)


def ablation(label: str, events: pa.Table) -> None:
    started = time.perf_counter()
    clock = events.column("time").cast(pa.int64()).to_numpy()
    low, high = np.quantile(clock, [0.001, 0.999])
    cuts = [int(low + share * (high - low)) for share in (0.7, 0.85)]
    with DuckEngine() as engine:
        dataset = build_dataset(engine, events)
    sequences, names = dataset.sequences, dataset.behaviors.names
    outcome = names.index("purchase")
    before = events.filter(pa.array(clock < cuts[0]))
    found = BehaviorEffects(outcome="purchase", learner="linear").fit(before)
    valid = questions(sequences, outcome, *cuts)
    test = questions(sequences, outcome, cuts[1], int(clock.max()) + 1)
    early, late = (sequences.keep(sequences.times < cut) for cut in cuts)
    settings = {
        "returns": 0.5,
        "decay": 0.9,
        "distance_decay": 0.9,
        "backward": 0.7,
        "shrinkage": 5.0,
        "neighbours": 500,
    }
    print(
        f"{label}: {len(valid)} purchases choose, {len(test)} are asked, {time.perf_counter() - started:.0f} s for effects"
    )
    plain = measure(create("item-knn", **settings).fit(late), test)
    print(f"  all behaviours alike            NDCG@10 {plain.mean():.4f}")
    for words, estimands in (("effects", ("ate", "att")), ("associations", ("association",))):
        learned = learn_weights(found.ledger_, names, early, valid, settings=settings, estimands=estimands)
        weighted = measure(create("item-knn", **settings, behavior_weights=learned.weights).fit(late), test)
        gain = weighted - plain
        people = np.unique(test.users, return_inverse=True)[1]
        rng = np.random.default_rng(0)
        sums, sizes = np.bincount(people, gain), np.bincount(people)
        draws = [rng.integers(len(sums), size=len(sums)) for _ in range(2000)]
        interval = np.quantile([sums[d].sum() / sizes[d].sum() for d in draws], [0.025, 0.975])
        told = ", ".join(f"{name} {weight:.2f}" for name, weight in zip(names, learned.weights, strict=True))
        print(
            f"  weights from {words:<18} NDCG@10 {weighted.mean():.4f}  gain {gain.mean():+.4f} "
            f"[{interval[0]:+.4f}, {interval[1]:+.4f}] over people; strength {learned.strength:g}; {told}"
        )
        print("    chosen on: " + ", ".join(f"{k:g}: {v:.4f}" for k, v in learned.quality.items()), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["taobao", "shop"])
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared" / "data")
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    if asked.what == "taobao":
        ablation("taobao", taobao(asked.data)[0])
    else:
        for seed in range(asked.seeds):
            made = world(WorldSettings(users=1500, items=400, events=40_000, seed=seed)).events
            if "row" not in made.column_names:
                made = made.append_column("row", pa.array(range(1, len(made) + 1), pa.int64()))
            ablation(f"simulated shop, seed {seed}", made)
