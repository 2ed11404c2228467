"""Experiments drawn by the hundred: do the quoted intervals cover, are sound ones refused, are unsound ones found?

python benchmarks/effects/experiments.py clusters [--seeds 200] [--only WORDS]   coverage of the quoted default
python benchmarks/effects/experiments.py stability [--seeds 200]                 false alarms and power of one check

The steps of ``estimate_effect`` that the quoted interval needs, without its other estimators and checks; the first seed
of each world is compared with the whole function.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from swayline.causal.effect import estimate_effect
from swayline.causal.estimate import estimators
from swayline.causal.estimate.estimators import Contrast
from swayline.causal.inference.intervals import Estimate
from swayline.causal.nuisance.cross_fitting import Learning, Nuisances, folds, nuisances
from swayline.causal.refute.checks import part_estimate, without_parts
from swayline.causal.refute.refutations import subset_stability
from swayline.causal.table.covariate_table import CovariateTable, read
from swayline.causal.table.folds import FoldedDesign
from swayline.causal.table.frame import as_table
from swayline.causal.table.question import EffectQuery, check
from swayline.core.errors import IdentificationError
from swayline.core.rng import generator

CLUSTERS = (10, 15, 30, 120)
EFFECT = 0.5
Table = dict[str, np.ndarray]


def experiment(n_clusters: int, sizes: str, assigned: str, heavy: bool, rng: np.random.Generator) -> Table:
    """A clustered experiment; the effect differs by cluster, a quarter of the noise is shared.

    Controls: one of the row's own, one of its cluster's; both move the outcome.
    """
    cluster = np.repeat(np.arange(n_clusters), _sizes(n_clusters, sizes, rng))

    def noise(n: int) -> np.ndarray:
        return (np.exp(rng.normal(size=n)) - np.exp(0.5)) / 2.16 if heavy else rng.normal(size=n)

    treated = _treated(cluster, assigned, rng)
    x, w = rng.normal(size=len(cluster)), rng.normal(size=n_clusters)[cluster]
    own = np.sqrt(0.25) * noise(n_clusters)[cluster] + np.sqrt(0.75) * noise(len(cluster))
    gain = EFFECT + 0.3 * rng.normal(size=n_clusters)[cluster]
    return {"t": treated.astype(float), "y": 0.5 * x + 0.3 * w + own + treated * gain, "x": x, "w": w, "place": cluster}


def _sizes(n_clusters: int, sizes: str, rng: np.random.Generator) -> np.ndarray:
    """Rows of each cluster: alike, long-tailed, or half of all in one; (clusters,)."""
    size = np.full(n_clusters, 12)
    if sizes == "lognormal":
        size = np.maximum(2, np.round(8 * np.exp(rng.normal(size=n_clusters)))).astype(int)
    if sizes == "giant":
        size[0] = 12 * (n_clusters - 1)
    return size


def _treated(cluster: np.ndarray, assigned: str, rng: np.random.Generator) -> np.ndarray:
    """Who is treated: half or a tenth, whole clusters (at least two) or rows within them; (rows,)."""
    share = 0.1 if "tenth" in assigned else 0.5
    if "by cluster" not in assigned:
        return rng.random(len(cluster)) < share
    arm = np.zeros(int(cluster.max()) + 1, dtype=bool)
    arm[rng.permutation(len(arm))[: max(2, round(share * len(arm)))]] = True
    return arm[cluster]


@dataclass(frozen=True)
class Asked:
    """A table, and what ``estimate_effect`` makes of it on the way to the quoted estimate."""

    data: CovariateTable
    setting: EffectQuery
    found: Nuisances
    contrast: Contrast


def ask(frame: Table, controls: list[str], seed: int, learner: str, clusters: str | None, known: bool = True) -> Asked:
    """The steps of ``estimate_effect`` up to the estimators."""
    s = EffectQuery("t", "y", "ate", clusters, None, known, None, learner, (), 5, seed, None, False)
    table = as_table(frame)
    data = read(table, s, check(table, s, controls))
    arm = data.treatment.arm
    fold = folds(len(data.y), s.n_folds, data.clusters, generator(s.seed, "folds"), arm)
    shares = np.tile(np.bincount(arm) / len(arm), (len(arm), 1)) if known else None
    folded = FoldedDesign(data.x, fold)
    found = nuisances(folded, data.y, arm, 2, data.encoder.groups, learning=Learning(learner, seed), propensity=shares)
    return Asked(data, s, found, estimators.contrast(data.x, data.y, arm, 1, found, data.clusters, "ate"))


def stability(one: Asked) -> float:
    """The p-value of subset stability; NaN where it cannot be asked."""
    whole = part_estimate(one.data, one.setting, one.contrast, 1, one.found, None)
    without = without_parts(one.data, one.setting, one.contrast, 1, one.found)
    return subset_stability(without, whole).figure


def clusters(seeds: int, only: str, learner: str) -> None:
    """A line a world: coverage of the quoted interval and of the means' difference."""
    print("world | clusters | quoted covers | difference covers | told | half width | s")
    for heavy in (True, False):
        for assigned in ("half within", "tenth within", "tenth by cluster", "half by cluster"):
            for sizes in ("equal", "lognormal", "giant"):
                name = f"{assigned}, {sizes}, {'lognormal' if heavy else 'normal'}"
                for count in CLUSTERS:
                    if only in f"{name}, {count}":
                        _world(name, count, seeds, (sizes, assigned, heavy), learner)


