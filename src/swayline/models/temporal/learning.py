"""From a stream to a fitted scorer: the state walked through once, questions gathered on the way, the network after.

Shapes: Q questions, C candidates, F features, I items.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from swayline.core.rng import generator
from swayline.core.types import Ints
from swayline.models.temporal.compiled.shapes import N_FEATURES, Events, Known, Questions, State
from swayline.models.temporal.state import scratch_for
from swayline.models.temporal.stream import Stream, part_of

_FEATURES_AT_ONCE = 1 << 24
"""Features held at a time: 64 MiB of float32."""
_QUESTIONS_AT_ONCE = 512


class Histories(NamedTuple):
    """Flat arrays that questions point into."""

    items: np.ndarray
    times: np.ndarray


class Drawn(NamedTuple):
    """Candidates of questions, the answer first; as :func:`~.compiled.features.sampled_items` fills them."""

    items: np.ndarray
    """(Q, C) int64."""
    uniform: np.ndarray
    """(Q, C) draws from [0, 1)."""
    offset: np.ndarray
    """(Q, C) float32."""
    features: np.ndarray
    """(Q, C, F) float32."""


@dataclass
class Walk:
    """A state on its way through a stream."""

    state: State
    known: Known
    events: Events
    histories: Histories
    done: int = 0

    @classmethod
    def through(cls, stream: Stream, state: State, known: Known) -> "Walk":
        """From the start of a stream."""
        return cls(state, known, stream.events, Histories(stream.items, stream.seconds))

    def to_end(self) -> State:
        """The state after the last event."""
        from swayline.models.temporal.compiled.advance import advance

        advance(self.state, self.known, self.events, self.done, len(self.events.items))
        self.done = len(self.events.items)
        return self.state

    def every_item(self, asked: Questions) -> Iterator[tuple[slice, np.ndarray]]:
        """(which questions, their features (q, I, F)), block after block; the next writes over it."""
        from swayline.models.temporal.compiled.features import all_items

        n_items, n = len(self.state.n_met), len(asked.start)
        step = max(1, min(_QUESTIONS_AT_ONCE, _FEATURES_AT_ONCE // (n_items * N_FEATURES)))
        room = np.empty((min(step, n), n_items, N_FEATURES), np.float32)
        scratch = scratch_for(n_items, len(self.state.category_count))
        for start in range(0, n, step):
            part = slice(start, min(start + step, n))
            some = part_of(asked, part.start, part.stop)
            out = room[: len(some.start)]
            self.done = all_items(self.state, self.known, self.events, self.done, self.histories, some, scratch, out)
            yield part, out

    def candidates(self, asked: Questions, width: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        """(Q, C, F) features and (Q, C) offsets of at most ``width`` candidates a question, the answer first."""
        n, n_items = len(asked.start), len(self.state.n_met)
        if n_items <= width:
            features = np.empty((n, n_items, N_FEATURES), np.float32)
            for part, found in self.every_item(asked):
                rows, answers = np.arange(len(found)), asked.answer[part]
                features[part] = found
                features[part][rows, 0], features[part][rows, answers] = found[rows, answers], found[:, 0]
            return torch.from_numpy(features), torch.zeros(n, n_items)
        from swayline.models.temporal.compiled.features import sampled_items

        drawn = Drawn(
            np.empty((n, width), np.int64), generator(seed, "temporal candidates", str(self.done)).random((n, width)),
            np.empty((n, width), np.float32), np.empty((n, width, N_FEATURES), np.float32),
        )  # fmt: skip
        scratch = scratch_for(n_items, len(self.state.category_count))
        self.done = sampled_items(self.state, self.known, self.events, self.done, self.histories, asked, scratch, drawn)
        return torch.from_numpy(drawn.features), torch.from_numpy(drawn.offset)


def some_places(able: Ints, n: int, seed: int) -> Ints:
    """At most n of the places, ascending."""
    if len(able) <= n:
        return np.sort(able)
    return np.sort(generator(seed, "temporal questions").choice(able, n, replace=False))
