"""What comes in: the newest events, and how many people did what since the run, read once for everybody who watches."""

import threading
import time
from collections import Counter, defaultdict, deque
from datetime import UTC, datetime, timedelta
from typing import Any

from swayline.core.names import BEHAVIOR, funnel_depth
from swayline.core.time import iso
from swayline.service.log.protocol import StoredEvent
from swayline.service.serving import Loaded, Service
from swayline.service.state import act_of

SHOWN = 30
_AT_ONCE, _MOST_AT_ONCE = 5_000, 50_000
_LEAST_S, _RATE_US = 0.5, 60_000_000


class Pulse:
    """Follows the log while somebody watches.

    Parameters
    ----------
    service : Service
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._loaded: Loaded | None = None
        self._erased = -1
        self._told_last: tuple[float, Loaded | None, dict[str, Any]] = (0.0, None, {})
        self.position = self.behind = 0
        self._newest: deque[StoredEvent] = deque(maxlen=SHOWN)
        self._events: Counter[str] = Counter()
        self._people: defaultdict[str, set[str]] = defaultdict(set)
        self._arrivals: deque[int] = deque()

    def now(self) -> dict[str, Any]:
        """Position of the log, events since the run by behaviour, people by behaviour, the newest events.

        A long log is read a part at a time: ``behind`` is how many events are still to be read.

        Raises
        ------
        StoreError
            The log cannot be read.
        """
        told = self.recent()
        if told is not None:
            return told
        with self._lock:
            self._follow()
            self._told_last = (time.monotonic(), self._loaded, {
                "position": self.position, "behind": self.behind, "events": sum(self._events.values()),
                "per_minute": len(self._arrivals),
                "behaviors": [
                    {BEHAVIOR: name, "n": len(self._people[name]), "events": self._events[name]}
                    for name in sorted(self._events, key=lambda name: (funnel_depth(name), -self._events[name], name))
                ],
                "newest": [self._told(one) for one in reversed(self._newest)],
            })  # fmt: skip
            return self._told_last[2]

    def recent(self) -> dict[str, Any] | None:
        """The last answer, where it is so new that the log need not be asked again; the same object for all."""
        at, loaded, told = self._told_last
        is_of_now = loaded is self._service.loaded and len(self._service.erased) == self._erased
        return told if is_of_now and time.monotonic() - at < _LEAST_S else None

    def _follow(self) -> None:
        """Read what came since the last look; from the run on where another model or a forgotten person asks for it."""
        service = self._service
        if service.loaded is not self._loaded or len(service.erased) != self._erased:
            self._start(service.loaded)
        begun_at = self.position
        batch = service.store.read(self.position, _AT_ONCE)
        while batch:
            for one in batch:
                self._take(one)
            if self.position - begun_at >= _MOST_AT_ONCE:
                break
            batch = service.store.read(self.position, _AT_ONCE)
        # The last positions may be of events that were forgotten: where nothing is left to read, nothing is behind.
        self.behind = max(0, service.store.last() - self.position) if batch else 0
        recent_us = time.time_ns() // 1000 - _RATE_US
        while self._arrivals and self._arrivals[0] < recent_us:
            self._arrivals.popleft()

    def _start(self, loaded: Loaded) -> None:
        self._loaded, self._erased = loaded, len(self._service.erased)
        self.position = loaded.version.position
        for kept in (self._newest, self._events, self._people, self._arrivals):
            kept.clear()

    def _take(self, one: StoredEvent) -> None:
        self.position = one.position
        self._newest.append(one)
        self._arrivals.append(one.event.received_us)
        if self._arrivals[0] < one.event.received_us - _RATE_US:
            self._arrivals.popleft()
        if act_of(one.event) is not None:
            self._events[one.event.behavior] += 1
            self._people[one.event.behavior].add(one.event.user)

    def _told(self, one: StoredEvent) -> dict[str, Any]:
        event = one.event
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=event.time_us)
        label = "" if event.item is None else self._service.loaded.label(event.item)
        return {
            "position": one.position, "time": iso(moment), "user": event.user, "behavior": event.behavior,
            "item": event.item, "label": label,
        }  # fmt: skip
