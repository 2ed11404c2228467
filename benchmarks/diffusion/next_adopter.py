"""Who joins a cascade next, on cascades-android: MAP and hits at 10 and 100, everybody ranked.

python benchmarks/diffusion/next_adopter.py --data ../shared/data

Cascades in order of their start, 80/10/10; every position after the first is a question; members so far are left out of
the ranking, ties by expected rank. Two protocols. Whole: the training cascades are known to their end, even what came
after the question (the usual protocol). As of: only acts before the last member joined are known, in all cascades.
Settings were chosen on the validating tenth (``--part valid``).
"""

import argparse
import time
from pathlib import Path

import numpy as np

from swayline.influence.diffusion.adopters import EVIDENCE, FittedAdopter, NextAdopter

BASELINES = {"popularity": "acts", "recency (year)": "acts_year", "neighbours": "ties_counted", "follows": "follows"}


def read(data: Path) -> tuple[list[np.ndarray], list[np.ndarray], int, tuple[np.ndarray, np.ndarray]]:
    """Members and times of each cascade (the root first, at its first follower's time), people, ties both ways."""
    cascades, times = [], []
    for line in (data / "cascades-android/cascades.txt").read_text().splitlines():
        pairs = [part.split() for part in line.strip().strip(",").split(",") if part.strip()]
        members = sorted((float(pair[-1]), int(pair[-2])) for pair in pairs)
        moments = np.array([members[0][0], *(when for when, _ in members)])
        cascades.append(np.array([int(pairs[0][0]), *(user for _, user in members)]))
        times.append(moments)
    order = sorted(range(len(cascades)), key=lambda c: times[c][0])
    edges = np.loadtxt(data / "cascades-android/edges.txt", delimiter=",", dtype=int)
    people = int(max(max(c.max() for c in cascades), edges.max())) + 1
    both = np.concatenate([edges, edges[:, ::-1]])
    return [cascades[c] for c in order], [times[c] for c in order], people, (both[:, 0], both[:, 1])


def judge(fitted: FittedAdopter, cascades, times) -> dict[str, dict[str, float]]:
    """Figures of the network and of every baseline on the same questions."""
    ranks: dict[str, list[float]] = {name: [] for name in (*BASELINES, "swayline")}
    for cascade, moments in zip(cascades, times, strict=True):
        for k in range(1, len(cascade)):
            now = float(moments[k - 1])
            counts = fitted.evidence(cascade[:k], now)
            for name, column in BASELINES.items():
                score = counts[:, EVIDENCE.index(column)].copy()
                score[cascade[:k]] = -np.inf
                ranks[name].append(rank(score, cascade[k]))
            ranks["swayline"].append(rank(fitted.scores(cascade[:k], now), cascade[k]))
    return {name: figures(np.array(found)) for name, found in ranks.items()}


def rank(score: np.ndarray, target: int) -> float:
    return float((score > score[target]).sum() + ((score == score[target]).sum() - 1) / 2 + 1)


def figures(ranks: np.ndarray) -> dict[str, float]:
    out = {"questions": float(len(ranks))}
    for k in (10, 100):
        out |= {f"MAP@{k}": float(np.where(ranks <= k, 1 / ranks, 0).mean()), f"hits@{k}": float((ranks <= k).mean())}
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared" / "data")
    parser.add_argument("--part", choices=("valid", "test"), default="test")
    options = parser.parse_args()
    cascades, times, people, ties = read(options.data)
    a, b = int(0.8 * len(cascades)), int(0.9 * len(cascades))
    asked = slice(a, b) if options.part == "valid" else slice(b, None)
    print(f"{people} people, {a}/{b - a}/{len(cascades) - b} cascades, asked: {options.part}")
    for as_of in (False, True):
        start = time.perf_counter()
        fitted = NextAdopter(as_of=as_of).fit(cascades[:a], people, ties, times[:a])
        fit_s = time.perf_counter() - start
        if as_of:
            fitted = fitted.knowing(cascades, times)
        found = judge(fitted, cascades[asked], times[asked])
        for name, values in found.items():
            row = "  ".join(f"{key} {value:.4f}" for key, value in values.items())
            print(f"{'as of' if as_of else 'whole':<6}  {name:<16}{row}", flush=True)
        print(f"{'':<8}fitted in {fit_s:.0f} s", flush=True)


if __name__ == "__main__":
    main()
