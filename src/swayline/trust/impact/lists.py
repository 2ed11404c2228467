"""What flagged people do to the lists of everybody else.

What changes when people are left out is compared with what changes when as many other people are: a model that is
trained from a random start never comes out the same twice.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import ITEM, USER
from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.dataset import Dataset
from swayline.events import EventLog
from swayline.models import recommend as best_items
from swayline.training import ModelBundle
from swayline.trust.attack.defences import without_people


def shown_items(recommendations: pa.Table, people: list[str], items: list[str]) -> dict[str, int]:
    """How many other people have a list (``lists``), and how many of these hold one of the items (``showing``)."""
    users = recommendations[USER].cast(pa.string())
    others = recommendations.filter(pc.invert(pc.is_in(users, value_set=pa.array(people, pa.string()))))
    holds = pc.is_in(others[ITEM].cast(pa.string()), value_set=pa.array(items, pa.string()))
    return {
        "lists": len(others[USER].unique()), "showing": len(others.filter(holds)[USER].unique()),
    }  # fmt: skip


def lists_without(
    bundle: ModelBundle,
    log: EventLog,
    known: Callable[[EventLog], Dataset],
    flagged: tuple[list[str], list[str]],
    k: int,
    seed: int = 0,
) -> dict[str, Any]:
    """Let the model learn again from the log without the flagged people, and compare everybody else's lists.

    Parameters
    ----------
    bundle : ModelBundle
        The model as it recommends.
    log : EventLog
        What it learned from.
    known : callable
        A log as the model reads it.
    flagged : (list of str, list of str)
        People and items.

    Returns
    -------
    dict
        ``lists`` compared; ``changed``, the share that hold another item; ``kept``, the mean share of items that stay;
        ``showing`` and ``showing_without``, lists that hold a flagged item; ``changed_by_chance`` and
        ``kept_by_chance``, where as many people drawn at random are left out.

    Raises
    ------
    EmptyLogError
        Nothing is left without them.
    """
    people, items = flagged
    now = int(bundle.dataset.sequences.times.max(initial=0))
    before = _lists(bundle, bundle.dataset, now, k)
    with task("learn without flagged people"):
        after = _learned(bundle, known(without_people(log, frozenset(people))), now, k)
    others = [name for name in bundle.dataset.users.names if name not in set(people)]
    order = generator(seed, "as many others").permutation(len(others))[: len(people)]
    drawn = {others[at] for at in order}
    with task("learn without as many others"):
        by_chance = _learned(bundle, known(without_people(log, frozenset(drawn))), now, k)
    both = [name for name in others if name in before and name in after]
    told = _compared(before, after, both)
    chance = _compared(before, by_chance, [name for name in both if name in by_chance])
    shown = set(items)
    return told | {
        "lists": len(both),
        "showing": sum(not shown.isdisjoint(before[name]) for name in both),
        "showing_without": sum(not shown.isdisjoint(after[name]) for name in both),
        "changed_by_chance": chance["changed"], "kept_by_chance": chance["kept"],
    }  # fmt: skip


def _learned(bundle: ModelBundle, dataset: Dataset, now: int, k: int) -> dict[str, list[str]]:
    model = deepcopy(bundle.model).refit(dataset.sequences)
    return _lists(ModelBundle(model, dataset, [], bundle.exclude_seen, bundle.options), dataset, now, k)


def _lists(bundle: ModelBundle, dataset: Dataset, now: int, k: int) -> dict[str, list[str]]:
    """Person → items, the same moment for all."""
    items = best_items(bundle.model, dataset.sequences.asked(now), k, bundle.exclude_seen)[0]
    names = dataset.items.names
    return {
        person: [names[one] for one in row if one >= 0]
        for person, row in zip(dataset.users.names, items.tolist(), strict=True)
    }


def _compared(before: dict[str, list[str]], after: dict[str, list[str]], people: list[str]) -> dict[str, Any]:
    pairs = [(set(before[name]), set(after[name])) for name in people if before[name]]
    if not pairs:
        return {"changed": None, "kept": None}
    kept = np.array([len(one & other) / len(one) for one, other in pairs])
    changed = np.array([one != other for one, other in pairs])
    return {"changed": float(changed.mean()), "kept": float(kept.mean())}
