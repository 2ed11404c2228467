"""The model's answer to a history with something taken out: exact, batched, about the model and not about people.

An edited history keeps the user's other events as they were; positions close up, times stay::

    history    v1 c2 v3        score of item 9: 4.1
    without c2 v1 v3           score of item 9: 3.2      score_change of c2 = +0.9

Shapes: Q recommendations, H histories.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from swayline.core.progress import task
from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences
from swayline.models import Recommender

_HISTORIES_AT_ONCE = 4096
_SCORES_AT_ONCE = 1 << 25


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
    whole = _score_pairs(model, histories, users, items)
    first = (
        np.maximum(histories.offsets[:-1], histories.offsets[1:] - last) if last is not None else histories.offsets[:-1]
    )
    counts = (histories.offsets[1:] - first)[users]
    recommendation = np.repeat(np.arange(len(users)), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    position = first[users][recommendation] + within
    change = np.empty(len(position))
    # One edited history serves every recommendation of its user that asks for the same event.
    order = np.argsort(position, kind="stable")
    edits, start = np.unique(position[order], return_index=True)
    bounds = np.append(start, len(order))
    owner = histories.users[edits]
    with task(label, total=len(edits)) as bar:
        for begin in range(0, len(edits), _HISTORIES_AT_ONCE):
            end = min(begin + _HISTORIES_AT_ONCE, len(edits))
            edited = _without(histories.take(owner[begin:end]), edits[begin:end] - histories.offsets[owner[begin:end]])
            asked = order[bounds[begin] : bounds[end]]
            row = np.repeat(np.arange(end - begin), np.diff(bounds[begin : end + 1]))
            scores = _score_pairs(model, edited, row, items[recommendation[asked]])
            change[asked] = whole[recommendation[asked]] - scores
            bar.advance(end - begin)
    return EventRemovals(recommendation, position, change)


def remove_behavior(
    model: Recommender, histories: Sequences, users: Ints, items: Ints, behavior: int
) -> tuple[Floats, Floats]:
    """Take every event of one behaviour out of the histories and ask again.

    Returns
    -------
    score_change, rank_change : (Q,) float64
        Logit with the behaviour minus without it; and how many places the item loses when it is taken out
        (positive: the behaviour holds the item up).
    """
    edited = histories.keep(histories.behaviors != behavior)
    score_with, rank_with = _score_and_rank(model, histories, users, items)
    score_without, rank_without = _score_and_rank(model, edited, users, items)
    return score_with - score_without, rank_without - rank_with


def _without(histories: Sequences, places: Ints) -> Sequences:
    """Each history without the event at its place."""
    kept = np.ones(len(histories.items), bool)
    kept[histories.offsets[:-1] + places] = False
    return histories.keep(kept)


def _score_pairs(model: Recommender, histories: Sequences, rows: Ints, items: Ints) -> Floats:
    """(Q,) the score of one item for one of the histories each; a history is scored once, whatever is asked of it."""
    return _score_and_rank(model, histories, rows, items)[0]


def _score_and_rank(model: Recommender, histories: Sequences, users: Ints, items: Ints) -> tuple[Floats, Floats]:
    """(Q,) score, and how many items stand above it."""
    asked, row = np.unique(users, return_inverse=True)
    scores_out, ranks_out = np.empty(len(users)), np.empty(len(users))
    step = max(1, _SCORES_AT_ONCE // histories.n_items)
    order = np.argsort(row, kind="stable")
    bounds = np.searchsorted(row[order], np.arange(0, len(asked) + step, step))
    for start, (begin, end) in zip(range(0, len(asked), step), pairwise(bounds), strict=False):
        scores = model.score(histories.take(asked[start : start + step]))
        mine = order[begin:end]
        own = scores[row[mine] - start, items[mine]]
        scores_out[mine] = own
        ranks_out[mine] = [(scores[line] > score).sum() for line, score in zip(row[mine] - start, own, strict=True)]
    return scores_out, ranks_out
