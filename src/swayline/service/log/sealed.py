"""Encryption at rest: a store in which nothing can be read without a key file, whichever database keeps it.

::

    event_id, user, key of a document    HMAC-SHA-256: the same id is found again, and cannot be read
    everything else                      AES-256-GCM, a fresh nonce each; bound to its id: no row can stand for another

Positions, kinds of documents and the number of a person's events stay visible. A key that does not fit is an error, and
so is a log that was written without one.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from swayline.core.errors import ArtifactError, UsageError
from swayline.core.extras import require
from swayline.service.log.protocol import Document, Event, Store, StoredEvent

HEADER = "swayline-key-1"
_CHECK = Document("fits", {"fits": True})
_SEALED = "sealed"


def make_key_file(path: Path) -> None:
    """Write a new key, 256 random bits, readable by its owner alone; a file that exists is never replaced.

    Raises
    ------
    UsageError
        The file exists.
    """
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(
            f"{path} exists, and a key that is replaced is lost with all that it opens: name another"
        ) from None
    with os.fdopen(file, "w") as stream:
        stream.write(f"{HEADER} {secrets.token_hex(32)}\n")
        stream.flush()
        os.fsync(stream.fileno())


def read_key_file(path: Path) -> bytes:
    """The key in a file.

    Raises
    ------
    UsageError
        The file is missing or holds none.
    """
    try:
        words = path.read_text("ascii").split()
        key = bytes.fromhex(words[1]) if words[:1] == [HEADER] else b""
    except (OSError, ValueError, IndexError) as error:
        raise UsageError(
            f"--key-file {path} cannot be read as a key ({error}): restore it; nothing opens without it"
        ) from None
    if len(key) != 32:
        raise UsageError(f"--key-file {path} holds no key: make one with  swayline live secret {path}")
    return key


class SealedStore:
    """A store that keeps sealed events and documents in another.

    Parameters
    ----------
    inner : Store
    key : bytes
        32 bytes.

    Raises
    ------
    ArtifactError
        The key is not the one that the store was sealed with, or the store was not sealed.
    """

    def __init__(self, inner: Store, key: bytes) -> None:
        self.inner, self.name, self.tenant = inner, inner.name, inner.tenant
        self._key = key
        self._names = hmac.new(key, b"names", hashlib.sha256).digest()
        aead: Any = require("cryptography.hazmat.primitives.ciphers.aead", "serve")
        self._cipher: Any = aead.AESGCM(hmac.new(key, b"bodies", hashlib.sha256).digest())
        kept = inner.get(_SEALED, _SEALED)
        if kept is None:
            if inner.last() or next(iter(inner.scan("items")), None) or next(iter(inner.scan("keys")), None):
                raise ArtifactError("this log was written without a key: leave --key-file out, or give another --data")
            inner.put(_SEALED, [Document(_SEALED, self._body(_SEALED, _CHECK.body))])
        else:
            self._open(_SEALED, kept.body)

    def around(self, inner: Store) -> "SealedStore":
        """Another store under the same key: a copy of this one."""
        return SealedStore(inner, self._key)

    def append(self, events: Sequence[Event]) -> list[int | None]:
        """Seal and write."""
        return self.inner.append([self._seal(event) for event in events])

    def read(self, after: int, limit: int) -> list[StoredEvent]:
        """Read and open."""
        return [self._unseal(one) for one in self.inner.read(after, limit)]

    def commit(self, reader: str, position: int) -> None:
        """Remember how far a reader has come."""
        self.inner.commit(reader, position)

    def committed(self, reader: str) -> int:
        """How far a reader has come."""
        return self.inner.committed(reader)

    def of_user(self, user: str) -> list[StoredEvent]:
        """Every event of a person."""
        return [self._unseal(one) for one in self.inner.of_user(self._name(user))]

    def erase_user(self, user: str) -> int:
        """Delete every event of a person."""
        return self.inner.erase_user(self._name(user))

    def last(self) -> int:
        """The highest position ever given."""
        return self.inner.last()

    def put(self, kind: str, documents: Sequence[Document]) -> None:
        """Seal and write documents."""
        sealed = [
            Document(self._name(one.key), self._body(self._name(one.key), {"key": one.key, "body": one.body}))
            for one in documents
        ]
        self.inner.put(kind, sealed)

    def get(self, kind: str, key: str) -> Document | None:
        """One document."""
        found = self.inner.get(kind, self._name(key))
        return None if found is None else self._document(found)

    def delete(self, kind: str, keys: Sequence[str]) -> int:
        """Remove documents."""
        return self.inner.delete(kind, [self._name(key) for key in keys])

    def scan(self, kind: str) -> Iterator[Document]:
        """Every document of a kind, by key."""
        yield from sorted((self._document(one) for one in self.inner.scan(kind)), key=lambda one: one.key)

    def compact(self) -> None:
        """Give back what deleted rows held."""
        self.inner.compact()

    def ping(self) -> None:
        """Whether it can be written now."""
        self.inner.ping()

    def close(self) -> None:
        """Let go of files and connections."""
        self.inner.close()

    def _name(self, name: str) -> str:
        return hmac.new(self._names, name.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def _encrypt(self, name: str, plain: bytes) -> str:
        nonce = secrets.token_bytes(12)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, plain, name.encode())).decode()

    def _decrypt(self, name: str, sealed: str) -> Any:
        raw = base64.b64decode(sealed)
        try:
            return json.loads(self._cipher.decrypt(raw[:12], raw[12:], name.encode()))
        except Exception:  # the library's own error says nothing but that it does not fit
            raise ArtifactError(
                "the key in --key-file does not open this log: give the one that it was made with"
            ) from None

    def _body(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        return {_SEALED: self._encrypt(name, json.dumps(body, ensure_ascii=False).encode())}

    def _open(self, name: str, body: dict[str, Any]) -> Any:
        if _SEALED not in body:
            raise ArtifactError("this log was written without a key: leave --key-file out")
        return self._decrypt(name, body[_SEALED])

    def _document(self, sealed: Document) -> Document:
        told = self._open(sealed.key, sealed.body)
        return Document(told["key"], told["body"])

    def _seal(self, event: Event) -> Event:
        name = self._name(event.event_id)
        sealed = self._encrypt(name, json.dumps(list(event), ensure_ascii=False).encode())
        return Event(name, self._name(event.user), None, "", 0, 0, sealed)

    def _unseal(self, stored: StoredEvent) -> StoredEvent:
        return StoredEvent(stored.position, Event(*self._decrypt(stored.event.event_id, stored.event.more)))
