"""Scores after each new event, without reading the history again.

Shapes: Q histories, I items.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from swayline.core.errors import UsageError, shown
from swayline.core.types import Floats, Ints, ItemRows
from swayline.dataset import NO_TIME, Sequences, from_lists
from swayline.models.protocol import Scores
from swayline.models.sequence.batching.layout import Layout, bin_width
from swayline.models.sequence.batching.memory import Memory
from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.batching.value_inputs import features
from swayline.models.sequence.heads.repeat_features import Asked
from swayline.models.sequence.heads.repeat_head import Returns
from swayline.models.sequence.objectives import next_item
from swayline.models.sequence.serving.scorer import Scorer

Event = tuple[int, int, int, float]
"""Item, behaviour, time, value (NaN: none)."""
STREAMING_BLOCKS = ("ligr", "sasrec")
"""Blocks whose attention keeps what it read; HSTU divides by the width of its bin and adds a bias by time."""


class Stream:
    """A few histories that grow: ``add`` an event to each, ``score`` what comes next.

    The scores are those of :meth:`Transformer.score` on the grown histories. Where a history outgrows what the model
    reads (``max_length_``), its positions shift with every event, so it is read again each time.
    """

    def __init__(self, scorer: Scorer, history: Sequences) -> None:
        settings, network = scorer.settings, scorer.network
        if settings.block not in STREAMING_BLOCKS or settings.objective != "next-item" or settings.positions == "end":
            raise UsageError(
                "scoring event by event needs block ligr or sasrec, objective next-item and positions start or none, "
                f"not {settings.block}, {settings.objective}, {settings.positions}: use score(history)"
            )
        self._scorer, self._sizes, self._network = scorer, scorer.sizes, network
        self._device = scorer.device
        self._timed, self._profiles = history.timed, history.profiles
        self._rows = [_events_of(history, row) for row in range(len(history))]
        self._read()

    def add(
        self, items: ItemRows | Ints, behaviors: Ints | None = None, times: Ints | None = None,
        values: Floats | None = None,
    ) -> None:  # fmt: skip
        """One more event for each of Q histories: item rows, behaviour rows (0), UTC microseconds (in timed logs).

        ``values`` (Q,) are what the events were worth, NaN where that is not known.

        Raises
        ------
        UsageError
            The arrays do not hold one entry a history, an item is unknown, or the log has times and none are given.
        """
        found = np.zeros(len(items), np.int64) if behaviors is None else np.asarray(behaviors)
        clock = np.full(len(items), NO_TIME, np.int64) if times is None else np.asarray(times)
        worth = np.full(len(items), np.nan) if values is None else np.asarray(values, np.float64)
        self._check(np.asarray(items), found, clock, times is not None)
        if len(worth) != len(items):
            raise UsageError(f"give one value for each of the {len(items)} events, not {len(worth)}")
        for row, event in zip(self._rows, zip(items, found, clock, worth, strict=True), strict=True):
            row.append((int(event[0]), int(event[1]), int(event[2]), float(event[3])))
        if any(len(row) > self._sizes.max_length for row in self._rows):
            self._read()
            return
        self._memory.read += 1
        newest, rows = self._step(), torch.arange(len(self._rows), device=self._device)
        with torch.no_grad():
            self._past[rows, self._memory.read] = self._network(newest)
        for kept, new in zip(self._met, (newest.items, newest.behaviors, newest.times), strict=True):
            kept[rows, self._memory.read] = new

    def score(self, asked_at: Ints | None = None) -> Scores:
        """(Q, I) logits of every item as the next one, asked at (Q,) moments, UTC microseconds, where they are known.

        Raises
        ------
        UsageError
            There is not one moment a history.
        """
        moments = np.zeros(len(self._rows), np.int64) if asked_at is None else np.asarray(asked_at)
        if len(moments) != len(self._rows):
            raise UsageError(f"asked_at holds a moment for each of the {len(self._rows)} histories, not {len(moments)}")
        at = torch.from_numpy(moments).to(self._device)
        rows, read = torch.arange(len(self._rows), device=self._device), self._memory.read
        with torch.no_grad():
            states = self._network.after(self._past[rows, read], at, self._met[2][rows, read])
        scores: Scores = self._scorer.logits(states, self._returns(states, at)).float().cpu().numpy()
        if self._scorer.blend is not None:
            self._scorer.blend.join(scores, self._as_sequences(self._rows))
        return scores

    def _returns(self, states: Tensor, moments: Tensor) -> Returns | None:
        repeats = self._network.repeats
        if repeats is None:
            return None
        items, behaviors, times = self._met
        read = self._memory.read[:, None]
        visible = (torch.arange(items.shape[1], device=self._device) <= read) & (items != self._sizes.n_items)
        asked = Asked(items, behaviors, times, read, visible[:, None], moments[:, None])
        past = self._past.scatter(1, read[:, None].expand(-1, -1, states.shape[1]), states[:, None])
        with torch.no_grad():
            return repeats.returns_of(states, past, asked, self._network.codes)

    def _check(self, items: np.ndarray, behaviors: np.ndarray, times: np.ndarray, timed: bool) -> None:
        if not len(items) == len(behaviors) == len(times) == len(self._rows):
            raise UsageError(f"give one event for each of the {len(self._rows)} histories, not {len(items)}")
        if len(items) and not (items.min() >= 0 and items.max() < self._sizes.n_items):
            raise UsageError(f"item rows run from 0 to {self._sizes.n_items - 1}, not {shown(items.tolist())}")
        if len(items) and not (behaviors.min() >= 0 and behaviors.max() < self._sizes.n_behaviors):
            last = self._sizes.n_behaviors - 1
            raise UsageError(f"behaviour rows run from 0 to {last}, not {shown(behaviors.tolist())}")
        if self._timed and not timed:
            raise UsageError("this log has times: give the events' times")

    def _read(self) -> None:
        """Read every history from its start, and remember."""
        longest, width = self._sizes.max_length, bin_width(self._sizes.max_length)
        history = self._as_sequences([row[-longest:] for row in self._rows])
        layout = Layout(np.arange(len(history), dtype=np.int64) * width, len(history), width)
        batch = next_item.arrange(self._scorer.scaled_values(history), layout, longest, False, self._device)
        self._memory = Memory(len(history), width, self._network.n_layers, self._device)
        self._memory.read = torch.from_numpy(np.minimum(history.lengths, longest)).to(self._device)
        batch = batch.remembering(self._memory)
        self._network.eval()
        with torch.no_grad():
            self._past = self._network(batch).view(len(history), width, -1)
        self._met = tuple(x.view(len(history), width) for x in (batch.items, batch.behaviors, batch.times))

    def _as_sequences(self, events: list[list[Event]]) -> Sequences:
        grown = from_lists(
            [[event[0] for event in row] for row in events], self._sizes.n_items,
            [[event[1] for event in row] for row in events], [[event[2] for event in row] for row in events],
            self._sizes.n_behaviors, [[event[3] for event in row] for row in events],
        )  # fmt: skip
        return replace(grown, profiles=self._profiles, values=grown.values if grown.valued else None)

    def _step(self) -> Packed:
        """The newest event of every history as a batch of one place each."""
        newest = [row[-1] for row in self._rows]
        earlier = [row[-2][2] if len(row) > 1 else 0 for row in self._rows]
        n = len(newest)
        return Packed(
            items=self._tensor([event[0] for event in newest]),
            behaviors=self._tensor([event[1] for event in newest]),
            positions=self._memory.read,
            times=self._tensor([max(0, event[2]) for event in newest]),
            before=self._tensor([max(0, time) for time in earlier]),
            asked_at=torch.zeros(n, dtype=torch.int64, device=self._device),
            answered_at=torch.zeros(n, dtype=torch.int64, device=self._device),
            timed=self._timed,
            visible=torch.ones(n, 1, 1, 1, dtype=torch.bool, device=self._device),
            last=torch.arange(n, device=self._device),
            memory=self._memory,
            values=self._worth(),
            profiles=None if self._profiles is None else torch.from_numpy(self._profiles).to(self._device),
        )

    def _worth(self) -> Tensor | None:
        """(Q, 4) what is read of the newest event's value, the history's usual one beside it."""
        history = self._scorer.scaled_values(self._as_sequences([row[-self._sizes.max_length :] for row in self._rows]))
        if history.values is None:
            return None
        return torch.from_numpy(features(history.values, history.users)[history.offsets[1:] - 1]).to(self._device)

    def _tensor(self, values: list[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.int64, device=self._device)


def _events_of(history: Sequences, row: int) -> list[Event]:
    """(item, behaviour, time, value) of one history, oldest first."""
    part = history.of(row)
    worth = np.full(len(history.items[part]), np.nan) if history.values is None else history.values[part]
    columns = (history.items[part], history.behaviors[part], history.times[part], worth)
    return list(zip(*(column.tolist() for column in columns), strict=True))
