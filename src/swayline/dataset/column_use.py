"""What every column of every table is used for, so that one that nothing reads is named and never silently lost."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import (
    AUDIO,
    BEHAVIOR,
    CATEGORY,
    DESCRIPTION,
    DEVICE,
    EVENT_ID,
    EXPOSED,
    IMAGE,
    ITEM,
    LAT,
    LON,
    PLATFORM,
    POSITION,
    PROPENSITY,
    ROW,
    SESSION,
    SOURCE,
    TARGET,
    TEXT,
    TIME,
    TITLE,
    USER,
    VALUE,
)
from swayline.dataset.catalogue import CATEGORIES, NUMBER, OF_WORDS, VECTOR, kind_of
from swayline.dataset.catalogue import LEAST_A_VALUE as LEAST
from swayline.events import EventLog

MOST_CONTROL_LEVELS = 100
"""An attribute of more different words is no control of effects; a category is, by its most common ones."""
_KEY = "key"
_OF_EVENTS = {
    USER: ("every figure",), ITEM: ("every figure",), BEHAVIOR: ("every figure",), TIME: ("every figure",),
    EVENT_ID: ("repeats", "names of events"), VALUE: ("outcomes", "models", "summary"), SESSION: ("summary",),
    TEXT: ("profiles",), CATEGORY: ("catalogue",), LAT: ("catalogue", "flags"), LON: ("catalogue", "flags"),
    PLATFORM: ("effects", "features", "profiles"), DEVICE: ("effects", "features", "profiles"),
    POSITION: ("effects, as --instrument",), PROPENSITY: ("effects, as --propensity",), EXPOSED: ("what was shown",),
}  # fmt: skip


@dataclass(frozen=True)
class ColumnUse:
    """One column of one table, and who reads it.

    Parameters
    ----------
    table, column : str
    kind : str
        ``key``, or what it holds (:data:`~swayline.dataset.catalogue.KINDS`).
    used_by : tuple of str
        Empty where nothing reads it.
    why : str
        Why nothing does.
    """

    table: str
    column: str
    kind: str
    used_by: tuple[str, ...]
    why: str = ""

    def as_json(self) -> dict[str, object]:
        """As a file or a page reads it."""
        return asdict(self) | {"used_by": list(self.used_by)}


def column_uses(log: EventLog) -> list[ColumnUse]:
    """Every column of a log's tables with its uses.

    >>> events = pa.table({"user": ["a"], "item": ["x"], "behavior": ["view"], "time": [1]})
    >>> items = pa.table({"item": ["x", "y"], "price": [1.0, 2.0], "audio": ["x.ogg", "y.ogg"]})
    >>> [(one.column, one.used_by) for one in column_uses(EventLog(events, items=items))][-2:]
    [('price', ('models', 'effects')), ('audio', ())]
    """
    found = [
        ColumnUse("events", name, _KEY if name in (USER, ITEM, BEHAVIOR, TIME, EVENT_ID) else kind_of(name, column),
                  _OF_EVENTS.get(name, ()), "" if name in _OF_EVENTS else "nothing reads such a column yet")
        for name, column in zip(log.events.column_names, log.events.columns, strict=True) if name != ROW
    ]  # fmt: skip
    for table, side, key in (("items", log.items, ITEM), ("users", log.users, USER)):
        if side is not None:
            found += [_of_thing(table, name, side[name], name == key) for name in side.column_names]
    if log.ties is not None:
        found += [_of_tie(name, log.ties[name]) for name in log.ties.column_names]
    return found


def unused_words(uses: Sequence[ColumnUse]) -> str:
    """A sentence that names the columns nothing reads; empty where there is none.

    >>> unused_words([ColumnUse("users", "zip", "text", (), "nearly every user has its own")])
    'nothing reads users.zip (nearly every user has its own)'
    """
    unused = [f"{one.table}.{one.column} ({one.why})" for one in uses if not one.used_by]
    return f"nothing reads {', '.join(unused)}" if unused else ""


def _of_thing(table: str, name: str, column: pa.ChunkedArray, is_key: bool) -> ColumnUse:
    if is_key:
        return ColumnUse(table, name, _KEY, ("every figure",))
    kind = kind_of(name, column)
    uses: list[str] = []
    why = ""
    if table == "items" and name in (TITLE, DESCRIPTION, CATEGORY):
        uses = ["models", "profiles", *(["effects"] if name == CATEGORY else [])]
    elif kind == VECTOR:
        uses = ["models"] if table == "items" else []
        why = "" if uses else "vectors are read of items alone"
    elif name in (IMAGE, AUDIO):
        why = "swayline encode makes vectors of it"
    elif column.null_count == len(column):
        why = "it is empty"
    elif kind == "text":
        uses = ["models"] if table == "items" else []
        why = "" if uses else f"nearly every {table[:-1]} has a value of its own"
    elif kind in OF_WORDS:
        few = kind == CATEGORIES or len(pc.unique(column)) <= MOST_CONTROL_LEVELS
        uses = ["models", *(["effects"] if few else [])]
    else:
        known = pc.drop_null(column)
        shared = kind != NUMBER or table == "items" or len(pc.unique(known)) * LEAST <= len(known)
        uses = [*(["models"] if shared else []), "effects"]
    return ColumnUse(table, name, kind, tuple(uses), why)


def _of_tie(name: str, column: pa.ChunkedArray) -> ColumnUse:
    if name in (SOURCE, TARGET):
        return ColumnUse("ties", name, _KEY, ("people",))
    return ColumnUse("ties", name, kind_of(name, column), (), "ties are read by who sways whom alone")
