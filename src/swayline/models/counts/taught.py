"""Item neighbours that a larger model teaches: what it expects after each item, not what the log counts.

::

    similarity (i, ·)  =  mean of the teacher's softmax over training histories that end with i        best few kept
    score (j)          =  Σ over the history, age a = 0 for the last event:  decay^a · similarity(i_a, j)

Shapes: Q histories, I items.

References
----------
Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015 (a model learns another's softmax).
"""

import numpy as np
from scipy import sparse

from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.core.types import Ints
from swayline.dataset import Sequences
from swayline.models.counts.neighbours import nearest
from swayline.models.protocol import Scores
from swayline.models.topk import mask_seen
from swayline.models.validation import Scoring

_ASKED = 8
"""Histories that end with an item, at most."""
_SCORES_AT_ONCE = 1 << 24


def taught_similarity(
    teacher: Scoring, train: Sequences, n_neighbours: int, hides_seen: bool, seed: int
) -> sparse.csr_array:
    """(I, I) what a teacher expects after each item, the best ``n_neighbours`` of a row; nothing of unmet items."""
    ends = _ends(train, seed)
    items = train.items[ends]
    step = max(1, _SCORES_AT_ONCE // max(1, train.n_items))
    rows: list[sparse.csr_array] = []
    with task("ask the teacher", total=len(ends)) as bar:
        start = 0
        while start < len(ends):
            stop = min(start + step, len(ends))
            while stop < len(ends) and items[stop] == items[stop - 1]:
                stop += 1  # an item's histories stay together
            rows.append(_means(teacher, train, ends[start:stop], n_neighbours, hides_seen))
            bar.advance(stop - start)
            start = stop
    stacked = sparse.vstack(rows, format="csr") if rows else sparse.csr_array((0, train.n_items))
    place = np.unique(items)
    counts = np.zeros(train.n_items, np.int64)
    counts[place] = np.diff(stacked.indptr)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return sparse.csr_array((stacked.data.astype(np.float32), stacked.indices, offsets), shape=(train.n_items,) * 2)


def _ends(train: Sequences, seed: int) -> Ints:
    """Flat positions of at most a few events of each item, item by item."""
    order = generator(seed, "taught neighbours").permutation(len(train.items))
    order = order[np.argsort(train.items[order], kind="stable")]
    items = train.items[order]
    first = np.searchsorted(items, items, side="left")
    return order[np.arange(len(items)) - first < _ASKED]


def _means(teacher: Scoring, train: Sequences, ends: Ints, n_neighbours: int, hides_seen: bool) -> sparse.csr_array:
    """A row an item: the mean softmax after the histories that end at the events ``ends``, the best few."""
    history = _until(train, ends)
    scores: Scores = teacher.score(history)
    if hides_seen:
        scores = mask_seen(scores, history)
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    _, first = np.unique(train.items[ends], return_index=True)
    total = np.add.reduceat(scores, first, axis=0) / np.diff(np.append(first, len(ends)))[:, None]
    width = min(n_neighbours, total.shape[1] - 1)
    least = np.partition(total, -width, axis=1)[:, -width, None] if width else np.inf
    return nearest(sparse.csr_array(np.where(total >= least, total, 0.0)), n_neighbours)


def _until(train: Sequences, ends: Ints) -> Sequences:
    """The history up to and with each event."""
    users = np.searchsorted(train.offsets, ends, side="right") - 1
    whole = train.take(users)
    length = ends - train.offsets[users] + 1
    within = np.arange(len(whole.items)) - np.repeat(whole.offsets[:-1], whole.lengths)
    return whole.keep(within < np.repeat(length, whole.lengths))
