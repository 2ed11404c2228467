"""The ten best of ten million items: time and memory, the catalogue's own table aside.

    python benchmarks/sequence/catalogue_topk.py --items 10000000 --dim 64

Vectors are drawn at random: only the work is measured, no quality. Every score is computed (no approximate search).
"""

import argparse
import resource
import time

import numpy as np
import torch

from swayline.dataset import from_lists
from swayline.models.sequence.serving.blocked import best_of
from swayline.models.sequence.serving.int8 import Rounded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--questions", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(0)
    seen = from_lists(rng.integers(options.items, size=(options.questions, 20)).tolist(), options.items)
    states = torch.randn(options.questions, options.dim, device=options.device)
    table: torch.Tensor | Rounded = torch.empty(options.items, options.dim, device=options.device)
    for part in table.split(1 << 20):
        part.normal_()
    print(
        "| items | form | table, GB | s | users/s | GFLOP/s | memory above the table, GB |\n|---|---|---|---|---|---|---|"
    )
    for form in ("fp32", "int8"):
        if form == "int8":
            parts = [Rounded.of(part) for part in table.split(1 << 20)]
            table = Rounded(torch.cat([part.values for part in parts]), torch.cat([part.scale for part in parts]))
            del parts
        size = sum(part.nbytes for part in ((table.values, table.scale) if isinstance(table, Rounded) else (table,)))
        before = resident()
        if options.device == "cuda":
            best_of(states, table, None, 10, seen)  # warms up, and ends with everything on the host
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        began = time.perf_counter()
        best_of(states, table, None, 10, seen)
        seconds = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6 if form == "fp32" else float("nan")
        rate = 2e-9 * options.questions * options.items * options.dim / seconds
        above = f"{peak - before:.2f}" if form == "fp32" else ""
        if options.device == "cuda":
            above = f"{(torch.cuda.max_memory_allocated() - size) / 1e9:.2f}"
        print(
            f"| {options.items:,} × {options.dim} | {form} | {size / 1e9:.2f} | {seconds:.1f}"
            f" | {options.questions / seconds:.0f} | {rate:.0f} | {above} |",
            flush=True,
        )


def resident() -> float:
    """GB held now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e9


if __name__ == "__main__":
    main()
