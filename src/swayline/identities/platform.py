"""One platform as linking sees it: its accounts, what they did, what is known of them, who follows whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import UsageError, nearest
from swayline.core.names import ITEM, SOURCE, TARGET, USER
from swayline.core.types import Ints
from swayline.engine import DuckEngine
from swayline.events import ReadOptions, read_events
from swayline.events.side import read_sides

Holds = Literal["events", "users", "ties"]
HOLDS: tuple[Holds, ...] = get_args(Holds)


@dataclass(frozen=True)
class Platform:
    """The accounts of a platform, numbered from 0 in the order of their ids.

    Parameters
    ----------
    name : str
        What the platform is called in links and walls.
    ids : pa.Array
        (N,) string, sorted, each once.
    events, users, ties : pa.Table, optional
        What accounts did; what is known of them; who can influence whom among them.
    rejected : pa.Table
        Rows that could not be read.
    """

    name: str
    ids: pa.Array
    events: pa.Table | None = None
    users: pa.Table | None = None
    ties: pa.Table | None = None
    rejected: pa.Table | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, ids: Any) -> Ints:
        """Numbers of accounts; -1 where there is none of that id.

        >>> Platform.of("shop", users=pa.table({"user": ["b", "a"]})).rows(pa.array(["b", "c"])).tolist()
        [1, -1]
        """
        flat = pa.array(ids, pa.string()) if isinstance(ids, Sequence) else ids.cast(pa.string())
        return np.asarray(pc.fill_null(pc.index_in(flat, value_set=self.ids), -1), np.int64)

    @classmethod
    def of(
        cls, name: str, events: pa.Table | None = None, users: pa.Table | None = None, ties: pa.Table | None = None,
        rejected: pa.Table | None = None,
    ) -> "Platform":  # fmt: skip
        """A platform of the accounts that its tables name."""
        named = [table[USER] for table in (events, users) if table is not None]
        named += [ties[column] for column in (SOURCE, TARGET)] if ties is not None else []
        ids = pc.unique(pa.concat_arrays([chunk.cast(pa.string()) for one in named for chunk in one.chunks]))
        return cls(name, ids.drop_null().sort(), events, users, ties, rejected)


def read_platform(
    name: str, source: Any, holds: str = "events", *, users: Any = None, ties: Any = None,
    options: ReadOptions | None = None,
) -> Platform:  # fmt: skip
    """Read what is known of a platform's accounts.

    Parameters
    ----------
    source : path, address or frame
        A log, a table of users or a table of ties, as ``holds`` says.
    users, ties : path, address or frame, optional
        Further tables of the same platform.

    Raises
    ------
    UsageError
        ``holds`` is unknown, or a table is given twice.
    SourceError, SchemaError, EmptyLogError
        A table cannot be read.
    """
    if holds not in HOLDS:
        raise UsageError(
            f"a platform's first table is one of {', '.join(HOLDS)}, not {holds!r}: {nearest(holds, HOLDS)}"
        )
    given = {"users": users, "ties": ties}
    if given.get(holds) is not None:
        raise UsageError(f"the {holds} of platform {name!r} are given twice: leave one out")
    options = options or ReadOptions()
    if holds == "events":
        log = read_events(source, **given, options=options)
        acts = log.events.filter(pc.is_valid(log.events[ITEM]))
        return Platform.of(name, acts, log.users, log.ties, log.rejected)
    given[holds] = source
    with DuckEngine() as engine:
        tables, rejected = read_sides(None, given["users"], given["ties"], options, engine)
    return Platform.of(name, None, tables["users"], tables["ties"], rejected)
