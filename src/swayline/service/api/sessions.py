"""Who is signed in on the pages: a random token a browser, good as long as its key is, twelve hours at most.

The key itself is in no cookie and is kept nowhere; a restart of the service ends every session.
"""

import hashlib
import secrets
import threading
import time

from swayline.service.api.keys import Key, KeyRing

COOKIE = "swayline_session"
LIFE_S = 12 * 3600.0
_MOST = 10_000


class Sessions:
    """Tokens given out.

    Parameters
    ----------
    keys : KeyRing
        A session ends with its key.
    life_s : float
        Seconds until it ends by itself.
    """

    def __init__(self, keys: KeyRing, life_s: float = LIFE_S) -> None:
        self._keys, self.life_s = keys, life_s
        self._open: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def open(self, key: Key) -> str:
        """A token for a browser that showed a key."""
        token, now = secrets.token_urlsafe(32), time.monotonic()
        with self._lock:
            for old in [name for name, (_, until) in self._open.items() if until <= now]:
                del self._open[old]
            while len(self._open) >= _MOST:
                del self._open[next(iter(self._open))]
            self._open[_digest(token)] = (key.digest, now + self.life_s)
        return token

    def find(self, token: str) -> Key | None:
        """The key that a token stands for; None where it ended, or the key was removed."""
        digest, until = self._open.get(_digest(token), ("", 0.0))
        return self._keys.known(digest) if time.monotonic() < until else None

    def close(self, token: str) -> None:
        """End a session."""
        with self._lock:
            self._open.pop(_digest(token), None)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
