"""What goes together: baskets completed, within one basket or over a person's week.

::

    basket b, item j    score(j | b) = Σ_{i in b} (pairs(i, j) + s · p_j) / (n_i + s)  ×  p_j^-tilt      j not in b

p_j is the share of baskets with j: an item of few baskets says little, and leaves what is most bought. Pairs are
counted over baskets: events of one session, or of one person in one window of time.

Shapes: B baskets, I items.

References
----------
Agrawal and Srikant, "Fast Algorithms for Mining Association Rules", VLDB 1994 (confidence and lift).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse

from swayline.core.errors import DataError, UsageError, nearest, shown
from swayline.core.ids import id_list, list_length
from swayline.core.names import ITEM, RANK, SCORE, SESSION, TIME, USER
from swayline.dataset import Vocabulary
from swayline.models import top_k

Floats = npt.NDArray[np.float64]
_DAY_US = 86_400_000_000
_MONDAY_US = 4 * _DAY_US
"""The first Monday of 1970: weeks begin on Mondays, UTC."""
LIFT, PAIRS = "lift", "pairs"


@dataclass(frozen=True)
class Baskets:
    """Which items stood in which basket.

    Attributes
    ----------
    items : vocabulary, the most frequent first
    held : (B, I) 1 where an item stood in a basket
    owners : (B,) whose basket it is, as a number
    """

    items: Vocabulary
    held: sparse.csr_array
    owners: npt.NDArray[np.int64]

    @classmethod
    def of(cls, events: pa.Table, window_days: float | None = None) -> Self:
        """Baskets of a log: by session, or of each person in windows of so many days.

        Raises
        ------
        DataError
            There is no session and no window, or no times for a window.
        """
        known = events.filter(events[ITEM].is_valid())
        users = known[USER].cast(pa.string()).combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
        if window_days is None:
            if SESSION not in known.column_names or known[SESSION].null_count == len(known):
                raise DataError("the log names no session: say window_days, as 7 for baskets of a week")
            part = known[SESSION].cast(pa.string()).fill_null("").combine_chunks().dictionary_encode().indices
        else:
            if not window_days > 0:
                raise UsageError(f"window_days is {shown(window_days)}: give a number above 0")
            if known[TIME].null_count:
                raise DataError("the log has no times, so that a week cannot be told")
            micros = known[TIME].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
            part = pa.array((micros - _MONDAY_US) // round(window_days * _DAY_US))
        of_user = part.to_numpy(zero_copy_only=False)
        of_user = of_user - of_user.min()
        key = users * (int(of_user.max()) + 1) + of_user
        keys, basket = np.unique(key, return_inverse=True)
        words = known[ITEM].cast(pa.string()).combine_chunks().dictionary_encode()
        codes = words.indices.to_numpy().astype(np.int64)
        order = np.argsort(-np.bincount(codes, minlength=len(words.dictionary)), kind="stable")
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        held = sparse.csr_array((np.ones(len(codes)), (basket, place[codes])))
        held.data[:] = 1.0
        return cls(Vocabulary(words.dictionary.take(pa.array(order))), held, keys // (int(of_user.max()) + 1))


class GoesTogether:
    """Completes baskets by what stood together with their items.

    Parameters
    ----------
    shrinkage : float
        Baskets that what is most bought counts for beside an item's own, so that rare pairs are no rules.
    tilt : float
        0 for confidence, towards 1 for lift: how far popular items are held back.
    """

    def __init__(self, *, shrinkage: float = 20.0, tilt: float = 0.0) -> None:
        for name, value in (("shrinkage", shrinkage), ("tilt", tilt)):
            if not 0 <= value < float("inf"):
                raise UsageError(f"{name} is {shown(value)}: give a number from 0")
        self.shrinkage, self.tilt = shrinkage, tilt

    def fit(self, baskets: Baskets) -> Self:
        """Count pairs."""
        held = baskets.held
        self.baskets_, self.items_, self.n_baskets_ = baskets, baskets.items, held.shape[0]
        self.counts_ = np.asarray(held.sum(axis=0)).ravel()
        pairs = (held.T @ held).tolil()
        pairs.setdiag(0.0)
        self.pairs_ = pairs.tocsr()
        self.pairs_.eliminate_zeros()
        return self

    def scores(self, held: sparse.csr_array) -> Floats:
        """(B, I) how well each item completes each basket; -inf for its own items."""
        weight = 1.0 / np.maximum(self.counts_ + self.shrinkage, 1e-12)
        share = np.maximum(self.counts_ / self.n_baskets_, 1e-12)
        together = np.asarray((held @ (sparse.diags_array(weight) @ self.pairs_)).todense())
        usual = self.shrinkage * np.asarray(held @ weight)[:, None] * share[None, :]
        found: Floats = (together + usual) * share[None, :] ** -self.tilt
        rows, items = held.nonzero()
        found[rows, items] = -np.inf
        return found

    def complete(self, basket: Sequence[str | int], k: int = 10) -> pa.Table:
        """``item``, ``rank``, ``score``: what completes a basket.

        Raises
        ------
        UsageError
            An item is unknown, or the basket is empty.
        """
        k, rows = list_length(k), self._rows(basket)
        held = sparse.csr_array(
            (np.ones(len(rows)), (np.zeros(len(rows), np.int64), rows)), shape=(1, len(self.items_))
        )
        scores = self.scores(held)
        # A list names what did stand together with the basket; the rest is only what is most bought.
        scores[np.asarray((held @ self.pairs_).todense()) <= 0] = -np.inf
        items, best = top_k(scores.astype(np.float32), min(k, len(self.items_)))
        kept = items[0] >= 0
        return pa.table({
            ITEM: self.items_.ids.take(pa.array(items[0][kept].astype(np.int64))),
            RANK: pa.array(np.flatnonzero(kept) + 1, pa.int64()), SCORE: pa.array(best[0][kept].astype(np.float64)),
        })  # fmt: skip

    def bundles(self, k: int = 20, least: int = 5, least_people: int = 1) -> pa.Table:
        """``item``, ``with``, ``pairs``, ``lift``: pairs that stood together far more often than by chance.

        Ordered by the lower 95% bound of the lift (Poisson), so that rare coincidences do not lead.

        Parameters
        ----------
        least : int
            Baskets that hold both.
        least_people : int
            People whose baskets they are: what one person takes each time is a habit and no bundle.
        """
        upper = sparse.triu(self.pairs_, k=1).tocoo()
        enough = upper.data >= least
        first, second, n = upper.row[enough], upper.col[enough], upper.data[enough]
        expected = self.counts_[first] * self.counts_[second] / self.n_baskets_
        bound = np.maximum(n - 1.96 * np.sqrt(n), 0.0) / expected
        order = self._of_several(first, second, np.argsort(-bound, kind="stable"), list_length(k), least_people)
        return pa.table({
            ITEM: self.items_.ids.take(pa.array(first[order].astype(np.int64))),
            "with": self.items_.ids.take(pa.array(second[order].astype(np.int64))),
            PAIRS: pa.array(n[order].astype(np.int64)), LIFT: pa.array(n[order] / expected[order]),
        })  # fmt: skip

    def _of_several(
        self, first: npt.NDArray[np.int32], second: npt.NDArray[np.int32], order: npt.NDArray[np.int64], k: int,
        least_people: int,
    ) -> npt.NDArray[np.int64]:  # fmt: skip
        """The first k pairs of an order that stood in the baskets of so many people."""
        if least_people <= 1:
            return order[:k]
        held, found = self.baskets_.held.tocsc(), []
        for at in order.tolist():
            ends = (held.indices[held.indptr[one] : held.indptr[one + 1]] for one in (first[at], second[at]))
            both = np.intersect1d(*ends)
            if len(np.unique(self.baskets_.owners[both])) >= least_people:
                found.append(at)
                if len(found) == k:
                    break
        return np.array(found, np.int64)

    def _rows(self, basket: Sequence[str | int]) -> npt.NDArray[np.int64]:
        names = id_list(basket, "items")
        if not names:
            raise UsageError("the basket is empty: name an item")
        rows = self.items_.rows(names)
        if (rows < 0).any():
            first = names[int(np.flatnonzero(rows < 0)[0])]
            raise UsageError(f"item {shown(first)} stood in no basket: {nearest(first, self.items_.names[:2000])}")
        return np.unique(rows)
