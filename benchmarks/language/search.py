"""Cold search: find an item by words of its title with 30% of them dropped; words, meaning, and both.

    python benchmarks/language/search.py

Queries are titles of Beauty drawn by the seed, each word left out with the chance ``--drop`` (one always stays). The
mean reciprocal rank of the item itself among all titles; ties count as the mean over all their orders.
"""

import argparse
import time
from pathlib import Path

import language_data
import numpy as np
import torch

from swayline.core.rng import generator
from swayline.encoders import TextEncoder, WordIndex, default_cache
from swayline.evaluation import bootstrap_mean
from swayline.metrics import mrr, ranks
from swayline.recommend.search import SEMANTIC


def dropped(title: str, share: float, rng: np.random.Generator) -> str:
    words = title.split()
    kept = rng.random(len(words)) >= share
    kept[rng.integers(len(words))] |= not kept.any()
    return " ".join(word for word, stays in zip(words, kept, strict=True) if stays)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=language_data.DATA)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--drop", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    catalogue = language_data.beauty(options.data).catalogue
    titles = [title for title in (catalogue.texts() if catalogue else []) if title]
    rng = generator(options.seed, "queries")
    wanted = rng.permutation(len(titles))[: options.queries]
    queries = [dropped(titles[item], options.drop, rng) for item in wanted]
    encoder = TextEncoder(cache=default_cache())
    vectors, index = encoder.encode(titles), WordIndex(titles)
    began = time.perf_counter()
    words = index.scores(queries)
    words /= np.maximum(words.max(axis=1, keepdims=True), 1e-9)
    by_words = time.perf_counter() - began
    meaning = TextEncoder(any_language=True).encode(queries) @ vectors.T
    print(f"{len(queries):,} queries, {len(titles):,} titles, {options.drop:.0%} of the words dropped")
    print(f"words: {1e3 * by_words / len(queries):.2f} ms a query; weight of meaning {SEMANTIC}")
    print("| search | MRR | 95% |\n|---|---|---|")
    ways = {"words (BM25)": words, "meaning (MiniLM)": meaning, "both": words + np.float32(SEMANTIC) * meaning}
    for name, scores in ways.items():
        found = bootstrap_mean(mrr(*ranks(scores.astype(np.float32), wanted)), generator(0, "bootstrap"))
        print(f"| {name} | {found.value:.4f} | {found.ci_low:.4f} to {found.ci_high:.4f} |", flush=True)


if __name__ == "__main__":
    main()
