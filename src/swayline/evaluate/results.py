"""From rankings to ``metrics.json``: every figure with its interval, groups apart, models compared.

References
----------
Holm, Scandinavian Journal of Statistics 1979; Benjamini and Hochberg, JRSS B 1995 (testing several models).
Clopper and Pearson, "The Use of Confidence or Fiducial Limits", Biometrika 1934 (shares of none and of all).
"""

from collections.abc import Mapping
from dataclasses import asdict
from math import isnan
from typing import Any

import numpy as np

from swayline.core.rng import generator
from swayline.evaluate.ranking import Ranking
from swayline.evaluate.significance import Values, adjusted, bootstrap_mean, paired_test

Estimated = dict[str, float | None]
"""``value``, ``ci_low``, ``ci_high``."""
MEASURES = ("log_loss", "brier", "novelty", "popularity", "dwell_s")
"""Figures that are no shares."""
_FEWEST_USERS = 2
_GROUP_METRICS = ("hr", "ndcg", "mrr", "accuracy", "log_loss")
"""What is told of each group."""


def summary(ranking: Ranking, seed: int) -> dict[str, dict[str, Estimated]]:
    """Every figure of a ranking: means with bootstrap intervals over users, and figures of all lists without.

    A figure of all lists together (coverage, Gini, calibration) has no interval: drawing users again would change
    what it measures.

    Returns
    -------
    ``metrics``, which are shares from 0 to 1, and ``measures``, which have units (nats, bits, events, seconds).
    """
    found = {name: _estimate(name, values, ranking.users, seed) for name, values in ranking.values.items()}
    for name, value in ranking.figures.items():
        found[name] = {"value": None if isnan(value) else value, "ci_low": None, "ci_high": None}
    measures = {name: one for name, one in found.items() if name.partition("@")[0] in MEASURES}
    return {"metrics": {name: one for name, one in found.items() if name not in measures}, "measures": measures}


def by_group(ranking: Ranking, groups: Mapping[str, np.ndarray], seed: int) -> dict[str, dict[str, Any]]:
    """Kind of group → group → how many questions, and the main metrics with intervals."""
    names = [name for name in ranking.values if name.partition("@")[0] in _GROUP_METRICS]
    found: dict[str, dict[str, Any]] = {}
    for kind, labels in groups.items():
        found[kind] = {}
        for label in sorted(set(labels.tolist()), key=_place):
            rows = np.flatnonzero(labels == label)
            metrics = {name: _estimate(name, ranking.values[name][rows], ranking.users[rows], seed) for name in names}
            found[kind][label] = {"n": len(rows), "metrics": metrics}
    return found


def _place(label: str) -> tuple[int, str]:
    """Buckets of numbers by their first one, all else by name."""
    digits = label.partition("-")[0].partition(" ")[0]
    return (int(digits) if digits.isdigit() else 0, label)


def _estimate(name: str, values: Values, users: np.ndarray, seed: int) -> Estimated:
    """A mean with its interval: none of fewer than two users; a share that is all 0 or all 1 is not thereby sure."""
    known = ~np.isnan(values)
    values, users = values[known], users[known]
    asked = len(np.unique(users))
    one = bootstrap_mean(values, generator(seed, "bootstrap"), clusters=users if asked < len(users) else None)
    found: Estimated = {key: None if isnan(figure) else figure for key, figure in asdict(one).items()}
    if asked < _FEWEST_USERS:
        return found | {"ci_low": None, "ci_high": None}
    if name.partition("@")[0] not in MEASURES and one.ci_low == one.ci_high and one.value in (0.0, 1.0):
        # Clopper and Pearson: what n users in a row who all say the same leave possible.
        possible = 1.0 - 0.025 ** (1.0 / asked)
        return found | ({"ci_high": possible} if one.value == 0.0 else {"ci_low": 1.0 - possible})
    return found


def compare(rankings: Mapping[str, Ranking], metric: str, seed: int) -> list[dict[str, Any]]:
    """The best model against every other, paired by user.

    ``p_value`` is corrected by Holm (the chance of any false claim among these), ``q_value`` by Benjamini and
    Hochberg (the share of false ones among the claims), ``p_raw`` not at all.
    """
    rows: list[dict[str, Any]] = []
    best = best_of(rankings, metric)
    if best is None:
        return []
    for other in (name for name in rankings if name != best):
        ours, theirs, users = rankings[best].values[metric], rankings[other].values[metric], rankings[best].users
        several = users if len(np.unique(users)) < len(users) else None
        gap = bootstrap_mean(ours - theirs, generator(seed, "paired"), clusters=several)
        rows.append(
            {"model": best, "baseline": other, "metric": metric, "difference": gap.value, "ci_low": gap.ci_low,
             "ci_high": gap.ci_high, "p_raw": paired_test(ours, theirs, generator(seed, "flips"), clusters=several)}
        )  # fmt: skip
    raw = np.array([row["p_raw"] for row in rows])
    for row, holm, bh in zip(rows, adjusted(raw, "holm"), adjusted(raw, "bh"), strict=True):
        row |= {"p_value": float(holm), "q_value": float(bh)}
    return rows


def best_of(rankings: Mapping[str, Ranking], metric: str) -> str | None:
    """The model with the highest mean; None where there is none."""
    return max(rankings, key=lambda name: float(rankings[name].values[metric].mean()), default=None)
