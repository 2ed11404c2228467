"""Temporal link prediction on tgbl-wiki by TGB's protocol: MRR over all 1,000 pages, ties by expected rank.

python benchmarks/temporal/wiki.py [--state event|200] [--seed 0]

Chronological 70/15/15; the network learns from the first 70% alone, the state goes on through all. ``--state event``:
each edit is asked with everything strictly before it known; ``--state 200``: the state moves once a block of 200, as
TGB's own loop does. Beside it the heuristic of the anchors (the person's own recency, then everybody's). Checked with
``py-tgb``'s own evaluator where it is installed (in an environment of its own).
"""

import argparse
import itertools
from pathlib import Path

import numpy as np

from swayline.dataset import Sequences
from swayline.models.temporal.heuristics import replay_heuristic
from swayline.models.temporal.model import Temporal, TemporalSettings
from swayline.models.temporal.replay import replay

FILE = Path(__file__).parents[2] / "../shared/data/tgbl-wiki/ml_wikipedia.txt"


def load() -> tuple[Sequences, np.ndarray]:
    """Histories of the edits, and the place of each in the file (the stream's order), by the flat arrays."""
    users, pages, times = np.loadtxt(FILE, dtype=np.int64).T
    _, users = np.unique(users, return_inverse=True)
    order = np.lexsort((np.arange(len(users)), users))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(users))]).astype(np.int64)
    items = (pages - pages.min()).astype(np.int32)
    made = Sequences(
        offsets, items[order], np.zeros(len(users), np.int16), times[order] * 1_000_000, order.astype(np.int64),
        int(items.max()) + 1, 1,
    )  # fmt: skip
    return made, order


def blocks(n: int, ends: tuple[int, int], size: int) -> np.ndarray:
    """Where TGB's blocks begin: each of the three parts is cut anew."""
    bounds = [0, *ends, n]
    return np.concatenate([np.arange(a, b, size) for a, b in itertools.pairwise(bounds)])


def mrr(better: np.ndarray, tied: np.ndarray) -> np.ndarray:
    """One over the expected rank, as TGB's evaluator has it."""
    return 1.0 / (1.0 + better + tied / 2.0)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", default="event", choices=["event", "200"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--questions", type=int, default=100_000)
    arguments = parser.parse_args()
    sequences, place = load()
    n = len(place)
    # TGB's quantiles of time: 110,232 / 23,621 / 23,621.
    valid, test = 110_232, 110_232 + 23_621
    starts = None if arguments.state == "event" else blocks(n, (valid, test), 200)
    model = Temporal(TemporalSettings(target_time=True, seed=arguments.seed, n_questions=arguments.questions))
    found = replay(model, sequences, place < valid, place >= valid, block_starts=starts)
    simple = replay_heuristic(sequences, place >= valid, block_starts=starts)
    for name, one in (("temporal", found), ("pair recency, then recency", simple)):
        values, is_test = mrr(one.better, one.tied), one.events >= test
        groups = {
            "valid": ~is_test,
            "test": is_test,
            "test returns": is_test & one.returns,
            "test discoveries": is_test & ~one.returns,
        }
        figures = "  ".join(f"{key} {values[rows].mean():.4f} ({rows.sum():,})" for key, rows in groups.items())
        print(f"state {arguments.state}, {name}: MRR {figures}; fit {one.fit_s:.0f} s, ranked in {one.rank_s:.0f} s")
    print("epochs", model.best_epoch_, [round(one["loss"], 3) for one in model.history_])


if __name__ == "__main__":
    main()
