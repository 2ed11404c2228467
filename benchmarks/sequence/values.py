"""What stars are worth to the sequence model on MovieLens-100K: read with each event, and foretold of the next.

    python benchmarks/sequence/values.py --seeds 0 1 2

Last event tests, the one before validates; all items ranked but those seen. Each arm is compared question by question
with the defaults (bootstrap over the people). Errors are of the stars of the very event asked for, beside the bias
baseline (mean, person and item, ridge chosen on validation) learned from the same events.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from swayline.dataset import build_dataset, last_out
from swayline.engine import DuckEngine
from swayline.evaluation import rank_targets
from swayline.events import read_events
from swayline.metrics import ndcg, ranks
from swayline.models import create
from swayline.models.topk import mask_seen

ARMS = {
    "defaults": {},
    "stars read": {"values": True},
    "stars foretold": {"value_loss": 0.1},
    "stars read and foretold": {"values": True, "value_loss": 0.1},
    "stars read and foretold, weight 1": {"values": True, "value_loss": 1.0},
}
SMALL = {"embedding_dim": 64, "n_blocks": 1, "n_heads": 1, "max_length": 50, "neighbours": False}
LIKED = 4.0


def bias_baseline(train, valid, test) -> np.ndarray:
    """(Q,) mean + person + item of the test's questions, the ridge that validation likes best."""
    users, items, values = train.users, train.items, train.values
    mean = values.mean()

    def learned(ridge: float) -> tuple[np.ndarray, np.ndarray]:
        of_user, of_item = np.zeros(len(train)), np.zeros(train.n_items)
        n_user = np.bincount(users, minlength=len(train)) + ridge
        n_item = np.bincount(items, minlength=train.n_items) + ridge
        for _ in range(20):
            of_item = np.bincount(items, values - mean - of_user[users], train.n_items) / n_item
            of_user = np.bincount(users, values - mean - of_item[items], len(train)) / n_user
        return of_user, of_item

    def predicted(ridge: float, asked) -> np.ndarray:
        of_user, of_item = learned(ridge)
        return mean + of_user[asked.users] + of_item[asked.items]

    best = min((1.0, 2.0, 5.0, 10.0, 20.0), key=lambda ridge: ((predicted(ridge, valid) - valid.values) ** 2).mean())
    return predicted(best, test)


def paired(one: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> str:
    """Mean difference of questions with its bootstrap interval."""
    gap = one - other
    draws = gap[rng.integers(len(gap), size=(2000, len(gap)))].mean(1)
    return f"{gap.mean():+.4f} [{np.quantile(draws, 0.025):+.4f}, {np.quantile(draws, 0.975):+.4f}]"


def quality(scores: np.ndarray, asked) -> np.ndarray:
    """(Q,) NDCG@10, seen items left out."""
    mask_seen(scores, asked.history)
    return ndcg(*ranks(scores, asked.items), k=10)


def errors(found: np.ndarray, came: np.ndarray) -> str:
    """RMSE and MAE."""
    return f"{np.sqrt(((found - came) ** 2).mean()):.4f} | {np.abs(found - came).mean():.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/ml-100k"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS), metavar="ARM")
    parser.add_argument("--max-epochs", type=int, default=60)
    parser.add_argument("--small", action="store_true", help="width 64, one block, 50 events, no neighbours: minutes")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    log = read_events(options.data / "ml-100k.inter", items=options.data / "ml-100k.item")
    with DuckEngine() as engine:
        split = last_out(build_dataset(engine, log.events, side=log.items).sequences)
    test, rng = split.test, np.random.default_rng(0)
    liked = test.values >= LIKED
    print("| seed | arm | valid N@10 | test N@10 | against defaults | RMSE | MAE | liked N@10 | ranked by liking | s |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    print(f"| | bias baseline | | | | {errors(bias_baseline(split.train, split.valid, test), test.values)} | | | |")
    for seed in options.seeds:
        base = None
        for name in options.arms:
            started = time.perf_counter()
            model = create(
                "transformer",
                seed=seed,
                max_epochs=options.max_epochs,
                **(SMALL if options.small else {}),
                **ARMS[name],
            )
            model.fit(split.train, split.valid)
            seconds = time.perf_counter() - started
            valid = rank_targets(model, split.valid, 10, exclude_seen=True).values["ndcg@10"].mean()
            found = quality(model.score(test.history), test)
            base = found if name == "defaults" else base
            told, by_liking = "– | –", "–"
            if ARMS[name].get("value_loss"):
                told = errors(model.values(test.history, test.items), test.values)
                by_liking = paired(quality(model.score_liked(test.history, LIKED), test)[liked], found[liked], rng)
            gap = "–" if base is None or name == "defaults" else paired(found, base, rng)
            print(
                f"| {seed} | {name} | {valid:.4f} | {found.mean():.4f} | {gap} | {told} | {found[liked].mean():.4f} | "
                f"{by_liking} | {seconds:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
