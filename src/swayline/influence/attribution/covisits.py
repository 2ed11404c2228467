"""Whose data a neighbour model's recommendation rests on: the people whose visits put the items together.

::

    score (j)           =  Σ over the history  w · decay^age · similarity(i, j)
    similarity (i, j)   =  Σ over people  visits of i and j together  /  (norm of i and j)
    so  score (j)       =  Σ over people  their part                        exact: the parts add up to the score
    and without one     =  counts and norms less theirs                     exact too: what a refit would score

Both are exact while the same neighbours are kept; a refit that keeps others differs by what these add.

Shapes: U training people, n events of a history, P pairs.
"""

from dataclasses import dataclass

import numpy as np

from swayline.core.errors import UsageError
from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences
from swayline.models import ItemKNN, Recommender
from swayline.models.counts.cooccurrence import REACH


@dataclass(frozen=True)
class PeopleBehind:
    """What each training person adds to one recommendation.

    Parameters
    ----------
    part : (U,) float64
        Of the score: the parts add up to it.
    change : (U,) float64
        The score less that of the model without the person (counts and norms less theirs).
    """

    part: Floats
    change: Floats


def people_behind(model: Recommender, train: Sequences, history: Sequences, item: int) -> PeopleBehind:
    """The people behind one item recommended to one history, by item neighbours.

    Parameters
    ----------
    train : the histories that the model counted
    history : Sequences of one row

    Raises
    ------
    UsageError
        The model is no ``item-knn``, or counts events by their values.
    """
    if not isinstance(model, ItemKNN):
        raise UsageError(
            f"co-visits explain item-knn, not {model.name}: influence of training people on it is TracIn's"
        )
    terms = model.event_terms(history, np.zeros(1, np.int64), np.array([item]))
    if terms is None:
        raise UsageError(
            "this item-knn counts events by their values: fit it with value_weight=0 to see whose they are"
        )
    chosen = model.chosen_
    weight = np.power(chosen.decay, terms.age.astype(float))
    if model.settings.behavior_weights is not None:
        weight = weight * np.asarray(model.settings.behavior_weights)[history.behaviors[terms.position]]
    met, row = np.unique(history.items[terms.position], return_inverse=True)
    by_item = np.bincount(row, weight, minlength=len(met))
    own = terms.term * np.power(chosen.decay, terms.age.astype(float))
    kept = np.bincount(row, own, minlength=len(met)) != 0
    kept &= met != item
    met, by_item = met[kept], by_item[kept]
    counted = _together(train, met, item, chosen.distance_decay, chosen.backward)  # (U, len(met))
    events = np.stack([_count(train, one) for one in (*met, item)])  # (len(met) + 1, U)
    sizes = events.sum(axis=1)
    norm = _norm(sizes[:-1], sizes[-1], chosen.shrinkage)
    part = counted @ (by_item / norm)
    total = counted.sum(axis=0)
    left = _norm(sizes[:-1, None] - events[:-1], sizes[-1] - events[-1], chosen.shrinkage)  # (len(met), U)
    without = ((total[:, None] - counted.T) / left * by_item[:, None]).sum(axis=0)
    return PeopleBehind(part, float((total / norm) @ by_item) - without)


def _norm(one: Floats, other: Floats | np.floating, shrinkage: float) -> Floats:
    found: Floats = np.sqrt(np.maximum(one, 1.0)) * np.sqrt(np.maximum(other, 1.0)) + shrinkage
    return found


def _count(train: Sequences, item: int) -> Ints:
    """(U,) events of each person with an item."""
    return np.bincount(train.users[train.items == item], minlength=len(train))


def _together(train: Sequences, met: Ints, item: int, distance_decay: float, backward: float) -> Floats:
    """(U, len(met)) how often each person met an item before ``item``, and ``backward`` times after it."""
    found = np.zeros((len(train), len(met)))
    place = np.full(train.n_items, -1, np.int64)
    place[met] = np.arange(len(met))
    users, at = train.users, np.flatnonzero(train.items == item)
    ends, starts = train.offsets[1:], train.offsets[:-1]
    for distance in range(1, REACH + 1):
        weight = distance_decay ** (distance - 1)
        if weight < 1e-3:
            break
        for step, how in ((-distance, weight), (distance, weight * backward)):
            other = at + step
            inside = (other >= starts[users[at]]) & (other < ends[users[at]])
            of = place[train.items[other[inside]]]
            np.add.at(found, (users[at][inside][of >= 0], of[of >= 0]), how)
    return found
