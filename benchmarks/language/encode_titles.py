"""Titles a second, beside sentence-transformers with its defaults: same weights, same titles, same threads, in turn.

    python benchmarks/language/encode_titles.py --threads 2

Each round times both over the same titles, one after the other; the table shows the median of the rounds, wall clock and
processor seconds alike, and how equal the vectors are. Loading and one warm-up batch are left out for both.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from swayline.encoders import TextEncoder, open_folder

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def timed(encode: Callable[[list[str]], np.ndarray], titles: list[str]) -> tuple[np.ndarray, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    vectors = encode(titles)
    return vectors, time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--titles", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    from sentence_transformers import SentenceTransformer

    lines = (options.data / "beauty" / "item_titles.tsv").read_text("utf-8").splitlines()
    titles = list(dict.fromkeys(line.split("\t")[2] for line in lines))[: options.titles]
    peer = SentenceTransformer(str(open_folder().path), device="cpu")
    ways: dict[str, Callable[[list[str]], np.ndarray]] = {
        "sentence-transformers, defaults": lambda texts: peer.encode(texts, show_progress_bar=False),
        "swayline, defaults": TextEncoder().encode,
        "swayline, fp32": TextEncoder(precision="fp32").encode,
    }
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    vectors = {}
    for encode in ways.values():
        encode(titles[:64])
    for _ in range(options.rounds):
        for name, encode in ways.items():
            vectors[name], wall, cpu = timed(encode, titles)
            seconds[name].append((wall, cpu))
    print(f"{len(titles):,} different titles, {options.threads} threads, median of {options.rounds} rounds")
    print(
        "| encoder | titles/s | titles per processor second | least cosine | 1 - mean cosine |\n|---|---|---|---|---|"
    )
    base = vectors["sentence-transformers, defaults"]
    for name, found in seconds.items():
        wall, cpu = (statistics.median(one[place] for one in found) for place in (0, 1))
        alike = (vectors[name] * base).sum(1)
        print(
            f"| {name} | {len(titles) / wall:,.0f} | {len(titles) / cpu:,.0f} | {alike.min():.4f} | {1 - alike.mean():.1e} |"
        )


if __name__ == "__main__":
    main()
