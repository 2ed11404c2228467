"""Subset stability under the old and the new bound of its propensities: false alarms, power, and what passes by it.

python benchmarks/effects/stability.py [--seeds 100] [--only WORDS] [--bounds .01 .04]

Observational tables, learner "linear". The check learns propensities anew in its parts and clips them at a bound times
the smaller arm's share: .01 until 2026-11-28, since then LEAST_CHANCE (.04). The bound is set here, in this process
alone; everything else is the product's. A line a world and bound.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
from experiments import Asked, ask

from swayline.causal.effect import estimate_effect
from swayline.causal.estimate import estimators
from swayline.causal.refute.checks import refutations
from swayline.causal.refute.refutations import ALARM
from swayline.causal.refute.verdict import Comparison, no_interval, verdict

EFFECT = 0.5
CHECK = "subset stability"
BAR = ALARM / 10
HEAD = (
    "| world | bias | spread / error | covers | check fails: before, after | its p < .05 | no by another check "
    "| freed of the check | verdicts freed, of them cover | assumed but wrong: before, after |\n" + "|---" * 10 + "|"
)
Table = dict[str, np.ndarray]
Drawn = tuple[Table, int, str | None, float]
"""A table, how many controls x0, x1, … it has, the column of clusters, the true effect."""


def _sigmoid(score: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-score))


def _chosen(score: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Who is treated, as a logit score says, the intercept such that ``share`` are expected to be."""
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _sigmoid(score + middle).mean() < share else (low, middle)
    return (rng.random(len(score)) < _sigmoid(score + low)).astype(float)


def _table(x: np.ndarray, t: np.ndarray, y: np.ndarray, who: np.ndarray | None = None) -> Table:
    found = {"t": t, "y": y} | {f"x{k}": x[:, k] for k in range(x.shape[1])}
    return found if who is None else found | {"who": who}


