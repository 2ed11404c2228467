"""Effects in tables whose answer is known: IHDP, Lalonde, the insurance experiment.

python benchmarks/effects/tables.py ihdp|lalonde|insurance [--data ../shared/data]
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from swayline.causal.effect import estimate_effect


def ihdp(data: Path) -> None:
    """√PEHE and the error of the average, inside and outside the sample (90/10, the replication as the seed)."""
    names = ["t", "y", "ycf", "mu0", "mu1", *(f"x{k}" for k in range(1, 26))]
    controls, rows = names[5:], []
    for replication in range(1, 11):
        frame = pd.read_csv(data / "ihdp" / f"replication_{replication}.csv", header=None, names=names)
        order = np.random.default_rng(replication).permutation(len(frame))
        cut = int(0.9 * len(frame))
        start = time.perf_counter()
        found = estimate_effect(frame.iloc[order[:cut]], "t", "y", controls, seed=replication)
        row = [replication]
        for part in (order[:cut], order[cut:]):
            some = frame.iloc[part]
            truth = (some.mu1 - some.mu0).to_numpy()
            effect, interval = found.effect(some), found.effect_interval(some)
            inside = (interval[:, 0] <= truth) & (truth <= interval[:, 1])
            row += [np.sqrt(np.mean((effect - truth) ** 2)), abs(effect.mean() - truth.mean()), inside.mean()]
        truth = (frame.mu1 - frame.mu0).to_numpy()[order[:cut]]
        kept = truth[found.arms[0].kept].mean()
        estimate = found.estimate
        row += [abs(estimate.value - truth.mean()), estimate.low <= kept <= estimate.high, time.perf_counter() - start]
        rows.append(row)
        print(" ".join(f"{value:.3f}" for value in row), flush=True)
    columns = [
        "replication",
        "pehe in",
        "ate in",
        "cover in",
        "pehe out",
        "ate out",
        "cover out",
        "aipw",
        "covers",
        "s",
    ]
    table = pd.DataFrame(rows, columns=columns).set_index("replication")
    print(table.astype(float).agg(["mean", "median"]).round(3).to_string())


def lalonde(data: Path) -> None:
    """Treated of NSW against controls of CPS; the experiment's answer is 1,794."""
    nsw, cps = (pd.read_stata(data / "lalonde" / f"{name}.dta") for name in ("nsw", "cps"))
    frame = pd.concat([nsw[nsw.treat == 1], cps]).drop(columns="data_id")
    controls = [name for name in frame.columns if name not in ("treat", "re78")]
    _show(estimate_effect(frame, "treat", "re78", controls, estimand="att", beside=True).ledger)
    _show(estimate_effect(nsw.drop(columns="data_id"), "treat", "re78", controls, randomised=True).ledger)


def insurance(data: Path) -> None:
    """Direct effect of the intensive session in the first round, and the placebo: friends' sessions in that round."""
    survey = pd.read_stata(data / "insurance-rct" / "survey.dta", convert_categoricals=False)
    network = pd.read_stata(data / "insurance-rct" / "network.dta", convert_categoricals=False)
    first = survey[(survey.delay == 0) & survey.takeup_survey.notna() & survey.intensive.notna()]
    found = estimate_effect(
        first[["takeup_survey", "intensive", "village", "address"]].assign(village=lambda f: f.village.astype(str)),
        "intensive", "takeup_survey", ["village"], clusters="address", randomised=True,
    )  # fmt: skip
    print(f"direct effect, first round, n = {len(first)}")
    _show(found.ledger)
    named = network[~((network.network_missname == 1) & network.network_id.isna())]
    hit = ((named.delay == 0) & (named.intensive == 1)).astype(float)
    rate = hit.groupby(named.id).mean().rename("rate").reset_index()
    for label, people in (
        ("second round", survey[(survey.delay == 1) & (survey.info_none == 1)]),
        ("placebo: first round", survey[survey.delay == 0]),
    ):
        joined = people.merge(rate, on="id")
        frame = joined[["takeup_survey", "rate", "intensive", "village", "address"]].dropna()
        frame = frame.assign(village=frame.village.astype(str))
        print(f"friends' sessions, {label}, n = {len(frame)}")
        _show(
            estimate_effect(
                frame,
                "rate",
                "takeup_survey",
                ["intensive", "village"],
                clusters="address",
                randomised=True,
                learner="linear",
            ).ledger
        )


def _show(ledger) -> None:
    frame = ledger.to_pandas()
    columns = ["method", "estimand", "estimate", "ci_low", "ci_high", "n", "identified", "primary"]
    print(frame[columns].round(4).to_string(index=False))
    print(frame.loc[frame.primary, "assumptions"].iloc[0])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["ihdp", "lalonde", "insurance"])
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared" / "data")
    asked = parser.parse_args()
    {"ihdp": ihdp, "lalonde": lalonde, "insurance": insurance}[asked.what](asked.data)
