"""The model's answer to a history with something taken out: exact, batched, about the model and not about people.

An edited history keeps the user's other events as they were; positions close up, times stay::

    history    v1 c2 v3        score of item 9: 4.1
    without c2 v1 v3           score of item 9: 3.2      score_change of c2 = +0.9

Shapes: Q recommendations, H histories.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from swayline.core.progress import task
from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences
from swayline.influence.attribution.scoring import score_and_rank, score_pairs
from swayline.models import Recommender

_HISTORIES_AT_ONCE = 4096
_QUESTIONS_AT_ONCE = 20_000


@dataclass(frozen=True)
class EventRemovals:
    """What each event does to each recommendation of its user.

    Parameters
    ----------
    recommendation : (R,) int64
        Row of the recommendation asked about.
    position : (R,) int64
        Flat position of the removed event in the histories given.
    score_change : (R,) float64
        Logit of the item with the event minus without it.
    """

    recommendation: Ints
    position: Ints
    score_change: Floats


def remove_events(
    model: Recommender, histories: Sequences, users: Ints, items: Ints, last: int | None = None, label: str = "explain"
) -> EventRemovals:
    """Delete each event of each history in turn and score the recommended items again.

    A model whose score is a sum over the history (``event_terms``) is answered by its own arithmetic; one that reads
    from the start on (``scores_without``) reads again only what came after the missing event. Both give what scoring
    every edited history gives.

    Parameters
    ----------
    histories : Sequences of H rows
        What each user did.
    users : (Q,) int
        Row of the history behind each recommendation.
    items : (Q,) int
        The recommended item.
    last : int, optional
        Only each user's last events are taken out (all by default).
    """
    summed = _by_arithmetic(model, histories, users, items, last)
    if summed is not None:
        return summed
    first = (
        np.maximum(histories.offsets[:-1], histories.offsets[1:] - last) if last is not None else histories.offsets[:-1]
    )
    counts = (histories.offsets[1:] - first)[users]
    recommendation = np.repeat(np.arange(len(users)), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    position = first[users][recommendation] + within
    # One edited history serves every recommendation of its user that asks for the same event.
    edits, removal = np.unique(position, return_inverse=True)
    whole = score_pairs(model, histories, users, items)
    return EventRemovals(
        recommendation, position,
        whole[recommendation] - _scores_without(model, histories, edits, removal, items[recommendation], label),
    )  # fmt: skip


def _by_arithmetic(
    model: Recommender, histories: Sequences, users: Ints, items: Ints, last: int | None
) -> EventRemovals | None:
    """The same where a score is a sum over the history, from its terms alone; None of any other model."""
    terms = getattr(model, "event_terms", None)
    if terms is None:
        return None
    parts = []
    for start in range(0, len(users), _QUESTIONS_AT_ONCE):
        some = slice(start, start + _QUESTIONS_AT_ONCE)
        found = terms(histories, users[some], items[some])
        if found is None:
            return None
        kept = np.ones(len(found.age), bool) if last is None else found.age < last
        parts.append((found.question[kept] + start, found.position[kept], found.changes()[kept]))
    if not parts:
        return None
    return EventRemovals(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _scores_without(
    model: Recommender, histories: Sequences, edits: Ints, removal: Ints, items: Ints, label: str
) -> Floats:
    """(R,) scores of ``items`` after histories without the events ``edits[removal]``."""
    shares = getattr(model, "shares_prefix", None)
    owner = histories.users[edits]
    quick = np.zeros(len(edits), bool) if shares is None else shares(histories)[owner]
    scores = np.empty(len(removal))
    order = np.argsort(removal, kind="stable")
    bounds = np.searchsorted(removal[order], np.arange(len(edits) + 1))
    with task(label, total=len(edits)) as bar:
        for some in _blocks(quick):
            asked = np.concatenate([order[bounds[n] : bounds[n + 1]] for n in some])
            row = np.repeat(np.arange(len(some)), bounds[some + 1] - bounds[some])
            if quick[some[0]]:
                scores[asked] = model.scores_without(histories, edits[some], row, items[asked])  # type: ignore[attr-defined]
            else:
                edited = _without(histories.take(owner[some]), edits[some] - histories.offsets[owner[some]])
                scores[asked] = score_pairs(model, edited, row, items[asked])
            bar.advance(len(some))
    return scores


def _blocks(quick: np.ndarray) -> Iterator[Ints]:
    """Some of the edits at a time, of one kind, a user's own together."""
    for kind in (True, False):
        mine = np.flatnonzero(quick == kind)
        for start in range(0, len(mine), _HISTORIES_AT_ONCE):
            yield mine[start : start + _HISTORIES_AT_ONCE]


def remove_behavior(
    model: Recommender,
    histories: Sequences,
    users: Ints,
    items: Ints,
    behavior: int,
    before: tuple[Floats, Floats] | None = None,
) -> tuple[Floats, Floats]:
    """Take every event of one behaviour out of the histories and ask again.

    Parameters
    ----------
    before : (Q,) score and rank of each item as it stands, where they are known

    Returns
    -------
    score_change, rank_change : (Q,) float64
        Logit with the behaviour minus without it; and how many places the item loses when it is taken out
        (positive: the behaviour holds the item up).
    """
    edited = histories.keep(histories.behaviors != behavior)
    score_with, rank_with = before or score_and_rank(model, histories, users, items)
    score_without, rank_without = score_and_rank(model, edited, users, items)
    return score_with - score_without, rank_without - rank_with


def _without(histories: Sequences, places: Ints) -> Sequences:
    """Each history without the event at its place."""
    kept = np.ones(len(histories.items), bool)
    kept[histories.offsets[:-1] + places] = False
    return histories.keep(kept)
