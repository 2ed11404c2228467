"""Split, fit, rank: the quality of models on a log, as ``metrics.json`` holds it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from swayline.core.errors import UsageError, nearest, shown
from swayline.dataset import Sequences, seen_leave
from swayline.engine import Engine
from swayline.evaluation.about import Answers, Items
from swayline.evaluation.groups import groups_of, segment
from swayline.evaluation.leakage import check_numbers
from swayline.evaluation.probabilities import inverse_temperature
from swayline.evaluation.protocols import Fold, check_protocol, folds
from swayline.evaluation.ranking import Ranking, joined, protocol, rank_targets
from swayline.evaluation.results import best_of, by_group, compare, summary, undecided
from swayline.evaluation.target import TARGETS, about_target
from swayline.events import EventLog
from swayline.models import Recommender
from swayline.training import Candidate, TrainingPlan, fit_candidate, training_data


@dataclass(frozen=True)
class Plan:
    """What is asked, and how.

    Parameters
    ----------
    split : str
        ``last-out``, ``time``, ``rolling`` or ``k-fold``.
    cut : str, optional
        For ``time`` and ``rolling``: a date, or the share of events before the (first) test.
    n_folds : int
        For ``rolling`` and ``k-fold``.
    k : int
        Length of the lists.
    target : str
        ``item``, ``behavior``, ``category``, or ``value`` (for :func:`~swayline.evaluation.evaluate_values`).
    segment : str, optional
        A column of the users table whose values are told apart.
    seed : int
        Decides every random number.
    """

    split: str = "last-out"
    cut: str | None = None
    n_folds: int = 3
    k: int = 10
    target: str = "item"
    segment: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_protocol(self.split, self.cut, self.n_folds)
        if self.target not in TARGETS:
            raise UsageError(f"--target {shown(self.target)} is unknown: {nearest(self.target, TARGETS)}")


@dataclass
class _Found:
    """What is known of a model so far, fold by fold."""

    rankings: list[Ranking] = field(default_factory=list)
    fits: list[Candidate] = field(default_factory=list)


def evaluate_models(
    engine: Engine, log: EventLog, names: Sequence[str], plan: Plan | None = None, training: TrainingPlan | None = None
) -> dict[str, Any]:
    """Metrics of models with intervals, groups and comparisons, in the form of ``metrics.json``.

    Models that read titles and categories have those of the log's items table. Seen items leave the ranking where
    users rarely return to them (told from what is learned from, never from the test), and never where classes are
    asked about.

    Parameters
    ----------
    training : TrainingPlan, optional
        Settings of the models, and models that are none of ours; by default every model's own settings.

    Raises
    ------
    UsageError, DataError
        The split cannot be made, or nobody can be asked.
    LeakageError
        The test is known to what is learned from, or to the numbers of the items.
    """
    plan = plan or Plan()
    if plan.segment is not None and log.users is None:
        raise UsageError("--segment names a column of the users table: give one with --users")
    training = training or TrainingPlan(tuple(names), seed=plan.seed)
    events, side = about_target(log, plan.target)
    dataset = training_data(engine, replace(log, events=events, items=side)).dataset
    segments = (
        {plan.segment: segment(log.users, plan.segment, dataset.users)}
        if plan.segment is not None and log.users is not None
        else {}
    )
    found = {name: _Found() for name in names}
    labels: list[dict[str, np.ndarray]] = []
    protocols: list[dict[str, Any]] = []
    for fold in folds(dataset.sequences, plan.split, cut=plan.cut, n_folds=plan.n_folds, seed=plan.seed):
        split = check_numbers(fold.split)
        exclude = plan.target == "item" and seen_leave(split.train)
        items = Items.of(split.train)
        for name, one in found.items():
            fitted = fit_candidate(name, split, training, dataset.behaviors.names)
            one.rankings.append(rank_fold(fitted.load(), fold, dataset.sequences, items, exclude, plan))
            one.fits.append(replace(fitted, model=None))
        labels.append(groups_of(split.test, items, dataset.behaviors.names, segments))
        told = protocol(plan.split, split.test, plan.k, exclude, split.train)
        protocols.append(told | {"fold": fold.name, "target": plan.target})
    return _written(found, labels, protocols, plan)


def rank_fold(
    model: Recommender, fold: Fold, sequences: Sequences, items: Items, exclude_seen: bool, plan: Plan
) -> Ranking:
    """A fitted model's ranking of a fold's questions, with probabilities that its validation questions calibrate.

    Parameters
    ----------
    sequences : Sequences
        The whole histories, which say what followed the answers.
    """
    split = fold.split
    answers = Answers.of(sequences, split.test, fold.until_us) if len(split.test) else None
    return rank_targets(
        model, split.test, plan.k, exclude_seen, f"rank with {model.name}", items=items, answers=answers,
        inverse_temperature=inverse_temperature(model, split.valid, exclude_seen, plan.seed),
    )  # fmt: skip


def told_of(ranking: Ranking, groups: Mapping[str, np.ndarray], fits: Sequence[Candidate], seed: int) -> dict[str, Any]:
    """A model in ``metrics.json``: its figures, those of groups, and how it was fitted."""
    return {
        **summary(ranking, seed), "groups": by_group(ranking, groups, seed), "fit_s": sum(one.seconds for one in fits),
        "score_s": ranking.seconds, "history": fits[-1].history, "values": fits[-1].values,
    }  # fmt: skip


def told_of_all(rankings: Mapping[str, Ranking], k: int, seed: int) -> dict[str, Any]:
    """What ``metrics.json`` says of the models together: which is best, and which are not distinguishable from it."""
    primary = f"ndcg@{k}"
    comparisons = compare(rankings, primary, seed)
    return {
        "comparisons": comparisons, "best": best_of(rankings, primary), "not_distinguishable": undecided(comparisons)
    }  # fmt: skip


def _written(
    found: Mapping[str, _Found], labels: Sequence[Mapping[str, np.ndarray]], protocols: list[dict[str, Any]], plan: Plan
) -> dict[str, Any]:
    """All folds as one ``metrics.json``."""
    rankings = {name: joined(one.rankings) for name, one in found.items()}
    groups = {
        kind: np.concatenate([one.get(kind, np.full(n, "")) for one, n in zip(labels, _sizes(protocols), strict=True)])
        for kind in dict.fromkeys(kind for one in labels for kind in one)
    }
    models = {
        name: told_of(rankings[name], groups, one.fits, plan.seed) | {"folds": _of_folds(one, protocols, plan.seed)}
        for name, one in found.items()
    }
    return {"protocol": _whole_protocol(protocols), "models": models} | told_of_all(rankings, plan.k, plan.seed)


def _sizes(protocols: Sequence[dict[str, Any]]) -> list[int]:
    return [int(one["n_questions"]) for one in protocols]


def _of_folds(found: _Found, protocols: Sequence[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """The metrics of each fold, where there are several."""
    if len(found.rankings) < 2:
        return []
    return [
        {"fold": told["fold"], "n": told["n_questions"], **summary(one, seed)}
        for one, told in zip(found.rankings, protocols, strict=True)
    ]


def _whole_protocol(protocols: Sequence[dict[str, Any]]) -> dict[str, Any]:
    n_questions, n_returns = sum(_sizes(protocols)), sum(int(one["n_returns"]) for one in protocols)
    whole = dict(protocols[-1]) | {
        "n_questions": n_questions, "n_returns": n_returns, "share_of_returns": n_returns / max(1, n_questions),
        "folds": [one["fold"] for one in protocols],
    }  # fmt: skip
    del whole["fold"]
    return whole
