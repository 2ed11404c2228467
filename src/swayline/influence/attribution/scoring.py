"""What a model says of one item after one history, many times: each history is scored once, whatever is asked of it.

Shapes: H histories, Q questions (a history and an item each), I items, k places.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from swayline.core.types import Floats, Ints, ItemRows
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
        for some in np.split(np.arange(len(mine)), np.flatnonzero(np.diff(row[mine])) + 1):
            if len(some):
                at = int(row[mine[some[0]]])
                out = None if hidden is None else np.unique(hidden.items[hidden.of(int(asked[at]))])
                ranks[mine[some]] = _above(whole.of(at), own[some], items[mine[some]], out)
    return scores, ranks


class _Block:
    """Scores of some of the histories: those from ``first`` on."""

    def __init__(self, scores: npt.NDArray[np.float32], first: int) -> None:
        self.scores, self.first = scores, first

    def of(self, row: int) -> npt.NDArray[np.float32]:
        """(I,) the scores of a history."""
        found: npt.NDArray[np.float32] = self.scores[row - self.first]
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
        yield mine, block.scores[row[mine] - start, items[mine]], block


def _above(
    line: npt.NDArray[np.float32], own: npt.NDArray[np.float32], items: Ints, out: ItemRows | None
) -> npt.NDArray[np.int64]:
    """(q,) how many of a history's items, ``out`` left out, stand above each of its questions' own."""
    rivals = np.flatnonzero(line >= own.min())
    if out is not None:
        rivals = np.setdiff1d(rivals, out, assume_unique=True)
    theirs = line[rivals]
    return np.array([
        np.count_nonzero(theirs > score) + np.count_nonzero((theirs == score) & (rivals < item))
        for score, item in zip(own, items, strict=True)
    ])  # fmt: skip


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
