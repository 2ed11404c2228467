"""Histories as one stream of events in the order of time, and what may be known at each of its questions.

::

    stream      e0 e1 e2 e3 e4 e5 …      by time, the order of the log among equal times
    strictly    a question at the time of e3 knows what is earlier than e3: not e2, if that is of the same second
    in blocks   a question in the block e2..e4 knows e0 and e1 alone (TGB: the state moves once a block)

Shapes: E events, Q questions.
"""

from dataclasses import dataclass

import numpy as np

from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences
from swayline.dataset.adjacency import clock_of
from swayline.models.temporal.compiled.shapes import Events, Questions

_US = 1e-6


@dataclass(frozen=True)
class Stream:
    """A log's events by time.

    Parameters
    ----------
    events : Events
        Users, items and times (seconds; 0 in logs that have an order alone).
    flat : (E,) int64
        Place of each event in the flat arrays of the histories.
    place : (E,) int64
        The other way round: place in the stream of each event of the histories.
    items, seconds : (E,)
        The histories' own flat arrays; seconds are places in the history in logs that have an order alone.
    offsets : (U + 1,) int64
        Of the histories.
    order_time : (E,) float64
        What the stream is sorted by.
    """

    events: Events
    flat: Ints
    place: Ints
    items: Ints
    seconds: Floats
    offsets: Ints
    order_time: Floats

    def __len__(self) -> int:
        return len(self.flat)


def stream_of(sequences: Sequences) -> Stream:
    """A log's histories as a stream."""
    timed = sequences.timed
    seconds = clock_of(sequences) * (_US if timed else 1.0)
    flat = np.lexsort((sequences.events, seconds))
    place = np.empty(len(flat), np.int64)
    place[flat] = np.arange(len(flat))
    users, items = sequences.users[flat].astype(np.int64), sequences.items[flat].astype(np.int64)
    # Without times there is no age: everybody's events weigh alike.
    times = seconds[flat] if timed else np.zeros(len(flat))
    return Stream(
        Events(users, items, times),
        flat,
        place,
        sequences.items.astype(np.int64),
        seconds,
        sequences.offsets,
        seconds[flat],
    )


def questions_of(
    stream: Stream, asked: Ints, *, block_starts: Ints | None = None, strict: bool = True, target_time: bool = True
) -> Questions:
    """The questions "what did this person do now?" at some places of the stream, in order.

    Parameters
    ----------
    asked : (Q,) int64
        Places in the stream, ascending.
    block_starts : (B,) int64, optional
        Where blocks begin; a question knows what came before its block. By default, what is strictly earlier.
    strict : bool
        Whether the person's own events of the same time are unknown too; else the order of the history counts.
    target_time : bool
        Whether the answer's own time is known; else ages count from the person's last event.
    """
    times = stream.order_time[asked]
    if block_starts is None:
        until = np.searchsorted(stream.order_time, times, side="left")
    else:
        until = block_starts[np.searchsorted(block_starts, asked, side="right") - 1]
    users, flat = stream.events.users[asked], stream.flat[asked]
    start = stream.offsets[users]
    stop = flat if not strict and block_starts is None else _own_until(stream, users, until)
    own_now = times if target_time else np.where(stop > start, stream.seconds[np.maximum(stop - 1, 0)], times)
    return Questions(
        start, stop, own_now, stream.events.times[asked], until.astype(np.int64), stream.events.items[asked]
    )


def part_of(asked: Questions, start: int, stop: int) -> Questions:
    """Some of the questions."""
    return Questions(*(one[start:stop] for one in asked))


def _own_until(stream: Stream, users: Ints, until: Ints) -> Ints:
    """(Q,) where the events of each person that come before a place of the stream end, in the flat arrays."""
    n = len(stream) + 1
    whose = np.repeat(np.arange(len(stream.offsets) - 1), np.diff(stream.offsets))
    return np.searchsorted(whose * n + stream.place, users * n + until, side="left")
