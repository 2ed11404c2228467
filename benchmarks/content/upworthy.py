"""How much a headline or a picture moves real clicks: Upworthy's randomised tests (arms of one test differ in either).

python benchmarks/content/upworthy.py

Of each test, arms with one picture, lede and excerpt and several headlines say what headlines do, and the other way
round. Click rates
are taken relative to their group's; what differs beyond binomial chance is the spread (one standard deviation) that the
content causes (moments, DerSimonian and Laird 1986). Intervals by bootstrap over tests. Weeks 201325 to 201401, whose
randomisation was broken, are left out. Placebo: the same arms with clicks dealt out again by chance alone.
"""

from pathlib import Path

import numpy as np
import pyarrow.csv as pc_csv

DATA = Path(__file__).parents[2] / "../shared/data/upworthy/packages.csv.gz"


def arms():
    options = pc_csv.ParseOptions(newlines_in_values=True)
    found = pc_csv.read_csv(DATA, parse_options=options).to_pylist()
    whole = [
        row
        for row in found
        if row["impressions"] and row["eyecatcher_id"] and not 201325 <= int(row["test_week"]) <= 201401
    ]
    print(f"{len(whole):,} arms of {len({row['clickability_test_id'] for row in whole}):,} tests")
    return whole


def groups(rows, held, varied):
    """(test, clicks, impressions) of arms that share one content and differ in the other; equal ones are joined."""
    found = {}
    for row in rows:
        same = found.setdefault((row["clickability_test_id"], tuple(row[name] for name in held)), {})
        clicks, shown = same.get(row[varied], (0, 0))
        same[row[varied]] = clicks + row["clicks"], shown + row["impressions"]
    return [(test, *np.array(list(same.values()), float).T) for (test, _), same in found.items() if len(same) > 1]


def terms(clicks, shown):
    """Excess of Cochran's Q over chance, and how much a squared relative spread of one would add to it."""
    rate = clicks.sum() / shown.sum()
    if not rate:
        return 0.0, 0.0
    weight = shown * rate / (1 - rate)
    relative = clicks / shown / rate
    mean = (weight * relative).sum() / weight.sum()
    return (weight * (relative - mean) ** 2).sum() - (len(shown) - 1), weight.sum() - (weight**2).sum() / weight.sum()


def spread(values):
    excess, scale = values.sum(axis=0)
    return np.sign(excess) * np.sqrt(abs(excess) / scale)


def measured(name, found, rng):
    for label in ("measured", "placebo"):
        by_test = {}
        for test, clicks, shown in found:
            if label == "placebo":
                clicks = rng.multinomial(int(clicks.sum()), shown / shown.sum()).astype(float)
            by_test.setdefault(test, []).append(terms(clicks, shown))
        values = np.array([np.sum(own, axis=0) for own in by_test.values()])
        drawn = [spread(values[rng.integers(len(values), size=len(values))]) for _ in range(1000)]
        low, high = np.quantile(drawn, [0.025, 0.975])
        n_arms = sum(len(clicks) for _, clicks, _ in found)
        print(
            f"{name:<10}{label:<10}spread {spread(values):+.3f} of the click rate ({low:+.3f} to {high:+.3f}), {len(values):,} tests, {n_arms:,} arms"
        )


def main():
    rows, rng = arms(), np.random.default_rng(0)
    clicks, shown = (sum(row[name] for row in rows) for name in ("clicks", "impressions"))
    print(f"click rate {clicks / shown:.4f}")
    measured("headline", groups(rows, ("eyecatcher_id", "lede", "excerpt"), "headline"), rng)
    measured("picture", groups(rows, ("headline", "lede", "excerpt"), "eyecatcher_id"), rng)


if __name__ == "__main__":
    main()
