"""What a sentence may rest on: events that hold a recommendation up, proven by leaving them out, and its rank without.

::

    first cause     the event whose loss costs the item most; there is none where no loss costs it anything
    second cause    the next one, where losing both costs more than losing the first alone
    rank without    of the item in the list without the first cause, all else as it was

Shapes: Q recommendations.
"""

from dataclasses import dataclass

import numpy as np

from swayline.core.types import Floats, Ints
from swayline.dataset import NO_TIME
from swayline.influence.attribution import EventRemovals, remove_events, without_sets
from swayline.recommend.why.left_out import ranked
from swayline.recommend.why.questions import Questions

_TINY = 1e-6
"""Of a score: less is the noise of its digits."""


@dataclass(frozen=True)
class Cause:
    """A past event that holds an item up.

    Parameters
    ----------
    label, behavior : the item as people read it, and what was done
    group : its category; None where none is known
    days : whole days before the list is asked; None in ordered logs
    score_change : the item's score with the event less that without it, above 0
    """

    label: str
    behavior: str
    group: str | None
    days: int | None
    score_change: float


@dataclass(frozen=True)
class Evidence:
    """What is known of why one item stands where it stands.

    Parameters
    ----------
    label : the recommended item as people read it
    rank : from 1
    causes : none, one or two
    rank_without : without the first cause; None where there is none
    """

    user: str
    item: str
    label: str
    rank: int
    causes: tuple[Cause, ...] = ()
    rank_without: int | None = None


def evidence(asked: Questions) -> list[Evidence]:
    """(Q,) what each recommendation rests on."""
    histories, everyone = asked.histories, np.arange(len(asked.histories))
    removed = remove_events(asked.fitted.model, histories, asked.rows, asked.items)
    first, second = _two_strongest(removed, len(asked.rows))
    score, rank = ranked(asked, histories, asked.rows, asked.items, everyone)
    some, more = np.flatnonzero(first >= 0), np.flatnonzero(second >= 0)
    alone, rank_alone = _without(asked, some, [first[[one]] for one in some])
    both, _ = _without(asked, more, [np.array([first[one], second[one]]) for one in more])
    least = _TINY * np.maximum(1.0, np.abs(score))
    told: list[Evidence] = []
    at, at_both = dict(zip(some.tolist(), range(len(some)), strict=True)), dict(zip(more.tolist(), both, strict=True))
    for one in range(len(asked.rows)):
        causes: tuple[Cause, ...] = ()
        without = None
        if one in at and score[one] - alone[at[one]] > least[one]:
            without = int(rank_alone[at[one]])
            causes = (_cause(asked, int(asked.rows[one]), int(first[one]), float(score[one] - alone[at[one]])),)
            if one in at_both and alone[at[one]] - at_both[one] > least[one]:
                further = float(alone[at[one]] - at_both[one])
                causes = (*causes, _cause(asked, int(asked.rows[one]), int(second[one]), further))
        told.append(_evidence(asked, one, int(rank[one]), causes, without))
    return told


def _two_strongest(removed: EventRemovals, n: int) -> tuple[Ints, Ints]:
    """(n,) flat positions of the two events whose loss costs most, -1 where it costs nothing; later events win ties."""
    found = np.full((2, n), -1, np.int64)
    order = np.lexsort((removed.position, removed.score_change, removed.recommendation))
    order = order[removed.score_change[order] > 0]
    owner = removed.recommendation[order]
    for place in (0, 1):  # the last of each recommendation, then the last of what is left
        last = np.flatnonzero(np.append(np.diff(owner), 1)) if len(owner) else np.zeros(0, np.int64)
        found[place, owner[last]] = removed.position[order[last]]
        order, owner = np.delete(order, last), np.delete(owner, last)
    return found[0], found[1]


def _without(asked: Questions, some: Ints, sets: list[Ints]) -> tuple[Floats, Floats]:
    if not len(some):
        return np.zeros(0), np.zeros(0)
    people = asked.rows[some]
    edited = without_sets(asked.histories, people, sets)
    return ranked(asked, edited, np.arange(len(some)), asked.items[some], people)


def _cause(asked: Questions, person: int, place: int, change: float) -> Cause:
    fitted, histories = asked.fitted, asked.histories
    item, time = int(histories.items[place]), int(histories.times[place])
    days = None
    if time != NO_TIME and histories.asked_at is not None:
        days = max(0, int(histories.asked_at[person]) // 86_400_000_000 - time // 86_400_000_000)
    catalogue = fitted.dataset.sequences.catalogue
    column = (
        None if catalogue is None or "category" not in catalogue.table.column_names else catalogue.table["category"]
    )
    group = None if column is None else column[item].as_py()
    behavior = fitted.dataset.behaviors.names[histories.behaviors[place]]
    return Cause(fitted.labels[item], behavior, None if group is None else str(group), days, change)


def _evidence(asked: Questions, one: int, rank: int, causes: tuple[Cause, ...], without: int | None) -> Evidence:
    item = int(asked.items[one])
    return Evidence(
        asked.people[asked.rows[one]], asked.fitted.dataset.items.names[item], asked.fitted.labels[item], rank, causes,
        without,
    )  # fmt: skip
