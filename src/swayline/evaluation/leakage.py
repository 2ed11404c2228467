"""Whether the numbers of items tell what the test holds: a scorer that knows nothing must score what chance scores.

Equal scores stand in the order of item numbers. Where these follow how often an item occurs in the whole log, a model
that scores everything alike lists what is asked most, and every figure of lists (``later_*``, coverage, Gini) is raised
by what nobody could know. ``dataset`` numbers items by a hash of their ids; this check holds whoever makes the numbers
to that.

Shapes: Q questions, I items.
"""

import numpy as np

from swayline.core.errors import LeakageError
from swayline.core.types import Ints
from swayline.dataset import Split

_BEYOND_CHANCE = 6.0
"""Standard errors: one honest log in a thousand million."""


def numbers_foretell(train_counts: Ints, asked: Ints) -> float:
    """How far item numbers foretell answers beyond what training says, as a score that is N(0, 1) where they do not.

    Among items with equally many training events, an item's place by number says nothing of how often it is asked
    unless the numbers were made from the answers.

    Parameters
    ----------
    train_counts : (I,) int
        Training events of each item.
    asked : (Q,) int
        The answers' items.

    Returns
    -------
    float
        Positive where low numbers are asked more.

    Examples
    --------
    >>> rarely = np.zeros(1000, int)
    >>> by_frequency, by_chance = np.arange(100), np.arange(5, 1000, 10)
    >>> bool(numbers_foretell(rarely, by_frequency) > 6), bool(abs(numbers_foretell(rarely, by_chance)) < 1)
    (True, True)
    """
    times_asked = np.bincount(asked, minlength=len(train_counts)).astype(np.float64)
    order = np.argsort(train_counts, kind="stable")
    score = variance = 0.0
    edges = np.flatnonzero(np.diff(train_counts[order])) + 1
    for alike in np.split(order, edges):
        n = len(alike)
        if n < 2:
            continue
        place, of = np.arange(n) - (n - 1) / 2, times_asked[alike]  # alike stands in the order of numbers
        # The permutation distribution of the sum of places times counts, within items that training cannot tell apart.
        score -= float(place @ of)
        variance += float((place**2).sum() * ((of - of.mean()) ** 2).sum() / (n - 1))
    return score / np.sqrt(variance) if variance > 0 else 0.0


def check_numbers(split: Split) -> Split:
    """Return the split if item numbers say nothing of its test.

    Raises
    ------
    LeakageError
        Items asked in the test have lower numbers than others that training met as often.
    """
    counts = np.bincount(split.train.items, minlength=split.train.n_items)
    score = numbers_foretell(counts, np.unique(split.test.items)) if len(split.test) else 0.0
    if score > _BEYOND_CHANCE:
        raise LeakageError(
            f"item numbers tell what the test asks for ({score:.0f} standard errors beyond chance): equal scores stand"
            " in the order of numbers, so every list would hold the answers; number the items without looking at the"
            " test (Vocabulary.by_hash)"
        )
    return split
