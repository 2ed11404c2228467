"""From rankings to ``metrics.json``: every figure with its interval, groups apart, models compared.

References
----------
Hansen, Lunde and Nason, "The Model Confidence Set", Econometrica 2011 (the best among several models).
Clopper and Pearson, "The Use of Confidence or Fiducial Limits", Biometrika 1934 (shares of none and of all).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isnan
from typing import Any

import numpy as np

from swayline.core.rng import generator
from swayline.evaluation.best import compare_all
from swayline.evaluation.ranking import Ranking
from swayline.evaluation.significance import Values, bootstrap_mean, paired_test

Estimated = dict[str, float | None]
"""``value``, ``ci_low``, ``ci_high``."""
MEASURES = ("log_loss", "brier", "novelty", "popularity", "dwell_s")
"""Figures that are no shares."""
ALPHA = 0.05
"""A model is told from the best where its p-value is no greater."""
_FEWEST_USERS = 2
_FEWEST_MODELS = 2
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
    """The best model against every other, paired by question, clustered by user.

    ``p_value`` is that of the model confidence set, which allows for the best being picked on the same questions: with
    equal models any of them is called worse than the best in 5 of 100 logs. ``ci_low`` and ``ci_high`` hold for all
    pairs of models at once. ``p_raw`` is the paired test as if the two had been named beforehand, and corrects nothing.
    """
    best = best_of(rankings, metric)
    if best is None or len(rankings) < _FEWEST_MODELS:
        return []
    names, users = list(rankings), rankings[best].users
    values = np.stack([rankings[name].values[metric] for name in names], axis=1)
    several = users if len(np.unique(users)) < len(users) else None
    found, rows, at = compare_all(values, generator(seed, "best"), several), [], names.index(best)
    for k, other in enumerate(names):
        if k == at:
            continue
        low, high = found.interval(at, k) if len(np.unique(users)) >= _FEWEST_USERS else (None, None)
        p_raw = paired_test(values[:, at], values[:, k], generator(seed, "flips"), clusters=several)
        rows.append(
            {"model": best, "baseline": other, "metric": metric, "difference": float(found.means[at] - found.means[k]),
             "ci_low": low, "ci_high": high, "p_raw": p_raw, "p_value": float(found.p_values[k])}
        )  # fmt: skip
    return rows


def undecided(comparisons: Sequence[Mapping[str, Any]]) -> list[str]:
    """The models that are not distinguishable from the best: the others of its 95% confidence set.

    >>> undecided([{"baseline": "gru", "p_value": 0.2}, {"baseline": "most-popular", "p_value": 0.001}])
    ['gru']
    """
    return [str(row["baseline"]) for row in comparisons if row["p_value"] > ALPHA]


def best_of(rankings: Mapping[str, Ranking], metric: str) -> str | None:
    """The model with the highest mean; None where there is none."""
    return max(rankings, key=lambda name: float(rankings[name].values[metric].mean()), default=None)
