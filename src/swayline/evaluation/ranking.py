"""How well a model ranks what came next, and what it shows: always among the whole catalogue.

Shapes: Q questions, k places, I items.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from swayline.core.errors import DataError
from swayline.core.progress import task
from swayline.dataset import NO_TIME, Sequences, Targets
from swayline.evaluation.about import Answers, Items
from swayline.evaluation.probabilities import probabilities
from swayline.evaluation.significance import Values
from swayline.metrics import exposure, intra_list_diversity, prediction, ranking, relevance
from swayline.models import Recommender, top_k
from swayline.models.validation import Scored, ask

_DIVERSE_LISTS = 2000
"""Lists whose pairs are compared; a mean over so many is exact enough."""
_FEW_ITEMS = 200
"""Up to so many items, an answer is a class, and every class's F1 counts alike."""


@dataclass(frozen=True)
class Ranking:
    """Per-question metrics of one model.

    Parameters
    ----------
    values : dict
        Metric name → (Q,) values, NaN where a question has none; a mean over questions is the reported figure.
    figures : dict
        Metric name → a figure of all lists together.
    users : (Q,) int
        Whose question it is.
    seconds : float
        Time to score all questions over the whole catalogue.
    """

    values: dict[str, Values]
    figures: dict[str, float]
    users: np.ndarray
    seconds: float


def repeats(targets: Targets) -> float:
    """Share of questions whose answer is already in the user's history."""
    return float(is_repeat(targets).mean()) if len(targets) else 0.0


def is_repeat(targets: Targets) -> np.ndarray:
    """(Q,) whether the answer is already in the user's history."""
    again = np.zeros(len(targets), bool)
    rows = targets.history.users
    again[rows[targets.history.items == targets.items[rows]]] = True
    return again


def is_same_moment(targets: Targets) -> np.ndarray:
    """(Q,) whether the history holds the very act that is asked for: its item, behaviour and moment.

    Such a row differs from the answer in columns that nobody reads (a row a tag, say); naming its item is no foresight.
    """
    history, same = targets.history, np.zeros(len(targets), bool)
    rows = history.users
    alike = (
        (history.items == targets.items[rows])
        & (history.behaviors == targets.behaviors[rows])
        & (history.times == targets.times[rows])
        & (history.times != NO_TIME)
    )
    same[rows[alike]] = True
    return same


def rank_targets(
    model: Recommender,
    targets: Targets,
    k: int,
    exclude_seen: bool,
    label: str = "evaluate",
    *,
    items: Items | None = None,
    answers: Answers | None = None,
    inverse_temperature: float | None = None,
) -> Ranking:
    """Rank the whole catalogue for every question.

    Parameters
    ----------
    exclude_seen : bool
        Leave out items of the history (the papers' protocol where nothing repeats): a return is then a miss.
    items, answers : optional
        With them come diversity, novelty and popularity, and what followed the answers.
    inverse_temperature : float, optional
        With it come log-loss, Brier score and calibration.

    Raises
    ------
    DataError
        There is no question to ask.
    """
    if len(targets) == 0:
        raise DataError("no user has enough events to be asked about: evaluation needs users with at least 3 events")
    found: list[_Part] = []
    seconds = 0.0
    with task(label, total=len(targets)) as bar:
        for part in ask(model, targets, exclude_seen):
            seconds += part.seconds
            found.append(_asked(part, k, inverse_temperature))
            bar.advance(len(part.questions))
    whole = _Part(*(np.concatenate(one) for one in zip(*(vars(part).values() for part in found), strict=True)))
    values, figures = _of_ranks(whole, targets, k)
    if items is not None:
        more = _of_lists(whole.lists, items, k)
        values, figures = values | more[0], figures | more[1]
    if answers is not None:
        values |= _of_answers(whole, answers, k)
    if inverse_temperature is not None:
        more = _of_probabilities(whole)
        values, figures = values | more[0], figures | more[1]
    return Ranking(values, figures, targets.users, seconds)


@dataclass(frozen=True)
class _Part:
    """What is kept of some questions' scores, a row each."""

    better: np.ndarray
    tied: np.ndarray
    n_candidates: np.ndarray
    lists: np.ndarray
    log_p: np.ndarray
    brier: np.ndarray
    confidence: np.ndarray


def _asked(part: Scored, k: int, inverse_temperature: float | None) -> _Part:
    scores, targets = part.scores, part.questions
    better, tied = ranking.ranks(scores, targets.items)
    lists = top_k(scores, min(k, scores.shape[1]))[0]
    log_p = brier = confidence = np.full(len(targets), np.nan)
    if inverse_temperature is not None:
        log_p, brier, confidence = probabilities(scores, targets.items, inverse_temperature)
    n_candidates = np.isfinite(scores).sum(axis=1)
    return _Part(better, tied, n_candidates, lists, log_p, brier, confidence)


