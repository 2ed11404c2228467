"""Texts found by their words: BM25, where a rare word says more than a frequent one.

Shapes: I texts, Q queries.

References
----------
Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
Lù, "BM25S: Orders of magnitude faster lexical search via eager sparse scoring", 2024 (the library).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from swayline.core.extras import require
from swayline.numerics.words import words_of

Scores = npt.NDArray[np.float32]


class WordIndex:
    """Texts ready to be asked for by their words.

    >>> index = WordIndex(["red nail polish", "desk lamp", "red lamp"])
    >>> index.scores(["lamp red"]).argmax(), index.scores(["unheard"]).max()
    (np.int64(2), np.float32(0.0))
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.n = len(texts)
        tokens = [words_of(text) for text in texts]
        self._index = require("bm25s", extra="text").BM25(method="lucene")
        self._empty = not any(tokens)
        if not self._empty:
            self._index.index(tokens, show_progress=False)

    def scores(self, queries: Sequence[str]) -> Scores:
        """(Q, I) how well each text answers each query; 0 where no word is shared."""
        found = np.zeros((len(queries), self.n), np.float32)
        for row, query in enumerate(queries):
            known = [] if self._empty else [word for word in words_of(query) if word in self._index.vocab_dict]
            if known:
                found[row] = self._index.get_scores(known)
        return found
