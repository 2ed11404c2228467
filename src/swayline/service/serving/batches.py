"""Questions that come while the model works are answered together, in one thread."""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from swayline.service.log.protocol import StoreBusyError
from swayline.service.serving.asks import Answer, Ask

MOST_TOGETHER = 64
MOST_WAITING = 512

_Entry = tuple[Ask, "Future[Answer]"]


class Batches:
    """One thread that answers.

    Parameters
    ----------
    answer : callable
        Many questions → an answer or an error each.
    """

    def __init__(self, answer: Callable[[Sequence[Ask]], list[Answer | Exception]]) -> None:
        self._answer = answer
        self._queue: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="swayline-model", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Questions in the queue."""
        return self._queue.qsize()

    def submit(self, ask: Ask) -> "Future[Answer]":
        """Ask.

        Raises
        ------
        StoreBusyError
            Too many questions wait.
        """
        if self._queue.qsize() >= MOST_WAITING:
            raise StoreBusyError(f"{MOST_WAITING} questions wait for the model: ask again in a second")
        done: Future[Answer] = Future()
        self._queue.put((ask, done))
        return done

    def stop(self) -> None:
        """Answer what waits, then end."""
        self._queue.put(None)
        self._thread.join(5.0)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group, last = [first], False
            while len(group) < MOST_TOGETHER:
                try:
                    entry = self._queue.get_nowait()
                except queue.Empty:
                    break
                if entry is None:
                    last = True
                    break
                group.append(entry)
            self._work(group)
            if last:
                return

    def _work(self, group: list[_Entry]) -> None:
        try:
            answers: Sequence[Answer | Exception] = self._answer([ask for ask, _ in group])
        except Exception as error:
            answers = [error] * len(group)
        for (_, done), answer in zip(group, answers, strict=True):
            if isinstance(answer, Exception):
                done.set_exception(answer)
            else:
                done.set_result(answer)
