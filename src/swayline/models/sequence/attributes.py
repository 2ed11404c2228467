"""What items have in common, as numbers: the category and every other column of the items table that repeats.

Shapes: I items, A columns.
"""

import numpy as np

from swayline.core.names import AUDIO, DESCRIPTION, IMAGE, TITLE
from swayline.core.types import Ints
from swayline.dataset.catalogue import Catalogue

_NOT_SHARED = (TITLE, DESCRIPTION, IMAGE, AUDIO)
_ITEMS_A_VALUE = 2


def attribute_codes(catalogue: Catalogue | None, n_items: int) -> tuple[Ints, int]:
    """(I, A) rows of one table of values, 0 where an item has none, and how many rows that table needs.

    A column is taken where its values repeat: at least two of them, and on average at least two items to a value.

    >>> import pyarrow as pa
    >>> attribute_codes(Catalogue(pa.table({"category": ["a", "b", "a", None], "title": ["x", "y", "z", "x"]})), 4)
    (array([[1],
           [2],
           [1],
           [0]]), 3)
    """
    columns, used = [np.zeros((n_items, 0), np.int64)], 1
    for name in catalogue.table.column_names if catalogue is not None else ():
        if catalogue is None or name in _NOT_SHARED:
            continue
        codes, values = catalogue.codes(name)
        if 2 <= len(values) <= (codes >= 0).sum() / _ITEMS_A_VALUE:
            columns.append(np.where(codes >= 0, codes + used, 0)[:, None])
            used += len(values)
    return np.concatenate(columns, axis=1), used if len(columns) > 1 else 0
