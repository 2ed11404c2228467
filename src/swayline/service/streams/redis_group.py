"""A Redis stream read by a consumer group: each entry reaches the log once, whoever of the group dies.

::

    producers ─ XADD stream ─┬─ consumer 1 ─┐
                             ├─ consumer 2 ─┼─ log (an entry that stands there already is not written again)
                             └─ consumer 3 ─┘
    read (XREADGROUP) → checked → written, on disk → acknowledged (XACK)

An entry that was read and never acknowledged, because its consumer died between, is claimed by another one
(XAUTOCLAIM) after ``idle_s``. Its event has the entry's own id, so that writing it twice is writing it once: delivery
at least once, effect exactly once. Entries that are no events go to ``STREAM:refused`` with their reason, and are
acknowledged. Fields of an entry are the columns of an event as text, or one field ``json`` with an object.

References
----------
Redis documentation, "Redis Streams: Consumer groups", redis.io/docs/latest/develop/data-types/streams.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from swayline.core.errors import UsageError
from swayline.core.extras import require
from swayline.core.names import EVENT_ID, LAT, LON, PROPENSITY, TIME, VALUE
from swayline.service.api.rows import Refusal, check_row
from swayline.service.log.protocol import Event, Store, StoreGoneError

Entry = tuple[str, dict[str, str] | None]
_NUMBERS = (VALUE, LAT, LON, PROPENSITY)
_JSON = "json"
T = TypeVar("T")


@dataclass(frozen=True)
class Taken:
    """What became of the entries that were read."""

    written: int = 0
    repeated: int = 0
    """Stood in the log already."""
    refused: int = 0
    claimed: int = 0
    """Had been read by another consumer that never acknowledged them."""

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(*(getattr(self, name) + getattr(other, name) for name in vars(self)))


class RedisGroup:
    """One consumer of a group.

    Parameters
    ----------
    address : str
        ``redis://…`` of the server with the stream.
    stream, group, consumer : str
        Names; the group is made where there is none, from the stream's beginning.
    idle_s : float
        From so many seconds on an entry that somebody else read and did not acknowledge is claimed.

    Raises
    ------
    UsageError
        The key holds something that is no stream.
    StoreGoneError
        The server cannot be reached.
    """

    def __init__(self, address: str, stream: str, group: str, consumer: str, idle_s: float = 60.0) -> None:
        redis: Any = require("redis", "serve")
        self._errors = redis.exceptions
        self._db: Any = redis.Redis.from_url(
            address, socket_timeout=10.0, socket_connect_timeout=3.0, decode_responses=True, retry=None
        )
        self.address, self.stream, self.group, self.consumer = address, stream, group, consumer
        self.idle_s = idle_s
        try:
            self._do(lambda: self._db.xgroup_create(stream, group, id="0", mkstream=True))
        except self._errors.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise UsageError(f"{stream!r} on {_plain(address)} is no stream ({error}): name another") from None

    def take(self, store: Store, limit: int = 1000, wait_s: float = 0.0) -> Taken:
        """Claim what others left, read what is new, write it and acknowledge it.

        Raises
        ------
        StoreGoneError
            Redis, or the log, cannot be reached: nothing that was not written is acknowledged.
        """
        claimed = self._do(
            lambda: self._db.xautoclaim(
                self.stream, self.group, self.consumer, min_idle_time=int(self.idle_s * 1000), count=limit
            )
        )[1]
        found = self._write(store, claimed)
        wait = int(wait_s * 1000) or None
        fresh = self._do(
            lambda: self._db.xreadgroup(self.group, self.consumer, {self.stream: ">"}, count=limit, block=wait)
        )
        new = [entry for _, entries in fresh or () for entry in entries]
        return found + Taken(claimed=len(claimed)) + self._write(store, new)

    def waiting(self) -> int:
        """Entries that were read and are not acknowledged, of the whole group."""
        return int(self._do(lambda: self._db.xpending(self.stream, self.group))["pending"])

    def close(self) -> None:
        """Let go of the connection."""
        self._db.close()

    def _write(self, store: Store, entries: Sequence[Entry]) -> Taken:
        """Write what can be taken, put the rest aside, then acknowledge all."""
        if not entries:
            return Taken()
        now_us = int(time.time() * 1e6)
        events, refused = list[Event](), list[tuple[str, str]]()
        for name, fields in entries:
            if fields is None:  # deleted from the stream since it was read
                continue
            try:
                events.append(check_row(self._row(name, fields), now_us).event)
            except Refusal as refusal:
                refused.append((name, f"{refusal.column} {refusal.value}: {refusal.reason}".strip()))
        told = store.append(events)
        pipe = self._db.pipeline(transaction=True)
        for name, reason in refused:
            pipe.xadd(f"{self.stream}:refused", {"entry": name, "reason": reason}, maxlen=100_000, approximate=True)
        pipe.xack(self.stream, self.group, *(name for name, _ in entries))
        self._do(pipe.execute)
        written = sum(position is not None for position in told)
        return Taken(written, len(events) - written, len(refused))

    def _row(self, name: str, fields: dict[str, str]) -> Any:
        """An entry as a row; its own id stands for the event's where it says none."""
        if _JSON in fields:
            try:
                row = json.loads(fields[_JSON])
            except (ValueError, RecursionError):
                raise Refusal(_JSON, fields[_JSON], "is no JSON object") from None
        else:
            row = {column: _value(column, text) for column, text in fields.items()}
        if isinstance(row, dict):
            row.setdefault(EVENT_ID, f"{self.stream}:{name}")
            row.setdefault(TIME, int(name.partition("-")[0]))
        return row

    def _do(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except (self._errors.ConnectionError, self._errors.TimeoutError) as error:
            raise StoreGoneError(f"{_plain(self.address)} cannot be reached ({error}): is Redis running?") from None


def _value(column: str, text: str) -> Any:
    """A field of an entry, numbers as numbers."""
    if column in _NUMBERS or (column == TIME and text.replace(".", "", 1).isdigit()):
        try:
            return float(text)
        except ValueError:
            return text
    return text


def _plain(address: str) -> str:
    """An address without its password."""
    return address.rpartition("@")[2] if "@" in address else address
