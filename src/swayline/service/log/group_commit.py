"""Many requests, one fsync: whatever waits while the disk writes goes into the next transaction.

::

    request ─┐                                  ┌─► told
    request ─┼─► queue ─► one transaction, fsync ┼─► told      the state is told before anybody is answered
    request ─┘                                  └─► told
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from swayline.service.log.protocol import Event, Store, StoreBusyError, StoredEvent, StoreError, StoreGoneError

MOST_WAITING = 200_000
"""Events that may wait to be written; more are refused and not kept in memory."""
MOST_A_COMMIT = 20_000

Told = Callable[[list[StoredEvent]], None]


@dataclass
class _Asked:
    events: Sequence[Event]
    done: "Future[list[int | None]]" = field(default_factory=Future)


class GroupCommit:
    """The one writer of a store.

    Parameters
    ----------
    store : Store
    told : callable
        Gets the new events of each commit in order, after they are on disk and before anybody is answered.
    most_waiting : int
        Events that may wait.
    watch : callable, optional
        Gets (events, seconds) of each commit.
    """

    def __init__(
        self,
        store: Store,
        told: Told,
        most_waiting: int = MOST_WAITING,
        watch: Callable[[int, float], None] | None = None,
    ) -> None:
        self._store, self._told, self._watch = store, told, watch
        self._most = most_waiting
        self._queue: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._waiting, self._counting = 0, threading.Lock()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="swayline-log", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Events in the queue or in the commit under way."""
        return self._waiting

    def submit(self, events: Sequence[Event]) -> "Future[list[int | None]]":
        """Hand events over; the future holds a position each, None for repeats, once they are on disk.

        Raises
        ------
        StoreBusyError
            Too many events wait.
        StoreGoneError
            The writer was stopped.
        """
        with self._counting:
            if self._stopped:
                raise StoreGoneError("the service is stopping: send the events again to the next one")
            if self._waiting and self._waiting + len(events) > self._most:
                raise StoreBusyError(f"{self._waiting:,} events wait to be written: send these again in a second")
            self._waiting += len(events)
            asked = _Asked(events)
            self._queue.put(asked)
        return asked.done

    def stop(self, timeout_s: float = 8.0) -> None:
        """Write what waits, then end; nothing is taken any more."""
        with self._counting:
            if not self._stopped:
                self._stopped = True
                self._queue.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group, count, last = [first], len(first.events), False
            while count < MOST_A_COMMIT:
                try:
                    asked = self._queue.get_nowait()
                except queue.Empty:
                    break
                if asked is None:
                    last = True
                    break
                group.append(asked)
                count += len(asked.events)
            self._commit(group, count)
            if last:
                return

    def _commit(self, group: list[_Asked], count: int) -> None:
        events = [event for asked in group for event in asked.events]
        begun = time.perf_counter()
        try:
            positions = self._store.append(events)
            fresh = [
                StoredEvent(position, event)
                for position, event in zip(positions, events, strict=True)
                if position is not None
            ]
            self._told(fresh)
        except BaseException as error:
            self._uncount(count)
            told = error if isinstance(error, StoreError) else StoreGoneError(f"the log failed ({error}): try again")
            for asked in group:
                asked.done.set_exception(told)
            return
        self._uncount(count)
        if self._watch is not None:
            self._watch(len(fresh), time.perf_counter() - begun)
        at = 0
        for asked in group:
            asked.done.set_result(positions[at : at + len(asked.events)])
            at += len(asked.events)

    def _uncount(self, count: int) -> None:
        with self._counting:
            self._waiting -= count
