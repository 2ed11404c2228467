"""Refits of a service: one at a time, in the background, judged before they answer, and rolled back on request.

::

    log ─ compact ─ worker: fit, compare on the newest events, learn from everything ─ not worse? ─ swap
"""

import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from swayline.core.errors import BusyError, SwaylineError, UsageError
from swayline.core.names import INFLUENCE_FILE, MODEL_FOLDER
from swayline.core.run_folder.registry import PEOPLE_FILE
from swayline.core.storage.artifacts import read_json
from swayline.core.storage.files import write_json
from swayline.service.refit.compaction import compact
from swayline.service.serving import Service, Version
from swayline.service.serving.erase import erase_from_version

log = logging.getLogger("swayline.service")
JOB, SHADOW, WORKER_LOG = "job.json", "shadow.json", "worker.log"
KEPT = 3
LEAST_EVERY_S, MOST_EVERY_S = 60.0, 365 * 86_400.0
_LOOK_S = 1.0
_SHARE = 0.2


class Refits:
    """Makes newer versions.

    Parameters
    ----------
    service : Service
    every_s : float
        Seconds between refits of their own accord; 0 for those that are asked for alone.
    least_events : int
        A refit of its own accord waits for so many new events.
    """

    def __init__(self, service: Service, every_s: float = 0.0, least_events: int = 100) -> None:
        self.service, self.every_s, self.least = service, every_s, least_events
        self._busy, self._stop = threading.Lock(), threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self.last: dict[str, Any] = {"state": "none yet"}
        for folder in service.versions.folder.iterdir():  # what a killed service left half made
            if not (folder / "about.json").is_file():
                shutil.rmtree(folder, ignore_errors=True)
        self._thread: threading.Thread | None = None
        self._begin()

    def set_every(self, every_s: float) -> None:
        """Refit so often from now on; 0 for no refit of its own accord.

        Raises
        ------
        UsageError
            It is negative, or shorter than a minute.
        """
        if every_s and not LEAST_EVERY_S <= every_s <= MOST_EVERY_S:
            raise UsageError(f"a refit every {every_s:g} s is none of: 0 (never), or from 1m to 365d")
        self.every_s = every_s
        self._begin()

    def _begin(self) -> None:
        if self.every_s > 0 and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="swayline-refit", daemon=True)
            self._thread.start()

    @property
    def is_busy(self) -> bool:
        """Whether one is under way."""
        return self._busy.locked()

    def start(self, seed: int = 0) -> None:
        """Begin a refit in the background.

        Raises
        ------
        BusyError
            One is under way.
        """
        if not self._busy.acquire(blocking=False):
            raise BusyError("a refit is under way: GET /v1/models says when it is done")
        self.last = {"state": "running"}
        threading.Thread(target=self._guarded, args=(seed,), name="swayline-refit-once", daemon=True).start()

    def once(self, seed: int = 0) -> dict[str, Any]:
        """A refit now; what became of it.

        Raises
        ------
        BusyError
            One is under way.
        """
        if not self._busy.acquire(blocking=False):
            raise BusyError("a refit is under way: wait until it is done")
        self.last = {"state": "running"}
        self._guarded(seed)
        return self.last

    def rollback(self) -> Version:
        """Put the version before the current one back into service.

        Raises
        ------
        UsageError
            There is none.
        """
        before = self.service.versions.before()
        if before is None:
            raise UsageError("there is no earlier model to go back to")
        self.service.swap(before)
        return before

    def stop(self) -> None:
        """End a refit under way; what it made is thrown away."""
        self._stop.set()
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def _guarded(self, seed: int) -> None:
        try:
            self.last = self._once(seed)
        except Exception as error:
            log.error("the refit failed: %s", error, exc_info=not isinstance(error, SwaylineError))
            self.last = {"state": "failed", "reason": str(error)}
        finally:
            self._busy.release()

    def _once(self, seed: int) -> dict[str, Any]:
        service = self.service
        loaded, number, folder = service.loaded, *service.versions.new_folder()
        try:
            done = compact(loaded, service.store, folder, service.erased)
            settings = {name: value for name, value in loaded.bundle.settings.items() if value is not None}
            settings.pop("seed", None)
            newest = int(loaded.bundle.dataset.sequences.times.max(initial=0))
            write_json(folder / JOB, {
                "folder": str(folder), "files": done.files, "old": str(loaded.version.folder / MODEL_FOLDER),
                "model": loaded.bundle.model.name, "settings": settings, "seed": seed, "newest_us": newest,
                "share": _SHARE,
            })  # fmt: skip
            self._work(folder)
            shadow = read_json(folder / SHADOW)
            for name in (INFLUENCE_FILE, PEOPLE_FILE):
                if (loaded.version.folder / name).is_file():
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(loaded.version.folder / name, folder / name)
            version = service.versions.finish(number, done.position, "refit", shadow)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        told = {"version": version.name, "events": done.events, "new_events": done.live, "shadow": shadow}
        if shadow["questions"] and shadow["ci_high"] < 0:
            return told | {"state": "refused", "reason": "the newer model is worse on the newest events"}
        self._forget_again(version)
        service.swap(version)
        self._prune()
        return told | {"state": "swapped in"}

    def _work(self, folder: Path) -> None:
        """Run the worker to its end."""
        environment = dict(os.environ) | {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
        with (folder / WORKER_LOG).open("wb") as told:
            command = [sys.executable, "-m", "swayline.service.refit.worker", str(folder / JOB)]
            self._process = subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT, env=environment)
            code = self._process.wait()
        if code != 0:
            lines = (folder / WORKER_LOG).read_text("utf-8", "replace").strip().splitlines()
            raise SwaylineError(
                f"the training ended with code {code}: {lines[-1][:500] if lines else 'it said nothing'}"
            )

    def _forget_again(self, version: Version) -> None:
        """Forget in the new files whoever asked for it while they were made."""
        from swayline.training.bundle import ModelBundle

        if len(self.service.erased):
            users = ModelBundle.load(version.folder / MODEL_FOLDER).dataset.users.names
            for user in [user for user in users if user in self.service.erased]:
                erase_from_version(version, user)

    def _prune(self) -> None:
        """Remove the oldest versions; the current one and the one before it stay."""
        current, before = self.service.versions.current(), self.service.versions.before()
        kept = {one.number for one in (current, before) if one is not None}
        for version in self.service.versions.all()[:-KEPT]:
            if version.number not in kept:
                shutil.rmtree(version.folder, ignore_errors=True)

    def _run(self) -> None:
        last = time.monotonic()
        while not self._stop.wait(min(_LOOK_S, self.every_s or _LOOK_S)):
            if not 0 < self.every_s <= time.monotonic() - last:
                continue
            last = time.monotonic()
            new = self.service.loaded.state.position - self.service.loaded.version.position
            if new >= self.least and not self.is_busy:
                try:
                    self.once()
                except BusyError:
                    continue
