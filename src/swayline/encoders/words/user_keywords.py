"""Each person in words: which words of what they wrote, searched and met set them apart from everybody else.

A word's weight is the z-score of its log-odds between the person's texts and all texts, with everybody's use of the
word as prior, so that one rare word does not make a portrait and a frequent one that all share does not either.

Shapes: U users, V words, D width of text vectors.

References
----------
Monroe, Colaresi and Quinn, "Fightin' Words: Lexical Feature Selection and Evaluation for Identifying the Content of
Political Conflict", Political Analysis 2008 (the weight).
"""

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from swayline.core.errors import SchemaError
from swayline.core.names import ITEM, TEXT, TITLE, USER
from swayline.encoders.text.encoder import TextEncoder
from swayline.numerics.words import words_of

Vectors = npt.NDArray[np.float32]
_PRIOR = 50.0
_LEAST_Z = 1.0
_OWN_WORDS = 3.0
"""A word the person wrote counts as much as so many read in titles."""
_NUMBER = re.compile(r"^\d")
_STOP = frozenset(
    words_of(
        "a an and are as at be but by for from has have i in is it its my not of on or our so that the their this to"
        " was we were with you your oz ml fl pack set new size inch count pcs"
    )
)


@dataclass(frozen=True)
class Portraits:
    """What words say of people.

    Parameters
    ----------
    users : (U,) string
        Outside ids.
    words : list of list of str
        The words that set each person apart, the strongest first.
    weights : list of list of float
        Their z-scores.
    vectors : (U, D) float32
        The mean text vector of what each wrote and met, of length one; zero without texts.
    """

    users: pa.Array
    words: list[list[str]]
    weights: list[list[float]]
    vectors: Vectors

    def as_table(self) -> pa.Table:
        """``user``, ``words``, ``weights``."""
        return pa.table({USER: self.users, "words": self.words, "weights": self.weights})


def portraits(
    events: pa.Table, items: pa.Table | None = None, *, encoder: TextEncoder | None = None, n_words: int = 8
) -> Portraits:
    """Portraits of everybody in a log.

    Parameters
    ----------
    events : pa.Table
        ``user`` and any of ``text`` (searches, reviews, comments) and ``item``.
    items : pa.Table, optional
        ``item`` and ``title``, so that what a person met speaks too.
    encoder : TextEncoder, optional
        For the vectors; without one they are left empty (U, 0).

    Raises
    ------
    SchemaError
        There are neither texts nor titles.
    """
    titled = items is not None and TITLE in items.column_names
    if TEXT not in events.column_names and not titled:
        raise SchemaError("portraits need words: events with a text column, or an items table with titles")
    encoded = events[USER].combine_chunks().cast(pa.string()).dictionary_encode()
    people, rows = encoded.dictionary, np.asarray(encoded.indices)
    sources: list[tuple[list[str], npt.NDArray[np.int64], float]] = []
    if TEXT in events.column_names:
        sources.append((pc.fill_null(events[TEXT], "").to_pylist(), rows, _OWN_WORDS))
    if titled and items is not None:
        at = pc.index_in(events[ITEM].cast(pa.string()), value_set=items[ITEM].cast(pa.string()).combine_chunks())
        met = pc.fill_null(items[TITLE].cast(pa.string()).take(at), "").to_pylist()
        sources.append((met, rows, 1.0))
    counts, vocabulary = _counts(sources, len(people))
    words, weights = _distinctive(counts, vocabulary, n_words)
    return Portraits(people, words, weights, _vectors(sources, len(people), encoder))


def _counts(
    sources: list[tuple[list[str], npt.NDArray[np.int64], float]], n_users: int
) -> tuple[sparse.csr_array, list[str]]:
    """(U, V) weighted counts and the words."""
    number: dict[str, int] = {}
    cells: Counter[tuple[int, int]] = Counter()
    split: dict[str, list[int]] = {}
    for texts, rows, weight in sources:
        for text, row in zip(texts, rows.tolist(), strict=True):
            if text not in split:
                kept = [word for word in words_of(text) if word not in _STOP and not _NUMBER.match(word)]
                split[text] = [
                    number.setdefault(word, len(number)) for word in kept if len(word) > 1 or not word.isascii()
                ]
            for word in split[text]:
                cells[row, word] += weight  # type: ignore[assignment]
    at = np.array(list(cells), np.int64).reshape(-1, 2)
    data = np.fromiter(cells.values(), np.float64, len(cells))
    shape = (n_users, max(1, len(number)))
    return sparse.coo_array((data, (at[:, 0], at[:, 1])), shape=shape).tocsr(), list(number) or [""]


def _distinctive(
    counts: sparse.csr_array, vocabulary: list[str], n_words: int
) -> tuple[list[list[str]], list[list[float]]]:
    """The words of each row whose log-odds stand out most from all rows' together."""
    total = np.asarray(counts.sum(axis=0)).ravel()
    prior = _PRIOR * total / max(total.sum(), 1.0)
    own = np.asarray(counts.sum(axis=1)).ravel()
    words: list[list[str]] = []
    weights: list[list[float]] = []
    for row in range(counts.shape[0]):
        part = slice(counts.indptr[row], counts.indptr[row + 1])
        at, mine = counts.indices[part], counts.data[part]
        rest = total[at] - mine + prior[at]
        odds = np.log((mine + prior[at]) / (own[row] + _PRIOR - mine - prior[at]))
        odds -= np.log(rest / np.maximum(total.sum() - own[row] + _PRIOR - rest, 1e-9))
        z = odds / np.sqrt(1.0 / (mine + prior[at]) + 1.0 / rest)
        best = np.argsort(-z, kind="stable")[:n_words]
        best = best[z[best] > _LEAST_Z]
        words.append([vocabulary[word] for word in at[best]])
        weights.append([round(float(value), 3) for value in z[best]])
    return words, weights


def _vectors(
    sources: list[tuple[list[str], npt.NDArray[np.int64], float]], n_users: int, encoder: TextEncoder | None
) -> Vectors:
    if encoder is None:
        return np.zeros((n_users, 0), np.float32)
    sums = np.zeros((n_users, encoder.dim), np.float32)
    for texts, rows, weight in sources:
        distinct = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        vectors = encoder.encode(list(distinct))
        at = np.array([distinct[text] for text in texts], np.int64)
        shape = (n_users, len(distinct))
        mixed = sparse.coo_array((np.full(len(rows), weight, np.float32), (rows, at)), shape=shape)
        sums += mixed.tocsr() @ vectors
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    scaled: Vectors = sums / np.maximum(norms, 1e-12)
    return scaled
