"""The event log in memory."""

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import OutcomeError, nearest
from swayline.core.names import BEHAVIOR, FUNNEL, ITEM, USER, funnel_depth
from swayline.events.options import ReadOptions
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
    items, users, ties : pa.Table, optional
        Side tables.
    notes : tuple of str
        What the reader decided that a person should know, a sentence each.
    """

    events: pa.Table
    rejected: pa.Table = field(default_factory=REJECTED.empty_table)
    n_read: int = 0
    n_duplicates: int = 0
    options: ReadOptions = field(default_factory=ReadOptions)
    items: pa.Table | None = None
    users: pa.Table | None = None
    ties: pa.Table | None = None
    notes: tuple[str, ...] = ()

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
        """The behaviour that counts as success: the one wanted, else the deepest of the funnel present.

        Raises
        ------
        OutcomeError
            The wanted one does not occur, or none is wanted and the funnel knows none of several.
        """
        present = self.behaviors
        if wanted is not None:
            if wanted not in present:
                raise OutcomeError(f"outcome {wanted!r} does not occur in this log: {nearest(wanted, present)}")
            return wanted
        deepest = max(present, key=funnel_depth)
        if funnel_depth(deepest) < 0 and len(present) > 1:
            raise OutcomeError(f"which behaviour is the outcome? say --outcome NAME, one of: {', '.join(present)}")
        return deepest


def _place(behavior: str) -> int:
    depth = funnel_depth(behavior)
    return depth if depth >= 0 else len(FUNNEL)


def count_distinct(log: EventLog) -> tuple[int, int]:
    """How many users and items have an event."""
    return len(pc.unique(log.events[USER])), len(pc.unique(log.events[ITEM].drop_null()))
