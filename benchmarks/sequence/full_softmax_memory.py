"""Peak memory of training with the full softmax over a million items of 128 dimensions, and the time of a step.

    python benchmarks/sequence/full_softmax_memory.py --items 1000000 --dim 128

The network, its gradients and Adam's two moments alone are 2.0 GB; positions × items is never held.
"""

import argparse
import resource
import time

import numpy as np
import torch

from swayline.dataset import from_lists
from swayline.models import create


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(0)
    users = options.tokens * options.steps // 11
    log = from_lists(rng.integers(options.items, size=(users, 10)).tolist(), options.items)
    model = create(
        "transformer", loss="full-softmax", embedding_dim=options.dim, max_epochs=1, batch_tokens=options.tokens,
        averaging=0.0, warm_start=False,
    )  # fmt: skip
    began = time.perf_counter()
    model.fit(log)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    rate, size = model.history_[0]["samples_per_s"], f"{options.items:,} items × {options.dim}"
    print(f"{size}: peak {peak:.2f} GB, {rate:.0f} samples/s, {seconds:.0f} s in all")


if __name__ == "__main__":
    main()
