"""The store in Postgres: ``synchronous_commit`` on, one lock a tenant, so that positions are given in commit order."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from swayline.core.errors import UsageError
from swayline.core.extras import require
from swayline.service.log.protocol import Document, Event, StoredEvent, StoreFullError, StoreGoneError

if TYPE_CHECKING:
    import psycopg

_SCHEMA = """
CREATE SCHEMA IF NOT EXISTS swayline;
CREATE TABLE IF NOT EXISTS swayline.events (
    position BIGINT NOT NULL, tenant TEXT NOT NULL, event_id TEXT NOT NULL, "user" TEXT NOT NULL, item TEXT,
    behavior TEXT NOT NULL, time_us BIGINT NOT NULL, received_us BIGINT NOT NULL, more TEXT NOT NULL,
    PRIMARY KEY (tenant, position), UNIQUE (tenant, event_id));
CREATE INDEX IF NOT EXISTS events_by_user ON swayline.events (tenant, "user");
CREATE TABLE IF NOT EXISTS swayline.readers (
    tenant TEXT NOT NULL, reader TEXT NOT NULL, position BIGINT NOT NULL, PRIMARY KEY (tenant, reader));
CREATE TABLE IF NOT EXISTS swayline.documents (
    tenant TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (tenant, kind, key));
