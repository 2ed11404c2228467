"""From histories to the temporal graph: users meet items, and, where asked for, their categories and places.

Shapes: E events, N nodes.
"""

from collections.abc import Sequence

import numpy as np

from swayline.core.errors import SchemaError, UsageError, nearest, shown
from swayline.core.names import CATEGORY, LAT, LON
from swayline.core.types import Ints
from swayline.dataset.adjacency.graph import NodeKind, TemporalGraph, from_edges
from swayline.dataset.sequences import Sequences

USER, ITEM, PLACE = "user", "item", "place"
TO = (ITEM, CATEGORY, PLACE)


def behavior_graph(histories: Sequences, to: Sequence[str] = (ITEM,)) -> TemporalGraph:
    """Every behaviour as an edge from a user to what it was about.

    Parameters
    ----------
    histories : Sequences
        A log's histories. The type of an edge is the row of its behaviour, its weight the event's value.
    to : sequence of str
        ``item``, ``category`` (of the item, by the catalogue), ``place`` (distinct degrees of items). One event is an
        edge for each; it has none to a category or place that is not known.

    Returns
    -------
    TemporalGraph
        Nodes: users by their rows, then each of ``to``. Times in UTC microseconds; in ordered logs the place of an
        event in its history.

    Raises
    ------
    SchemaError
        Nothing is known of the items' categories or places.
    UsageError
        ``to`` is empty or names something else.
    """
    if not to or len(set(to)) != len(to):
        raise UsageError(f"to must name each of {', '.join(TO)} at most once and one at least, not {list(to)}")
    users = histories.users
    times = clock_of(histories)
    nodes, parts, start = [NodeKind(USER, 0, len(histories))], [], len(histories)
    for name in to:
        codes, n_codes = _codes(histories, name)
        nodes.append(NodeKind(name, start, start + n_codes))
        ends = codes[histories.items]
        known = np.flatnonzero(ends >= 0)
        parts.append((known, (ends[known] + start).astype(np.int32)))
        start += n_codes
    rows = np.concatenate([known for known, _ in parts])
    targets = np.concatenate([ends for _, ends in parts])
    # In order of time, of the log among equal times, and of ``to`` within an event.
    order = np.lexsort((histories.events[rows], times[rows]))
    rows, targets = rows[order], targets[order]
    weights = None if histories.values is None else histories.values[rows].astype(np.float32)
    return from_edges(
        users[rows].astype(np.int32), targets, times[rows], tuple(nodes), histories.behaviors[rows], weights
    )


def clock_of(histories: Sequences) -> Ints:
    """(E,) the time of each event; in logs that have an order alone, its place in its history."""
    if histories.timed or not len(histories.items):
        return histories.times
    return np.arange(len(histories.items)) - np.repeat(histories.offsets[:-1], histories.lengths)


def _codes(histories: Sequences, name: str) -> tuple[Ints, int]:
    """(I,) the number of what each item stands for, -1 where it is not known, and how many there are."""
    if name == ITEM:
        return np.arange(histories.n_items), histories.n_items
    if name not in TO:
        raise UsageError(f"edges to {shown(name)} are unknown: {nearest(name, TO)}")
    catalogue = histories.catalogue
    wanted = (CATEGORY,) if name == CATEGORY else (LAT, LON)
    if catalogue is None or any(column not in catalogue.table.column_names for column in wanted):
        raise SchemaError(f"the log says no {name} of any item: give {' and '.join(wanted)} in its events or --items")
    if name == CATEGORY:
        codes, words = catalogue.codes(CATEGORY)
        return codes, len(words)
    degrees = np.stack([catalogue.numbers(column) for column in wanted], axis=1)
    known = np.flatnonzero(np.isfinite(degrees).all(axis=1))
    places, of_item = np.unique(degrees[known], axis=0, return_inverse=True)
    codes = np.full(len(degrees), -1, np.int64)
    codes[known] = of_item.ravel()
    return codes, len(places)
