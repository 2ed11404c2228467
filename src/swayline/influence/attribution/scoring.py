"""What a model says of one item after one history, many times: each history is scored once, whatever is asked of it.

Shapes: H histories, Q questions (a history and an item each), I items, k places.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences
from swayline.models import Recommender

SCORES_AT_ONCE = 1 << 25


def score_pairs(model: Recommender, histories: Sequences, rows: Ints, items: Ints) -> Floats:
    """(Q,) the score of one item for one of the histories each.

    A model that can answer without scoring its catalogue offers ``score_pairs(histories, rows, items)``.
    """
    asked, row = np.unique(rows, return_inverse=True)
    direct = getattr(model, "score_pairs", None)
    if direct is not None and len(rows):
        found: Floats = direct(histories.take(asked), row, items).astype(np.float64)
        return found
    scores = np.empty(len(rows))
    for mine, own, _ in _in_blocks(model, histories.take(asked), row, items):
        scores[mine] = own
    return scores


def score_and_rank(
    model: Recommender, histories: Sequences, rows: Ints, items: Ints, hidden: Sequences | None = None
) -> tuple[Floats, Floats]:
    """(Q,) score, and how many items stand above it; equal scores stand in the order of their item numbers.

    Parameters
    ----------
    hidden : Sequences of H rows, optional
        Items that may not be recommended, row by row.
    """
    asked, row = np.unique(rows, return_inverse=True)
    scores, ranks = np.empty(len(rows)), np.empty(len(rows))
    for mine, own, whole in _in_blocks(model, histories.take(asked), row, items):
        scores[mine] = own
        for start in range(0, len(mine), 256):
            part = slice(start, start + 256)
            ranks[mine[part]] = _above(whole.of(row[mine[part]]), own[part], items[mine[part]]).sum(axis=1)
        if hidden is not None:
            ranks[mine] -= _hidden_above(whole, hidden.take(asked), row[mine], own, items[mine])
    return scores, ranks


class _Block:
    """Scores of some of the histories: those from ``first`` on."""

    def __init__(self, scores: npt.NDArray[np.float32], first: int) -> None:
        self.scores, self.first = scores, first

    def of(self, rows: Ints) -> npt.NDArray[np.float32]:
        found: npt.NDArray[np.float32] = self.scores[rows - self.first]
        return found


def _in_blocks(model: Recommender, histories: Sequences, row: Ints, items: Ints):  # type: ignore[no-untyped-def]
    """Questions, their scores, and the block of scores that they come from, in bounded memory."""
    step = max(1, SCORES_AT_ONCE // histories.n_items)
    order = np.argsort(row, kind="stable")
    starts = range(0, len(histories), step)
    bounds = np.searchsorted(row[order], [*starts, len(histories)])
    for start, (begin, end) in zip(starts, pairwise(bounds), strict=True):
        block = _Block(model.score(histories.take(np.arange(start, min(start + step, len(histories))))), start)
        mine = order[begin:end]
        yield mine, block.of(row[mine])[np.arange(len(mine)), items[mine]], block


def _above(scores: npt.NDArray[np.float32], own: npt.NDArray[np.float32], items: Ints) -> npt.NDArray[np.bool_]:
    """(Q, I) which items stand above each question's own."""
    found: npt.NDArray[np.bool_] = scores > own[:, None]
    for row, (line, score, item) in enumerate(zip(scores, own, items, strict=True)):
        found[row, :item] |= line[:item] == score
    return found


def _hidden_above(
    whole: _Block, hidden: Sequences, rows: Ints, own: npt.NDArray[np.float32], items: Ints
) -> npt.NDArray[np.int64]:
    """(Q,) how many of the hidden items stand above each question's own."""
    above = np.empty(len(rows), np.int64)
    for place, row in enumerate(rows):
        seen = np.unique(hidden.items[hidden.of(int(row))])
        one = slice(place, place + 1)
        above[place] = _above(whole.of(rows[one]), own[one], items[one])[0, seen].sum()
    return above


def best_instead(
    model: Recommender, histories: Sequences, hidden: Sequences, k: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """(H, k) the best items of each history but those of ``hidden``, and their scores."""
    from swayline.models import top_k

    items = np.full((len(histories), k), -1, np.int32)
    scores = np.full((len(histories), k), -np.inf, np.float32)
    step = max(1, SCORES_AT_ONCE // histories.n_items)
    for start in range(0, len(histories), step):
        rows = np.arange(start, min(start + step, len(histories)))
        items[rows], scores[rows] = top_k(model.score(histories.take(rows)), k, hidden.take(rows))
    return items, scores
