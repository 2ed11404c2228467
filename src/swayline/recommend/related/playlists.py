"""Playlists continued: what comes next in a list of things that somebody put together.

A playlist is a basket (:mod:`.together`): a session, a week, or any table of lists. What continues it best is what
stands in other lists with its items.

Shapes: B lists, I items.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse

from swayline.core.errors import DataError
from swayline.core.names import ITEM, RANK, SCORE
from swayline.core.rng import generator
from swayline.core.types import Floats
from swayline.models import top_k
from swayline.recommend.related.together import Baskets, GoesTogether

Float64s = npt.NDArray[np.float64]
LEAST_ITEMS = 3
_AT_ONCE = 512
_RESAMPLES = 500


@dataclass(frozen=True)
class Continuation:
    """How well held-out ends of playlists are found.

    Attributes
    ----------
    lists : int
        Playlists asked about.
    recall, popular : float
        Share of the hidden items among the first k, of this model and of what stands in most lists.
    ci_low, ci_high : float
        95% interval of the difference, over playlists (bootstrap).
    """

    k: int
    lists: int
    recall: float
    popular: float
    ci_low: float
    ci_high: float


def continued(model: GoesTogether, baskets: Baskets, rows: np.ndarray, k: int = 10) -> pa.Table:
    """``playlist`` (row of the baskets), ``item``, ``rank``, ``score``: what continues each of some lists."""
    parts = []
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        scores = model.scores(baskets.held[some]).astype(np.float32)
        scores[np.asarray((baskets.held[some] @ model.pairs_).todense()) <= 0] = -np.inf
        items, best = top_k(scores, min(k, scores.shape[1]))
        at, place = np.nonzero(items >= 0)
        parts.append((some[at], items[at, place].astype(np.int64), place + 1, best[at, place].astype(np.float64)))
    lists, items, ranks, scores = (np.concatenate([one[at] for one in parts]) for at in range(4))
    return pa.table({
        "playlist": pa.array(lists, pa.int64()), ITEM: baskets.items.ids.take(pa.array(items)),
        RANK: pa.array(ranks, pa.int64()), SCORE: pa.array(scores),
    })  # fmt: skip


def held_out(baskets: Baskets, k: int = 10, share: float = 0.2, seed: int = 0) -> Continuation:
    """Hide half of each of a share of the lists, learn from the others, and continue the halves.

    Raises
    ------
    DataError
        Fewer than 20 lists hold three items or more.
    """
    long = np.flatnonzero(np.asarray(baskets.held.sum(axis=1)).ravel() >= LEAST_ITEMS)
    if len(long) < 20:
        raise DataError(
            f"{len(long)} playlists hold {LEAST_ITEMS} items or more: 20 are needed to ask how well they continue"
        )
    rng = generator(seed, "playlists")
    asked = rng.permutation(long)[: max(20, int(len(long) * share))][:5000]
    rest = np.setdiff1d(np.arange(baskets.held.shape[0]), asked)
    model = GoesTogether().fit(Baskets(baskets.items, baskets.held[rest], baskets.owners[rest]))
    popular = np.broadcast_to(model.counts_.astype(np.float32), (1, len(model.counts_)))
    ours, plain = [], []
    for start in range(0, len(asked), _AT_ONCE):
        shown, hidden = _halved(baskets.held[asked[start : start + _AT_ONCE]], rng)
        ours.append(_found(model.scores(shown), hidden, k))
        without = np.where(np.asarray(shown.todense()) > 0, -np.inf, np.repeat(popular, shown.shape[0], axis=0))
        plain.append(_found(without, hidden, k))
    found, usual = np.concatenate(ours), np.concatenate(plain)
    draws = rng.integers(len(found), size=(_RESAMPLES, len(found)))
    low, high = np.quantile((found - usual)[draws].mean(axis=1), (0.025, 0.975))
    return Continuation(k, len(asked), float(found.mean()), float(usual.mean()), float(low), float(high))


def _halved(held: sparse.csr_array, rng: np.random.Generator) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Each list in two: what is shown, and the half that is hidden."""
    shown, hidden = held.copy().tolil(), held.copy().tolil()
    for row in range(held.shape[0]):
        own = rng.permutation(held.indices[held.indptr[row] : held.indptr[row + 1]])
        shown[row, own[: len(own) // 2]] = 0.0
        hidden[row, own[len(own) // 2 :]] = 0.0
    return shown.tocsr(), hidden.tocsr()


def _found(scores: Floats, hidden: sparse.csr_array, k: int) -> Float64s:
    """(B,) share of the hidden items among the first k, of at most k."""
    items, _ = top_k(scores.astype(np.float32), min(k, scores.shape[1]))
    wanted = np.asarray(hidden.todense()) > 0
    hits = (np.take_along_axis(wanted, np.maximum(items, 0).astype(np.int64), axis=1) & (items >= 0)).sum(axis=1)
    found: Float64s = hits / np.minimum(wanted.sum(axis=1), k)
    return found
