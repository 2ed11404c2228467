"""Work in parts on the processor's cores: our own threads, and none of the linear algebra's inside them.

A product of a few thousand rows is too small to be divided: its threads wait for each other longer than they work
(two threads took twice the time of one). Parts are given by the caller and their answers come back in their order, so
that sums are the same to the bit on one core and on many.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

Part = TypeVar("Part")
Answer = TypeVar("Answer")


def cores() -> int:
    """How many cores this process may use: ``OMP_NUM_THREADS`` where it is set, else those it is allowed to run on."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, int(asked)) if asked.isdigit() else len(os.sched_getaffinity(0))


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def small_products() -> AbstractContextManager[Any]:
    """A context in which linear algebra starts no threads: for work of many small products."""
    return _controller().limit(limits=1, user_api="blas")  # type: ignore[no-any-return]


@cache
def _pool(process: int, workers: int) -> ThreadPoolExecutor:
    """One pool a process: a forked one has none of its parent's threads."""
    return ThreadPoolExecutor(workers, thread_name_prefix="swayline-numerics")


def each_part(work: Callable[[Part], Answer], parts: Sequence[Part]) -> list[Answer]:
    """What some work answers of each part, in the parts' order; parts run side by side where there are cores.

    >>> each_part(lambda part: part * 2, [1, 2, 3])
    [2, 4, 6]
    """
    workers = min(cores(), len(parts))
    if workers < 2:
        return [work(part) for part in parts]
    with small_products():
        return list(_pool(os.getpid(), workers).map(work, parts))
