"""Real experiments read by ``causal/experiments``: Upworthy, ASOS, Hillstrom, social pressure.

python benchmarks/experiments/real_experiments.py [--data ../shared/data]
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pyarrow.csv as pc
from scipy.stats import chi2, false_discovery_control

from swayline.causal.experiments import Design, analyze_experiment, analyze_snapshots, check_sample_ratio


def upworthy(data: Path) -> None:
    """Sample-ratio alarms inside and outside the weeks whose randomisation broke; winners at a false-discovery rate."""
    table = pc.read_csv(data / "upworthy" / "packages.csv.gz").to_pandas()
    alarms: dict[bool, list[bool]] = {True: [], False: []}
    p_values = []
    for _, arms in table.groupby("clickability_test_id"):
        if len(arms) < 2:
            continue
        broken = bool(201325 <= int(arms["test_week"].iloc[0]) <= 201401)
        ratio = check_sample_ratio({str(k): int(n) for k, n in enumerate(arms["impressions"])})
        alarms[broken].append(ratio.alarmed)
        if not ratio.alarmed:
            shows, clicks = arms["impressions"].to_numpy(float), arms["clicks"].to_numpy(float)
            share = clicks.sum() / shows.sum()
            if 0 < share < 1:
                statistic = ((clicks - shows * share) ** 2 / (shows * share * (1 - share))).sum()
                p_values.append(float(chi2.sf(statistic, len(arms) - 1)))
    for broken, found in alarms.items():
        words = "weeks 201325 to 201401" if broken else "other weeks"
        print(f"upworthy, {words}: sample-ratio alarm in {np.mean(found):.1%} of {len(found)} tests")
    q = false_discovery_control(np.array(p_values))
    print(f"upworthy, sound tests: {(q <= 0.05).sum()} of {len(q)} have a difference at a false-discovery rate of 5%")


def asos(data: Path) -> None:
    """How often looking every day changes the answer, and what always-valid intervals say."""
    table = pc.read_csv(data / "asos-experiments" / "experiments.csv.gz")
    names = ("count_c", "mean_c", "variance_c", "count_t", "mean_t", "variance_t")
    found = analyze_snapshots(table, names).to_pandas().sort_values("time_since_start")
    found = found[found["usable"]]
    ended = ever = always_end = always_ever = streams = 0
    for _, stream in found.groupby(["experiment_id", "variant_id", "metric_id"]):
        streams += 1
        plain = (np.abs(stream["z"]) > 1.959964).to_numpy()
        valid = ((stream["always_low"] > 0) | (stream["always_high"] < 0)).to_numpy()
        ended, ever = ended + bool(plain[-1]), ever + bool(plain.any())
        always_end, always_ever = always_end + bool(valid[-1]), always_ever + bool(valid.any())
    print(
        f"asos, {streams} streams: plain |z| > 1.96 at the end {ended}, on any day {ever}; always-valid interval without"
        f" 0 at the end {always_end}, on any day {always_ever}"
    )


def campaigns(data: Path) -> None:
    """Arms of a mail campaign and of a social-pressure mailing, with and without covariates."""
    hillstrom = pc.read_csv(data / "hillstrom" / "hillstrom.csv")
    past = ("recency", "history", "mens", "womens", "newbie")
    for covariates in ((), past):
        found = analyze_experiment(hillstrom, ["visit", "spend"], Design("segment", covariates=covariates))
        print("\n".join(found.summary()))
    social = pc.read_csv(data / "social-pressure-rct" / "social.csv.gz")
    weights = {"Control": 5.0, "Civic Duty": 1.0, "Hawthorne": 1.0, "Neighbors": 1.0}
    for covariates in ((), ("primary2004", "yearofbirth", "hhsize")):
        begun = time.perf_counter()
        design = Design("messages", clusters="household", weights=weights, covariates=covariates)
        for one in analyze_experiment(social, ["primary2006"], design).comparisons:
            print(f"social pressure, {one.arm}: {one.effect:+.4f} (SE {one.se:.4f})")
        print(f"  {len(social):,} people in {time.perf_counter() - begun:.1f} s")


def main() -> None:
    """Read them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared" / "data")
    data = parser.parse_args().data
    upworthy(data)
    asos(data)
    campaigns(data)


if __name__ == "__main__":
    main()
