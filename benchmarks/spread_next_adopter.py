"""Who joins a cascade next, on cascades-android: MAP and hits at 10 and 100, everybody ranked.

python benchmarks/spread_next_adopter.py --data ../shared/data

Cascades in order of their start, 80/10/10. Every position after the first is a question; members so far are left out of
the ranking; learned from the training cascades (and, for the test, the validating ones).
"""

import argparse
import itertools
from pathlib import Path

import numpy as np

from swayline.influence.spread.adopters import FittedAdopter, NextAdopter


def read(data: Path) -> tuple[list[np.ndarray], int, tuple[np.ndarray, np.ndarray]]:
    cascades = []
    for line in (data / "cascades-android/cascades.txt").read_text().splitlines():
        pairs = [part.split() for part in line.strip().strip(",").split(",") if part.strip()]
        root, pairs[0] = int(pairs[0][0]), pairs[0][-2:]
        members = [(float(when), int(user)) for user, when in pairs]
        start = members[0][0]
        order = sorted(range(len(members)), key=lambda k: members[k][0])
        seen: dict[int, None] = dict.fromkeys([root, *(members[k][1] for k in order)])
        cascades.append((start, np.array(list(seen))))
    cascades.sort(key=lambda cascade: cascade[0])
    edges = np.loadtxt(data / "cascades-android/edges.txt", delimiter=",", dtype=int)
    people = int(max(max(c.max() for _, c in cascades), edges.max())) + 1
    both = np.concatenate([edges, edges[:, ::-1]])
    return [c for _, c in cascades], people, (both[:, 0], both[:, 1])


def judge(fitted: FittedAdopter, cascades: list[np.ndarray]) -> dict[str, float]:
    ranks = []
    for cascade in cascades:
        for k in range(1, len(cascade)):
            score = fitted.scores(cascade[:k])
            target = score[cascade[k]]
            ranks.append((score > target).sum() + ((score == target).sum() - 1) / 2 + 1)
    ranks = np.array(ranks)
    out = {"questions": float(len(ranks))}
    for k in (10, 100):
        out |= {f"MAP@{k}": float(np.where(ranks <= k, 1 / ranks, 0).mean()), f"hits@{k}": float((ranks <= k).mean())}
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    options = parser.parse_args()
    cascades, people, ties = read(options.data)
    a, b = int(0.8 * len(cascades)), int(0.9 * len(cascades))
    best, best_map = NextAdopter(), -1.0
    grid = itertools.product((0.7, 0.9, 1.0), (0.01, 0.05, 0.2), (0.0, 0.02), (0.0, 0.05))
    for memory, recency, popularity, tie in grid:
        model = NextAdopter(1.0, popularity, recency, tie, memory)
        found = judge(model.fit(cascades[:a], people, ties), cascades[a:b])
        if found["MAP@100"] > best_map:
            best, best_map = model, found["MAP@100"]
    print(f"{people} people, {a}/{b - a}/{len(cascades) - b} cascades; chosen on the validating tenth: {best}")
    for name, model in (
        ("popularity", NextAdopter(0.0, 1.0, 0.0, 0.0)),
        ("recency", NextAdopter(0.0, 0.0, 1.0, 0.0)),
        ("pairs alone", NextAdopter(1.0, 0.0, 0.0, 0.0)),
        ("swayline", best),
    ):
        for seen, fitted in (
            ("train", model.fit(cascades[:a], people, ties)),
            ("all", model.fit(cascades[:b], people, ties)),
        ):
            found = judge(fitted, cascades[b:])
            print(f"{name:<12}{seen:<7}" + "  ".join(f"{key} {value:.4f}" for key, value in found.items()), flush=True)


if __name__ == "__main__":
    main()