CREATE TABLE IF NOT EXISTS swayline.tenants (tenant TEXT PRIMARY KEY, last BIGINT NOT NULL);
"""
_COLUMNS = 'event_id, "user", item, behavior, time_us, received_us, more'
_FULL = ("53100", "53200", "53000")
_CONNECT_S = 3
T = TypeVar("T")


class PostgresStore:
    """A log and documents in a schema ``swayline`` of a database.

    A connection that breaks is opened anew at the next call, so that the service goes on when Postgres is back.

    Raises
    ------
    UsageError
        The server does not wait for its disk (``fsync`` or ``synchronous_commit`` is off).
    StoreGoneError
        It cannot be reached.
    """

    name = "postgres"

    def __init__(self, address: str, tenant: str = "default", *, durable: bool = True) -> None:
        self.address, self.tenant = address, tenant
        self._psycopg: Any = require("psycopg", "serve")
        self._locks = {"write": threading.RLock(), "read": threading.RLock()}
        self._held: dict[str, psycopg.Connection[Any] | None] = {"write": None, "read": None}
        self._do("write", lambda db: self._prepare(db, durable))

    def append(self, events: Sequence[Event]) -> list[int | None]:
        """Write events and wait for the disk."""

        def work(db: "psycopg.Connection[Any]") -> list[int | None]:
            ids = [event.event_id for event in events]
            at = db.execute("SELECT last FROM swayline.tenants WHERE tenant = %s FOR UPDATE", (self.tenant,)).fetchone()
            found = db.execute(
                "SELECT event_id FROM swayline.events WHERE tenant = %s AND event_id = ANY(%s)", (self.tenant, ids)
            )
            known = {row[0] for row in found}
            last = int(at[0]) if at else 0
            positions: list[int | None] = []
            rows: list[tuple[Any, ...]] = []
            for event in events:
                if event.event_id in known:
                    positions.append(None)
                    continue
                known.add(event.event_id)
                last += 1
                positions.append(last)
                rows.append((last, self.tenant, *event))
            with db.cursor().copy(f"COPY swayline.events (position, tenant, {_COLUMNS}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            db.execute("UPDATE swayline.tenants SET last = %s WHERE tenant = %s", (last, self.tenant))
            return positions

        return self._do("write", work)

    def read(self, after: int, limit: int) -> list[StoredEvent]:
        """The events after a position."""
        return self._events("position > %s ORDER BY position LIMIT %s", after, limit)

    def commit(self, reader: str, position: int) -> None:
        """Remember how far a reader has come."""
        self._do("write", lambda db: db.execute(
            "INSERT INTO swayline.readers VALUES (%s, %s, %s)"
            " ON CONFLICT (tenant, reader) DO UPDATE SET position = excluded.position",
            (self.tenant, reader, position),
        ))  # fmt: skip

    def committed(self, reader: str) -> int:
        """How far a reader has come."""
        found = self._one("SELECT position FROM swayline.readers WHERE tenant = %s AND reader = %s", reader)
        return 0 if found is None else int(found[0])

    def of_user(self, user: str) -> list[StoredEvent]:
        """Every event of a person."""
        return self._events('"user" = %s ORDER BY position', user)

    def erase_user(self, user: str) -> int:
        """Delete every event of a person; :meth:`compact` then leaves no byte of them."""
        return self._do("write", lambda db: db.execute(
            'DELETE FROM swayline.events WHERE tenant = %s AND "user" = %s', (self.tenant, user)
        ).rowcount)  # fmt: skip

    def last(self) -> int:
        """The highest position ever given."""
        found = self._one("SELECT last FROM swayline.tenants WHERE tenant = %s")
        return 0 if found is None else int(found[0])

    def put(self, kind: str, documents: Sequence[Document]) -> None:
        """Write documents and wait for the disk."""
        rows = [(self.tenant, kind, one.key, json.dumps(one.body, ensure_ascii=False)) for one in documents]

        def work(db: "psycopg.Connection[Any]") -> None:
            with db.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO swayline.documents VALUES (%s, %s, %s, %s)"
                    " ON CONFLICT (tenant, kind, key) DO UPDATE SET body = excluded.body",
                    rows,
                )

        self._do("write", work)

    def get(self, kind: str, key: str) -> Document | None:
        """One document."""
        found = self._one("SELECT body FROM swayline.documents WHERE tenant = %s AND kind = %s AND key = %s", kind, key)
        return None if found is None else Document(key, json.loads(found[0]))

    def delete(self, kind: str, keys: Sequence[str]) -> int:
        """Remove documents."""
        return self._do("write", lambda db: db.execute(
            "DELETE FROM swayline.documents WHERE tenant = %s AND kind = %s AND key = ANY(%s)",
            (self.tenant, kind, list(keys)),
        ).rowcount)  # fmt: skip

    def scan(self, kind: str) -> Iterator[Document]:
        """Every document of a kind, by key."""
        rows = self._do("read", lambda db: db.execute(
            'SELECT key, body FROM swayline.documents WHERE tenant = %s AND kind = %s ORDER BY key COLLATE "C"',
            (self.tenant, kind),
        ).fetchall())  # fmt: skip
        yield from (Document(key, json.loads(body)) for key, body in rows)

    def compact(self) -> None:
        """Write the tables anew without what was deleted; Postgres's own write-ahead log is its administrator's."""
        with self._locks["write"]:
            try:
                db = self._connection("write")
                db.autocommit = True
                try:
                    db.execute("VACUUM FULL swayline.events, swayline.documents")
                finally:
                    db.autocommit = False
            except self._psycopg.Error as error:
                self._drop("write")
                raise self._told(error) from error

    def ping(self) -> None:
        """Take the tenant's lock and let go."""
        self._do(
            "write",
            lambda db: db.execute("SELECT 1 FROM swayline.tenants WHERE tenant = %s FOR UPDATE", (self.tenant,)),
        )

    def close(self) -> None:
        """Close both connections."""
        for name, lock in self._locks.items():
            with lock:
                self._drop(name)

    def _prepare(self, db: "psycopg.Connection[Any]", durable: bool) -> None:
        if durable and (setting := db.execute("SHOW fsync").fetchone()) and setting[0] != "on":
            raise UsageError("this Postgres has fsync off and loses what it acknowledged in a crash: turn it on")
        db.execute("SELECT pg_advisory_xact_lock(7263401)")  # two services may start at once
        db.execute(_SCHEMA)
        db.execute("INSERT INTO swayline.tenants VALUES (%s, 0) ON CONFLICT DO NOTHING", (self.tenant,))

    def _events(self, where: str, *said: Any) -> list[StoredEvent]:
        rows = self._do("read", lambda db: db.execute(
            f"SELECT position, {_COLUMNS} FROM swayline.events WHERE tenant = %s AND {where}",
            (self.tenant, *said),
        ).fetchall())  # fmt: skip
        return [StoredEvent(row[0], Event(*row[1:])) for row in rows]

    def _one(self, query: str, *said: Any) -> Any:
        return self._do("read", lambda db: db.execute(query, (self.tenant, *said)).fetchone())

    def _do(self, which: str, work: "Callable[[psycopg.Connection[Any]], T]") -> T:
        """One transaction; a read whose connection was broken since its last use is asked once more."""
        with self._locks[which]:
            for last_try in (which == "write" or self._held[which] is None, True):
                try:
                    db = self._connection(which)
                    with db.transaction():
                        return work(db)
                except self._psycopg.Error as error:
                    self._drop(which)
                    if last_try:
                        raise self._told(error) from error
            raise AssertionError("unreachable")

    def _connection(self, which: str) -> "psycopg.Connection[Any]":
        held = self._held[which]
        if held is None or held.closed:
            held = self._psycopg.connect(self.address, connect_timeout=_CONNECT_S, application_name="swayline")
            held.execute("SET synchronous_commit = on")
            held.commit()
            self._held[which] = held
        return held

    def _drop(self, which: str) -> None:
        held = self._held[which]
        self._held[which] = None
        if held is not None:
            held.close()

    def _told(self, error: Any) -> StoreFullError | StoreGoneError:
        if getattr(error, "sqlstate", None) in _FULL:
            return StoreFullError("no space is left on Postgres's disk: free some; nothing was taken")
        said = str(error).splitlines() or [type(error).__name__]
        return StoreGoneError(f"Postgres cannot be used now ({said[0][:200]}): try again")
