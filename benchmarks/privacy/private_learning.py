"""NDCG@10 of private models beside popularity and the same model with next to no noise, on a log with a table of items.

    python benchmarks/privacy/private_learning.py [LOG --items ITEMS]

Last events are asked among all items (seen ones left out); differences from popularity are paired by person, with 95%
intervals of a normal approximation. One training each: another draws other noise.
"""

import argparse
from pathlib import Path

import numpy as np

from swayline.engine import DuckEngine
from swayline.events import read_events
from swayline.models import MostPopular, Recommender
from swayline.models.validation import ask, ndcg_of
from swayline.training import TrainingPlan
from swayline.training.fit import cut
from swayline.training.private import PrivatePlan, fit_private_data, public_data

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "ml-100k"
MODELS = ("most-popular", "implicit-als", "ease")
EPSILONS = (1.0, 3.0, 8.0, 1000.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", nargs="?", default=str(DATA / "ml-100k.inter"))
    parser.add_argument("--items", default=str(DATA / "ml-100k.item"))
    given = parser.parse_args()
    with DuckEngine() as engine:
        public = public_data(engine, read_events(given.log, items=given.items, engine=engine))
    split = cut(public.dataset.sequences, TrainingPlan(split="last-out"))

    def ndcg(model: Recommender) -> np.ndarray:
        return np.concatenate([ndcg_of(part.scores, part.questions) for part in ask(model, split.test, True)])

    floor = ndcg(MostPopular().fit(split.train))
    print(f"popularity, not private: {floor.mean():.4f}, {len(floor)} people", flush=True)
    for model in MODELS:
        for epsilon in EPSILONS:
            done = fit_private_data(public, PrivatePlan(epsilon, model=model, split="last-out"))
            found = ndcg(done.bundle.model)
            more = found - floor
            half = 1.96 * more.std(ddof=1) / np.sqrt(len(more))
            print(
                f"| {model} | {epsilon:g} | {done.steps.noise_multiplier:.3f} | {found.mean():.4f} |"
                f" {more.mean():+.4f} [{more.mean() - half:+.4f}, {more.mean() + half:+.4f}] |",
                flush=True,
            )


if __name__ == "__main__":
    main()
