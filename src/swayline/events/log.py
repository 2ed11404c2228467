"""The event log in memory."""

from dataclasses import dataclass, field, replace
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import BEHAVIOR, FUNNEL, ITEM, USER, funnel_depth
from swayline.events.options import ReadOptions
from swayline.events.outcome import Outcome, find_outcome, split_by
from swayline.events.sources.block import REJECTED


@dataclass(frozen=True)
class EventLog:
    """What happened, checked, without repeats, in time order.

    Parameters
    ----------
    events : pa.Table
        ``row``, ``user``, ``item``, ``behavior``, ``time`` and the optional columns the source had. ``row`` is the
        record's number in the source; where every event has an ``event_id``, its place in the order of time and id.
    rejected : pa.Table
        ``file``, ``row``, ``column``, ``value``, ``reason`` of every row that was refused.
    n_read, n_duplicates : int
        Rows seen in the source, and repeats dropped.
    options : ReadOptions
        How the source was read.
    items, users, ties, graph : pa.Table, optional
        Side tables; of the graph, items bear their own ids.
    notes : tuple of str
        What the reader decided that a person should know, a sentence each.
    mapped : dict
        Our column → the source's; empty for a log that was kept and read again.
    """

    events: pa.Table
    rejected: pa.Table = field(default_factory=REJECTED.empty_table)
    n_read: int = 0
    n_duplicates: int = 0
    options: ReadOptions = field(default_factory=ReadOptions)
    items: pa.Table | None = None
    users: pa.Table | None = None
    ties: pa.Table | None = None
    graph: pa.Table | None = None
    notes: tuple[str, ...] = ()
    mapped: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.events)

    @property
    def ordered(self) -> bool:
        """Whether rows have an order and no times."""
        return self.options.ordered

    @property
    def behaviors(self) -> list[str]:
        """The behaviours present: the funnel's in its order, then the others by frequency."""
        counts = pc.value_counts(self.events[BEHAVIOR]).to_pylist()
        return [
            one["values"]
            for one in sorted(counts, key=lambda one: (_place(one["values"]), -one["counts"], one["values"]))
        ]

    def outcome(self, wanted: str | None = None) -> str:
        """What counts as success: a behaviour, or a condition on its value (``rate>=4``) as its name.

        The one wanted, else what was liked in a log of ratings alone, else the deepest of the funnel present.

        Raises
        ------
        UsageError
            A condition cannot be read.
        OutcomeError
            The wanted one does not occur, everybody or nobody meets the condition, or none is wanted and the funnel
            knows none of several.
        """
        return self.outcome_told(wanted).name

    def outcome_told(self, wanted: str | None = None) -> Outcome:
        """As :meth:`outcome`, with its condition and how it was chosen."""
        return find_outcome(self.events, self.behaviors, wanted)

    def split_by_outcome(self, wanted: str | None = None) -> tuple[Self, str]:
        """The log in which events say whether they meet the outcome's condition, and the outcome's name.

        >>> rows = {"user": ["a", "b"], "item": ["x", "x"], "behavior": ["rate"] * 2, "value": [5.0, 2.0]}
        >>> log, outcome = EventLog(pa.table(rows)).split_by_outcome("rate>=4")
        >>> outcome, log.behaviors
        ('rate>=4', ['rate<4', 'rate>=4'])
        """
        outcome = self.outcome_told(wanted)
        return replace(self, events=split_by(self.events, outcome)), outcome.name


def _place(behavior: str) -> int:
    depth = funnel_depth(behavior)
    return depth if depth >= 0 else len(FUNNEL)


def count_distinct(log: EventLog) -> tuple[int, int]:
    """How many users and items have an event."""
    return len(pc.unique(log.events[USER])), len(pc.unique(log.events[ITEM].drop_null()))
