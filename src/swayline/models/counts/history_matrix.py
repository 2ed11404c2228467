"""Histories as rows of a sparse matrix, recent events counting more.

Shapes: Q histories, I items.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from swayline.core.types import Ints
from swayline.dataset import Sequences

Weights = npt.NDArray[np.float32]


def ages(history: Sequences) -> Ints:
    """(E,) how many events of the same user came after each event: 0 for the last.

    >>> from swayline.dataset import from_lists
    >>> ages(from_lists([[7, 3, 7], [3]], n_items=8)).tolist()
    [2, 1, 0, 0]
    """
    found: Ints = np.repeat(history.offsets[1:], history.lengths) - 1 - np.arange(len(history.items))
    return found


def every_event(
    history: Sequences, decay: float, of_behavior: Sequence[float] | None = None, of_event: Weights | None = None
) -> sparse.csr_array:
    """(Q, I) decay^age of every event, times the weight of its behaviour and its own; items met twice count twice."""
    weights = np.power(decay, ages(history).astype(np.float64)).astype(np.float32)
    if of_behavior is not None:
        weights *= np.asarray(of_behavior, dtype=np.float32)[history.behaviors]
    if of_event is not None:
        weights *= of_event
    # Copies: SciPy joins repeated entries in place, and the history must not change under its owner.
    return sparse.csr_array(
        (weights, history.items.copy(), history.offsets.copy()), shape=(len(history), history.n_items)
    )


def last_events(history: Sequences, decay: float, of_event: Weights | None = None) -> sparse.csr_array:
    """(Q, I) decay^age of the last event with each item, times its weight: who met what, once.

    >>> from swayline.dataset import from_lists
    >>> last_events(from_lists([[2, 0, 2]], n_items=3), 0.5).toarray().tolist()
    [[0.5, 0.0, 1.0]]
    """
    keys = history.users * np.int64(max(1, history.n_items)) + history.items
    # The last event of a pair is the first one found from the end.
    _, from_end = np.unique(keys[::-1], return_index=True)
    kept = np.zeros(len(keys), bool)
    kept[len(keys) - 1 - from_end] = True
    weights = np.power(decay, ages(history).astype(np.float64)).astype(np.float32)
    if of_event is not None:
        weights *= of_event
    once = history.keep(kept)
    return sparse.csr_array((weights[kept], once.items, once.offsets), shape=(len(history), history.n_items))
