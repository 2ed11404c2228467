"""What was shown beside what was acted on: a list of items in a row becomes a row for each.

::

    u1  i7  click  12:00  i3|i7|i9      becomes   u1  i3  impression  12:00  position 0  exposed
                                                  u1  i9  impression  12:00  position 2  exposed
                                                  u1  i7  click       12:00  position 1
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import BEHAVIOR, EVENT_ID, EXPOSED, IMPRESSION, IMPRESSIONS, ITEM, POSITION, ROW, TEXT, VALUE
from swayline.engine.operators.checks import MAX_ID_BYTES
from swayline.events.sources.block import Refusal

_SEPARATORS = r"[|,;\s]+"


def expand(checked: pa.Table, row: int) -> tuple[pa.Table, list[Refusal]]:
    """Checked rows with a list of shown items, and a row for each shown item not acted on before its own.

    Parameters
    ----------
    checked : pa.Table
        Rows of one block; the lists stand in ``impressions``, items between ``|``, commas or blanks.
    row : int
        The number of the first row; rows are counted anew, for they are more than the source's.

    Returns
    -------
    The rows without ``impressions``, and refusals of shown items that are no ids, by the source's row.
    """
    lists = pc.split_pattern_regex(checked[IMPRESSIONS].combine_chunks(), _SEPARATORS)
    parent = np.asarray(pc.list_parent_indices(lists))
    shown = pc.list_flatten(lists)
    starts = np.searchsorted(parent, np.arange(len(checked)))
    place = np.arange(len(parent)) - starts[parent]
    length = np.asarray(pc.binary_length(shown))
    acted = np.asarray(pc.fill_null(pc.equal(shown, checked[ITEM].combine_chunks().take(pa.array(parent))), False))
    refused = [
        Refusal(
            checked[ROW][int(parent[at])].as_py(),
            IMPRESSIONS,
            shown[int(at)].as_py(),
            f"holds an item longer than {MAX_ID_BYTES} bytes",
        )
        for at in np.flatnonzero(length > MAX_ID_BYTES)
    ]
    keep = np.flatnonzero(~acted & (length > 0) & (length <= MAX_ID_BYTES))
    position = np.full(len(checked), -1)
    position[parent[acted][::-1]] = place[acted][::-1]
    acts = _with(checked, position, False)
    impressions = _with(checked.take(pa.array(parent[keep])), place[keep], True)
    impressions = _set(impressions, ITEM, shown.take(pa.array(keep)))
    impressions = _set(impressions, BEHAVIOR, pa.array([IMPRESSION] * len(keep), pa.string()))
    for name in (VALUE, TEXT, EVENT_ID):
        if name in impressions.column_names:
            impressions = _set(impressions, name, pa.nulls(len(keep), impressions[name].type))
    both = pa.concat_tables([impressions, acts])
    order = np.lexsort(
        (
            np.concatenate([np.zeros(len(keep)), np.ones(len(acts))]),
            np.concatenate([parent[keep], np.arange(len(acts))]),
        )
    )
    both = both.take(pa.array(order))
    return _set(both, ROW, pa.array(np.arange(row, row + len(both)))), refused


def _with(table: pa.Table, position: np.ndarray, exposed: bool) -> pa.Table:
    """The rows with where each stood in its list (-1: nowhere) and whether it was shown only."""
    table = table.drop_columns([IMPRESSIONS])
    table = _set(table, POSITION, pa.array(position, pa.int64(), mask=position < 0))
    return _set(table, EXPOSED, pa.array(np.full(len(table), exposed)))


def _set(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    if name in table.column_names:
        return table.set_column(table.column_names.index(name), name, column)
    return table.append_column(name, column)
