"""From words to items: how well a title answers a query, and which of those that do this person would take.

An item's score is its share of the best word match (BM25), plus the likeness of meaning (cosine of text vectors), plus,
for a known user, where the model ranks it among the items that answer the query best. ::

    score = BM25 / best BM25 + SEMANTIC · cosine + PERSONAL · (place of the model's logit in the shortlist, 0 to 1)

Shapes: I items, U users, D width of text vectors.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.core.errors import DataError, UsageError
from swayline.core.ids import list_length
from swayline.core.names import ITEM, RANK, SCORE, USER
from swayline.encoders import TextEncoder, UnsuitedTextError, WordIndex
from swayline.models import top_k
from swayline.training.bundle import ModelBundle

SEMANTIC = 0.5
PERSONAL = 0.3
_SHORTLIST = 200
_USERS_AT_ONCE = 256

Scores = npt.NDArray[np.float32]


class ItemSearch:
    """The items of a fitted model, ready to be asked for by words.

    Parameters
    ----------
    fitted : ModelBundle
        Its labels are what is searched.
    encoder : TextEncoder, optional
        By default MiniLM; titles it cannot read are searched by their words alone, with a warning that says so.
    cache : Path, optional
        Where the titles' vectors are kept between runs.
    words_only : bool
        Leave meaning out: nothing is encoded.
    """

    def __init__(
        self,
        fitted: ModelBundle,
        *,
        encoder: TextEncoder | None = None,
        cache: Path | None = None,
        words_only: bool = False,
    ) -> None:
        if fitted.labels == fitted.dataset.items.names:
            raise DataError("the model knows no titles to search: fit it with an items table (--items) that has some")
        self.fitted = fitted
        self._words = WordIndex(fitted.labels)
        self._encoder = None if words_only else encoder or TextEncoder(cache=cache)
        self._vectors = None
        if self._encoder is not None:
            try:
                self._vectors = self._encoder.encode(fitted.labels, label="encode titles")
            except UnsuitedTextError as error:
                warnings.warn(f"titles are searched by their words alone: {error}", stacklevel=2)

    def relevance(self, queries: Sequence[str]) -> Scores:
        """(Q, I) how well each item's title answers each query, 0 to about 1.5."""
        found = self._words.scores(queries)
        found /= np.maximum(found.max(axis=1, keepdims=True), 1e-9)
        if self._encoder is not None and self._vectors is not None:
            try:
                found += np.float32(SEMANTIC) * (self._encoder.encode(queries) @ self._vectors.T)
            except UnsuitedTextError as error:
                warnings.warn(f"this search goes by words alone: {error}", stacklevel=2)
        return found

    def search(self, query: str, users: Sequence[str | int] | None = None, k: int = 10) -> pa.Table:
        """The items that answer a query best, for everybody alike or for each of some users.

        Returns
        -------
        pa.Table
            ``user`` (where users are given), ``item``, ``rank`` (from 1), ``score``.

        Raises
        ------
        UsageError
            The query holds no word, or a user is unknown.
        """
        k = list_length(k)
        if not query.strip():
            raise UsageError("the query is empty: give a few words")
        relevance = self.relevance([query])
        if users is None:
            return self._table(None, *top_k(relevance, k))
        rows = self.fitted.rows_of(users)
        parts = [
            top_k(self.personal(relevance[0], rows[start : start + _USERS_AT_ONCE]), k)
            for start in range(0, len(rows), _USERS_AT_ONCE)
        ]
        return self._table(rows, np.concatenate([one for one, _ in parts]), np.concatenate([one for _, one in parts]))

    def personal(self, relevance: Scores, rows: npt.NDArray[np.int64]) -> Scores:
        """(U, I) relevance (I,) of one query with each user's preference among the best answers added."""
        shortlist, _ = top_k(relevance[None], min(_SHORTLIST, len(relevance)))
        logits = self.fitted.model.score(self.fitted.histories.take(rows))[:, shortlist[0]]
        place = logits.argsort(axis=1).argsort(axis=1) / max(1, logits.shape[1] - 1)
        scores = np.repeat(relevance[None], len(rows), axis=0)
        scores[:, shortlist[0]] += np.float32(PERSONAL) * place.astype(np.float32)
        return scores

    def _table(self, rows: npt.NDArray[np.int64] | None, items: npt.NDArray[np.int32], scores: Scores) -> pa.Table:
        filled = items >= 0
        places = np.broadcast_to(np.arange(1, items.shape[1] + 1), items.shape)
        columns = {
            ITEM: self.fitted.dataset.items.ids.take(pa.array(items[filled].astype(np.int64))),
            RANK: pa.array(places[filled], pa.int64()),
            SCORE: pa.array(scores[filled], pa.float64()),
        }
        if rows is not None:
            who = pa.array(np.repeat(rows, filled.sum(axis=1)))
            columns = {USER: self.fitted.dataset.users.ids.take(who), **columns}
        return pa.table(columns)
