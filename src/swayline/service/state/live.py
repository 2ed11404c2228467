"""Everything that is known now: one object that events change and requests read.

::

    log ──► apply ──► people (histories) ─┐
                      things (counts)     ├─► mark of a person: which of their lists are old
                      refused, freshness ─┘
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from swayline.core.names import SOURCE
from swayline.dataset import Dataset
from swayline.service.log.protocol import Store, StoredEvent
from swayline.service.state.acts import DISMISS, Act, act_of, more_of
from swayline.service.state.people import People
from swayline.service.state.things import Things

_AT_ONCE = 5_000


class LiveState:
    """What the log says since the model's base.

    Parameters
    ----------
    base : Dataset
        What the model was fitted on.
    position : int
        The log's position that the base holds; what comes after it is replayed by :meth:`follow`.
    """

    def __init__(self, base: Dataset, position: int = 0) -> None:
        self.people = People(base)
        self.things = Things(self.people)
        self.position = self.base_position = position
        self.refused: defaultdict[str, set[str]] = defaultdict(set)
        self.marks: dict[str, int] = {}
        self.newest_us = int(base.sequences.times.max(initial=0))
        self.lag_s: dict[str, float] = {}
        self.has_live = False
        self._lock = threading.RLock()

    def follow(self, store: Store) -> int:
        """Apply what the log holds after our position; how many events that was."""
        count = 0
        while batch := store.read(self.position, _AT_ONCE):
            self.apply(batch)
            count += len(batch)
        return count

    def caught_up(self, store: Store, fresh: list[StoredEvent]) -> None:
        """Apply a commit's new events; where others came between (another service, a lost answer), those too."""
        with self._lock:
            if fresh and fresh[0].position == self.position + 1:
                self.apply(fresh)
            elif fresh:
                self.follow(store)

    def apply(self, events: Iterable[StoredEvent]) -> None:
        """Take events in; one at or before our position was taken already."""
        with self._lock:
            for position, event in events:
                if position <= self.position:
                    continue
                self.position, self.has_live = position, True
                self.marks[event.user] = position
                if event.behavior == DISMISS and event.item is not None:
                    self.refused[event.user].add(event.item)
                act = act_of(event)
                if act is not None and self.people.add(event.user, act):
                    self.things.add(event.user, act)
                    self.newest_us = max(self.newest_us, event.time_us)
                source = str(more_of(event).get(SOURCE, "api")) if event.more else "api"
                if len(self.lag_s) < 100 or source in self.lag_s:
                    self.lag_s[source] = max(0.0, (event.received_us - event.time_us) / 1e6)

    def mark(self, user: str) -> int:
        """What changes when a person does something."""
        return self.marks.get(user, 0)

    def now_us(self) -> int:
        """The moment of asking: the clock's once events come in, until then the end of the log, as in a run."""
        return max(self.newest_us, time.time_ns() // 1000) if self.has_live else self.newest_us

    def seen(self, user: str) -> set[str]:
        """Items a person acted on."""
        return {act.item for act in self.people.acts(user)}

    def erase(self, user: str, events: Iterable[StoredEvent]) -> None:
        """Forget a person in every count; ``events`` are all that the log held of them."""
        with self._lock:
            acts = [act_of(event) for position, event in events if self.base_position < position <= self.position]
            for act in acts:
                if act is not None:
                    self.things.remove(user, act)
            if user in self.people.rows and user not in self.people.gone:
                self.things.erase_base(self.people.base_slice(user))
            self.people.erase(user)
            self.refused.pop(user, None)
            self.marks.pop(user, None)

    def summary(self) -> dict[str, Any]:
        """Everything that must not depend on the order of arrival, to be compared."""
        return {
            "histories": {user: list(acts) for user, acts in sorted(self.people.live.items())},
            "counts": {item: n for item, n in sorted(self.things.counts.items()) if n},
            "days": {
                day: {item: n for item, n in sorted(counts.items()) if n}
                for day, counts in sorted(self.things.by_day.items())
                if any(counts.values())
            },
            "users_of": {item: sorted(users) for item, users in sorted(self.things.users_of.items()) if users},
            "refused": {user: sorted(items) for user, items in sorted(self.refused.items()) if items},
        }

    def history(self, user: str) -> list[Act]:
        """A person's acts, oldest first."""
        return self.people.acts(user)
