"""Reading ahead: the next block is read on another core while this one is checked."""

from collections.abc import Generator, Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")
_POLL_S = 0.1


class _End:
    """What the reader puts last: nothing more, or what stopped it."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def prefetched(blocks: Iterator[T], n: int = 2) -> Generator[T]:
    """The same blocks in the same order, at most ``n`` of them read before they are asked for.

    An error of the reader's is raised where its block would have come; when the caller stops early, so does the reader.

    >>> list(prefetched(iter(range(5))))
    [0, 1, 2, 3, 4]
    """
    held: Queue[T | _End] = Queue(n)
    stop = Event()

    def offer(one: T | _End) -> bool:
        while not stop.is_set():
            try:
                held.put(one, timeout=_POLL_S)
                return True
            except Full:
                continue
        return False

    def work() -> None:
        try:
            for block in blocks:
                if not offer(block):
                    return
            offer(_End())
        except BaseException as error:
            offer(_End(error))
        finally:
            if isinstance(blocks, Generator):
                blocks.close()

    thread = Thread(target=work, name="swayline-read-ahead", daemon=True)
    thread.start()
    try:
        while True:
            try:
                one = held.get(timeout=_POLL_S)
            except Empty:
                continue
            if not isinstance(one, _End):
                yield one
            elif one.error is not None:
                raise one.error
            else:
                return
    finally:
        stop.set()
        thread.join()
