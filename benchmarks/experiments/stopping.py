"""What looking often costs and saves on real tests: Upworthy's arms resampled, ASOS's snapshots, A/A tests read every day.

python benchmarks/experiments/stopping.py [--data ../shared/data] [--tests 400]
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
from scipy.stats import chi2_contingency, norm

from swayline.causal.experiments import (
    Design,
    analyze_bandit,
    analyze_experiment,
    analyze_snapshots,
    check_sample_ratio,
)
from swayline.causal.experiments.sequential import sequence_width
from swayline.causal.experiments.snapshots import read_streams
from swayline.numerics.multiple_testing import q_values

LOOKS = 20


def pairs(data: Path) -> np.ndarray:
    """(tests, 4) impressions and clicks of the first and the best other arm of sound two-arm comparisons."""
    table = pc.read_csv(data / "upworthy" / "packages.csv.gz").to_pandas()
    found = []
    for _, arms in table.groupby("clickability_test_id"):
        if len(arms) < 2 or 201325 <= int(arms["test_week"].iloc[0]) <= 201401:
            continue
        if check_sample_ratio({str(k): int(n) for k, n in enumerate(arms["impressions"])}).alarmed:
            continue
        first, second = arms.iloc[0], arms.iloc[1]
        found.append((first["impressions"], first["clicks"], second["impressions"], second["clicks"]))
    return np.array(found, float)


def winners(data: Path) -> None:
    """Arms that beat all others of their test, at a false-discovery rate of 5% over all sound tests."""
    table = pc.read_csv(data / "upworthy" / "packages.csv.gz").to_pandas()
    p_values, best = [], []
    for _, arms in table.groupby("clickability_test_id"):
        if len(arms) < 2 or check_sample_ratio({str(k): int(n) for k, n in enumerate(arms["impressions"])}).alarmed:
            continue
        shows, clicks = arms["impressions"].to_numpy(float), arms["clicks"].to_numpy(float)
        if clicks.sum() == 0:
            continue
        p_values.append(chi2_contingency(np.stack([clicks, shows - clicks])).pvalue if (clicks > 0).any() else 1.0)
        order = np.argsort(-clicks / shows)
        a, b = order[0], order[1]
        share = (clicks[a] + clicks[b]) / (shows[a] + shows[b])
        z = (clicks[a] / shows[a] - clicks[b] / shows[b]) / np.sqrt(share * (1 - share) * (1 / shows[a] + 1 / shows[b]))
        # Chosen as the best of k: Bonferroni over the arms it could have been.
        best.append(min(1.0, 2 * norm.sf(z) * len(arms)))
    print(
        f"upworthy, {len(p_values):,} tests without an alarm: arms differ in {(q_values(np.array(p_values)) <= 0.05).sum():,}, one arm beats the second in {(q_values(np.array(best)) <= 0.05).sum():,} (false-discovery rate 5%)"
    )


def sequential(tests: np.ndarray, rng: np.random.Generator) -> None:
    """Each test drawn again from its own rates, read 20 times: stop when the always-valid interval leaves out 0."""
    saved, right, wrong, fixed, null_alarms, plain_null = [], 0, 0, 0, 0, 0
    for n_a, c_a, n_b, c_b in tests:
        for null in (False, True):
            p, q = (c_a / n_a, c_b / n_b) if not null else ((c_a + c_b) / (n_a + n_b),) * 2
            n = int(min(n_a, n_b))
            steps = np.diff(np.linspace(0, n, LOOKS + 1).astype(int))
            a, b = rng.binomial(steps, p).cumsum(), rng.binomial(steps, q).cumsum()
            at = steps.cumsum()
            with np.errstate(divide="ignore", invalid="ignore"):
                se = np.sqrt((a / at * (1 - a / at) + b / at * (1 - b / at)) / at)
                z = np.where(se > 0, (a - b) / at / se, 0.0)
            wide = np.array([sequence_width(2 * int(k), 2 * n) for k in at])
            stops = np.flatnonzero((np.abs(z) > wide) & (at >= 200))
            if null:
                null_alarms += bool(len(stops))
                plain_null += bool((np.abs(z) > 1.96).any())
                continue
            fixed += bool(abs(z[-1]) > 1.96)
            saved.append(1 - at[stops[0]] / n if len(stops) else 0.0)
            if len(stops):
                good = np.sign(z[stops[0]]) == np.sign(p - q)
                right, wrong = right + bool(good), wrong + bool(not good)
    k = len(tests)
    print(
        f"upworthy, {k} two-arm tests drawn again, {LOOKS} looks: stopped early or clear {right + wrong} ({wrong} on the wrong side;"
        f" one planned look finds {fixed}); people saved {np.mean(saved):.1%} over all, {np.mean([s for s in saved if s > 0]):.1%} where it"
        f" stopped; with equal rates {null_alarms} of {k} alarm (plain intervals at every look {plain_null})"
    )


def thompson(tests: np.ndarray, rng: np.random.Generator) -> None:
    """Each test drawn again with Thompson sampling in 20 batches: clicks won over an even split, and coverage after."""
    won, even, best, held, contrasts = 0.0, 0.0, 0.0, 0, 0
    for n_a, c_a, n_b, c_b in tests:
        rates = np.array([c_a / n_a, c_b / n_b])
        n = int(n_a + n_b)
        hits, shows = np.zeros(2), np.zeros(2)
        arms, outcomes, chances = [], [], []
        for _ in range(LOOKS):
            draws = rng.beta(1 + hits, 50 + shows - hits, (200, 2))
            p = np.bincount(draws.argmax(axis=1), minlength=2) / 200
            p = 0.05 + 0.9 * p
            chosen = (rng.random(n // LOOKS) < p[1]).astype(int)
            clicked = rng.random(len(chosen)) < rates[chosen]
            hits += np.bincount(chosen, clicked, 2)
            shows += np.bincount(chosen, minlength=2)
            arms.append(chosen)
            outcomes.append(clicked)
            chances.append(np.tile(p, (len(chosen), 1)))
        arm, y, p = np.concatenate(arms), np.concatenate(outcomes).astype(float), np.concatenate(chances)
        table = pa.table({"arm": pa.array(arm).cast(pa.string()), "y": y, "p0": p[:, 0], "p1": p[:, 1]})
        (one,) = analyze_bandit(table, "arm", "y", {"0": "p0", "1": "p1"}).contrasts
        held += one.ci_low <= rates[1] - rates[0] <= one.ci_high
        contrasts += 1
        total = len(y)
        won, even, best = won + hits.sum(), even + rates.mean() * total, best + rates.max() * total
    print(
        f"upworthy, {len(tests)} two-arm tests drawn again with Thompson sampling (floor 5%): {won:,.0f} clicks against {even:,.0f}"
        f" of an even split ({won / even - 1:+.1%}; the best arm alone {best / even - 1:+.1%}); contrast covered afterwards {held / contrasts:.1%}"
    )


def asos(data: Path) -> None:
    """How often daily peeking changes the answer."""
    names = ("count_c", "mean_c", "variance_c", "count_t", "mean_t", "variance_t")
    found = analyze_snapshots(pc.read_csv(data / "asos-experiments" / "experiments.csv.gz"), names)
    print(
        "asos: "
        + "; ".join(read_streams(found, ("experiment_id", "variant_id", "metric_id"), "time_since_start").summary())
    )


def daily() -> None:
    """500 A/A tests read on 20 days through the whole path, and planted lifts covered."""
    alarms = plain = 0
    for seed in range(500):
        rng = np.random.default_rng(seed)
        new, spend = rng.integers(2, size=4000), rng.exponential(10, 4000)
        ever = once = False
        for day in range(1, 21):
            part = slice(0, 200 * day)
            table = pa.table({"arm": np.where(new[part], "new", "control"), "spend": spend[part]})
            one = analyze_experiment(table, ["spend"], Design("arm"), peeking=True, planned_units=4000).comparisons[0]
            ever |= one.always_low > 0 or one.always_high < 0
            once |= one.ci_low > 0 or one.ci_high < 0
        alarms, plain = alarms + ever, plain + once
    print(f"A/A read on 20 days: {alarms} of 500 alarm (plain intervals {plain})")
    held = {"spend": 0, "bought": 0, "clicks/sessions": 0, "p75:spend": 0}
    for seed in range(1000):
        rng = np.random.default_rng(10_000 + seed)
        new = rng.integers(2, size=2000)
        sessions = 1 + rng.poisson(3, 2000)
        table = pa.table(
            {
                "arm": np.where(new, "new", "control"),
                "spend": rng.exponential(10, 2000) * (1 + 0.1 * new),
                "bought": (rng.random(2000) < 0.2 + 0.02 * new).astype(int),
                "sessions": sessions,
                "clicks": rng.binomial(sessions, 0.2 + 0.02 * new),
            }
        )
        truth = {"spend": 1.0, "bought": 0.02, "clicks/sessions": 0.02, "p75:spend": -np.log(0.25)}
        for one in analyze_experiment(table, list(held), Design("arm")).comparisons:
            held[one.metric.name] += one.ci_low <= truth[one.metric.name] <= one.ci_high
    print("planted lifts covered, of 1,000: " + ", ".join(f"{name} {n / 10:.1f}%" for name, n in held.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared" / "data")
    parser.add_argument("--tests", type=int, default=400)
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    asos(asked.data)
    winners(asked.data)
    tests = pairs(asked.data)
    chosen = tests[rng.choice(len(tests), asked.tests, replace=False)]
    sequential(chosen, rng)
    thompson(chosen, rng)
    daily()


if __name__ == "__main__":
    main()
