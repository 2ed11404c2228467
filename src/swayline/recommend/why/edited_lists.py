"""A person's list as it would be without some of the events, worked out beforehand for a page that asks no model.

::

    one event, two events     of the newest :data:`MOST_EVENTS`, every one and every pair
    a behaviour, a category   all of the history's events of it

What the person had stays out of the list, also where it is taken out of the history. Shapes: E events that can be taken
out, V variants of the history, k places.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from swayline.core.errors import DataError, UsageError
from swayline.core.ids import one_id
from swayline.core.types import Ints
from swayline.dataset import NO_TIME, Sequences
from swayline.influence.attribution import categories, moment, remove_events, without_sets
from swayline.models import mask_seen, top_k
from swayline.recommend.why.attribute import HasBundle
from swayline.recommend.why.evidence import evidence
from swayline.recommend.why.questions import Questions, questions
from swayline.recommend.why.sentences import Words, sentence
from swayline.training.bundle import ModelBundle

MOST_EVENTS = 40
"""Newest events that can be taken out by themselves: 780 pairs of them."""
MOST_GROUPS = 12
"""Behaviours or categories that can be taken out whole, the history's most common; categories of several events."""
_SCORES_AT_ONCE = 1 << 24


@dataclass(frozen=True)
class EditedLists:
    """Everything that a page about one person's list shows.

    Parameters
    ----------
    user, model : str
    items : list of dict
        Whatever is in any of the lists: ``item``, ``label``, and its ``rank`` in the list as it is.
    shown : list of int
        The list as it is, as places in ``items``.
    reasons : list of str
        Of each item shown.
    events : list of dict
        The newest E events, oldest first: ``label``, ``behavior``, ``category``, ``time`` (None where unknown).
    earlier : int
        How many more there are before them.
    pulls : list of list of float
        (E, k) score of each item shown with the event minus that without it.
    lists : dict
        Events taken out, as ``"3"`` or ``"3,7"`` → the list, and the ranks of the items shown.
    groups : list of dict
        ``kind``, ``name``, ``events`` (how many), the list and the ranks without all of them.
    """

    user: str
    model: str
    items: list[dict[str, Any]]
    shown: list[int]
    reasons: list[str]
    events: list[dict[str, Any]]
    earlier: int
    pulls: list[list[float]]
    lists: dict[str, dict[str, list[int]]]
    groups: list[dict[str, Any]]


def edited_lists(
    model: HasBundle | ModelBundle, user: str | int, *, k: int = 10, language: str | Words = "en"
) -> EditedLists:
    """A person's list, why each item is on it, and the list without any one or two of the newest events.

    Raises
    ------
    UsageError
        The user or the language is unknown, or ``k`` is no length of a list.
    DataError
        Nothing is left to recommend, or the model knows no event of theirs.
    """
    fitted = model if isinstance(model, ModelBundle) else model.bundle()
    asked = questions(fitted, [one_id(user)], k=k)
    if not len(asked.items) or not len(asked.histories.items):
        raise DataError(
            f"user {asked.people[0]!r} has no {'list' if len(asked.histories.items) else 'history'} to explain: "
            "the model knows none of their events, or every item of its catalogue was seen"
        )
    n = len(asked.histories.items)
    first = max(0, n - MOST_EVENTS)
    own = np.arange(first, n)
    named = _groups(asked)
    keys = [(int(one),) for one in own] + [tuple(map(int, pair)) for pair in combinations(own, 2)]
    sets = [np.array(one, np.int64) for one in keys] + [group["of"] for group in named]
    edited = without_sets(asked.histories, np.zeros(len(sets), np.int64), sets)
    lists, ranks = _ranked(asked, edited, asked.items, k)
    used = np.unique(np.concatenate([lists[lists >= 0], asked.items]))
    _, whole = _ranked(asked, asked.histories, used, k)
    place = {int(item): at for at, item in enumerate(used)}
    told = [
        {"list": [place[int(item)] for item in line if item >= 0], "ranks": [int(one) for one in rank]}
        for line, rank in zip(lists, ranks, strict=True)
    ]
    removed = remove_events(fitted.model, asked.histories, asked.rows, asked.items, last=len(own))
    pulls = np.zeros((len(own), len(asked.items)))
    pulls[removed.position - first, removed.recommendation] = removed.score_change
    return EditedLists(
        user=asked.people[0],
        model=fitted.model.name,
        items=[
            {"item": fitted.dataset.items.names[item], "label": fitted.labels[item], "rank": int(rank)}
            for item, rank in zip(used.tolist(), whole[0], strict=True)
        ],
        shown=[place[int(item)] for item in asked.items],
        reasons=[sentence(one, language) for one in evidence(asked)],
        events=[_event(asked, int(at)) for at in own],
        earlier=first,
        pulls=[[round(float(one), 5) for one in line] for line in pulls],
        lists={",".join(str(at - first) for at in key): one for key, one in zip(keys, told[: len(keys)], strict=True)},
        groups=[
            {"kind": group["kind"], "name": group["name"], "events": len(group["of"]), **one}
            for group, one in zip(named, told[len(keys) :], strict=True)
        ],
    )


def _groups(asked: Questions) -> list[dict[str, Any]]:
    """Behaviours and categories of the history where it has several, each with the flat positions of its events."""
    dataset, histories = asked.fitted.dataset, asked.histories
    found = [("behavior", histories.behaviors.astype(np.int64), list(dataset.behaviors.names))]
    try:
        codes, names = categories(dataset)
        found.append(("category", codes[histories.items], names))
    except UsageError:  # a log without categories has none to take out
        pass
    groups = []
    for kind, codes, names in found:
        values, counts = np.unique(codes[codes >= 0], return_counts=True)
        if len(values) < 2:
            continue
        for code in values[np.argsort(-counts, kind="stable")][:MOST_GROUPS]:
            if kind == "category" and counts[values == code][0] < 2:
                break  # one event by itself can be taken out already
            groups.append({"kind": kind, "name": str(names[int(code)]), "of": np.flatnonzero(codes == code)})
    return groups


def _ranked(asked: Questions, histories: Sequences, items: Ints, k: int) -> tuple[Ints, Ints]:
    """(V, k) the list after each history, and (V, Q) the ranks of ``items`` in it, from 1."""
    hidden = asked.hidden.take(np.zeros(len(histories), np.int64))
    lists = np.full((len(histories), k), -1, np.int64)
    ranks = np.zeros((len(histories), len(items)), np.int64)
    step = max(1, _SCORES_AT_ONCE // histories.n_items)
    for start in range(0, len(histories), step):
        rows = np.arange(start, min(start + step, len(histories)))
        scores = mask_seen(asked.fitted.model.score(histories.take(rows)).copy(), hidden.take(rows))
        lists[rows] = top_k(scores, k)[0]
        for at, item in enumerate(items):
            own = scores[:, [item]]
            ranks[rows, at] = 1 + (scores > own).sum(axis=1) + (scores[:, :item] == own).sum(axis=1)
    return lists, ranks


def _event(asked: Questions, at: int) -> dict[str, Any]:
    dataset, histories = asked.fitted.dataset, asked.histories
    item, time = int(histories.items[at]), int(histories.times[at])
    catalogue = dataset.sequences.catalogue
    category = None
    if catalogue is not None and "category" in catalogue.table.column_names:
        category = catalogue.table["category"][item].as_py()
    return {
        "label": asked.fitted.labels[item],
        "behavior": dataset.behaviors.names[int(histories.behaviors[at])],
        "category": None if category is None else str(category),
        "time": None if time == NO_TIME else moment(time)[:16].replace("T", " "),
    }
