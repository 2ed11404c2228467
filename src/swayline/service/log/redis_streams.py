"""The store in Redis (or Valkey): a stream of events, its ids counted from 1, one script for each append.

Redis keeps what it acknowledged only with ``appendonly yes`` and ``appendfsync always``; any other setting is refused,
since it loses about a second of acknowledged events in a crash.
"""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from swayline.core.errors import UsageError
from swayline.core.extras import require
from swayline.service.log.protocol import Document, Event, StoredEvent, StoreFullError, StoreGoneError

# KEYS: stream, ids, users index prefix, counter. ARGV: rows as JSON lists.
_APPEND = """
local told = {}
for at = 1, #ARGV do
  local row = cjson.decode(ARGV[at])
  if redis.call('HEXISTS', KEYS[2], row[1]) == 1 then
    told[at] = 0
  else
    local position = redis.call('INCR', KEYS[4])
    redis.call('XADD', KEYS[1], position .. '-0', 'e', ARGV[at])
    redis.call('HSET', KEYS[2], row[1], position)
    redis.call('RPUSH', KEYS[3] .. row[2], position)
    told[at] = position
  end
end
return told
"""
_AT_ONCE = 1000
_WAIT_S = 3.0
T = TypeVar("T")


class RedisStore:
    """A log and documents under keys ``swayline:{tenant}:…``.

    Raises
    ------
    UsageError
        The server does not wait for its disk.
    StoreGoneError
        It cannot be reached.
    """

    name = "redis"

    def __init__(self, address: str, tenant: str = "default", *, durable: bool = True) -> None:
        self.address, self.tenant = address, tenant
        redis: Any = require("redis", "serve")
        self._errors = redis.exceptions
        self._db: Any = redis.Redis.from_url(
            address, socket_timeout=10.0, socket_connect_timeout=_WAIT_S, decode_responses=True, retry=None
        )
        self._key = f"swayline:{{{tenant}}}:"
        self._writing = threading.RLock()
        self._script: Any = self._db.register_script(_APPEND)
        self._do(lambda: self._check(durable))

    def append(self, events: Sequence[Event]) -> list[int | None]:
        """Write events; Redis answers after its fsync."""
        keys = [self._key + name for name in ("log", "ids", "of:", "last")]
        positions: list[int | None] = []
        with self._writing:
            for start in range(0, len(events), _AT_ONCE):
                # The item comes last but one: cjson ends a list at its first null.
                rows = [json.dumps([e[0], e[1], e[2] or "", e[2] is not None, *e[3:]], ensure_ascii=False)
                        for e in events[start : start + _AT_ONCE]]  # fmt: skip
                told = self._do(lambda rows=rows: self._script(keys=keys, args=rows))  # type: ignore[misc]
                positions += [None if position == 0 else int(position) for position in told]
        return positions

    def read(self, after: int, limit: int) -> list[StoredEvent]:
        """The events after a position."""
        return self._do(lambda: _stored(self._db.xrange(self._key + "log", min=f"{after + 1}-0", count=limit)))

    def commit(self, reader: str, position: int) -> None:
        """Remember how far a reader has come."""
        self._do(lambda: self._db.hset(self._key + "readers", reader, position))

    def committed(self, reader: str) -> int:
        """How far a reader has come."""
        return int(self._do(lambda: self._db.hget(self._key + "readers", reader)) or 0)

    def of_user(self, user: str) -> list[StoredEvent]:
        """Every event of a person."""
        positions = self._do(lambda: self._db.lrange(f"{self._key}of:{user}", 0, -1))
        pipe = self._db.pipeline(transaction=False)
        for position in positions:
            pipe.xrange(self._key + "log", min=f"{position}-0", max=f"{position}-0")
        return [one for rows in self._do(pipe.execute) for one in _stored(rows)]

    def erase_user(self, user: str) -> int:
        """Delete every event of a person; :meth:`compact` then leaves no byte of them."""
        mine = self.of_user(user)
        pipe = self._db.pipeline(transaction=True)
        for position, event in mine:
            pipe.xdel(self._key + "log", f"{position}-0")
            pipe.hdel(self._key + "ids", event.event_id)
        pipe.delete(f"{self._key}of:{user}")
        self._do(pipe.execute)
        return len(mine)

    def last(self) -> int:
        """The highest position ever given."""
        return int(self._do(lambda: self._db.get(self._key + "last")) or 0)

    def put(self, kind: str, documents: Sequence[Document]) -> None:
        """Write documents; Redis answers after its fsync."""
        rows = {one.key: json.dumps(one.body, ensure_ascii=False) for one in documents}
        if rows:
            self._do(lambda: self._db.hset(f"{self._key}doc:{kind}", mapping=rows))

    def get(self, kind: str, key: str) -> Document | None:
        """One document."""
        found = self._do(lambda: self._db.hget(f"{self._key}doc:{kind}", key))
        return None if found is None else Document(key, json.loads(found))

    def delete(self, kind: str, keys: Sequence[str]) -> int:
        """Remove documents."""
        return int(self._do(lambda: self._db.hdel(f"{self._key}doc:{kind}", *keys))) if keys else 0

    def scan(self, kind: str) -> Iterator[Document]:
        """Every document of a kind, by key."""
        found = self._do(lambda: self._db.hgetall(f"{self._key}doc:{kind}"))
        yield from (Document(key, json.loads(found[key])) for key in sorted(found))

    def compact(self) -> None:
        """Write the append-only file anew, without what was deleted, and wait for it."""
        import time

        def work() -> None:
            if not int(self._db.info("persistence")["aof_enabled"]):
                return
            self._db.bgrewriteaof()
            until = time.monotonic() + 600
            while time.monotonic() < until:
                told = self._db.info("persistence")
                if not (int(told["aof_rewrite_in_progress"]) or int(told["aof_rewrite_scheduled"])):
                    return
                time.sleep(0.05)

        self._do(work)

    def ping(self) -> None:
        """Write a mark."""
        self._do(lambda: self._db.set(self._key + "ping", "1"))

    def close(self) -> None:
        """Close the connections."""
        self._db.close()

    def _check(self, durable: bool) -> None:
        self._db.ping()
        if not durable:
            return
        said = self._db.config_get("append*")
        if said.get("appendonly") != "yes" or said.get("appendfsync") != "always":
            raise UsageError(
                "this Redis loses what it acknowledged in a crash: set  appendonly yes  and  appendfsync always"
                f" (now {said.get('appendonly')} and {said.get('appendfsync')})"
            )

    def _do(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except self._errors.ResponseError as error:
            text = str(error)
            if "MISCONF" in text or "OOM" in text or "No space" in text:
                raise StoreFullError(f"Redis cannot write ({text[:200]}): nothing was taken") from error
            raise StoreGoneError(f"Redis refused ({text[:200]}): try again") from error
        except self._errors.RedisError as error:
            raise StoreGoneError(f"Redis cannot be used now ({str(error)[:200]}): try again") from error


def _stored(rows: list[Any]) -> list[StoredEvent]:
    found = []
    for name, fields in rows:
        event_id, user, item, has_item, *rest = json.loads(fields["e"])
        found.append(StoredEvent(int(name.split("-")[0]), Event(event_id, user, item if has_item else None, *rest)))
    return found
