"""What a person's behaviour says about an item, as numbers a regression or a tree can read.

A candidate is an item that the history points at: a neighbour of its last events, a successor, an item of its own. All
other items have the same zeros there and differ by what they are alone, so a model is asked about the whole catalogue
at the price of the candidates::

    of the item       log popularity, popularity lately (two clocks), share of its events of each behaviour
    of the pair       likeness to the history (long and short memory), to what follows its last events, whether it
                      belongs to the history: how often by each behaviour and how lately; the share of the history in
                      the item's category, and whether the last event was in it (0 beyond candidates); where the
                      values of events are read, likeness to what the person liked less what was disliked, and the
                      value last given to the item itself

Shapes: Q histories, I items, P candidates over all histories, S features of an item, F features of a pair.

References
----------
Covington, Adams and Sargin, "Deep Neural Networks for YouTube Recommendations", RecSys 2016 (candidates first).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from swayline.core.types import Ints
from swayline.dataset import Sequences
from swayline.models.behavior.tables import Tables
from swayline.models.counts.history_matrix import every_event, last_events
from swayline.models.protocol import Scores
from swayline.models.values import liking

Matrix = npt.NDArray[np.float32]
Judged = Callable[[Matrix, Matrix], Scores]
"""(n, S) features of items and (n, F) features of pairs to (n,) scores."""
_LAST = 20
_PAIRS_AT_ONCE = 1 << 21
"""Candidates held at a time: about 100 MB with their features."""


@dataclass(frozen=True)
class Pairs:
    """Candidates of some histories: their rows (P,), items (P,) and features (P, F)."""

    rows: Ints
    items: Ints
    values: Matrix


def candidates(tables: Tables, history: Sequences) -> Pairs:
    """The candidates of each history with their features, by row and item."""
    lately = history.last(_LAST)
    one = every_event(lately, 0.0)
    found = [
        every_event(lately, 0.95) @ tables.similar, every_event(lately, 0.5) @ tables.similar,
        one @ tables.follows, every_event(lately, 0.5) @ tables.follows,
        *(_own(history, behavior) for behavior in range(tables.n_behaviors)), last_events(history, 0.8),
    ]  # fmt: skip
    scale = [100.0] * 4 + [1.0] * (tables.n_behaviors + 1)
    if tables.reading is not None:
        liked, own = (liking(part, tables.reading).astype(np.float32) for part in (lately, history))
        found += [every_event(lately, 0.95, of_event=liked) @ tables.similar, last_events(history, 1.0, of_event=own)]
        scale += [100.0, 1.0]
    keys = [_keys(matrix, history.n_items) for matrix in found]
    union = np.unique(np.concatenate([key for key, _ in keys]))
    values = np.zeros((len(union), tables.n_pair_features), np.float32)
    for place, (key, value) in enumerate(keys):
        values[np.searchsorted(union, key), place] = np.sign(value) * np.log1p(scale[place] * np.abs(value))
    rows, items = np.divmod(union, np.int64(max(1, history.n_items)))
    _add_categories(tables.categories, history, rows, items, values)
    return Pairs(rows, items, values)


def _own(history: Sequences, behavior: int) -> sparse.csr_array:
    return every_event(history.keep(history.behaviors == behavior), 1.0)


def _keys(matrix: sparse.csr_array, n_items: int) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Row · I + column of every entry, each once and in order, and its value."""
    tidy = sparse.csr_array(matrix, copy=True)
    tidy.sum_duplicates()
    rows = np.repeat(np.arange(tidy.shape[0], dtype=np.int64), np.diff(tidy.indptr))
    return rows * n_items + tidy.indices, tidy.data.astype(np.float64)


def _add_categories(codes: Ints, history: Sequences, rows: Ints, items: Ints, values: Matrix) -> None:
    """Fill the last two features in place: the history's share in the category; whether the last event was in it."""
    if not len(rows) or codes.max(initial=-1) < 0:
        return
    n = int(codes.max()) + 1
    own = codes[history.items]
    known = own >= 0
    key, count = np.unique(history.users[known] * n + own[known], return_counts=True)
    if not len(key):
        return
    asked = rows * n + codes[items]
    place = np.minimum(np.searchsorted(key, asked), len(key) - 1)
    hit = (key[place] == asked) & (codes[items] >= 0)
    values[:, -2] = np.where(hit, count[place] / np.maximum(1, history.lengths[rows]), 0.0)
    last = np.full(len(history), -2, np.int64)
    some = history.lengths > 0
    last[some] = own[history.offsets[1:][some] - 1]
    values[:, -1] = (codes[items] == last[rows]) & (codes[items] >= 0)


def in_blocks(tables: Tables, history: Sequences) -> Iterator[tuple[Ints, Pairs]]:
    """Some rows of the histories at a time with their candidates, in bounded memory."""
    wide = np.diff(tables.similar.indptr) + np.diff(tables.follows.indptr)
    lately = history.last(_LAST)
    work = np.concatenate([[0], np.cumsum(wide[lately.items])])[lately.offsets] + history.offsets
    start = 0
    while start < len(history):
        end = int(np.searchsorted(work, work[start] + _PAIRS_AT_ONCE, side="right")) - 1
        rows = np.arange(start, min(max(end, start + 1), len(history)))
        yield rows, candidates(tables, history.take(rows))
        start = int(rows[-1]) + 1


def scored(tables: Tables, history: Sequences, alone: Scores, judged: Judged) -> Scores:
    """(Q, I) ``alone`` (I,) for items that a history does not point at, and what ``judged`` says of its candidates."""
    scores = np.tile(alone, (len(history), 1))
    for rows, found in in_blocks(tables, history):
        if len(found.rows):
            scores[rows[found.rows], found.items] = judged(tables.items[found.items], found.values)
    return scores
