"""Time to NDCG@10 = .045 on Beauty (P2, test questions, all items ranked), beside the SASRec of RecTools and RecBole.

    python benchmarks/sequence/time_to_quality.py --rectools-python PEERS/bin/python --recbole-python PEERS/bin/python

Ours trains with its defaults and is asked after every epoch; the time of asking is left out, nothing is chosen by it.
A peer's epoch takes minutes: each trains ``--times`` as long as ours took (10) and is asked once; where it is not there by
then, its time is a lower bound. Same width, blocks, heads, history for all; the peers keep their own batch sizes and
losses (RecTools: a softmax over 256 sampled items a position, 128 people a batch; RecBole: a full softmax, one row a
prefix, 2,048 rows a batch).
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import sequence_data
import torch

from swayline.evaluation import rank_targets
from swayline.models import create

WANTED = 0.045


class Reached(Exception):
    """Training may stop."""


def ours(split, settings: dict) -> float:
    """Seconds until it was there."""
    model = create("transformer", **settings)
    asking, spent, began = 0.0, 0.0, time.perf_counter()

    def watch(epoch) -> None:
        nonlocal asking, spent
        paused = time.perf_counter()
        ndcg = rank_targets(model, split.test, 10, exclude_seen=True).values["ndcg@10"].mean()
        spent = paused - began - asking
        asking += time.perf_counter() - paused
        print(f"| ours, {settings or 'defaults'} | {epoch.epoch} | {spent:.1f} | {ndcg:.4f} |", flush=True)
        if ndcg >= WANTED:
            raise Reached

    model.watch = watch
    try:
        model.fit(split.train)
    except Reached:
        return spent
    sys.exit(f"not reached in {model.best_epoch_} epochs")


def theirs(split, options: argparse.Namespace, script: str, python: str, seconds: float) -> None:
    train, test = split.train, split.test
    asked = {
        "n_blocks": 1, "n_heads": 1, "dropout": 0.2, "n_negatives": 256, "max_length": 50, "dim": options.dim,
        "batch_users": 128, "threads": options.threads, "epochs": options.peer_epochs, "seconds": seconds,
        "histories": [train.items[train.of(user)].tolist() for user in range(len(train)) if train.lengths[user] > 1],
        "questions": [test.history.items[test.history.of(row)].tolist() for row in range(len(test))],
        "answers": test.items.tolist(),
    }  # fmt: skip
    answer = subprocess.run(
        [python, str(Path(__file__).with_name(script))],
        input=json.dumps(asked), text=True, capture_output=True,
        env=os.environ | {"OMP_NUM_THREADS": str(options.threads)},
    )  # fmt: skip
    if answer.returncode:
        sys.exit(f"the peer failed: {answer.stderr[-2000:]}")
    found = json.loads(answer.stdout.splitlines()[-1])
    print(f"| {found['versions']} | {found['epochs']} | {found['seconds']:.1f} | {found['ndcg']:.4f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=sequence_data.DATA)
    parser.add_argument("--rectools-python", default="")
    parser.add_argument("--recbole-python", default="")
    parser.add_argument("--peer-epochs", type=int, default=100, help="at most")
    parser.add_argument("--times", type=float, default=10.0, help="how many times our seconds a peer trains")
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    split = sequence_data.split("beauty", options.data)
    print("| model | epochs | s | test N@10 |\n|---|---|---|---|")
    seconds = options.times * ours(split, {"embedding_dim": options.dim})
    if options.recbole_python:
        theirs(split, options, "peer_recbole_quality.py", options.recbole_python, seconds)
    if options.rectools_python:
        theirs(split, options, "peer_rectools_quality.py", options.rectools_python, seconds)


if __name__ == "__main__":
    main()
