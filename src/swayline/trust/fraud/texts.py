"""The same long text from several accounts: copied reviews."""

from collections import defaultdict

import numpy as np

from swayline.core.types import Ints
from swayline.numerics.words import words_of
from swayline.trust.acts import Acts

LEAST_WORDS = 12
"""Shorter texts ("great, would buy again") are written twice by chance."""
LEAST_PEOPLE = 3
"""Two accounts with one text may be one person who moved."""


def copied_texts(acts: Acts) -> Ints:
    """(U,) how many accounts share one of a person's texts, word by word; 0 below :data:`LEAST_PEOPLE`."""
    found = np.zeros(len(acts.users), np.int64)
    if acts.text is None:
        return found
    writers: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)
    for user, text in zip(acts.user.tolist(), acts.text, strict=True):
        if text and len(words := tuple(words_of(text))) >= LEAST_WORDS:
            writers[words].add(user)
    for people in writers.values():
        if len(people) >= LEAST_PEOPLE:
            members = np.array(sorted(people))
            found[members] = np.maximum(found[members], len(people))
    return found
