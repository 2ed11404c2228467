"""Words of texts, and what a person's texts were about before a moment (TF-IDF).

Shapes: N texts, W words, M moments.

References
----------
Spärck Jones, "A statistical interpretation of term specificity", Journal of Documentation 1972 (IDF).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from swayline.core.errors import ConfigError, UsageError, shown
from swayline.core.names import ROW, TEXT, TIME, USER

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
"""Scripts that write no blanks between words: their words are pairs of neighbouring characters."""
_LONGEST = 40


def words_of(text: str) -> Iterator[str]:
    """The words of a text, lower case; numbers alone are no words, nor are single letters.

    >>> list(words_of("Walnut lamp, 60 W – don't drop")), list(words_of("红色台灯"))
    (['walnut', 'lamp', "don't", 'drop'], ['红色', '色台', '台灯'])
    """
    for run in _WORD.findall(text.casefold()):
        unspaced = _UNSPACED.findall(run)
        for part in unspaced:
            yield from (part[at : at + 2] for at in range(max(1, len(part) - 1)))
        rest = _UNSPACED.sub("", run) if unspaced else run
        if 1 < len(rest) <= _LONGEST and not rest.isnumeric():
            yield rest


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
        (W,) the words, in the order of the columns.
    idf_ : (W,) float64
        log((1 + N) / (1 + texts with the word)) + 1.

    Examples
    --------
    >>> found = TextFeatures(min_texts=1, max_share=1.0).fit(["red lamp", "red chair"])
    >>> found.words_, found.vectors(["a red lamp"]).toarray().round(2).tolist()
    (['red', 'chair', 'lamp'], [[0.58, 0.0, 0.81]])
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
        counts: Counter[str] = Counter()
        n = 0
        for text in texts:
            if text:
                n += 1
                counts.update(set(words_of(text)))
        most = self.max_share * n
        kept = [(word, k) for word, k in counts.items() if self.min_texts <= k <= max(most, 1)]
        kept = sorted(kept, key=lambda pair: (-pair[1], pair[0]))[: self.max_words]
        self.words_ = [word for word, _ in kept]
        self.idf_ = np.log((1 + n) / (1 + np.array([k for _, k in kept], dtype=np.float64))) + 1
        self._place = {word: at for at, word in enumerate(self.words_)}
        return self

    def vectors(self, texts: Sequence[str | None]) -> sparse.csr_matrix:
        """(N, W) TF-IDF of texts, each row of length 1 (0 where no known word occurs)."""
        rows, columns = [], []
        for row, text in enumerate(texts):
            for word in words_of(text or ""):
                if word in self._place:
                    rows.append(row)
                    columns.append(self._place[word])
        counts = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(texts), len(self.words_)))
        return _unit(counts.multiply(self.idf_).tocsr())

    def as_of(self, events: pa.Table, moments: pa.Table) -> sparse.csr_matrix:
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
        chosen = sparse.csr_matrix(
            (picked.data, texts.indices.to_numpy(zero_copy_only=False)[picked.indices], picked.indptr),
            shape=(len(moments), known.shape[0]),
        )
        return _unit((chosen @ known).tocsr())


def _latest(said: pa.Table, moments: pa.Table, last: int) -> sparse.csr_matrix:
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
    return sparse.csr_matrix((np.ones(len(index)), order[index], offsets), shape=(len(moments), len(said)))


def _unit(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Rows of length 1; empty ones stay empty."""
    length: npt.NDArray[np.float64] = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    scale = np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)
    return sparse.diags(scale).dot(matrix).tocsr()
