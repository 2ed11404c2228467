"""From scores to lists: the best k items, without those already seen, in bounded memory.

Shapes: Q histories, I items, k places.
"""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from swayline.core.errors import UsageError
from swayline.core.types import Ints, ItemRows
from swayline.dataset import Sequences

if TYPE_CHECKING:
    from swayline.models.protocol import Recommender

Scores = npt.NDArray[np.float32]
_SCORES_AT_ONCE = 1 << 26
"""Scores held at a time: 256 MiB of float32."""
_RUN = 64
_LONG_ROW = 1 << 17
"""Items from which a model's own way through its catalogue is taken."""


def mask_seen(scores: Scores, history: Sequences) -> Scores:
    """Set the score of every item in a row's history to -inf, in place, and return the same array.

    >>> from swayline.dataset import from_lists
    >>> mask_seen(np.zeros((1, 3), np.float32), from_lists([[1]], n_items=3)).tolist()
    [[0.0, -inf, 0.0]]
    """
    scores[history.users, history.items] = -np.inf
    return scores


def top_k(scores: Scores, k: int, exclude: Sequences | None = None) -> tuple[ItemRows, Scores]:
    """The k best items of each row, best first; equal scores stand in the order of their item numbers.

    Parameters
    ----------
    scores : (Q, I) float32
        A score for every item; -inf for items that may not be chosen.
    k : int
        Places a row.
    exclude : Sequences of Q rows, optional
        Items that may not be chosen, row by row (what the user has seen).

    Returns
    -------
    items : (Q, k) int32
        -1 where nothing is left to choose.
    scores : (Q, k) float32
        -inf where nothing is left to choose.

    >>> items, best = top_k(np.array([[0.1, 0.9, 0.9, 0.2]], np.float32), k=2)
    >>> items.tolist()
    [[1, 2]]
    """
    if k < 1:
        raise UsageError(f"k must be at least 1, not {k}")
    if exclude is not None:
        scores = mask_seen(scores.copy(), exclude)
    n_rows, n_items = scores.shape
    width = min(k, n_items)
    order = _best(scores, width)
    best = np.take_along_axis(scores, order, axis=1)
    items = np.full((n_rows, k), -1, np.int32)
    values = np.full((n_rows, k), -np.inf, np.float32)
    items[:, :width] = np.where(np.isneginf(best), -1, order)
    values[:, :width] = best
    return items, values


def _best(scores: Scores, width: int) -> npt.NDArray[np.int64]:
    """(Q, width) items in order; a boundary that cuts through equal scores is settled by the item's number."""
    n_items = scores.shape[1]
    if width == n_items:
        return np.argsort(-scores, axis=1, kind="stable")
    if n_items > 2 * width * _RUN:
        columns = _likely(scores, width)
        return np.take_along_axis(columns, _best(np.take_along_axis(scores, columns, axis=1), width), axis=1)
    # PyTorch's selection, since NumPy's argpartition takes seconds where many scores tie.
    chosen = np.sort(torch.topk(torch.from_numpy(scores), width, dim=1, sorted=False).indices.numpy(), axis=1)
    values = np.take_along_axis(scores, chosen, axis=1)
    threshold = values.min(axis=1)
    cut = (scores >= threshold[:, None]).sum(axis=1) > width
    for row in np.flatnonzero(cut):
        level = np.flatnonzero(scores[row] == threshold[row])
        above = np.flatnonzero(scores[row] > threshold[row])
        chosen[row] = np.sort(np.concatenate([above, level[: width - len(above)]]))
    values = np.take_along_axis(scores, chosen, axis=1)
    return np.take_along_axis(chosen, np.argsort(-values, axis=1, kind="stable"), axis=1)


def _likely(scores: Scores, width: int) -> npt.NDArray[np.int64]:
    """(Q, C) columns, ascending, that hold the best ``width``: the runs of 64 with the highest tops, and the rest.

    A run that is not among them has ``width`` runs before it, each with a score as high or, further left, equal.
    """
    runs = scores.shape[1] // _RUN
    tops = torch.from_numpy(scores)[:, : runs * _RUN].view(-1, runs, _RUN).amax(2).numpy()
    best = np.sort(_best(tops, width), axis=1)
    inside = (best[:, :, None] * _RUN + np.arange(_RUN)).reshape(len(scores), -1)
    rest = np.broadcast_to(np.arange(runs * _RUN, scores.shape[1]), (len(scores), scores.shape[1] - runs * _RUN))
    return np.concatenate([inside, rest], axis=1)


def recommend(
    model: "Recommender", history: Sequences, k: int, exclude_seen: bool = True, batch: int | None = None
) -> tuple[ItemRows, Scores]:
    """The k best next items of each history, never holding more than about 256 MiB of scores.

    A model that can go through its catalogue block by block offers ``best_items(history, k, exclude_seen)``, which is
    asked where a row of scores would be long.

    Parameters
    ----------
    batch : int, optional
        Histories scored at a time; by default as many as the bound allows.

    Returns
    -------
    items, scores : (Q, k)
        As :func:`top_k` gives them.
    """
    if batch is not None and batch < 1:
        raise UsageError(f"batch must be at least 1, not {batch}")
    direct = getattr(model, "best_items", None)
    if direct is not None and batch is None and history.n_items > _LONG_ROW:
        return direct(history, k, exclude_seen)  # type: ignore[no-any-return]
    step = batch or max(1, min(4096, _SCORES_AT_ONCE // max(1, history.n_items)))
    items = np.full((len(history), k), -1, np.int32)
    values = np.full((len(history), k), -np.inf, np.float32)
    for start in range(0, len(history), step):
        rows = np.arange(start, min(start + step, len(history)))
        part = history.take(rows)
        items[rows], values[rows] = top_k(model.score(part), k, part if exclude_seen else None)
    return items, values


def score_items(model: "Recommender", history: Sequences, items: ItemRows | Ints) -> Scores:
    """(Q,) the score of one item a row, for questions such as "what did this event do to that recommendation?".

    A model that can answer without scoring the whole catalogue offers a method ``score_items(history, items)``; for
    every other model the column is picked from its full scores, in bounded memory.
    """
    direct = getattr(model, "score_items", None)
    if direct is not None:
        return direct(history, items)  # type: ignore[no-any-return]
    step = max(1, min(4096, _SCORES_AT_ONCE // max(1, history.n_items)))
    values = np.empty(len(history), np.float32)
    for start in range(0, len(history), step):
        rows = np.arange(start, min(start + step, len(history)))
        values[rows] = model.score(history.take(rows))[np.arange(len(rows)), items[rows]]
    return values
