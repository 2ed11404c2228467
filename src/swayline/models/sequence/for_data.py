"""What the data decides where nobody did: width, depth, dropout, windows, returns, the moment of asking.

A log is measured once (:class:`LogShape`), and every rule reads these figures alone; the guide
(``docs/guide/sequence.md``) lists which figure decides what.

Shapes: E events.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from swayline.dataset import Sequences, seen_leave
from swayline.models.sequence.settings import MIXING, TransformerSettings

OPEN = ("embedding_dim", "n_blocks", "n_heads", "dropout", "windows", "repeats", "request_time")
"""Settings that the data decides."""
DENSE_EVENTS_AN_ITEM = 50
"""From here on an item has enough events to be learned; below, training events are memorised."""
SCARCE_EVENTS_AN_ITEM = 4
"""Below this a wide table learns nothing."""
LONG_EVENTS_A_PERSON = 50
"""From here on a second block has something to read."""
MANY_EVENTS = 500_000
"""From here on a dense log of long histories has enough to teach four blocks."""
LEAST_READ, MOST_READ = 50, 200
"""Events of a history that are read, at least and at most."""


@dataclass(frozen=True)
class LogShape:
    """What is measured of a log of E events."""

    n_events: int
    events_an_item: float
    """Mean over items that were met."""
    long_histories: bool
    """Whether people have at least :data:`LONG_EVENTS_A_PERSON` events on average."""
    returning: bool
    """Whether seen items stay in the lists, so that returns must be learned (the lists' own rule)."""

    @classmethod
    def of(cls, histories: Sequences) -> "LogShape":
        """Measure some histories."""
        n_events = len(histories.items)
        return cls(
            n_events,
            n_events / max(1, len(np.unique(histories.items))),
            n_events >= LONG_EVENTS_A_PERSON * int(np.count_nonzero(histories.lengths)),
            not seen_leave(histories),
        )

    @property
    def dense(self) -> bool:
        """Whether items have many events."""
        return self.events_an_item >= DENSE_EVENTS_AN_ITEM

    @property
    def scarce(self) -> bool:
        """Whether items have hardly any."""
        return self.events_an_item < SCARCE_EVENTS_AN_ITEM


def for_data(settings: TransformerSettings, histories: Sequences) -> TransformerSettings:
    """The settings with what was left to the data decided."""
    log = LogShape.of(histories)
    deep = log.dense or (log.long_histories and not log.scarce)
    very_deep = log.dense and log.long_histories and log.n_events >= MANY_EVENTS
    returning = settings.loss in MIXING and log.returning
    rule: dict[str, Any] = {
        "embedding_dim": 128 if deep else 64 if log.scarce else 256,
        "n_blocks": 4 if very_deep else 2 if deep else 1,
        "n_heads": 2 if deep else 1,
        "dropout": 0.2 if log.dense else 0.5,
        "windows": log.dense,
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
    return min(MOST_READ, max(LEAST_READ, longest))
