"""Whether side tables speak of the log's people and items at all: ids written another way match nobody, in silence."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import shown
from swayline.core.names import ITEM, SOURCE, TARGET, USER


def unmatched(sides: Mapping[str, pa.Table | None], events: pa.Table) -> tuple[str, ...]:
    """A note for each side table none of whose ids is in the log.

    Parameters
    ----------
    sides : ``items``, ``users`` and ``ties``, each or None

    Examples
    --------
    >>> log = pa.table({"user": ["u1"], "item": ["i1"]})
    >>> unmatched({"items": pa.table({"item": ["1", "2"]})}, log)
    ("none of the 2 ids of the items table is in the log: the first is '1', there 'i1'; write both alike",)
    """
    found = []
    for side, columns, name in (("items", (ITEM,), ITEM), ("users", (USER,), USER), ("ties", (SOURCE, TARGET), USER)):
        table = sides.get(side)
        known = pc.drop_null(events[name])
        if table is None or not len(table) or not len(known):
            continue
        ids = pc.unique(pa.chunked_array([chunk for one in columns for chunk in table[one].chunks]))
        if not pc.any(pc.is_in(ids, value_set=pc.unique(known))).as_py():
            found.append(
                f"none of the {len(ids):,} ids of the {side} table is in the log: the first is "
                f"{shown(ids[0].as_py())}, there {shown(known[0].as_py())}; write both alike"
            )
    return tuple(found)
