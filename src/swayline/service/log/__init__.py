"""The durable event log, three methods: append, read a batch, commit; and documents beside it."""

from swayline.service.log.group_commit import GroupCommit
from swayline.service.log.open import open_store
from swayline.service.log.protocol import (
    Document,
    Event,
    Store,
    StoreBusyError,
    StoredEvent,
    StoreError,
    StoreFullError,
    StoreGoneError,
)

__all__ = [
    "Document", "Event", "GroupCommit", "Store", "StoreBusyError", "StoreError", "StoreFullError", "StoreGoneError",
    "StoredEvent", "open_store",
]  # fmt: skip
