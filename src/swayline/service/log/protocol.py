"""What a store of events promises, whichever database keeps it.

::

    append ──► positions, or None for a repeat      an event that got a position is on disk and survives a crash
    read   ──► the events after a position          in the order of their positions
    commit ──► a reader says how far it has come    and goes on from there after a restart

An ``event_id`` counts once for each tenant, however often it is sent. Beside the log a store keeps documents: small
JSON objects under a kind and a key (items, users, ties, keys of the API, lists that were served).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

from swayline.core.errors import SwaylineError


class Event(NamedTuple):
    """Something that happened, checked.

    ``time_us`` and ``received_us`` are UTC microseconds; ``item`` is None for a search or filter; ``more`` is a JSON
    object of the optional columns, empty text where there are none.
    """

    event_id: str
    user: str
    item: str | None
    behavior: str
    time_us: int
    received_us: int
    more: str = ""


class StoredEvent(NamedTuple):
    """An event and its position in the log."""

    position: int
    event: Event


@dataclass(frozen=True)
class Document:
    """A JSON object under a key."""

    key: str
    body: dict[str, Any]


class StoreError(SwaylineError):
    """The store did not do what was asked; nothing was acknowledged."""


class StoreGoneError(StoreError):
    """The store cannot be reached, or its disk failed: try again."""


class StoreFullError(StoreError):
    """No space is left on the store's disk."""


class StoreBusyError(StoreError):
    """More is waiting to be written than may wait: try again later."""


@runtime_checkable
class Store(Protocol):
    """A durable log of one tenant's events, and its documents. Every method may be called from any thread."""

    name: str
    """``sqlite``, ``postgres`` or ``redis``."""
    tenant: str
    """Whose events these are."""

    def append(self, events: Sequence[Event]) -> list[int | None]:
        """Write events; a position each, None for one whose ``event_id`` stands in the log (or earlier in the call).

        When it returns, everything is on disk; when it raises, nothing may be acknowledged.

        Raises
        ------
        StoreGoneError, StoreFullError
        """
        ...

    def read(self, after: int, limit: int) -> list[StoredEvent]:
        """At most ``limit`` events whose positions are above ``after``, in order."""
        ...

    def commit(self, reader: str, position: int) -> None:
        """A reader has worked through everything up to a position."""
        ...

    def committed(self, reader: str) -> int:
        """How far a reader has come; 0 where it never committed."""
        ...

    def of_user(self, user: str) -> list[StoredEvent]:
        """Every event of a person, in the order of positions."""
        ...

    def erase_user(self, user: str) -> int:
        """Delete every event of a person so that no byte of them stays in the store's files; how many there were."""
        ...

    def last(self) -> int:
        """The highest position given so far; 0 in an empty log."""
        ...

    def put(self, kind: str, documents: Sequence[Document]) -> None:
        """Write documents, on disk when it returns; one of the same key is replaced."""
        ...

    def get(self, kind: str, key: str) -> Document | None:
        """One document."""
        ...

    def delete(self, kind: str, keys: Sequence[str]) -> int:
        """Remove documents without a trace; how many there were."""
        ...

    def scan(self, kind: str) -> Iterator[Document]:
        """Every document of a kind, by key."""
        ...

    def compact(self) -> None:
        """Give back what deleted rows held: nothing of them is left in any file."""
        ...

    def ping(self) -> None:
        """Whether it can be written now.

        Raises
        ------
        StoreError
        """
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
