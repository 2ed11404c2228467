"""Keys of the API: 256 random bits, of which only the SHA-256 is kept."""

import hashlib
import secrets
import threading
import time
from dataclasses import dataclass

from swayline.core.errors import UsageError, nearest, shown
from swayline.service.log.protocol import Document, Store, StoreError

KEYS = "keys"
INGEST, READ, ADMIN = "ingest", "read", "admin"
ROLES = (INGEST, READ, ADMIN)
_FRESH_S = 5.0


@dataclass(frozen=True)
class Key:
    """What is known of a key; ``name`` is how a log calls it."""

    digest: str
    name: str
    role: str


def new_key(store: Store, role: str, name: str = "") -> tuple[str, Key]:
    """Make a key and keep its digest; the key itself is shown once.

    Raises
    ------
    UsageError
        The role is unknown.
    """
    if role not in ROLES:
        raise UsageError(f"role {shown(role)} is unknown: {nearest(role, ROLES)}")
    secret = "sway_" + secrets.token_hex(32)
    digest = _digest(secret)
    key = Key(digest, name or f"{role}-{digest[:8]}", role)
    store.put(KEYS, [Document(digest, {"name": key.name, "role": role})])
    return secret, key


def remove_key(store: Store, name: str) -> int:
    """Remove the keys of a name; how many there were."""
    return store.delete(KEYS, [one.key for one in store.scan(KEYS) if one.body["name"] == name])


def all_keys(store: Store) -> list[Key]:
    """Every key."""
    return [Key(one.key, one.body["name"], one.body["role"]) for one in store.scan(KEYS)]


class KeyRing:
    """The keys, read again every few seconds, so that a removed one stops working without a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys = {key.digest: key for key in all_keys(store)}
        self._read_at = time.monotonic()

    @property
    def is_empty(self) -> bool:
        """Whether no key was made: everybody on this machine may do everything."""
        return not self._keys

    def find(self, secret: str) -> Key | None:
        """The key that a secret is."""
        return self.known(_digest(secret))

    def _read_again(self) -> None:
        if time.monotonic() - self._read_at > _FRESH_S:
            self._read_at = time.monotonic()  # a store that is away makes no request wait
            threading.Thread(target=self.read, name="swayline-keys", daemon=True).start()

    def known(self, digest: str) -> Key | None:
        """The key of a digest, as long as it was not removed."""
        self._read_again()
        return self._keys.get(digest)

    def read(self) -> None:
        """Read the keys; while the store is away the ones known stay."""
        self._read_at = time.monotonic()
        try:
            self._keys = {key.digest: key for key in all_keys(self._store)}
        except StoreError:
            return


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