def plain(n: int, p: int, share: float, rng: np.random.Generator) -> Drawn:
    """Two rows a person; two controls move treatment and outcome."""
    who, x = np.arange(n) // 2, rng.normal(size=(n, p))
    t = _chosen(0.6 * x[:, 0] + 0.4 * x[:, 1], share, rng)
    y = EFFECT * t + 0.5 * x[:, 0] + 0.3 * x[:, 1] + 0.2 * x[:, 1] ** 2
    y += 0.5 * rng.normal(size=n // 2)[who] + rng.normal(size=n)
    return _table(x, t, y, who), p, "who", EFFECT


def rare_outcome(share: float, rng: np.random.Generator) -> Drawn:
    """Two in a hundred buy; the treatment adds two in a hundred."""
    n = 4000
    x = rng.normal(size=(n, 12))
    t = _chosen(0.6 * x[:, 0] + 0.4 * x[:, 1], share, rng)
    rate = 0.02 * np.exp(0.5 * x[:, 0] - 0.125)
    return _table(x, t, (rng.random(n) < np.minimum(rate + 0.02 * t, 1)).astype(float)), 12, None, 0.02


def unequal_clusters(count: int, rng: np.random.Generator) -> Drawn:
    """Clusters of long-tailed size that share a quarter of the noise and differ in effect and in how many are treated."""
    size = np.maximum(2, np.round(2000 / count * np.exp(rng.normal(size=count) - 0.5))).astype(int)
    who = np.repeat(np.arange(count), size)
    n = len(who)
    x = rng.normal(size=(n, 10))
    x[:, 9] = rng.normal(size=count)[who]
    t = _chosen(0.6 * x[:, 0] + 0.4 * x[:, 1] + 0.3 * x[:, 9] + 0.3 * rng.normal(size=count)[who], 0.4, rng)
    gain = EFFECT + 0.2 * rng.normal(size=count)[who]
    y = gain * t + 0.5 * x[:, 0] + 0.3 * x[:, 9] + 0.5 * rng.normal(size=count)[who] + rng.normal(size=n)
    return _table(x, t, y, who), 10, "who", EFFECT


def heavy_controls(share: float, bounded: bool, rng: np.random.Generator) -> Drawn:
    """Controls with Student's tails of two degrees; the treatment follows them up to a bound, or two that have none."""
    n, p = 2500, 12
    x = rng.standard_t(2, size=(n, p))
    score = np.tanh(x[:, 0]) + 0.5 * np.tanh(x[:, 1]) if bounded else 0.6 * rng.normal(size=n)
    if not bounded:
        x[:, 0] = score / 0.6
    t = _chosen(score, share, rng)
    y = EFFECT * t + 0.5 * x[:, 0] + 0.2 * x[:, 1] + 0.1 * x[:, 2] + rng.normal(size=n)
    return _table(x, t, y), p, None, EFFECT


def counts(share: float, rng: np.random.Generator) -> Drawn:
    """Controls are long-tailed counts, as of a log; the treatment falls with the logarithm of the first of them."""
    n, p = 2500, 12
    taste = rng.normal(size=(n, p))
    x = np.floor(np.exp(1 + 1.2 * taste))
    t = _chosen(-0.7 * taste[:, 0] + 0.4 * taste[:, 1], share, rng)
    y = EFFECT * t + 0.5 * np.log1p(x[:, 0]) + 0.3 * np.log1p(x[:, 1]) + rng.normal(size=n)
    return _table(x, t, y), p, None, EFFECT


def dominated(rng: np.random.Generator) -> Drawn:
    """Three of 40 clusters hold three quarters of the rows; clusters differ in effect, level and treated share."""
    size = np.r_[500, 500, 500, np.full(37, 14)]
    who = np.repeat(rng.permutation(40), size)
    x = rng.normal(size=(len(who), 10))
    t = _chosen(0.6 * x[:, 0] + 0.8 * rng.normal(size=40)[who], 0.3, rng)
    y = (EFFECT + rng.normal(size=40)[who]) * t + 0.5 * x[:, 0] + rng.normal(size=40)[who] + rng.normal(size=len(who))
    return _table(x, t, y, who), 10, "who", EFFECT


def near_separation(steep: float, share: float, bends: bool, rng: np.random.Generator) -> Drawn:
    """One control nearly decides the treatment; the outcome bends in it, so that a linear model leaves it to weights."""
    n, p = 2000, 12
    x = rng.normal(size=(n, p))
    t = _chosen(steep * x[:, 0], share, rng)
    y = EFFECT * t + x[:, 0] + (np.maximum(x[:, 0], 0) ** 3 if bends else 0) + 0.3 * x[:, 1] + rng.normal(size=n)
    return _table(x, t, y), p, None, EFFECT


def hidden_separation(rng: np.random.Generator) -> Drawn:
    """The treatment is decided by a control's distance from its middle and a product of two, which a plain logit misses."""
    n, p = 2000, 12
    x = rng.normal(size=(n, p))
    t = _chosen(2 * x[:, 0] ** 2 + 2 * x[:, 1] * x[:, 2] + x[:, 3], 0.4, rng)
    y = EFFECT * t + x[:, 0] ** 2 + x[:, 1] * x[:, 2] + x[:, 3] + rng.normal(size=n)
    return _table(x, t, y), p, None, EFFECT


def few_treated(people: int, share: float, rng: np.random.Generator) -> Drawn:
    """A handful of people with four fifths of the treated rows; people differ in level and in effect."""
    n, everybody = 2000, 250
    who = np.r_[np.repeat(np.arange(people), 40), people + np.arange(n - 40 * people) % everybody]
    x = rng.normal(size=(n, 12))
    t = _chosen(0.4 * x[:, 0] + np.where(who < people, 4.0, 0.0), share, rng)
    level, gain = rng.normal(size=people + everybody)[who], EFFECT + rng.normal(size=people + everybody)[who]
    return _table(x, t, gain * t + 0.5 * x[:, 0] + level + rng.normal(size=n), who), 12, "who", EFFECT


def loud_rows(rng: np.random.Generator) -> Drawn:
    """Treated rows that hardly ever are treated have huge outcomes: a handful of rows are the estimate."""
    n, p = 2000, 12
    x = rng.normal(size=(n, p))
    t = _chosen(1.8 * x[:, 0], 0.3, rng)
    y = EFFECT * t + x[:, 0] + np.where(x[:, 0] < -1, 10 * rng.standard_t(3, size=n), rng.normal(size=n))
    return _table(x, t, y), p, None, EFFECT


def wide(rng: np.random.Generator) -> Drawn:
    """Twenty controls and some 30 treated rows to learn an outcome from."""
    n, p = 1500, 20
    x = rng.normal(size=(n, p))
    t = _chosen(x[:, :6] @ np.full(6, 0.8), 0.02, rng)
    y = EFFECT * t + x[:, :6].sum(axis=1) + np.maximum(x[:, 0] + x[:, 1], 0) ** 2 + rng.normal(size=n)
    return _table(x, t, y), p, None, EFFECT


def columns(steep: bool, rng: np.random.Generator) -> Drawn:
    """400 rows and 60 controls, two of which move the treatment (steep: all but decide it)."""
    x = rng.normal(size=(400, 60))
    t = _chosen((2.5 if steep else 1.0) * (x[:, 0] + x[:, 1]), 0.5, rng)
    y = x[:, 0] + np.maximum(x[:, 1], 0) ** 2 + EFFECT * t + rng.normal(size=400)
    return _table(x, t, y, np.arange(400) % 40), 60, "who", EFFECT


WORLDS: dict[str, Callable[[np.random.Generator], Drawn]] = {
    "sound: good overlap": lambda rng: plain(2000, 12, 0.4, rng),
    "sound: 5% treated": lambda rng: plain(3000, 12, 0.05, rng),
    "sound: 2% treated": lambda rng: plain(4000, 12, 0.02, rng),
    "sound: 2% outcome": lambda rng: rare_outcome(0.4, rng),
    "sound: 2% outcome, 5% treated": lambda rng: rare_outcome(0.05, rng),
    "sound: 60 unequal clusters": lambda rng: unequal_clusters(60, rng),
    "sound: 15 unequal clusters": lambda rng: unequal_clusters(15, rng),
    "sound: heavy controls, bounded pull": lambda rng: heavy_controls(0.4, True, rng),
    "sound: heavy controls, one normal pulls": lambda rng: heavy_controls(0.4, False, rng),
    "sound: heavy controls, 5% treated": lambda rng: heavy_controls(0.05, True, rng),
    "sound: counts lower the chance": lambda rng: counts(0.3, rng),
    "sound: counts lower the chance, 5% treated": lambda rng: counts(0.05, rng),
    "unstable: three clusters dominate": dominated,
    "unstable: near separation": lambda rng: near_separation(3.0, 0.4, True, rng),
    "unstable: near separation, straight": lambda rng: near_separation(3.0, 0.4, False, rng),
    "unstable: near separation, 5% treated": lambda rng: near_separation(2.5, 0.05, True, rng),
    "unstable: separation a logit misses": hidden_separation,
    "unstable: 4 people, 5% treated": lambda rng: few_treated(4, 0.08, rng),
    "unstable: 10 people, 16% treated": lambda rng: few_treated(10, 0.18, rng),
    "unstable: loud rows": loud_rows,
    "unstable: 20 controls, 2% treated": wide,
    "unstable: 60 controls, 400 rows": lambda rng: columns(False, rng),
    "unstable: 60 controls, 400 rows, steep": lambda rng: columns(True, rng),
}


@dataclass(frozen=True)
class Judged:
    """The check's p-value, whether the verdict is "no", and whether it would be without this check."""

    p: float
    no: bool
    no_without: bool


def judged(one: Asked, bound: float) -> Judged:
    """A table with one bound for the propensities that the checks learn anew."""
    c, s, data = one.contrast, one.setting, one.data
    main, sizes = estimators.aipw(c), (int(c.treated.sum()), int(c.control.sum()))
    with patch.object(estimators, "LEAST_CHANCE", bound):
        found = refutations(data, s, c, 1, one.found, main, sizes)
    made = Comparison(False, len(data.encoder.used), sizes, c.share_kept, "", estimators.balance(c).effective)
    others = {name: each for name, each in found.items() if name != CHECK}
    return Judged(
        found[CHECK].figure if CHECK in found else float("nan"),
        *(verdict(made, checks, no_interval(main))[0] == "no" for checks in (found, others)),
    )


def world(name: str, draw: Callable[[np.random.Generator], Drawn], seeds: int, bounds: tuple[float, float]) -> None:
    """Asks a world's seeds and prints its line."""
    start, off, errors, missed, p, no, without = time.perf_counter(), [], [], [], [], [], []
    for seed in range(seeds):
        frame, width, clusters, truth = draw(np.random.default_rng([seed, 28]))
        controls = [f"x{k}" for k in range(width)]
        one = ask(frame, controls, seed, "linear", clusters, known=False)
        main, told = estimators.aipw(one.contrast), [judged(one, bound) for bound in bounds]
        if seed == 0:
            _same_as_whole(frame, controls, clusters, told[1])
        off.append(main.value - truth)
        errors.append(main.se)
        missed.append(not main.low <= truth <= main.high)
        p.append([each.p for each in told])
        no.append([each.no for each in told])
        without.append(told[1].no_without)
    print(_line(name, np.array(off), np.array(errors), np.array(missed), np.array(p), np.array(no), np.array(without)))
    print(f"   {(time.perf_counter() - start) / seeds:.2f} s a seed", file=sys.stderr, flush=True)


def _line(
    name: str, off: np.ndarray, errors: np.ndarray, missed: np.ndarray, p: np.ndarray, no: np.ndarray,
    without: np.ndarray,
) -> str:  # fmt: skip
    """A world in one line of the table; ``p`` and ``no`` are (seeds, 2): with the first bound, and with the second."""
    fails, wrong = p < BAR, missed[:, None] & ~no
    freed, newly = fails[:, 0] & ~fails[:, 1], no[:, 0] & ~no[:, 1]
    return (
        f"| {name} | {off.mean():+.3f} | {off.std(ddof=1) / np.median(errors):.2f} | {1 - missed.mean():.2f} "
        f"| {fails[:, 0].mean():.2f} {fails[:, 1].mean():.2f} | {(p[:, 0] < 0.05).mean():.2f} {(p[:, 1] < 0.05).mean():.2f} "
        f"| {without.mean():.2f} | {freed.sum()} | {newly.sum()}, {(newly & ~missed).sum()} "
        f"| {wrong[:, 0].sum()} {wrong[:, 1].sum()} of {(~no[:, 1]).sum()} |"
    )


def _same_as_whole(frame: Table, controls: list[str], clusters: str | None, told: Judged) -> None:
    whole = estimate_effect(frame, "t", "y", controls, clusters=clusters, learner="linear").arms[0]
    if CHECK in whole.refutations:
        assert np.isclose(whole.refutations[CHECK].figure, told.p, equal_nan=True), (whole.refutations[CHECK], told)
    assert (whole.identified == "no") == told.no, (whole.reason, told)


def main() -> None:
    """Every world, or those whose name has the words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--only", default="")
    parser.add_argument("--bounds", type=float, nargs=2, default=(0.01, estimators.LEAST_CHANCE))
    asked = parser.parse_args()
    print(HEAD, flush=True)
    for name, draw in WORLDS.items():
        if asked.only in name:
            world(name, draw, asked.seeds, tuple(asked.bounds))


if __name__ == "__main__":
    main()
