"""Scores that are a sum over the history, older events counting less: what each event adds, and what its loss does.

::

    score  =  base  +  Σ over the history, age a = 0 for the last event:  term(event) · decay^a
    without an event of age b:  its own term is gone, and every older event is one younger

So the answer to leaving out each of n events follows from n terms by two running sums, without scoring n histories.

Shapes: Q histories, R questions (a history and an item each), P events over all questions.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences


@dataclass(frozen=True)
class DecayedSum:
    """What each event of a question's history adds, before its decay.

    Parameters
    ----------
    question : (P,) int64
        The question each event belongs to; a history's events stand together, oldest first.
    position : (P,) int64
        The event's flat position in the histories.
    term : (P,) float64
        What it adds at age 0.
    age : (P,) int64
        How many events came after it.
    decay : float
        What one more event after it leaves of the term.
    """

    question: Ints
    position: Ints
    term: Floats
    age: Ints
    decay: float

    def changes(self) -> Floats:
        """(P,) score with an event minus score without it."""
        now = self.term * np.power(self.decay, self.age)
        younger = self.term * np.power(self.decay, np.maximum(self.age - 1, 0))
        gained = np.cumsum(younger - now) - (younger - now)  # of all events before, over all questions
        first = np.flatnonzero(np.diff(self.question, prepend=-1))
        started = np.repeat(gained[first], np.diff(np.append(first, len(gained)))) if len(first) else gained
        return now - (gained - started)


def events_of(history: Sequences, rows: Ints) -> tuple[Ints, Ints, Ints]:
    """(P,) question, flat position and age of every event of each question's history; ``rows`` (R,) are histories."""
    lengths = history.lengths[rows]
    question = np.repeat(np.arange(len(rows)), lengths)
    within = np.arange(len(question)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    position = history.offsets[rows][question] + within
    return question, position, lengths[question] - 1 - within


def entries(matrix: sparse.csr_array, rows: Ints, columns: Ints) -> Floats:
    """(P,) the entries of a sparse matrix at rows and columns, 0 where nothing is stored.

    >>> entries(sparse.csr_array([[0.0, 2.0], [3.0, 0.0]]), np.array([0, 1, 1]), np.array([1, 0, 1])).tolist()
    [2.0, 3.0, 0.0]
    """
    asked, row = np.unique(rows, return_inverse=True)
    some = sparse.csr_array(matrix[asked])
    if not some.nnz:
        return np.zeros(len(rows))
    some.sort_indices()
    width = np.int64(matrix.shape[1])
    keys = np.repeat(np.arange(len(asked), dtype=np.int64), np.diff(some.indptr)) * width + some.indices
    wanted = row * width + columns
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, some.data[place], 0.0).astype(np.float64)
