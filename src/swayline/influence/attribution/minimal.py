"""The fewest events without which something else would be recommended, and the fewest that would bring an item in.

::

    shown first        j                       without {a, c}      x stands first, j no longer
    found by           1. how far each event holds j above each rival x, exactly (each left out in turn)
                       2. for every rival the strongest 1, 2, … of them together, scored exactly
                       3. none of these enough: the strongest left is added to the best so far, again and again
                       4. each event of the set is put back: what is not needed leaves it

Every set that is returned was scored; no smaller part of it made by putting one event back is enough. It is not proven
to be the smallest of all sets.

Shapes: n events of a history, C rivals, I items.

References
----------
Tran, Ghazimatin and Saha Roy, "Counterfactual Explanations for Neural Recommenders" (ACCENT), SIGIR 2021.
"""

from dataclasses import dataclass

import numpy as np

from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences
from swayline.influence.attribution.counterfactuals import added, without_sets
from swayline.influence.attribution.removal import remove_events
from swayline.influence.attribution.scoring import best_instead, score_and_rank, score_pairs
from swayline.models import Recommender

MOST = 5
"""Events of a set: more are no explanation."""
_RIVALS = 10


@dataclass(frozen=True)
class MinimalSet:
    """Events that hold an item where it stands.

    Parameters
    ----------
    position : (S,) int64
        Places of the events in the history, from 0.
    instead : int
        The item that comes into the list without them; -1 where the whole list stays filled by what it held.
    rank : int
        The item's rank (from 1) without them.
    """

    position: Ints
    instead: int
    rank: int


def minimal_set(
    model: Recommender, histories: Sequences, row: int, item: int, k: int = 1, *, exclude_seen: bool = True,
    most: int = MOST,
) -> MinimalSet | None:  # fmt: skip
    """The fewest events found without which an item is no longer among the first ``k``; None where no set is found.

    What the person had stays out of the list although it was taken out of the history: what would be shown instead is
    something new to them (``exclude_seen``).

    Parameters
    ----------
    row : the history
    k : places; 1 asks what holds it first
    most : events of a set at most
    """
    search = _Search.of(model, histories, row, item, k, exclude_seen)
    n = int(histories.lengths[row])
    if n == 0 or search.rank(np.zeros(0, np.int64)) > k:
        return None
    found = search.quickest(min(most, n))
    found = search.greedy(min(most, n)) if found is None else found
    return None if found is None else search.told(search.needed(found))


