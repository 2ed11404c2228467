"""Lists that were made, kept until an event, a change of the catalogue, a newer model or time makes them old."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

MOST_LISTS = 100_000
LIFE_S = 60.0
"""A list depends on the moment of asking too: after so long it is made anew."""


@dataclass(frozen=True)
class _Kept:
    mark: Hashable
    until: float
    value: Any


class ListCache:
    """Least recently used lists go first.

    Parameters
    ----------
    most : int
        Lists kept.
    life_s : float
        How long a list is kept, seconds.
    """

    def __init__(self, most: int = MOST_LISTS, life_s: float = LIFE_S) -> None:
        self._most, self._life_s = most, life_s
        self._kept: OrderedDict[tuple[str, Hashable], _Kept] = OrderedDict()
        self._lock = threading.Lock()
        self.hits = self.misses = 0

    def get(self, user: str, asked: Hashable, mark: Hashable, now: float) -> Any:
        """What was kept for a user and a question, if nothing changed since (``mark``); else None."""
        with self._lock:
            kept = self._kept.get((user, asked))
            if kept is None or kept.mark != mark or now > kept.until:
                self.misses += 1
                return None
            self._kept.move_to_end((user, asked))
            self.hits += 1
            return kept.value

    def put(self, user: str, asked: Hashable, mark: Hashable, now: float, value: Any) -> None:
        """Keep a list."""
        with self._lock:
            self._kept[(user, asked)] = _Kept(mark, now + self._life_s, value)
            self._kept.move_to_end((user, asked))
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def forget(self, user: str) -> None:
        """Drop every list of a user."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == user]:
                del self._kept[key]

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)
