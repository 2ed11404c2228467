"""Experiments on networks: the insurance experiment among farmers, and planted networks.

    python benchmarks/contagion/network_experiments.py [--data ../shared/data] [--seeds 200]

The insurance experiment: what friends' intensive sessions do to people of the second round (published .2912, SE .0820,
with covariates; re-run .2878, .0823 without), the placebo of the first round, and take-up of friends as an encouragement
beside the naive figure. Planted networks: coverage of 95% intervals of direct and spillover effects, and how often
spillover is claimed (p < .05) where there is none.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from swayline.causal.interference import Design, estimate_network_effects
from swayline.testing.network_experiments import network_experiment


def insurance(data: Path) -> None:
    """The published recipe through ties, and beside it the encouragement."""
    survey = pd.read_stata(data / "insurance-rct" / "survey.dta", convert_categoricals=False)
    network = pd.read_stata(data / "insurance-rct" / "network.dta", convert_categoricals=False)
    named = network[~((network.network_missname == 1) & network.network_id.isna())].reset_index(drop=True)
    known = named.network_id.isin(survey.id)
    alone = "named " + named.index.astype(str)  # friends without an id of their own
    friend = named.network_id.where(named.network_id.notna() & (named.network_id != 99))
    friend = friend.map(lambda one: alone[0] if one != one else str(int(one)))
    friend = friend.where(named.network_id.notna() & (named.network_id != 99), pd.Series(alone))
    ties = pa.table({"source": friend, "target": named.id.astype(str)})
    table = survey.assign(
        id=survey.id.astype(str), session=((survey.delay == 0) & (survey.intensive == 1)).astype(float),
        second=((survey.delay == 1) & (survey.info_none == 1)).astype(float), first=(survey.delay == 0).astype(float),
        early_takeup=np.where(survey.delay == 0, survey.takeup_survey, 0.0),
    )  # fmt: skip
    # 192 friends whose session only the file of nominations tells are rows without an outcome.
    others = named.assign(id=friend)[~known & named.delay.notna()].drop_duplicates("id")
    others = others.assign(
        session=((others.delay == 0) & (others.intensive == 1)).astype(float), second=0.0, first=0.0,
        early_takeup=others.takeup_survey.fillna(0.0), takeup_survey=np.nan, intensive=np.nan,
    )  # fmt: skip
    names = ["id", "village", "address", "session", "second", "first", "intensive", "takeup_survey", "early_takeup"]
    surveyed = table[names].astype({"village": str, "address": str})
    table = pd.concat([surveyed, others[names].astype({"village": str, "address": str})])
    asked = Design(
        "session", "takeup_survey", "id", ("intensive", "village"), clusters="address", strata="village", among="second",
        randomised=True,
    )  # fmt: skip
    mappings = ("share", "any", "count", "share>=0.5")
    print("friends' sessions, second round (published .2912, SE .0820)")
    print(estimate_network_effects(table, ties, asked, mappings, outside="untreated"))
    print("\nthe same by the survey's own sessions alone")
    print(estimate_network_effects(surveyed, ties, asked, ("share",), outside="untreated"))
    print("\nplacebo: friends' sessions, first round")
    first = Design(
        "session", "takeup_survey", "id", ("village",), clusters="address", strata="village", among="first",
        randomised=True,
    )  # fmt: skip
    print(estimate_network_effects(table, ties, first, ("share",), outside="untreated"))
    print("\nfriends' take-up, encouraged by their sessions")
    taken = Design(
        "session", "takeup_survey", "id", ("intensive", "village"), clusters="address", strata="village", among="second",
        taken="early_takeup", randomised=True,
    )  # fmt: skip
    print(estimate_network_effects(table, ties, taken, ("share",), outside="untreated"))


def planted(seeds: int) -> None:
    """Coverage and false claims, by mapping; then without any spillover."""
    print("\n| world | mapping | truth | estimate | coverage | claimed | by randomisation | direct covers |")
    print("|---|---|---|---|---|---|---|---|")
    for spillover in (0.2, 0.0):
        for mapping in ("share", "any", "count>=2"):
            rows = []
            for seed in range(seeds):
                world = network_experiment(seed, mapping, spillover=spillover)
                one = estimate_network_effects(world.table, world.ties, world.design, (mapping,), draws=199, seed=seed)
                found = one.found[0]
                rows.append((
                    found.spillover.value, found.spillover.low <= spillover <= found.spillover.high, found.spillover.p < 0.05,
                    found.checks["randomisation"].figure < 0.05, found.direct.low <= world.direct <= found.direct.high,
                ))  # fmt: skip
            value, *shares = np.array(rows, float).T
            told = " | ".join(f"{share.mean():.1%}" for share in shares)
            print(f"| {seeds} seeds | {mapping} | {spillover} | {value.mean():.4f} | {told} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared" / "data")
    parser.add_argument("--seeds", type=int, default=200)
    asked = parser.parse_args()
    insurance(asked.data)
    if asked.seeds:
        planted(asked.seeds)


if __name__ == "__main__":
    main()