@dataclass(frozen=True)
class _Search:
    """One question."""

    model: Recommender
    histories: Sequences
    item: int
    k: int
    hidden: Sequences
    """What stays out of the list."""

    @classmethod
    def of(cls, model: Recommender, histories: Sequences, row: int, item: int, k: int, exclude_seen: bool) -> "_Search":
        alone = histories.take(np.array([row]))
        hidden = alone.keep((alone.items != item) & exclude_seen)
        return cls(model, alone, item, k, hidden)

    def ranks(self, sets: list[Ints]) -> Floats:
        """Rank (from 1) of the item without each set."""
        owner = np.zeros(len(sets), np.int64)
        edited = without_sets(self.histories, owner, sets)
        _, above = score_and_rank(
            self.model, edited, np.arange(len(sets)), np.full(len(sets), self.item), self.hidden.take(owner)
        )
        return above + 1

    def rank(self, one: Ints) -> int:
        return int(self.ranks([one])[0])

    def quickest(self, most: int) -> Ints | None:
        """The smallest set among the strongest events against each rival, ties to the one that moves it further."""
        rivals, _ = best_instead(self.model, self.histories, self.hidden, self.k + _RIVALS)
        rivals = rivals[0][rivals[0] >= 0]
        asked = np.concatenate([[self.item], rivals[rivals != self.item]]).astype(np.int64)
        removed = remove_events(self.model, self.histories, np.zeros(len(asked), np.int64), asked)
        pull = removed.score_change.reshape(len(asked), -1)
        sets = {
            tuple(sorted(order[:size].tolist()))
            for order in np.argsort(pull[1:] - pull[0], axis=1, kind="stable") for size in range(1, most + 1)
        }  # fmt: skip
        if not sets:
            return None
        tried = sorted(sets, key=lambda one: (len(one), one))
        ranks = self.ranks([np.array(one) for one in tried])
        enough = np.flatnonzero(ranks > self.k)
        if not len(enough):
            return None
        fewest = [place for place in enough if len(tried[place]) == len(tried[enough[0]])]
        return np.array(tried[max(fewest, key=lambda place: ranks[place])])

    def greedy(self, most: int) -> Ints | None:
        """Events added one at a time, each the one whose loss leaves the item the least ahead."""
        taken = np.zeros(0, np.int64)
        everything = np.arange(int(self.histories.lengths[0]))
        while len(taken) < most:
            left = np.setdiff1d(everything, taken)
            if not len(left):
                return None
            sets = [np.append(taken, one) for one in left]
            taken = sets[int(self._lead(sets).argmin())]
            if self.rank(taken) > self.k:
                return taken
        return None

    def _lead(self, sets: list[Ints]) -> Floats:
        """How far the item stands above the first one outside the list, without each set."""
        owner = np.zeros(len(sets), np.int64)
        edited = without_sets(self.histories, owner, sets)
        items, scores = best_instead(self.model, edited, self.hidden.take(owner), self.k + 1)
        own = score_pairs(self.model, edited, np.arange(len(sets)), np.full(len(sets), self.item))
        others = np.where(items == self.item, -np.inf, scores)
        lead: Floats = own - np.sort(others, axis=1)[:, -self.k]
        return lead

    def needed(self, found: Ints) -> Ints:
        """The set without what it does not need."""
        while len(found) > 1:
            parts = [np.delete(found, place) for place in range(len(found))]
            ranks = self.ranks(parts)
            if ranks.max() <= self.k:
                break
            found = parts[int(ranks.argmax())]
        return found

    def told(self, found: Ints) -> MinimalSet:
        before, _ = best_instead(self.model, self.histories, self.hidden, self.k)
        edited = without_sets(self.histories, np.zeros(1, np.int64), [found])
        after, _ = best_instead(self.model, edited, self.hidden, self.k)
        new = [int(one) for one in after[0] if one >= 0 and one not in before[0]]
        return MinimalSet(np.sort(found), new[0] if new else -1, self.rank(found))


@dataclass(frozen=True)
class Additions:
    """What to do to be shown an item.

    Parameters
    ----------
    items, behaviors : (S,) int64
        The events to add, in order.
    rank : int
        The item's rank (from 1) after them.
    before : int
        Its rank as things are.
    """

    items: Ints
    behaviors: Ints
    rank: int
    before: int


def to_be_shown(
    model: Recommender, histories: Sequences, row: int, item: int, pool: Ints, *, k: int = 10, behavior: int = 0,
    exclude_seen: bool = True, most: int = MOST,
) -> Additions | None:  # fmt: skip
    """The fewest events of a pool, added at the end one after another, that bring an item among the first ``k``.

    Greedy: each time the event after which the item stands best. None where ``most`` are not enough.

    Parameters
    ----------
    pool : (P,) int64
        Items that may be acted on; the item itself is never one of them.
    behavior : int
        How.
    """
    alone = histories.take(np.array([row]))
    hidden = alone.keep((alone.items != item) & exclude_seen)
    pool = np.setdiff1d(pool, [item])
    chosen: list[int] = []
    _, above = score_and_rank(model, alone, np.zeros(1, np.int64), np.array([item]), hidden)
    before = rank = int(above[0]) + 1
    while rank > k and len(chosen) < most and len(pool):
        owner = np.zeros(len(pool), np.int64)
        tried = added(alone, owner, pool, np.full(len(pool), behavior))
        out = added(hidden, owner, pool, np.full(len(pool), behavior)) if exclude_seen else hidden.take(owner)
        scores, above = score_and_rank(model, tried, np.arange(len(pool)), np.full(len(pool), item), out)
        best = int(np.lexsort((-scores, above))[0])
        chosen.append(int(pool[best]))
        alone, hidden = tried.take(np.array([best])), out.take(np.array([best]))
        pool, rank = np.delete(pool, best), int(above[best]) + 1
    if rank > k:
        return None
    return Additions(np.array(chosen, np.int64), np.full(len(chosen), behavior), rank, before)
