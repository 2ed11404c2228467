"""Where a model misses: held-out answers that stand low, among whom, and which past events held them back.

::

    missed          the answer is not among the first k
    segments        cold, rare or popular answers · short or long histories · returns or discoveries · behaviours
    held back by    the event without which the answer would stand highest; by its behaviour and its age

Shapes: Q questions.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from swayline.core.errors import UsageError
from swayline.core.rng import generator
from swayline.core.types import Floats, Ints
from swayline.dataset import Split, Targets, seen_leave
from swayline.engine import Engine
from swayline.evaluation.groups import DISCOVERY, REPEAT, RETURN
from swayline.evaluation.leakage import check_numbers
from swayline.evaluation.model import Plan
from swayline.evaluation.protocols import folds
from swayline.evaluation.ranking import is_repeat, is_same_moment
from swayline.evaluation.significance import bootstrap_mean
from swayline.events import EventLog
from swayline.influence.attribution import remove_events, score_and_rank, without_sets
from swayline.models import Recommender
from swayline.training import TrainingPlan, fit_candidate, training_data

EXPLAINED = 200
"""Misses whose events are taken out."""
_COLD, _RARE = 0, 10
_SHORT, _LONG = 5, 50
_RECENT = ((1, "last"), (5, "2nd to 5th from the end"), (20, "6th to 20th from the end"), (10**9, "older"))


def misses_of_models(
    engine: Engine, log: EventLog, names: Sequence[str], plan: Plan, training: TrainingPlan | None = None
) -> dict[str, dict[str, Any]]:
    """:func:`misses` of models, each fitted on the training part of the plan's last-out or time split.

    Raises
    ------
    UsageError
        The plan has several splits, or asks about something else than items.
    """
    if plan.split not in ("last-out", "time") or plan.target != "item":
        raise UsageError(f"--misses takes one split of items, last-out or time, not {plan.split} of {plan.target}s")
    training = training or TrainingPlan(tuple(names), seed=plan.seed)
    dataset = training_data(engine, log).dataset
    fold = next(iter(folds(dataset.sequences, plan.split, cut=plan.cut, n_folds=plan.n_folds, seed=plan.seed)))
    split = check_numbers(fold.split)
    exclude = seen_leave(split.train)
    return {
        name: misses(
            fit_candidate(name, split, training).load(), split, dataset.behaviors.names, plan.k, exclude, plan.seed
        )
        for name in names
    }


def misses(
    model: Recommender, split: Split, behaviors: Sequence[str], k: int, exclude_seen: bool, seed: int = 0
) -> dict[str, Any]:
    """Segments by how often their answers are missed, and what held missed answers back.

    Returns
    -------
    dict
        ``n``, ``missed`` (share), ``segments`` (rows ``by``, ``segment``, ``n``, ``missed``, ``ci_low``, ``ci_high``,
        ``median_rank``), ``held_back`` (rows ``by``, ``what``, ``share``, ``rank_gain``: of the missed answers that an
        event held back, which kind of event did most, and how many places the answer gains without it) and
        ``held_back_share``: of the missed answers explained, how many any single event held back.
    """
    test = split.test
    every = np.arange(len(test))
    hidden = test.history.keep(np.full(len(test.history.items), exclude_seen))
    _, above = score_and_rank(model, test.history, every, test.items.astype(np.int64), hidden)
    rank = above + 1
    missed = (rank > k).astype(float)
    segments = [
        _segment(by, name, missed, rank, at, test.users, seed)
        for by, labels in _segments(split, test, behaviors).items()
        for name in dict.fromkeys(sorted(labels.tolist())) for at in [labels == name]
    ]  # fmt: skip
    drawn = generator(seed, "misses").permutation(np.flatnonzero(missed > 0))[:EXPLAINED]
    back, share = _held_back(model, test.take(np.sort(drawn)), rank[np.sort(drawn)], behaviors, exclude_seen)
    return {
        "n": len(test), "k": k, "missed": float(missed.mean()) if len(test) else None,
        "segments": sorted(segments, key=lambda one: (one["by"], -one["missed"])), "held_back": back,
        "held_back_share": share, "explained": len(drawn),
    }  # fmt: skip


def _segments(split: Split, test: Targets, behaviors: Sequence[str]) -> dict[str, np.ndarray]:
    counts = np.bincount(split.train.items, minlength=split.train.n_items)[test.items]
    lengths = test.history.lengths
    warm = np.where(counts <= _RARE, f"rare (1 to {_RARE} events)", "warm")
    found = {
        "answer": np.where(counts <= _COLD, "cold (no event)", warm),
        "history": np.where(lengths <= _SHORT, f"short (to {_SHORT})", np.where(lengths <= _LONG, "middle", "long")),
        "kind": np.where(is_same_moment(test), REPEAT, np.where(is_repeat(test), RETURN, DISCOVERY)),
        "behavior": np.array([behaviors[int(one)] for one in test.behaviors], dtype=object),
    }
    most = np.quantile(counts, [1 / 3, 2 / 3]) if len(counts) else [0, 0]
    found["popularity"] = np.where(
        counts <= most[0], "least third", np.where(counts <= most[1], "middle", "most third")
    )
    return found


def _segment(
    by: str, name: str, missed: Floats, rank: Floats, at: np.ndarray, users: Ints, seed: int
) -> dict[str, Any]:
    told = bootstrap_mean(missed[at], generator(seed, f"misses {by} {name}"), clusters=users[at])
    return {
        "by": by, "segment": str(name), "n": int(at.sum()), "missed": told.value, "ci_low": told.ci_low,
        "ci_high": told.ci_high, "median_rank": float(np.median(rank[at])),
    }  # fmt: skip


def _held_back(
    model: Recommender, test: Targets, rank: Floats, behaviors: Sequence[str], exclude_seen: bool
) -> tuple[list[dict[str, Any]], float | None]:
    """What kind of event most often held a missed answer back, and how often any single one did."""
    if not len(test):
        return [], None
    items, every = test.items.astype(np.int64), np.arange(len(test))
    removed = remove_events(model, test.history, every, items)
    worst = np.full(len(test), -1, np.int64)
    order = np.lexsort((removed.position, -removed.score_change, removed.recommendation))
    order = order[removed.score_change[order] < 0]
    worst[removed.recommendation[order]] = removed.position[order]  # the last written costs most
    some = np.flatnonzero(worst >= 0)
    if not len(some):
        return [], 0.0
    edited = without_sets(test.history, some, [worst[[one]] for one in some])
    hidden = test.history.keep(np.full(len(test.history.items), exclude_seen)).take(some)
    _, above = score_and_rank(model, edited, np.arange(len(some)), items[some], hidden)
    gain = rank[some] - (above + 1)
    some, gain = some[gain > 0], gain[gain > 0]
    place = worst[some]
    age = test.history.offsets[1:][some] - place
    labels = {
        "behavior": np.array([behaviors[int(one)] for one in test.history.behaviors[place]], dtype=object),
        "age": np.array([next(name for most, name in _RECENT if one <= most) for one in age], dtype=object),
    }
    rows = [
        {"by": by, "what": str(name), "n": int((of == name).sum()), "share": float((of == name).mean()),
         "rank_gain": float(np.median(gain[of == name]))}
        for by, of in labels.items() for name in dict.fromkeys(sorted(of.tolist()))
    ]  # fmt: skip
    return rows, len(some) / len(test)
