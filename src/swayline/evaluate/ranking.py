"""How well a model ranks what came next: always among the whole catalogue, with intervals over users."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from swayline.core.errors import DataError
from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.dataset import Sequences, Targets
from swayline.evaluate.significance import Estimate, Values, bootstrap_mean, paired_test
from swayline.metrics import coverage, hit_rate, mrr, ndcg, ranks
from swayline.models import Recommender, mask_seen, top_k

_SCORES_AT_ONCE = 1 << 25
REPEATS_MATTER = 0.05
"""From this share of targets that the user already had, seen items stay in the ranking."""


@dataclass(frozen=True)
class Ranking:
    """Per-question metrics of one model.

    Parameters
    ----------
    values : dict
        Metric name → (Q,) values; a mean over questions is the reported figure.
    coverage : float
        Share of the catalogue in any list.
    seconds : float
        Time to score all questions over the whole catalogue.
    """

    values: dict[str, Values]
    coverage: float
    seconds: float


def repeats(targets: Targets) -> float:
    """Share of questions whose answer is already in the user's history."""
    if len(targets) == 0:
        return 0.0
    again = targets.history.items == targets.items[targets.history.users]
    return float(len(np.unique(targets.history.users[again])) / len(targets))


def rank_targets(model: Recommender, targets: Targets, k: int, exclude_seen: bool, label: str = "evaluate") -> Ranking:
    """Rank the whole catalogue for every question.

    Parameters
    ----------
    exclude_seen : bool
        Leave out items of the history (the papers' protocol where nothing repeats); the target itself always stays.

    Raises
    ------
    DataError
        There is no question to ask.
    """
    if len(targets) == 0:
        raise DataError("no user has enough events to be asked about: evaluation needs users with at least 3 events")
    n_items = targets.history.n_items
    step = max(1, min(2048, _SCORES_AT_ONCE // n_items))
    better, tied = np.empty(len(targets), np.int64), np.empty(len(targets), np.int64)
    lists = np.empty((len(targets), min(k, n_items)), np.int32)
    started = time.perf_counter()
    with task(label, total=len(targets)) as bar:
        for start in range(0, len(targets), step):
            rows = np.arange(start, min(start + step, len(targets)))
            part = targets.take(rows)
            scores = model.score(part.history)
            if exclude_seen:
                answer = scores[np.arange(len(rows)), part.items]
                scores = mask_seen(scores, part.history)
                scores[np.arange(len(rows)), part.items] = answer
            better[rows], tied[rows] = ranks(scores, part.items)
            lists[rows] = top_k(scores, lists.shape[1])[0]
            bar.advance(len(rows))
    seconds = time.perf_counter() - started
    values = {
        f"hr@{k}": hit_rate(better, tied, k), f"ndcg@{k}": ndcg(better, tied, k), "mrr": mrr(better, tied),
    }  # fmt: skip
    return Ranking(values, coverage(lists, n_items), seconds)


def summary(ranking: Ranking, k: int, seed: int) -> dict[str, dict[str, float | None]]:
    """The metrics of a ranking with bootstrap intervals, as ``metrics.json`` holds them.

    ``recall@k`` stands beside ``hr@k``: with one target a question they are the same number under two names.
    """
    found = {name: bootstrap_mean(values, generator(seed, "bootstrap")) for name, values in ranking.values.items()}
    found[f"recall@{k}"] = found[f"hr@{k}"]
    metrics: dict[str, dict[str, float | None]] = {name: dict(asdict(one)) for name, one in found.items()}
    metrics[f"coverage@{k}"] = {"value": ranking.coverage, "ci_low": None, "ci_high": None}
    return metrics


def compare(rankings: Mapping[str, Ranking], metric: str, seed: int) -> list[dict[str, Any]]:
    """The best model against every other, paired by user, with Holm's correction for testing several.

    References
    ----------
    Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 1979.
    """
    means = {name: float(ranking.values[metric].mean()) for name, ranking in rankings.items()}
    best = max(means, key=lambda name: means[name])
    rows: list[dict[str, Any]] = []
    for name in (name for name in rankings if name != best):
        ours, theirs = rankings[best].values[metric], rankings[name].values[metric]
        gap: Estimate = bootstrap_mean(ours - theirs, generator(seed, "paired"))
        rows.append(
            {"model": best, "baseline": name, "metric": metric, "difference": gap.value, "ci_low": gap.ci_low,
             "ci_high": gap.ci_high, "p_value": paired_test(ours, theirs, generator(seed, "flips"))}
        )  # fmt: skip
    largest = 0.0
    for place, row in enumerate(sorted(rows, key=lambda one: float(one["p_value"]))):
        largest = max(largest, min(1.0, float(row["p_value"]) * (len(rows) - place)))
        row["p_value"] = largest
    return rows


def protocol(split: str, targets: Targets, k: int, exclude_seen: bool, train: Sequences) -> dict[str, Any]:
    """What the figures mean, in words that stand beside them."""
    return {
        "split": split, "k": k, "n_questions": len(targets), "n_users": len(train), "n_items": train.n_items,
        "n_train_events": len(train.items), "exclude_seen": exclude_seen, "candidates": "all items",
        "ties": "expected over all orders", "intervals": "95% bootstrap over users",
    }  # fmt: skip
