"""Texts found by their words: BM25, where a rare word says more than a frequent one.

Words are taken as they are in any script: lower case, accents off, and writing without blanks (Chinese, Japanese, Thai)
in letters and overlapping pairs of them.

Shapes: I texts, Q queries.

References
----------
Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
Lù, "BM25S: Orders of magnitude faster lexical search via eager sparse scoring", 2024 (the library).
"""

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from swayline.core.extras import require

Scores = npt.NDArray[np.float32]
_UNSPACED = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+")
_RUN = re.compile(rf"[{_UNSPACED}]")


def words_of(text: str) -> list[str]:
    """The words of a text, in order.

    >>> words_of("OPI's Café-Crème 0.5oz"), words_of("红色口红 No5")
    (['opi', 's', 'cafe', 'creme', '0', '5oz'], ['红', '色', '口', '红', '红色', '色口', '口红', 'no5'])
    """
    plain = unicodedata.normalize("NFKD", text.lower())
    found: list[str] = []
    for word in _WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter))):
        if _RUN.match(word):
            found += [*word, *(word[at : at + 2] for at in range(len(word) - 1))]
        else:
            found.append(word)
    return found


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
