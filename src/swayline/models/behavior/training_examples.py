"""Questions to learn from: which item came next, given what the person's behaviour said about each.

The questions are the last events of the training users, and the tables they are asked with are counted without these,
as at test time. Of the items that did not come, some are drawn, and each row carries how many it stands for.

Shapes: Q questions, S features of an item, F features of a pair, N rows.

References
----------
King and Zeng, "Logistic Regression in Rare Events Data", Political Analysis 2001 (weights for drawn negatives).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayline.core.rng import generator
from swayline.core.types import Ints
from swayline.dataset import Sequences, Targets, targets_at
from swayline.models.behavior.features import Pairs, in_blocks
from swayline.models.behavior.tables import Tables, count_tables
from swayline.models.values import ValueReading

Matrix = npt.NDArray[np.float32]
_HELD = 3
_QUESTIONS, _CANDIDATES, _DRAWN = 4000, 60, 20


@dataclass(frozen=True)
class TrainingExamples:
    """Rows to learn from.

    Parameters
    ----------
    values : (N, S + F) float32
        Features of the item and of the pair.
    hit : (N,) bool
        Whether the item came next.
    pointed : (N,) bool
        Whether anything in the history points at the item; its features of the pair are zero where nothing does.
    weights : (N,) float64
        How many items of the catalogue each row stands for.
    questions : (N,) int64
        The question each row belongs to, in order.
    """

    values: Matrix
    hit: npt.NDArray[np.bool_]
    pointed: npt.NDArray[np.bool_]
    weights: npt.NDArray[np.float64]
    questions: Ints


def training_examples(train: Sequences, seed: int, reading: ValueReading | None = None) -> TrainingExamples | None:
    """Questions about the last events of the training users; None where nobody has two events."""
    asked, earlier = _questions(train, seed)
    if not len(asked):
        return None
    tables = count_tables(earlier, reading)
    rng = generator(seed, "behavior features")
    parts = []
    for rows, found in in_blocks(tables, asked.history):
        parts.append(_rows_of(asked.take(rows), found, tables, int(rows[0]), rng))
    return TrainingExamples(*(np.concatenate(one) for one in zip(*parts, strict=True)))


def _questions(train: Sequences, seed: int) -> tuple[Targets, Sequences]:
    """At most 4,000 of each user's last three events (at most half of them), and the histories without these."""
    held = np.minimum(_HELD, train.lengths // 2)
    from_end = np.repeat(train.offsets[1:], train.lengths) - np.arange(len(train.items))
    last = from_end <= np.repeat(held, train.lengths)
    positions = np.flatnonzero(last)
    if len(positions) > _QUESTIONS:
        positions = np.sort(generator(seed, "questions").choice(positions, _QUESTIONS, replace=False))
    return targets_at(train, positions, train.users[positions]), train.keep(~last)


def _rows_of(
    asked: Targets, found: Pairs, tables: Tables, first: int, rng: np.random.Generator
) -> tuple[Matrix, npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.float64], Ints]:
    """The answer, some candidates and some items of the rest for each question."""
    n_items, n = asked.history.n_items, len(asked)
    sizes = np.bincount(found.rows, minlength=n)
    hit = found.items == asked.items[found.rows]
    kept = hit | _drawn(found.rows, sizes, rng)
    answered = np.zeros(n, bool)
    answered[found.rows[hit]] = True
    # The rest of the catalogue: drawn items that are no candidates, and answers that nothing pointed at.
    rest = rng.integers(n_items, size=(n, _DRAWN))
    rest_rows = np.concatenate([np.flatnonzero(~answered), np.repeat(np.arange(n), _DRAWN)])
    rest_items = np.concatenate([asked.items[~answered].astype(np.int64), rest.ravel()])
    rest_hit = np.arange(len(rest_rows)) < (~answered).sum()
    pointed = np.isin(rest_rows * n_items + rest_items, found.rows * n_items + found.items)
    same = ~rest_hit & (rest_items == asked.items[rest_rows])
    rest_rows, rest_items, rest_hit = (one[~(pointed | same)] for one in (rest_rows, rest_items, rest_hit))
    rows = np.concatenate([found.rows[kept], rest_rows])
    items = np.concatenate([found.items[kept], rest_items])
    hits = np.concatenate([hit[kept], rest_hit])
    pair_values = np.concatenate([found.values[kept], np.zeros((len(rest_rows), found.values.shape[1]), np.float32)])
    weights = np.concatenate([np.maximum(1.0, sizes / _CANDIDATES)[found.rows[kept]],
                              np.maximum(1.0, (n_items - sizes) / _DRAWN)[rest_rows]])  # fmt: skip
    order = np.argsort(rows, kind="stable")
    values = np.concatenate([tables.items[items], pair_values], axis=1)[order]
    pointed_at = np.arange(len(rows)) < kept.sum()
    return values, hits[order], pointed_at[order], np.where(hits, 1.0, weights)[order], (rows + first)[order]


def _drawn(rows: Ints, sizes: Ints, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """At most 60 candidates of each row, drawn without repeats."""
    order = np.lexsort((rng.random(len(rows)), rows))
    starts = np.cumsum(sizes) - sizes
    kept = np.zeros(len(rows), bool)
    kept[order] = np.arange(len(rows)) - starts[rows[order]] < _CANDIDATES
    return kept
