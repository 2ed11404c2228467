"""Scores and ranks of items after histories, asked many at a time."""

import numpy as np

from swayline.dataset import from_lists
from swayline.influence.attribution import score_and_rank


class Table:
    """A history's scores are a row of a table, by its first item."""

    def __init__(self, table):
        self.table = np.asarray(table, np.float32)

    def score(self, history):
        return self.table[history.items[history.offsets[:-1]]]


def test_ranks_count_what_stands_above_ties_by_number_and_hidden_items_out():
    rng = np.random.default_rng(0)
    table = rng.integers(0, 6, (8, 12)).astype(np.float32)  # many ties
    histories = from_lists([[row, 11 - row] for row in range(8)], n_items=12)
    rows, items = rng.integers(0, 8, 60), rng.integers(0, 12, 60)
    hidden = from_lists([rng.integers(0, 12, 4).tolist() for _ in range(8)], n_items=12)
    for out in (None, hidden):
        scores, ranks = score_and_rank(Table(table), histories, rows, items, out)
        assert (scores == table[rows, items]).all()
        for row, item, rank in zip(rows, items, ranks, strict=True):
            line = table[row]
            above = {j for j in range(12) if line[j] > line[item] or (line[j] == line[item] and j < item)}
            assert rank == len(above - (set() if out is None else set(out.items[out.of(int(row))].tolist())))
