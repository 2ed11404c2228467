"""Training speed beside RecTools' SASRec, in one run: same data, width, blocks, heads, history and loss family.

    python benchmarks/sequence/train_speed.py --peer-python PEERS/bin/python

A sample is a target position. Ours trains a whole epoch after a first one that warms up; the peer takes minutes an
epoch, so it trains a number of batches of its own default size (128 users) after some that warm up. Both loss families
are a softmax over the target and 256 sampled items: the peer draws 256 for every position, ours shares 256 in a batch,
which is what makes it one matrix product.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import sequence_data
import torch

from swayline.models import create

SAME = {"n_blocks": 1, "n_heads": 1, "dropout": 0.2, "n_negatives": 256, "max_length": 50}


def ours(train, dim: int, epochs: int, precision: str) -> dict[str, float]:
    model = create("transformer", embedding_dim=dim, max_epochs=epochs, precision=precision, block="sasrec", **SAME)
    lines = model.fit(train).history_[1:]
    return {"seconds_an_epoch": float(np.median([line["seconds"] for line in lines])),
            "samples_a_second": float(np.median([line["samples_per_s"] for line in lines]))}  # fmt: skip


def theirs(python: str, train, dim: int, warmup: int, batches: int, threads: int) -> dict[str, float]:
    rows = [train.items[train.of(user)].tolist() for user in range(len(train)) if train.lengths[user] > 1]
    asked = SAME | {"dim": dim, "batch_users": 128, "warmup": warmup, "batches": batches, "threads": threads}
    script = Path(__file__).with_name("peer_rectools.py")
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    answer = subprocess.run(
        [python, str(script)],
        input=json.dumps(asked | {"histories": rows}),
        text=True,
        capture_output=True,
        env=environment,
    )
    if answer.returncode:
        sys.exit(f"the peer failed: {answer.stderr[-2000:]}")
    found = json.loads(answer.stdout.splitlines()[-1])
    rate = found["samples"] / found["seconds"]
    return {"samples_a_second": rate, "seconds_an_epoch": sum(len(row) - 1 for row in rows) / rate} | found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=sequence_data.DATA)
    parser.add_argument(
        "--peer-python", default=os.environ.get("SWAYLINE_PEER_PYTHON", ""), help="interpreter with rectools[torch]"
    )
    parser.add_argument("--dims", type=int, nargs="+", default=[64])
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    train = sequence_data.split("beauty", options.data).train
    print(f"Beauty, {options.threads} threads, torch {torch.__version__}")
    print("| width | model | samples/s | s an epoch | ratio |\n|---|---|---|---|---|")
    for dim in options.dims:
        slow = None
        if options.peer_python:
            peer = theirs(options.peer_python, train, dim, options.warmup, options.batches, options.threads)
            slow = peer["samples_a_second"]
            show(dim, f"{peer['versions']} ({peer['batches']} batches, epoch from its rate)", peer, slow)
        for precision in ("fp32", "auto"):
            show(dim, f"ours, {precision}", ours(train, dim, options.epochs, precision), slow)


def show(dim: int, model: str, found: dict[str, float], slow: float | None) -> None:
    rate, seconds = found["samples_a_second"], found["seconds_an_epoch"]
    print(f"| {dim} | {model} | {rate:,.0f} | {seconds:.1f} | {f'{rate / slow:.1f}' if slow else '–'} |", flush=True)


if __name__ == "__main__":
    main()