def _of_ranks(whole: _Part, targets: Targets, k: int) -> tuple[dict[str, Values], dict[str, float]]:
    better, tied = whole.better, whole.tied
    values = {
        f"hr@{k}": ranking.hit_rate(better, tied, k), f"ndcg@{k}": ranking.ndcg(better, tied, k),
        "mrr": ranking.mrr(better, tied), f"recall@{k}": ranking.recall(better, tied, k),
        f"precision@{k}": ranking.precision(better, tied, k), f"f1@{k}": ranking.f1(better, tied, k),
        f"map@{k}": ranking.average_precision(better, tied, k),
        "auc": ranking.auc(better, tied, whole.n_candidates), "accuracy": ranking.hit_rate(better, tied, 1),
    }  # fmt: skip
    n_items = targets.history.n_items
    figures = {f"coverage@{k}": exposure.coverage(whole.lists, n_items)}
    if n_items <= _FEW_ITEMS:
        figures["macro_f1"] = prediction.macro_f1(targets.items, whole.lists[:, 0])
    return values, figures


def _of_lists(lists: np.ndarray, items: Items, k: int) -> tuple[dict[str, Values], dict[str, float]]:
    diversity = np.full(len(lists), np.nan)
    some = np.unique(np.linspace(0, len(lists) - 1, min(len(lists), _DIVERSE_LISTS)).astype(int))
    diversity[some] = intra_list_diversity(lists[some], items.vectors)
    values = {
        f"novelty@{k}": exposure.mean_over_list(lists, items.surprise),
        f"popularity@{k}": exposure.mean_over_list(lists, items.events),
        f"diversity@{k}": diversity,
    }
    figures = {f"gini@{k}": exposure.exposure_gini(lists, len(items.events))}
    if (items.categories >= 0).any():
        figures[f"category_coverage@{k}"] = exposure.category_coverage(lists, items.categories)
    return values, figures


def _of_answers(whole: _Part, answers: Answers, k: int) -> dict[str, Values]:
    """What followed the answers that the list held, and how the list fares with everything that came later."""
    hit = whole.better < k
    followed = {f"dwell_s@{k}": answers.dwell_s, f"repeat_rate@{k}": answers.again}
    values = {name: np.where(hit, one, np.nan) for name, one in followed.items() if not np.isnan(one).all()}
    if answers.later is not None:
        found = relevance.hits_of(whole.lists, *answers.later)
        for name in ("precision", "recall", "f1", "average_precision", "ndcg"):
            short = "map" if name == "average_precision" else name
            values[f"later_{short}@{k}"] = getattr(relevance, name)(*found)
    return values


def _of_probabilities(whole: _Part) -> tuple[dict[str, Values], dict[str, float]]:
    # A return that could not be recommended has no probability to take the logarithm of; its Brier score counts it.
    values = {"log_loss": np.where(np.isneginf(whole.log_p), np.nan, -whole.log_p), "brier": whole.brier}
    right = ((whole.better == 0) & (whole.tied == 0)).astype(np.float64)
    return values, {"calibration_error": prediction.calibration_error(right, whole.confidence, equal="mass")}


def joined(rankings: Sequence[Ranking]) -> Ranking:
    """The questions of several folds as one; figures of whole lists are means over the folds."""
    names = list(dict.fromkeys(name for one in rankings for name in one.values))
    values = {
        name: np.concatenate([one.values.get(name, np.full(len(one.users), np.nan)) for one in rankings])
        for name in names
    }
    figures = {
        name: float(np.mean([one.figures[name] for one in rankings if name in one.figures]))
        for name in dict.fromkeys(name for one in rankings for name in one.figures)
    }
    users = np.concatenate([one.users for one in rankings])
    return Ranking(values, figures, users, sum(one.seconds for one in rankings))


def protocol(split: str, targets: Targets, k: int, exclude_seen: bool, train: Sequences) -> dict[str, Any]:
    """What the figures mean, in words that stand beside them."""
    n_returns = int(is_repeat(targets).sum())
    return {
        "split": split, "k": k, "n_questions": len(targets), "n_users": len(train), "n_items": train.n_items,
        "n_train_events": len(train.items), "exclude_seen": exclude_seen, "candidates": "all items",
        "n_returns": n_returns, "share_of_returns": n_returns / max(1, len(targets)),
        "returns": "a miss: seen items leave the ranking" if exclude_seen else "ranked: seen items stay",
        "ties": "expected over all orders", "intervals": "95% bootstrap over users",
    }  # fmt: skip
