"""What the data decides where nobody did: width, depth, dropout, windows, returns, the moment of asking.

Shapes: E events.
"""

import dataclasses
from typing import Any

import numpy as np

from swayline.dataset import Sequences
from swayline.models.sequence.settings import MIXING, TransformerSettings

OPEN = ("embedding_dim", "n_blocks", "n_heads", "dropout", "windows", "repeats", "request_time")
"""Settings that the data decides."""
_SPARSE, _SCARCE = 50, 4
"""Events an item below which a log is learned by heart, and below which a wide table learns nothing."""
_LONG_HISTORIES = 50
"""Events a person from which a second block has something to read."""
_MANY = 500_000
"""Events from which a dense log of long histories has enough to teach four blocks."""
_NARROW = 64
_RETURNING = 0.05
_SHORT, _LONG = 50, 200
"""Events of a history that are read at least and at most."""


def for_data(settings: TransformerSettings, histories: Sequences) -> TransformerSettings:
    """The settings with what was left to the data decided."""
    events_an_item = len(histories.items) / max(1, len(np.unique(histories.items)))
    dense = events_an_item >= _SPARSE
    long = len(histories.items) >= _LONG_HISTORIES * np.count_nonzero(histories.lengths)
    deep = dense or (long and events_an_item >= _SCARCE)
    returning = settings.loss in MIXING and _returning(histories) >= _RETURNING
    rule: dict[str, Any] = {
        "embedding_dim": 128 if deep else _NARROW if events_an_item < _SCARCE else 256,
        "n_blocks": 4 if dense and long and len(histories.items) >= _MANY else 2 if deep else 1,
        "n_heads": 2 if deep else 1,
        "dropout": 0.2 if dense else 0.5,
        "windows": dense,
        "repeats": returning,
        "request_time": returning if settings.repeats is None else settings.repeats,
    }
    left_open = {name: value for name, value in rule.items() if getattr(settings, name) is None}
    if settings.n_heads is None and settings.embedding_dim is not None and settings.embedding_dim % 2:
        left_open["n_heads"] = 1
    return dataclasses.replace(settings, **left_open)


def max_length_for(histories: Sequences) -> int:
    """Events of a history that are read: as many as nine people in ten have, between 50 and 200."""
    longest = int(np.quantile(histories.lengths[histories.lengths > 0], 0.9))
    return min(_LONG, max(_SHORT, longest))


def _returning(histories: Sequences) -> float:
    """Share of events that return to an item the same person already had."""
    pairs = histories.users * np.int64(histories.n_items) + histories.items
    return 1.0 - len(np.unique(pairs)) / max(1, len(pairs))
