"""Fake reviews told from their words, learned from labelled ones: ridge on likeness of words and of letters.

::

    likeness(a, b)  =  (cosine of TF-IDF of words and word pairs  +  cosine of TF-IDF of 2 to 5 letters) / 2
    score(a)        =  Σ over labelled b:  weight(b) · likeness(a, b),   weights = (likeness + penalty)⁻¹ · (±1)

Shapes: N labelled texts, M texts asked.

References
----------
Ott et al., "Finding Deceptive Opinion Spam by Any Stretch of the Imagination", ACL 2011 (word pairs tell most).
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy import linalg, sparse

from swayline.core.types import Bools
from swayline.numerics.tfidf import TfIdf
from swayline.numerics.words import words_of
from swayline.trust.acts import Floats

MOST_LEARNED = 4_000
"""Labelled texts learned from: their likenesses are held pair by pair."""
_LETTERS = (2, 3, 4, 5)
_PENALTY = 0.3
_MOST_WORDS = 200_000


def score_reviews(learned: Sequence[str], fake: Bools, asked: Sequence[str]) -> Floats:
    """(M,) how much each text is like the fake ones rather than the true: above 0 more like the fake.

    Parameters
    ----------
    learned : (N,) str
        Labelled texts, at most :data:`MOST_LEARNED`.
    fake : (N,) bool
        Which of them are fake.
    """
    kernel = np.zeros((len(learned), len(learned)))
    cross = np.zeros((len(asked), len(learned)))
    for units in (_words, _letters):
        own = [units(text) for text in learned]
        weights = TfIdf.of(own, min_texts=2, max_texts=len(own), max_words=_MOST_WORDS)
        rows: sparse.csr_array = weights.vectors(own, log_counts=True)
        kernel += (rows @ rows.T).toarray() / 2.0
        cross += (weights.vectors([units(text) for text in asked], log_counts=True) @ rows.T).toarray() / 2.0
    middle = float(fake.mean())
    target = np.where(fake, 1.0 - middle, -middle)
    kernel[np.diag_indices_from(kernel)] += _PENALTY
    found: Floats = cross @ linalg.solve(kernel, target, assume_a="pos")
    return found


def _words(text: str) -> list[str]:
    words = words_of(text)
    return [*words, *(f"{first} {second}" for first, second in pairwise(words))]


def _letters(text: str) -> list[str]:
    """Runs of two to five letters inside words, with their ends marked; punctuation counts as a letter."""
    found = []
    for word in text.lower().split():
        whole = f" {word} "
        found += [whole[at : at + n] for n in _LETTERS for at in range(len(whole) - n + 1)]
    return found
