"""Reading ahead changes nothing but the time: order, errors and stopping are the reader's own."""

import threading
import time
from collections.abc import Iterator

import pytest

from swayline.core.errors import SourceError
from swayline.events.prefetch import prefetched


def test_an_error_comes_where_its_block_would_have() -> None:
    def blocks() -> Iterator[int]:
        yield 1
        yield 2
        raise SourceError("the rest is damaged")

    found: list[int] = []
    with pytest.raises(SourceError, match="the rest is damaged"):
        found.extend(prefetched(blocks()))
    assert found == [1, 2]


def test_the_reader_stops_and_cleans_up_when_the_caller_does() -> None:
    closed = threading.Event()
    asked: list[int] = []

    def blocks() -> Iterator[int]:
        try:
            for number in range(1000):
                asked.append(number)
                yield number
        finally:
            closed.set()

    source = prefetched(blocks(), n=2)
    assert next(source) == 0
    source.close()
    assert closed.wait(5)
    assert len(asked) <= 5
    assert not [one for one in threading.enumerate() if one.name == "swayline-read-ahead"]


def test_no_more_is_held_than_said() -> None:
    asked: list[int] = []

    def blocks() -> Iterator[int]:
        for number in range(20):
            asked.append(number)
            yield number

    for number in prefetched(blocks(), n=3):
        time.sleep(0.002)
        assert len(asked) <= number + 6
    assert asked == list(range(20))