def _world(name: str, count: int, seeds: int, world: tuple[str, str, bool], learner: str) -> None:
    start, rows = time.perf_counter(), []
    for seed in range(seeds):
        frame = experiment(count, *world, np.random.default_rng([seed, count, 16]))
        try:
            c = ask(frame, ["x", "w"], seed, learner, "place").contrast
        except IdentificationError:
            continue  # an arm of fewer than two rows
        one, plain = estimators.aipw(c), estimators.naive(c)
        if seed == 0 and count == CLUSTERS[0]:
            _same_as_whole(frame, one, learner)
        rows.append([one.low < EFFECT < one.high, plain.low < EFFECT < plain.high, np.isfinite(one.low),
                     (one.high - one.low) / 2])  # fmt: skip
    table = np.array(rows, dtype=float)
    told = table[:, 2] == 1
    cover, plain = table[told, :2].mean(axis=0) if told.any() else (np.nan, np.nan)
    print(
        f"{name} | {count} | {cover:.3f} | {plain:.3f} | {told.sum()} of {seeds} | "
        f"{np.nanmedian(table[:, 3]):.2f} | {time.perf_counter() - start:.0f}",
        flush=True,
    )


def _same_as_whole(frame: Table, short: Estimate, learner: str) -> None:
    whole = estimate_effect(frame, "t", "y", ["x", "w"], clusters="place", randomised=True, learner=learner)
    long = whole.arms[0].estimates["aipw"]
    assert np.allclose([short.low, short.high], [long.low, long.high], equal_nan=True), (short, long)


def unstable(kind: str, rng: np.random.Generator) -> tuple[Table, list[str]]:
    """No experiment, 400 rows of 40 clusters, whose estimate leans on how its models happened to be learned.

    Kinds: "columns" has 60 controls, "steep" two that all but decide the treatment, "both" both.
    """
    width = 2 if kind == "steep" else 60
    x = rng.normal(size=(400, width))
    push = (2.5 if kind != "columns" else 1.0) * (x[:, 0] + x[:, 1])
    treated = rng.random(400) < 1 / (1 + np.exp(-push))
    y = x[:, 0] + np.maximum(x[:, 1], 0) ** 2 + EFFECT * treated + rng.normal(size=400)
    names = [f"x{k}" for k in range(width)]
    return {"t": treated.astype(float), "y": y, "place": np.arange(400) % 40} | dict(
        zip(names, x.T, strict=True)
    ), names


def stabilities(seeds: int, only: str, learner: str) -> None:
    """A line a world: how often the p-value of subset stability is below .05, .01 and .001; coverage."""
    print("world | asked | p < .05, .01, .001 | covers | s")
    for count in CLUSTERS:
        for world in (("equal", "half by cluster", False), ("lognormal", "half within", True)):
            name = f"sound: {', '.join(map(str, world))}, {count} clusters"
            if only in name:
                _alarms(name, seeds, learner, lambda rng, c=count, w=world: (experiment(c, *w, rng), ["x", "w"]), True)
    for kind in ("columns", "steep", "both"):
        if only in f"unstable: {kind}":
            _alarms(f"unstable: {kind}", seeds, learner, lambda rng, k=kind: unstable(k, rng), False)


def _alarms(
    name: str, seeds: int, learner: str, draw: Callable[[np.random.Generator], tuple[Table, list[str]]], known: bool
) -> None:
    start, rows = time.perf_counter(), []
    for seed in range(seeds):
        frame, controls = draw(np.random.default_rng([seed, 17]))
        one = ask(frame, controls, seed, learner, "place", known)
        quoted = estimators.aipw(one.contrast)
        rows.append([stability(one), quoted.low < EFFECT < quoted.high])
    table = np.array(rows, dtype=float)
    asked = table[~np.isnan(table[:, 0]), 0]
    shares = " ".join(f"{np.mean(asked < level):.3f}" for level in (0.05, 0.01, 0.001))
    print(
        f"{name} | {len(asked)} | {shares} | {table[:, 1].mean():.3f} | {time.perf_counter() - start:.0f}", flush=True
    )


def main() -> None:
    """One of the two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["clusters", "stability"])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--only", default="")
    parser.add_argument("--learner", default="auto")
    asked = parser.parse_args()
    {"clusters": clusters, "stability": stabilities}[asked.what](asked.seeds, asked.only, asked.learner)


if __name__ == "__main__":
    main()
