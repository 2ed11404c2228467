"""What a person's texts were about before a moment (TF-IDF).

Shapes: N texts, W words, M moments.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from swayline.core.errors import ConfigError, UsageError, shown
from swayline.core.names import ROW, TEXT, TIME, USER
from swayline.numerics.tfidf import TfIdf, unit_rows
from swayline.numerics.words import telling_words


class TextFeatures:
    """TF-IDF of texts, its words and weights from training texts alone.

    Parameters
    ----------
    max_words : int
        Words kept, those of most texts first.
    min_texts : int
        A word of fewer training texts is left out.
    max_share : float
        A word of more than this share of the training texts says nothing and is left out.
    last : int
        How many of a person's latest texts before a moment are averaged.

    Attributes
    ----------
    words_ : list of str
        (W,) the words, in the order of the columns (the alphabet's).
    idf_ : (W,) float64
        log((1 + N) / (1 + texts with the word)) + 1.

    Examples
    --------
    >>> found = TextFeatures(min_texts=1, max_share=1.0).fit(["red lamp", "red chair"])
    >>> found.words_, found.vectors(["a red lamp"]).toarray().round(2).tolist()
    (['chair', 'lamp', 'red'], [[0.0, 0.81, 0.58]])
    """

    def __init__(self, max_words: int = 2_000, min_texts: int = 2, max_share: float = 0.5, last: int = 50) -> None:
        for name, value in (("max_words", max_words), ("min_texts", min_texts), ("last", last)):
            if value < 1:
                raise ConfigError(f"{name} is {shown(value)}: give a whole number from 1")
        if not 0 < max_share <= 1:
            raise ConfigError(f"max_share is {shown(max_share)}: give a share above 0, at most 1")
        self.max_words, self.min_texts, self.max_share, self.last = max_words, min_texts, max_share, last

    def fit(self, texts: Sequence[str | None]) -> Self:
        """Learn words and their weights from training texts."""
        told = [telling_words(text) for text in texts if text]
        self._weights = TfIdf.of(told, self.min_texts, max(self.max_share * len(told), 1), self.max_words)
        self.words_, self.idf_ = self._weights.words, self._weights.idf
        return self

    def vectors(self, texts: Sequence[str | None]) -> sparse.csr_array:
        """(N, W) TF-IDF of texts, each row of length 1 (0 where no known word occurs)."""
        return self._weights.vectors([telling_words(text or "") for text in texts])

    def as_of(self, events: pa.Table, moments: pa.Table) -> sparse.csr_array:
        """(M, W) the mean of each person's last texts strictly before each moment, of length 1 (0 without any).

        Parameters
        ----------
        events : pa.Table
            ``row``, ``user``, ``time``, ``text`` (null where an event has none).
        moments : pa.Table
            ``user``, ``time``.

        Raises
        ------
        UsageError
            The log has an order but no times.
        """
        if len(events) and events[TIME].null_count == len(events):
            raise UsageError("texts as of a moment need times, and this log has only an order")
        said = events.filter(pc.and_(pc.is_valid(events[TEXT]), pc.is_valid(events[TIME])))
        texts = said[TEXT].cast(pa.string()).combine_chunks().dictionary_encode()
        known = self.vectors(texts.dictionary.to_pylist())
        picked = _latest(said, moments, self.last)
        chosen = sparse.csr_array(
            (picked.data, texts.indices.to_numpy(zero_copy_only=False)[picked.indices], picked.indptr),
            shape=(len(moments), known.shape[0]),
        )
        return unit_rows((chosen @ known).tocsr())


def _latest(said: pa.Table, moments: pa.Table, last: int) -> sparse.csr_array:
    """(M, E) ones at each moment's last texts of the same person, strictly before it."""
    users = pa.concat_arrays(
        [said[USER].cast(pa.string()).combine_chunks(), moments[USER].cast(pa.string()).combine_chunks()]
    )
    codes = users.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    own, asked = codes[: len(said)], codes[len(said) :]
    t = np.asarray(said[TIME].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy())
    order = np.lexsort((said[ROW].to_numpy(), t, own))
    own, t = own[order], t[order]
    at = np.asarray(moments[TIME].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy())
    # One sorted key: the person's block, then time inside it.
    clock = np.unique(np.concatenate([t, at]), return_inverse=True)[1]
    wide = len(clock) + 1
    ends = np.searchsorted(own * wide + clock[: len(t)], asked * wide + clock[len(t) :], side="left")
    starts = np.maximum(np.searchsorted(own, asked, side="left"), ends - last)
    lengths = np.maximum(ends - starts, 0)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    index = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
    return sparse.csr_array((np.ones(len(index)), order[index], offsets), shape=(len(moments), len(said)))
