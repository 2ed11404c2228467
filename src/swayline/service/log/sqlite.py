"""The embedded store: one SQLite file in WAL mode, ``synchronous=FULL``: a commit returns when its fsync has."""

import contextlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from swayline.core.errors import ArtifactError
from swayline.service.log.protocol import Document, Event, StoredEvent, StoreFullError, StoreGoneError

FILE = "live.sqlite"
VERSION = 1
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS events (
        position INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, event_id TEXT NOT NULL, user TEXT NOT NULL,
        item TEXT, behavior TEXT NOT NULL, time_us INTEGER NOT NULL, received_us INTEGER NOT NULL, more TEXT NOT NULL,
        UNIQUE (tenant, event_id))""",
    "CREATE INDEX IF NOT EXISTS events_by_user ON events (tenant, user)",
    """CREATE TABLE IF NOT EXISTS readers (
        tenant TEXT NOT NULL, reader TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (tenant, reader))""",
    """CREATE TABLE IF NOT EXISTS documents (
        tenant TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (tenant, kind, key)) WITHOUT ROWID""",
)
_COLUMNS = "event_id, user, item, behavior, time_us, received_us, more"
_IDS_AT_ONCE = 500
T = TypeVar("T")


class SQLiteStore:
    """A log and documents in one file of a folder.

    One connection writes and one reads, each under a lock of its own; a reader never waits for a writer.

    Raises
    ------
    ArtifactError
        The file is no SQLite database, or of a later version.
    """

    name = "sqlite"

    def __init__(self, folder: Path, tenant: str = "default", file: str = FILE) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path, self.tenant = folder / file, tenant
        self._writing, self._reading = threading.RLock(), threading.RLock()
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._closed = False
        try:
            self._write(lambda db: self._migrate(db))
        except sqlite3.DatabaseError as error:
            raise ArtifactError(
                f"{self.path} is no log of ours ({error}): restore a backup, or give another --data"
            ) from None

    def append(self, events: Sequence[Event]) -> list[int | None]:
        """Write events and wait for the disk."""

        def work(db: sqlite3.Connection) -> list[int | None]:
            known = self._known(db, [event.event_id for event in events])
            at = int(
                db.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events'").fetchone()[0]
            )
            positions: list[int | None] = []
            rows = []
            for event in events:
                if event.event_id in known:
                    positions.append(None)
                    continue
                known.add(event.event_id)
                at += 1
                positions.append(at)
                rows.append((at, self.tenant, *event))
            db.executemany(
                f"INSERT INTO events (position, tenant, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
            )
            return positions

        return self._write(work)

    def read(self, after: int, limit: int) -> list[StoredEvent]:
        """The events after a position."""
        return self._read(
            lambda db: _stored(
                db.execute(
                    f"SELECT position, {_COLUMNS} FROM events WHERE position > ? AND tenant = ?"
                    " ORDER BY position LIMIT ?",
                    (after, self.tenant, limit),
                )
            )
        )

    def commit(self, reader: str, position: int) -> None:
        """Remember how far a reader has come."""
        self._write(
            lambda db: db.execute(
                "INSERT INTO readers VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET position = excluded.position",
                (self.tenant, reader, position),
            )
        )

    def committed(self, reader: str) -> int:
        """How far a reader has come."""
        found = self._read(
            lambda db: db.execute(
                "SELECT position FROM readers WHERE tenant = ? AND reader = ?", (self.tenant, reader)
            ).fetchone()
        )
        return 0 if found is None else int(found[0])

    def of_user(self, user: str) -> list[StoredEvent]:
        """Every event of a person."""
        return self._read(
            lambda db: _stored(
                db.execute(
                    f"SELECT position, {_COLUMNS} FROM events WHERE tenant = ? AND user = ? ORDER BY position",
                    (self.tenant, user),
                )
            )
        )

    def erase_user(self, user: str) -> int:
        """Delete every event of a person; :meth:`compact` then leaves no byte of them."""
        return self._write(
            lambda db: db.execute("DELETE FROM events WHERE tenant = ? AND user = ?", (self.tenant, user)).rowcount
        )

    def last(self) -> int:
        """The highest position ever given."""
        found = self._read(lambda db: db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone())
        return 0 if found is None else int(found[0])

    def put(self, kind: str, documents: Sequence[Document]) -> None:
        """Write documents and wait for the disk."""
        rows = [(self.tenant, kind, one.key, json.dumps(one.body, ensure_ascii=False)) for one in documents]
        self._write(
            lambda db: db.executemany(
                "INSERT INTO documents VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body", rows
            )
        )

    def get(self, kind: str, key: str) -> Document | None:
        """One document."""
        found = self._read(
            lambda db: db.execute(
                "SELECT body FROM documents WHERE tenant = ? AND kind = ? AND key = ?", (self.tenant, kind, key)
            ).fetchone()
        )
        return None if found is None else Document(key, json.loads(found[0]))

    def delete(self, kind: str, keys: Sequence[str]) -> int:
        """Remove documents."""
        rows = [(self.tenant, kind, key) for key in keys]
        return self._write(
            lambda db: db.executemany("DELETE FROM documents WHERE tenant = ? AND kind = ? AND key = ?", rows).rowcount
        )

    def scan(self, kind: str) -> Iterator[Document]:
        """Every document of a kind, by key, some at a time."""
        after = ""
        while True:
            rows = self._read(
                lambda db, after=after: db.execute(  # type: ignore[misc]
                    "SELECT key, body FROM documents WHERE tenant = ? AND kind = ? AND key > ? ORDER BY key LIMIT 1000",
                    (self.tenant, kind, after),
                ).fetchall()
            )
            if not rows:
                return
            for key, body in rows:
                yield Document(key, json.loads(body))
            after = rows[-1][0]

    def compact(self) -> None:
        """Write the file anew without what was deleted, and empty the write-ahead log."""
        with self._reading, self._writing:
            self._drop(reader=True)
            db = self._open_writer()
            try:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                db.execute("VACUUM")
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as error:
                raise self._told(error) from error

    def backup(self, path: Path) -> None:
        """A copy of everything up to one moment, made while the log is written."""
        with contextlib.closing(sqlite3.connect(path)) as copy, contextlib.closing(self._connect()) as source:
            source.backup(copy, pages=2000)

    def ping(self) -> None:
        """Take the write lock and let go."""
        self._write(lambda db: None)

    def close(self) -> None:
        """Close both connections; what the write-ahead log holds is moved into the file."""
        with self._reading, self._writing:
            self._closed = True
            self._drop(reader=True)
            self._drop()

    def _migrate(self, db: sqlite3.Connection) -> None:
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
        if version > VERSION:
            raise ArtifactError(f"{self.path} is of version {version}, this Swayline reads up to {VERSION}: upgrade it")
        for statement in _SCHEMA:
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {VERSION}")

    def _known(self, db: sqlite3.Connection, ids: list[str]) -> set[str]:
        """Which of these ids stand in the log."""
        found: set[str] = set()
        for start in range(0, len(ids), _IDS_AT_ONCE):
            some = ids[start : start + _IDS_AT_ONCE]
            marks = ",".join("?" * len(some))
            rows = db.execute(
                f"SELECT event_id FROM events WHERE tenant = ? AND event_id IN ({marks})", (self.tenant, *some)
            )
            found.update(row[0] for row in rows)
        return found

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """One transaction; it is on disk when this returns. After an error the connection is opened anew."""
        with self._writing:
            try:
                db = self._open_writer()
                db.execute("BEGIN IMMEDIATE")
                try:
                    result = work(db)
                    db.execute("COMMIT")
                except BaseException:
                    with contextlib.suppress(sqlite3.Error):
                        db.execute("ROLLBACK")
                    raise
                return result
            except sqlite3.Error as error:
                self._drop()
                if isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error):
                    raise
                raise self._told(error) from error

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._reading:
            try:
                if self._reader is None:
                    self._reader = self._connect()
                return work(self._reader)
            except sqlite3.Error as error:
                self._drop(reader=True)
                raise self._told(error) from error

    def _open_writer(self) -> sqlite3.Connection:
        if self._writer is None:
            self._writer = self._connect()
        return self._writer

    def _connect(self) -> sqlite3.Connection:
        if self._closed:
            raise sqlite3.OperationalError("the store is closed")
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=10.0)
        for setting in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "cache_size = -32000"):
            db.execute(f"PRAGMA {setting}").close()
        return db

    def _drop(self, reader: bool = False) -> None:
        held = self._reader if reader else self._writer
        if held is not None:
            with contextlib.suppress(sqlite3.Error):
                held.close()
        if reader:
            self._reader = None
        else:
            self._writer = None

    def _told(self, error: sqlite3.Error) -> StoreFullError | StoreGoneError:
        if "full" in str(error):
            return StoreFullError(f"no space is left on the disk of {self.path.parent}: free some; nothing was taken")
        return StoreGoneError(f"the log {self.path.name} cannot be used now ({error}): try again")


def _stored(rows: sqlite3.Cursor) -> list[StoredEvent]:
    return [StoredEvent(row[0], Event(*row[1:])) for row in rows]
