"""Are the probabilities of behaviours true? Taobao slice, last event of each user, the item given.

    python benchmarks/sequence/behavior_probabilities.py

The Transformer learns with the behaviour head; its probabilities are calibrated on validation questions and compared on
test questions with the log's own shares (a constant) and with each person's own shares. ECE: ten bins of equal mass.
"""

import argparse
from pathlib import Path

import numpy as np
import sequence_data
import torch

from swayline.dataset import build_dataset, last_out
from swayline.engine import DuckEngine
from swayline.events import ReadOptions, read_events
from swayline.metrics.prediction import auc, calibration_error
from swayline.models import create

BINS = 10


def bins_of(chance: np.ndarray) -> list[np.ndarray]:
    return np.array_split(np.argsort(chance, kind="stable"), BINS)


def shares_of_people(history, n_behaviors: int, prior: np.ndarray) -> np.ndarray:
    counts = np.zeros((len(history), n_behaviors))
    np.add.at(counts, (history.users, history.behaviors), 1)
    return (counts + 10 * prior) / (counts.sum(1, keepdims=True) + 10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=sequence_data.DATA)
    parser.add_argument("--max-epochs", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    columns = ("user", "item", "category", "behavior", "time")
    with DuckEngine() as engine:
        log = read_events(options.data / "taobao" / "events.csv", options=ReadOptions(columns=columns), engine=engine)
        data = build_dataset(engine, log.events)
    split = last_out(data.sequences)
    model = create("transformer", behavior_loss=0.2, times=True, max_epochs=options.max_epochs)
    model.fit(split.train, split.valid)
    asked, n = split.test, split.train.n_behaviors
    prior = np.bincount(split.train.behaviors, minlength=n) / len(split.train.behaviors)
    told = {
        "the log's shares": np.tile(prior, (len(asked), 1)),
        "the person's shares": shares_of_people(asked.history, n, prior),
        "transformer": model.behavior_probabilities(asked.history, asked.items),
    }
    print(
        f"{len(asked)} questions\n\n| behaviour | came | model | mean | ECE | Brier | AUC |\n|---|---|---|---|---|---|---|"
    )
    for behavior, name in enumerate(data.behaviors.names):
        came = asked.behaviors == behavior
        for who, chance in told.items():
            p = chance[:, behavior]
            brier, order = np.mean((p - came) ** 2), auc(came, p) if came.any() and not came.all() else float("nan")
            print(
                f"| {name} | {came.mean():.4f} | {who} | {p.mean():.4f} | {calibration_error(came, p, BINS, 'mass'):.4f} | {brier:.4f} | {order:.3f} |"
            )
    print("\nreliability of the transformer's (said → came):")
    for behavior, name in enumerate(data.behaviors.names):
        p, came = told["transformer"][:, behavior], asked.behaviors == behavior
        print(f"{name}: " + ", ".join(f"{p[part].mean():.3f} → {came[part].mean():.3f}" for part in bins_of(p)))


if __name__ == "__main__":
    main()
