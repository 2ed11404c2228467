"""TF-IDF: texts as rows of numbers, in which a rare word says more than a frequent one.

Shapes: N texts, W words.

References
----------
Spärck Jones, "A statistical interpretation of term specificity", Journal of Documentation 1972 (IDF).
Salton and Buckley, "Term-weighting approaches in automatic text retrieval", 1988 (the logarithm of counts).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from swayline.core.types import Floats

Words = Collection[str]


def shared_words(
    texts: Iterable[Words], min_texts: int, max_texts: float, max_words: int | None = None
) -> dict[str, int]:
    """Word → number of texts with it, by the alphabet: neither too rare nor too common to tell texts apart.

    Of more than ``max_words``, those of most texts are kept.

    >>> shared_words([["red", "lamp"], ["red", "chair"], ["red", "lamp"]], min_texts=2, max_texts=2)
    {'lamp': 2}
    """
    counts = Counter(word for text in texts for word in set(text))
    kept = [(word, n) for word, n in counts.items() if min_texts <= n <= max_texts]
    return dict(sorted(sorted(kept, key=lambda pair: (-pair[1], pair[0]))[:max_words]))


@dataclass(frozen=True)
class TfIdf:
    """Words and what each weighs.

    Parameters
    ----------
    words : list of str
        (W,) in the order of the columns.
    idf : (W,) float64
        log((1 + N) / (1 + texts with the word)) + 1.

    Examples
    --------
    >>> texts = [["red", "lamp"], ["red", "chair"]]
    >>> weights = TfIdf.of(texts, min_texts=1, max_texts=2)
    >>> weights.words, weights.vectors(texts[:1]).toarray().round(2).tolist()
    (['chair', 'lamp', 'red'], [[0.0, 0.81, 0.58]])
    """

    words: list[str]
    idf: Floats

    @classmethod
    def of(cls, texts: Sequence[Words], min_texts: int, max_texts: float, max_words: int | None = None) -> "TfIdf":
        """Learn from the words of texts which of them count (:func:`shared_words`) and how much."""
        kept = shared_words(texts, min_texts, max_texts, max_words)
        return cls(list(kept), np.log((1 + len(texts)) / (1 + np.array([*kept.values()], np.float64))) + 1.0)

    def vectors(self, texts: Iterable[Words], log_counts: bool = False) -> sparse.csr_array:
        """(N, W) weights of texts, each row of length 1 (0 where no known word occurs).

        Parameters
        ----------
        log_counts : bool
            A word that comes n times counts 1 + log n; else n.
        """
        column = {word: place for place, word in enumerate(self.words)}
        rows, columns, counts = [], [], []
        n_texts = 0
        for row, text in enumerate(texts):
            known = [(column[word], n) for word, n in Counter(text).items() if word in column]
            rows += [row] * len(known)
            columns += [place for place, _ in known]
            counts += [n for _, n in known]
            n_texts = row + 1
        heard = np.array(counts, np.float64)
        values = (1.0 + np.log(heard) if log_counts else heard) * self.idf[np.array(columns, np.int64)]
        return unit_rows(sparse.csr_array((values, (rows, columns)), shape=(n_texts, len(self.words))))


def unit_rows(matrix: sparse.csr_array) -> sparse.csr_array:
    """The matrix with rows of length 1, in place; empty ones stay empty."""
    lengths = np.sqrt(np.asarray((matrix * matrix).sum(axis=1)).ravel())
    matrix.data /= np.repeat(np.maximum(lengths, 1e-12), np.diff(matrix.indptr))
    return matrix
