"""Items like an item, and the scores of pairs.

Shapes: I items, P pairs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.ids import id_list, list_length, one_id
from swayline.core.names import ITEM, RANK, SCORE, USER
from swayline.core.types import Ints
from swayline.models import score_items, top_k
from swayline.models.classical.item_knn import ItemKNN
from swayline.recommend.context import Context
from swayline.recommend.filters import parse_filter


def similar_items(context: Context, item: str | int, k: int = 10, condition: str | None = None) -> pa.Table:
    """``item``, ``rank``, ``score``: what goes together with an item, by the people who met both.

    Parameters
    ----------
    condition : str, optional
        Only items of which this holds.

    Raises
    ------
    UsageError
        The item is unknown, or the condition cannot be read.
    """
    k, row = list_length(k), int(item_rows(context, [item])[0])
    knn = context.neighbours
    assert isinstance(knn, ItemKNN)
    scores = knn.similarity_[[row]].toarray().astype(np.float32)
    if condition is not None:
        scores[:, ~parse_filter(condition)(context.items)] = -np.inf
    scores[scores <= 0] = -np.inf
    scores[0, row] = -np.inf
    items, best = top_k(scores, min(k, context.n_items))
    filled = items[0] >= 0
    return pa.table({
        ITEM: context.bundle.dataset.items.ids.take(pa.array(items[0][filled].astype(np.int64))),
        RANK: pa.array(np.flatnonzero(filled) + 1, pa.int64()), SCORE: pa.array(best[0][filled].astype(np.float64)),
    })  # fmt: skip


def score_pairs(context: Context, pairs: Any) -> pa.Table:
    """``user``, ``item``, ``score`` of pairs: what the model ranks by.

    Parameters
    ----------
    pairs : sequence of (user, item), or a table or frame with both columns

    Raises
    ------
    UsageError
        These are no pairs, or a user or an item is unknown.
    """
    users, items = _sides(pairs)
    people, things = context.bundle.rows_of(users), item_rows(context, items)
    asked, history = np.unique(people, return_inverse=True)
    scores = score_items(context.bundle.model, context.histories.take(asked).take(history), things)
    return pa.table({USER: users, ITEM: items, SCORE: pa.array(scores.astype(np.float64))})


def _sides(pairs: Any) -> tuple[list[str], list[str]]:
    if isinstance(pairs, Mapping) or hasattr(pairs, "columns"):
        names = (
            list(pairs)
            if isinstance(pairs, Mapping)
            else [str(one) for one in getattr(pairs, "column_names", pairs.columns)]
        )
        for name in (USER, ITEM):
            if name not in names:
                raise UsageError(f"pairs have no column {name!r}: {nearest(name, names)}")
        users, items = id_list(pairs[USER], "users"), id_list(pairs[ITEM], "items")
    else:
        if isinstance(pairs, str | bytes) or not isinstance(pairs, Sequence | np.ndarray):
            raise UsageError(f"pairs must be a list of (user, item), not {shown(pairs)}: write [('u1', 'i1')]")
        for one in pairs:
            if isinstance(one, str | bytes) or not hasattr(one, "__len__") or len(one) != 2:
                raise UsageError(f"pairs must be a list of (user, item), and {shown(one)} is none: write ('u1', 'i1')")
        users, items = [one_id(one[0]) for one in pairs], [one_id(one[1], "item") for one in pairs]
    if len(users) != len(items):
        raise UsageError(f"pairs have {len(users)} users and {len(items)} items: give as many of each")
    return users, items


def item_rows(context: Context, items: Sequence[str | int]) -> Ints:
    """Rows of items by id.

    Raises
    ------
    UsageError
        One is unknown.
    """
    names = id_list(items, "items")
    vocabulary = context.bundle.dataset.items
    rows = vocabulary.rows(names)
    if (rows < 0).any():
        first = names[int(np.flatnonzero(rows < 0)[0])]
        raise UsageError(
            f"item {shown(first)} is not in the model's catalogue: {nearest(first, vocabulary.names[:2000])}"
        )
    return rows
