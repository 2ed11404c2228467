"""Histories now: those that the model was fitted on, and every act since.

::

    base    Sequences of the model's folder, compact arrays          row by a dictionary of ids
    live    user → acts since, kept in order by (time, event_id)     a late one finds its place

Shapes: E events of a history.
"""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from swayline.core.names import INTERACT
from swayline.core.types import Ints
from swayline.dataset import NO_TIME, Dataset, Sequences
from swayline.service.state.acts import Act

MOST_ACTS = 2_000
"""Acts of a person kept in memory beside the base; of more, the newest."""


class People:
    """Everybody's history.

    Parameters
    ----------
    base : Dataset
        What the model was fitted on.
    """

    def __init__(self, base: Dataset) -> None:
        self.base = base
        self.rows = {name: row for row, name in enumerate(base.users.names)}
        self.item_rows = {name: row for row, name in enumerate(base.items.names)}
        self.behavior_rows = {name: row for row, name in enumerate(base.behaviors.names)}
        self._any_behavior = base.behaviors.names == [INTERACT]
        self.live: dict[str, list[Act]] = {}
        self.gone: set[str] = set()

    def add(self, user: str, act: Act) -> bool:
        """Put an act in its place; whether it is new."""
        acts = self.live.setdefault(user, [])
        if not acts or acts[-1] < act:
            acts.append(act)
        else:
            at = bisect.bisect_left(acts, act)
            if at < len(acts) and acts[at][:3] == act[:3]:
                return False
            acts.insert(at, act)
        if len(acts) > MOST_ACTS:
            del acts[0]
        return True

    def knows(self, user: str) -> bool:
        """Whether anything is known of a person."""
        return user in self.live or (user in self.rows and user not in self.gone)

    def erase(self, user: str) -> None:
        """Forget a person; the base is not asked for them again."""
        self.live.pop(user, None)
        if user in self.rows:
            self.gone.add(user)

    def base_slice(self, user: str) -> slice:
        """The events of a person in the base."""
        row = self.rows.get(user)
        return slice(0, 0) if row is None or user in self.gone else self.base.sequences.of(row)

    def behavior_row(self, behavior: str) -> int:
        """The model's number of a behaviour, -1 where it knows none."""
        return 0 if self._any_behavior else self.behavior_rows.get(behavior, -1)

    def acts(self, user: str) -> list[Act]:
        """The whole history of a person in outside names, also what the model does not know."""
        known, part = self.base, self.base_slice(user)
        flat = known.sequences
        values = flat.values
        before = [
            Act(int(flat.times[at]), 0, "", known.items.names[flat.items[at]],
                known.behaviors.names[flat.behaviors[at]], float("nan") if values is None else float(values[at]))
            for at in range(part.start, part.stop)
        ]  # fmt: skip
        held = {(act.item, act.behavior, act.time_us) for act in before}
        since = [act for act in self.live.get(user, ()) if (act.item, act.behavior, act.time_us) not in held]
        return sorted([*before, *since], key=lambda act: act[:3]) if since else before

    def of(self, user: str) -> "History":
        """What the model reads of a person."""
        part, flat = self.base_slice(user), self.base.sequences
        values = np.full(part.stop - part.start, np.nan) if flat.values is None else flat.values[part]
        before = History(flat.items[part], flat.behaviors[part], flat.times[part], values)
        acts = self.live.get(user)
        if not acts:
            return before
        return self._joined(before, acts)

    def of_acts(self, acts: Sequence[Act]) -> "History":
        """What the model reads of a history given."""
        nothing = np.zeros(0, np.int64)
        return self._joined(History(nothing, nothing, nothing, np.zeros(0)), acts)

    def _joined(self, before: "History", acts: Sequence[Act]) -> "History":
        found = [
            (self.item_rows[act.item], row, act.time_us, act.value)
            for act in acts
            if act.item in self.item_rows and (row := self.behavior_row(act.behavior)) >= 0
        ]
        if len(before) and found:
            held = set(zip(before.items.tolist(), before.behaviors.tolist(), before.times.tolist(), strict=True))
            found = [one for one in found if one[:3] not in held]
        if not found:
            return before
        columns = list(zip(*found, strict=True))
        times = np.concatenate([before.times, np.array(columns[2], np.int64)])
        joined = History(
            np.concatenate([before.items, np.array(columns[0], np.int32)]),
            np.concatenate([before.behaviors, np.array(columns[1], np.int16)]),
            times,
            np.concatenate([before.values, np.array(columns[3], np.float64)]),
        )
        if self.base.ordered or not len(before) or times[len(before)] >= before.times[-1]:
            return joined
        return joined.take(np.argsort(times, kind="stable"))

    def as_sequences(self, histories: Sequence["History"], profiles: Ints | None, moment_us: int) -> Sequences:
        """Histories of several people as a model reads them, all asked at one moment."""
        flat = self.base.sequences
        lengths = [len(one) for one in histories]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        times = np.concatenate([one.times for one in histories]).astype(np.int64)
        if self.base.ordered:
            times = np.full(len(times), NO_TIME, np.int64)
        made = replace(
            flat, offsets=offsets, times=times, profiles=profiles, asked_at=None, answered_at=None,
            items=np.concatenate([one.items for one in histories]).astype(np.int32),
            behaviors=np.concatenate([one.behaviors for one in histories]).astype(np.int16),
            events=np.arange(len(times), dtype=np.int64),
            values=None if flat.values is None else np.concatenate([one.values for one in histories]),
        )  # fmt: skip
        return made if self.base.ordered else replace(made, asked_at=np.full(len(histories), moment_us, np.int64))


@dataclass(frozen=True)
class History:
    """(E,) item rows, behaviour rows, UTC microseconds and values (NaN: none) of one person, oldest first."""

    items: np.ndarray
    behaviors: np.ndarray
    times: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.items)

    def take(self, order: np.ndarray) -> "History":
        """The events in another order."""
        return History(self.items[order], self.behaviors[order], self.times[order], self.values[order])
