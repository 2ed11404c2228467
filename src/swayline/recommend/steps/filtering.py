"""Filters: what may not be shown, whoever named it.

Shapes: Q questions, I items.
"""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import ConfigError, UsageError, shown
from swayline.recommend.filters import parse_filter
from swayline.recommend.query import KEEP, ONLY, Query
from swayline.recommend.slate import Slate
from swayline.recommend.steps.candidates import rows_of_items
from swayline.recommend.steps.protocol import FILTER


@dataclass(frozen=True)
class Seen:
    """Items of the history leave the list, stay, or are all there is: as the query says, by default as the model does.

    Parameters
    ----------
    policy : str
        ``auto``, ``drop``, ``keep`` or ``only``, for queries that say ``auto``.
    """

    name: ClassVar[str] = "seen"
    kind: ClassVar[str] = FILTER
    policy: str = "auto"

    def __post_init__(self) -> None:
        if self.policy not in ("auto", "drop", KEEP, ONLY):
            raise ConfigError(f"policy is {shown(self.policy)}: write auto, drop, keep or only")

    def __call__(self, slate: Slate) -> None:
        """Filter."""
        policies = [query.seen_policy if query.seen_policy != "auto" else self.policy for query in slate.queries]
        usual = slate.context.bundle.exclude_seen
        drops = np.array([usual if one == "auto" else one == "drop" for one in policies], bool)
        only = np.array([one == ONLY for one in policies], bool)
        slate.drops = drops
        rows = np.flatnonzero(only)
        if len(rows):
            part = slate.history.take(rows)
            seen = np.zeros((len(rows), slate.context.n_items), bool)
            seen[part.users, part.items] = True
            slate.keep(rows, seen, "what was not seen")


@dataclass(frozen=True)
class Hidden:
    """What must not be shown: the query's ``hidden`` and ``exclude``, these, and items whose column says so.

    Parameters
    ----------
    items : tuple of str
        Ids that nobody is shown.
    column : str, optional
        A column of true and false in the items table; true hides the item.
    """

    name: ClassVar[str] = "hidden"
    kind: ClassVar[str] = FILTER
    items: tuple[str, ...] = ()
    column: str | None = None

    def __call__(self, slate: Slate) -> None:
        """Filter.

        Raises
        ------
        UsageError
            An item or the column does not exist.
        """
        if self.items:
            slate.keep(slice(None), ~rows_of_items(slate, self.items, "hidden"), "hidden items")
        if self.column is not None:
            column = slate.context.column(self.column, "step hidden")
            if not pa.types.is_boolean(column.type):
                raise UsageError(f"step hidden: column {self.column!r} holds {column.type}, not true or false")
            slate.keep(
                slice(None), ~np.asarray(pc.fill_null(column, False).combine_chunks()), f"hidden by {self.column}"
            )
        for name, why in (("exclude", "excluded items"), ("hidden", "hidden items")):
            for ids, rows in slate.grouped(partial(_named, name)).items():
                slate.keep(rows, ~rows_of_items(slate, ids, name), why)  # type: ignore[arg-type]


def _named(name: str, query: Query) -> object:
    return tuple(getattr(query, name)) or None


@dataclass(frozen=True)
class Expired:
    """What is over, or has not begun, at the moment of the question.

    Parameters
    ----------
    until : str, optional
        Column of the moment an item ends; an item without one does not end.
    since : str, optional
        Column of the moment it begins.
    """

    name: ClassVar[str] = "expired"
    kind: ClassVar[str] = FILTER
    until: str | None = None
    since: str | None = None

    def __post_init__(self) -> None:
        if self.until is None and self.since is None:
            raise ConfigError("it needs a column: until = 'expires', or since = 'published'")

    def __call__(self, slate: Slate) -> None:
        """Filter.

        Raises
        ------
        UsageError
            A column does not exist or holds no moments.
        """
        for moment, rows in slate.by_moment().items():
            now = moment if moment is not None else slate.context.now_us
            for name, before in ((self.until, False), (self.since, True)):
                if name is not None:
                    times = _moments(slate, name)
                    kept = times <= now if before else times > now
                    slate.keep(rows, kept | (times == _NONE), f"what {'is not yet there' if before else 'is over'}")


_NONE = np.iinfo(np.int64).min


def _moments(slate: Slate, name: str) -> np.ndarray:
    """(I,) UTC microseconds, the least number where an item has none."""
    column = slate.context.column(name, "step expired")
    if not pa.types.is_temporal(column.type):
        try:
            column = pc.cast(column, pa.timestamp("us"))
        except pa.ArrowException:
            raise UsageError(f"step expired: column {name!r} holds {column.type}, no moments") from None
    return np.asarray(pc.fill_null(pc.cast(pc.cast(column, pa.timestamp("us")), pa.int64()), _NONE).combine_chunks())


@dataclass(frozen=True)
class Where:
    """A condition on item columns: the query's ``filter`` and, if any, one for everybody.

    Parameters
    ----------
    condition : str, optional
        As ``price < 20 and not category = 'lamps'``.
    """

    name: ClassVar[str] = "where"
    kind: ClassVar[str] = FILTER
    condition: str | None = None

    def __post_init__(self) -> None:
        if self.condition is not None:
            parse_filter(self.condition)

    def __call__(self, slate: Slate) -> None:
        """Filter.

        Raises
        ------
        UsageError
            The condition cannot be read, or names a column that items do not have.
        """
        for condition, rows in slate.grouped(lambda query: query.filter).items():
            self._keep(slate, str(condition), rows)
        if self.condition is not None:
            self._keep(slate, self.condition, np.arange(len(slate)))

    def _keep(self, slate: Slate, condition: str, rows: np.ndarray) -> None:
        kept = slate.context.once(("where", condition), lambda: parse_filter(condition)(slate.context.items))
        slate.keep(rows, kept, f"the filter {condition}")
