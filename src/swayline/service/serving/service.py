"""The service without HTTP: a log, a state, a model in service, and what ties them together.

::

    events ─► GroupCommit ─► disk ─► LiveState ─► acknowledged
    asks   ─► ListCache ─► Batches ─► Chooser ─► ServedLists ─► answered
    refit  ─► a newer version loaded beside, caught up, swapped in
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from swayline.core.errors import UsageError
from swayline.dataset import Sequences
from swayline.service.log.group_commit import GroupCommit
from swayline.service.log.protocol import Event, Store, StoredEvent, StoreError
from swayline.service.serving.asks import Answer, Ask
from swayline.service.serving.batches import Batches
from swayline.service.serving.choose import Chooser
from swayline.service.serving.erase import Erased, erase_from_backups, erase_from_version
from swayline.service.serving.loaded import Loaded, ledger_of, load
from swayline.service.serving.served import ServedLists
from swayline.service.serving.versions import Version, Versions
from swayline.service.state import ListCache

log = logging.getLogger("swayline.service")
_FOLLOW_S = 1.0
BACKUPS = "backups"
MOST_EXPLORED = 0.5


class Service:
    """What answers.

    Parameters
    ----------
    store : Store
    data : Path
        Folder of models.
    run : Path, optional
        Taken in as the first version where the folder has none.
    explore : float
        See :class:`~swayline.service.serving.choose.Chooser`.

    Raises
    ------
    ArtifactError
        There is no model to serve, or it is damaged.
    """

    def __init__(self, store: Store, data: Path, run: Path | None = None, *, explore: float = 0.0) -> None:
        self.store, self.data, self.versions = store, data, Versions(data)
        self.explore, self.started = explore, time.time()
        version = self.versions.current()
        if version is None or (run is not None and self._is_newer(run)):
            assert run is not None
            version = self.versions.take_run(run)
            self.versions.activate(version)
        self.erased = Erased(store)
        self.loaded: Loaded = load(version, store, self.erased)
        self._chooser = Chooser(self.loaded, explore)
        self.cache, self.served = ListCache(), ServedLists(store)
        self._watchers: list[Callable[[int, float], None]] = []
        self.writer = GroupCommit(store, self._told, watch=self._watch)
        self.batches = Batches(lambda asks: self._chooser.answer(asks))
        self.is_away = False
        self._swapping, self._stop = threading.Lock(), threading.Event()
        self._follower = threading.Thread(target=self._follow, name="swayline-follow", daemon=True)
        self._follower.start()

    def ingest(self, events: Sequence[Event]) -> "Future[list[int | None]]":
        """Write events; the future holds positions once they are on disk and in the state."""
        return self.writer.submit(events)

    def ask(self, ask: Ask) -> "Future[Answer]":
        """A list: the one kept, where nothing changed since, else a new one."""
        mark = self._mark(ask)
        now = time.monotonic()
        if ask.user is not None and ask.acts is None:
            kept = self.cache.get(ask.user, ask.digest, mark, now)
            if kept is not None:
                done: Future[Answer] = Future()
                done.set_result(kept)
                return done
        future = self.batches.submit(ask)
        if ask.user is not None and ask.acts is None:
            future.add_done_callback(lambda made: self._keep(ask, mark, now, made))
        return future

    def give(self, ask: Ask, answer: Answer) -> str:
        """Remember that a list was given out; its ``recommendation_id``."""
        return self.served.add(ask, answer, time.time_ns() // 1000)

    def set_explore(self, explore: float) -> None:
        """From the next list on, draw a place from the next best with another chance.

        Raises
        ------
        UsageError
            It is not from 0 to 0.5.
        """
        if not 0.0 <= explore <= MOST_EXPLORED:
            raise UsageError(f"explore is {explore:g}: write a number from 0 to {MOST_EXPLORED:g}")
        with self._swapping:
            self.explore, self._chooser = explore, Chooser(self.loaded, explore)
            self.cache.clear()

    def histories(self, asks: Sequence[Ask]) -> Sequences:
        """What the model reads of those who ask."""
        return self._chooser.histories(asks, self.loaded.state.now_us())

    def swap(self, version: Version) -> Loaded:
        """Put another version into service: loaded beside, caught up with the log, then exchanged at once."""
        with self._swapping:
            loaded = load(version, self.store, self.erased)
            with contextlib.suppress(StoreError):
                loaded.state.follow(self.store)
            self.loaded, self._chooser = loaded, Chooser(loaded, self.explore)
            loaded.state.follow(self.store)
            self.versions.activate(version)
            self.cache.clear()
            return loaded

    def erase(self, user: str) -> dict[str, Any]:
        """Forget a person everywhere this service writes; what stays elsewhere is said."""
        with self._swapping:
            mine = self.store.of_user(user)
            self.erased.add(user)
            removed = {"events": self.store.erase_user(user), "documents": self.loaded.catalogue.erase_user(user),
                       "lists": self.served.erase_user(user)}  # fmt: skip
            self.loaded.state.erase(user, mine)
            self.loaded.portraits.pop(user, None)
            self.cache.forget(user)
            files = [name for version in self.versions.all() for name in erase_from_version(version, user)]
            self.loaded.ledger = ledger_of(self.loaded.version)
            files += erase_from_backups(self.data / BACKUPS, self.store, user)
            self.store.compact()
        sources = sorted({one.source for one in self.versions.all() if one.source and one.source != "refit"})
        return {
            "removed": removed,
            "files_rewritten": files,
            "still_in": sources,
            "weights": "approximate until the next refit",
        }

    def is_ready(self) -> tuple[bool, dict[str, Any]]:
        """Whether requests can be answered and events written."""
        told: dict[str, Any] = {"model": self.loaded.version.name, "store": self.store.name}
        try:
            self.store.ping()
            told["behind"] = max(0, self.store.last() - self.loaded.state.position)
        except StoreError as error:
            return False, told | {"reason": str(error)}
        return True, told

    def stop(self) -> None:
        """Write and answer what waits, then let go of everything."""
        self._stop.set()
        self.writer.stop()
        self.batches.stop()
        self.served.stop()
        self._follower.join(2.0)
        self.store.close()

    def _is_newer(self, run: Path) -> bool:
        """Whether a run given at the start is another one than the first version came from."""
        return all(one.source != str(run.resolve()) for one in self.versions.all())

    def _told(self, fresh: list[StoredEvent]) -> None:
        self.loaded.state.caught_up(self.store, fresh)

    def watch(self, watcher: Callable[[int, float], None]) -> None:
        """Be told (events, seconds) of every commit."""
        self._watchers.append(watcher)

    def _watch(self, events: int, seconds: float) -> None:
        for watcher in self._watchers:
            watcher(events, seconds)

    def _mark(self, ask: Ask) -> tuple[object, ...]:
        loaded = self.loaded
        mine = loaded.state.mark(ask.user) if ask.user is not None else loaded.state.position
        expired = len(loaded.catalogue.not_shown(loaded.state.now_us()))
        return (loaded.version.number, mine, loaded.catalogue.version, expired)

    def _keep(self, ask: Ask, mark: tuple[object, ...], now: float, made: "Future[Answer]") -> None:
        if made.exception() is None and self._mark(ask) == mark and ask.user is not None:
            self.cache.put(ask.user, ask.digest, mark, now, made.result())

    def _follow(self) -> None:
        """Take in what reached the log in another way: other services on it, commits whose answer was lost."""
        while not self._stop.wait(_FOLLOW_S):
            try:
                if self.store.last() > self.loaded.state.position and not self.writer.waiting:
                    self.loaded.state.follow(self.store)
                self.is_away = False
            except StoreError as error:
                if not self.is_away:
                    log.warning("the store is away: %s", error)
                self.is_away = True
