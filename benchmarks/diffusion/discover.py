"""Who draws whom in: planted cascades with known ties, and cascades-android against its own network.

python benchmarks/diffusion/discover.py --data ../shared/data

Planted: 60 people, two ties each, four topics, 500 cascades; members of a topic join its cascades in random order and
followers come right behind whom they follow with the chance given. Found against true ties at a false-discovery rate of
.05, over worlds; beside it the pairs that most often come one behind the other, as many of them as there are true ties.
Real: the share of found ties that are ties of the network, beside that of all pairs tested and of as many of the pairs
that most often follow each other.
"""

import argparse
import importlib.util
import time
from pathlib import Path

import numpy as np

from swayline.influence.diffusion.discover import discover_cascade_ties

ROOT = Path(__file__).resolve().parents[2]


def module(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def successors(cascades, people: int) -> np.ndarray:
    """(people, people) how often one directly follows the other."""
    counts = np.zeros((people, people))
    for cascade in cascades:
        np.add.at(counts, (cascade[:-1], cascade[1:]), 1)
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--worlds", type=int, default=20)
    options = parser.parse_args()
    make = module(ROOT / "tests" / "influence" / "spread" / "test_discover.py").cascades
    print(f"{'chance':>7}{'worlds':>8}{'found':>8}{'true':>8}{'recall':>8}{'false':>8}{'covered':>9}{'successors':>12}")
    for chance in (0.5, 0.3, 0.2, 0.1, 0.0):
        rows = [planted(*make(seed, chance), chance) for seed in range(options.worlds)]
        found, true, right, covered, beside = np.sum(rows, axis=0)
        print(
            f"{chance:>7}{options.worlds:>8}{found / options.worlds:>8.1f}{true / options.worlds:>8.1f}"
            f"{right / true:>8.3f}{(found - right) / max(found, 1):>8.3f}{covered / max(right, 1):>9.3f}"
            f"{beside / true:>12.3f}",
            flush=True,
        )
    real(options.data)


def planted(cascades, ties, chance: float) -> list[float]:
    found = discover_cascade_ties(cascades, 60)
    right = np.array([pair in ties for pair in zip(found.source.tolist(), found.target.tolist(), strict=True)], bool)
    covered = ((found.low <= chance) & (chance <= found.high))[right].sum() if len(right) else 0
    counts = successors(cascades, 60)
    best = np.argsort(-counts, axis=None, kind="stable")[: len(ties)]
    beside = sum((int(k // 60), int(k % 60)) in ties for k in best)
    return [len(right), len(ties), right.sum(), covered, beside]


def real(data: Path) -> None:
    cascades, _, people, (source, target) = module(ROOT / "benchmarks" / "next_adopter.py").read(data)
    tied = set((source * people + target).tolist())
    start = time.perf_counter()
    found = discover_cascade_ties(cascades, people)
    seconds = time.perf_counter() - start
    known = np.mean([int(a) * people + int(b) in tied for a, b in zip(found.source, found.target, strict=True)])
    counts = successors(cascades, people)
    best = np.argsort(-counts, axis=None, kind="stable")[: len(found.source)]
    beside = np.mean([int(k) in tied for k in best])
    any_pair = np.flatnonzero(counts > 0)
    print(
        f"cascades-android: {len(found.source)} of {found.n_pairs:,} pairs in {seconds:.1f} s; in the network: "
        f"{known:.3f} of them, {beside:.3f} of as many most frequent successors, "
        f"{np.mean([int(k) in tied for k in any_pair]):.4f} of all that ever followed directly"
    )


if __name__ == "__main__":
    main()
