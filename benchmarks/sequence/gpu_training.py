"""What training reaches on one GPU: target positions a second, the share of the chip's bfloat16 rate, memory.

    python benchmarks/sequence/gpu_training.py
    python benchmarks/sequence/gpu_training.py --only "wide" --compile

Real logs run with the model's defaults; the others are logs of random events (only shapes count for speed), whose
first epoch warms up and whose later ones are measured. Operations are counted from the shapes: nine products of
width x width a token and block (LiGR, expansion 1), attention over the whole bin, and the loss over its candidates,
forward and twice as much backward. Without a GPU it says so and stops.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import sequence_data
import torch

from swayline.dataset import Sequences, from_lists
from swayline.models import create
from swayline.models.sequence.batching.layout import bin_width

SHAPES = {
    # name: users, events a user, items, settings
    "narrow": (40_000, 50, 100_000, {"embedding_dim": 256, "n_blocks": 2, "n_heads": 4, "max_length": 50, "batch_tokens": 32_768}),
    "usual": (15_000, 200, 100_000, {"embedding_dim": 512, "n_blocks": 4, "n_heads": 8, "max_length": 200, "batch_tokens": 65_536}),
    "wide": (5_000, 200, 100_000, {"embedding_dim": 1024, "n_blocks": 8, "n_heads": 16, "max_length": 200, "batch_tokens": 65_536}),
    "deep": (1_500, 200, 100_000, {"embedding_dim": 2048, "n_blocks": 16, "n_heads": 16, "max_length": 200, "batch_tokens": 16_384}),
    "long": (2_000, 2_000, 100_000, {"embedding_dim": 512, "n_blocks": 4, "n_heads": 8, "max_length": 2_000, "batch_tokens": 65_536}),
    "most items": (2_000, 50, 12_000_000, {"embedding_dim": 256, "n_blocks": 2, "n_heads": 4, "max_length": 50, "batch_tokens": 65_536}),
    "most blocks": (200, 200, 100_000, {"embedding_dim": 2048, "n_blocks": 64, "n_heads": 16, "max_length": 200, "batch_tokens": 2_048}),
    "million items": (20_000, 50, 1_000_000, {"embedding_dim": 256, "n_blocks": 2, "n_heads": 4, "max_length": 50, "batch_tokens": 65_536}),
    "million items, full": (4_000, 50, 1_000_000, {"embedding_dim": 128, "n_blocks": 2, "n_heads": 4, "max_length": 50, "batch_tokens": 32_768, "loss": "full-softmax"}),
}  # fmt: skip


def rates() -> tuple[float, float, float]:
    """Measured: bfloat16 and float32 products (operations a second), bytes read and written a second."""
    found = []
    for kind in (torch.bfloat16, torch.float32):
        a, b = (torch.randn(8192, 8192, device="cuda", dtype=kind) for _ in range(2))
        found.append(2 * 8192**3 / _seconds(lambda a=a, b=b: a @ b))
    big = torch.empty(1 << 30, dtype=torch.float32, device="cuda").normal_()
    other = torch.empty_like(big)
    return found[0], found[1], 8 * big.numel() / _seconds(lambda: other.copy_(big))


def _seconds(work, times: int = 10) -> float:
    for _ in range(3):
        work()
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(times):
        work()
    torch.cuda.synchronize()
    return (time.perf_counter() - began) / times


def made_up(users: int, events: int, items: int) -> Sequences:
    """Histories of random items, popular ones more often."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(events // 2, events + events // 2, users)
    drawn = (items * rng.random(lengths.sum()) ** 2).astype(np.int64)
    return from_lists(np.split(drawn, np.cumsum(lengths)[:-1]), items)


def operations(model, train: Sequences) -> float:
    """Floating-point operations of one target position, padding not counted."""
    chosen = model.settings
    width = model._network.items.embedding_dim
    blocks = len(model._network.blocks)
    per_block = 18 * width**2 + 4 * bin_width(model.max_length_) * width
    if chosen.loss == "full-softmax":
        candidates = train.n_items
    else:
        drawn = min(chosen.n_negatives, train.n_items)
        share = np.bincount(train.items, minlength=train.n_items) / len(train.items)
        own = (1 - (1 - share) ** chosen.batch_tokens).sum() if chosen.in_batch else 0
        candidates = min(train.n_items, drawn + own)
    return 3.0 * (blocks * per_block + 2 * width * candidates)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=sequence_data.DATA)
    parser.add_argument("--only", nargs="+", default=["beauty", "ml-1m", *SHAPES], help="logs and shapes")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("no GPU is at hand: nothing is measured")
        return
    half, single, copied = rates()
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}: bf16 {half / 1e12:.0f} and fp32 {single / 1e12:.0f}"
          f" TFLOP/s, {copied / 1e12:.2f} TB/s copied")  # fmt: skip
    print(
        "| log | width x blocks | parameters, M | positions/s | TFLOP/s | of the bf16 rate | GPU memory, GB |\n"
        + "|---" * 7
        + "|"
    )
    for name in options.only:
        if name in SHAPES:
            users, events, items, settings = SHAPES[name]
            train, settings = made_up(users, events, items), settings | {"warm_start": False, "repeats": False}
        else:
            train, settings = sequence_data.split(name, options.data).train, {}
        torch.cuda.reset_peak_memory_stats()
        model = create("transformer", max_epochs=options.epochs, compile=options.compile, **settings)
        try:
            lines = model.fit(train).history_[1:]
        except torch.cuda.OutOfMemoryError:
            print(f"| {name} | {settings} | out of memory | | | | |", flush=True)
            continue
        rate = float(np.median([line["samples_per_s"] for line in lines]))
        network = model._network
        reached = rate * operations(model, train)
        print(
            f"| {name} | {network.items.embedding_dim} x {len(network.blocks)} | "
            f"{sum(p.numel() for p in network.parameters()) / 1e6:,.0f} | {rate:,.0f} | {reached / 1e12:.1f} | "
            f"{reached / half:.1%} | {torch.cuda.max_memory_allocated() / 1e9:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
