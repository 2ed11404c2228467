"""Lists that were given out, by ``recommendation_id``: kept so that feedback finds its position and propensity.

They are written a few times a second, all that wait in one transaction, so that giving a list out does not wait for the
disk: a crash may lose the last quarter of a second of them, and feedback on those is answered 404. The events of
feedback themselves are in the log as any others are.
"""

import secrets
import threading
import time
from collections import OrderedDict
from typing import Any

from swayline.service.log.protocol import Document, Store, StoreError
from swayline.service.serving.asks import Answer, Ask

SERVED = "served"
FLUSH_S = 0.25
MOST_IN_MEMORY = 50_000
MOST_KEPT = 1_000_000


class ServedLists:
    """The lists given out.

    Parameters
    ----------
    store : Store
    most_kept : int
        Lists kept in the store; older ones go, and feedback on them is refused.
    """

    def __init__(self, store: Store, most_kept: int = MOST_KEPT) -> None:
        self._store, self._most = store, most_kept
        self._recent: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._waiting: list[Document] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.lost = 0
        self._thread = threading.Thread(target=self._run, name="swayline-served", daemon=True)
        self._thread.start()

    def add(self, ask: Ask, answer: Answer, now_us: int) -> str:
        """Remember a list; its id."""
        name = f"{now_us // 1000:012x}{secrets.token_urlsafe(9)}"
        body = {
            "user": ask.user, "model": answer.model, "at_us": now_us, "scenario": ask.scenario,
            "items": [[one.item, rank, one.propensity, one.source] for rank, one in enumerate(answer.places, 1)],
        }  # fmt: skip
        with self._lock:
            self._recent[name] = body
            self._waiting.append(Document(name, body))
            while len(self._recent) > MOST_IN_MEMORY:
                self._recent.popitem(last=False)
        return name

    def get(self, name: str) -> dict[str, Any] | None:
        """A list by its id."""
        with self._lock:
            found = self._recent.get(name)
        if found is not None:
            return found
        document = self._store.get(SERVED, name)
        return None if document is None else document.body

    def of_user(self, user: str) -> list[Document]:
        """Every list that a person was given."""
        self.flush()
        return [one for one in self._store.scan(SERVED) if one.body["user"] == user]

    def erase_user(self, user: str) -> int:
        """Forget every list of a person."""
        mine = [one.key for one in self.of_user(user)]
        with self._lock:
            for name in [name for name, body in self._recent.items() if body["user"] == user]:
                del self._recent[name]
        return self._store.delete(SERVED, mine)

    def flush(self) -> None:
        """Write what waits; while the store is away it waits on, the oldest going where too much would."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            self._store.put(SERVED, waiting)
        except StoreError:
            with self._lock:
                kept = [*waiting, *self._waiting]
                self.lost += max(0, len(kept) - MOST_IN_MEMORY)
                self._waiting = kept[-MOST_IN_MEMORY:]

    def prune(self) -> int:
        """Drop the oldest lists above the bound; ids begin with the time."""
        names = [one.key for one in self._store.scan(SERVED)]
        return self._store.delete(SERVED, names[: -self._most]) if len(names) > self._most else 0

    def stop(self) -> None:
        """Write what waits and end."""
        self._stop.set()
        self._thread.join(5.0)
        self.flush()

    def _run(self) -> None:
        last = time.monotonic()
        while not self._stop.wait(FLUSH_S):
            self.flush()
            if time.monotonic() - last > 3600:
                last = time.monotonic()
                self.prune()
