"""Items by the words that describe them: how an item that nobody met yet finds items like it.

Shapes: I items, W words.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from scipy import sparse

_WORD = re.compile(r"\w+", re.UNICODE)
_LONGEST = 4_000
_COSINE = 0.5


def words_of(item: Mapping[str, Any]) -> list[str]:
    """The words of an item's title, description, category and other columns of text, in lower case.

    >>> words_of({"title": "Oak Desk", "category": "desks", "price": 9.5})
    ['oak', 'desk', 'desks', 'category=desks']
    """
    found: list[str] = []
    for name, value in item.items():
        texts = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
        for text in texts:
            found += _WORD.findall(text[:_LONGEST].lower())
            if name not in ("title", "description"):
                found.append(f"{name}={text[:80].lower()}")
    return found


class WordSpace:
    """TF-IDF vectors of the items of a model, and how near any item's words are to each.

    Parameters
    ----------
    items : iterable of mapping
        What is known of each item, in the model's order.
    """

    def __init__(self, items: Iterable[Mapping[str, Any]]) -> None:
        self._columns: dict[str, int] = {}
        rows, columns, values, n = [], [], [], 0
        for row, item in enumerate(items):
            n = row + 1
            for word, count in Counter(words_of(item)).items():
                rows.append(row)
                columns.append(self._columns.setdefault(word, len(self._columns)))
                values.append(1.0 + math.log(count))
        shape = (n, max(1, len(self._columns)))
        counted = sparse.csr_array((np.array(values, np.float64), (rows, columns)), shape=shape)
        met = np.bincount(np.array(columns, np.int64), minlength=shape[1])
        self._rarity = np.log1p(n / np.maximum(met, 1))
        weighted = (counted @ sparse.diags_array(self._rarity)).tocsr()
        self._holds = (counted > 0).astype(np.float64)
        norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
        self._vectors = (sparse.diags_array(1.0 / np.where(norms > 0, norms, 1.0)) @ weighted).tocsr()

    def likeness(self, item: Mapping[str, Any]) -> np.ndarray:
        """(I,) cosine of an item's words with each known item's; 0 where no word is shared."""
        counts = Counter(words_of(item))
        known = [
            (self._columns[word], 1.0 + math.log(count)) for word, count in counts.items() if word in self._columns
        ]
        if not known:
            return np.zeros(self._vectors.shape[0])
        columns = np.array([one for one, _ in known])
        vector = np.zeros(self._vectors.shape[1])
        vector[columns] = np.array([one for _, one in known]) * self._rarity[columns]
        found: np.ndarray = self._vectors @ (vector / np.linalg.norm(vector))
        return found

    def relevance(self, query: str) -> np.ndarray:
        """(I,) how well items answer words: the share of the query's rarity that each holds, and half its cosine."""
        columns = sorted({self._columns[word] for word in _WORD.findall(query.lower()) if word in self._columns})
        if not columns:
            return np.zeros(self._vectors.shape[0])
        asked = np.zeros(self._vectors.shape[1])
        asked[columns] = self._rarity[columns]
        found: np.ndarray = self._holds @ asked / asked.sum()
        return found + _COSINE * self.likeness({"title": query})
