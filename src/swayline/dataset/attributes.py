"""What items (or people) have in common, as numbers: the category and every other column of their table that repeats.

Shapes: I items, A columns.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import AUDIO, DESCRIPTION, IMAGE, LAT, LON, TITLE
from swayline.core.types import Ints
from swayline.dataset.catalogue import Catalogue, is_vector

NOT_SHARED = (TITLE, DESCRIPTION, IMAGE, AUDIO, LAT, LON)
CELLS_A_DEGREE = (10, 100)
"""Places are shared by cells of about eleven kilometres and of about one."""
LEAST_A_VALUE = 2
"""A column is shared where its values are borne, on average, by at least so many."""


def attribute_codes(catalogue: Catalogue | None, n_items: int) -> tuple[Ints, int]:
    """(I, A) rows of one table of values, 0 where an item has none, and how many rows that table needs.

    A column is taken where its values repeat: at least two of them, and on average at least two items to a value.

    >>> import pyarrow as pa
    >>> known = pa.table({"category": ["a", "b", "a", "b", None], "title": ["x", "y", "z", "x", "y"]})
    >>> codes, used = attribute_codes(Catalogue(known), 5)
    >>> codes[:, 0].tolist(), used
    ([1, 2, 1, 2, 0], 3)
    """
    columns, used = [np.zeros((n_items, 0), np.int64)], 1
    for codes, n_values in _coded(catalogue) if catalogue is not None else ():
        if 2 <= n_values <= (codes >= 0).sum() / LEAST_A_VALUE:
            columns.append(np.where(codes >= 0, codes + used, 0)[:, None])
            used += n_values
    return np.concatenate(columns, axis=1), used if len(columns) > 1 else 0


def _coded(catalogue: Catalogue) -> Iterator[tuple[Ints, int]]:
    """Every column as numbers (I,), -1 where an item has no value, and how many values there are."""
    names = catalogue.table.column_names
    for name in names:
        if name not in NOT_SHARED and not is_vector(catalogue.table[name].type):
            codes, values = catalogue.codes(name)
            yield codes, len(values)
    if LAT in names and LON in names:
        degrees = np.stack([np.asarray(pc.cast(catalogue.table[name], pa.float64())) for name in (LAT, LON)])
        known = np.isfinite(degrees).all(axis=0)
        for cells in CELLS_A_DEGREE:
            codes = np.full(len(catalogue), -1, np.int64)
            found, codes[known] = np.unique(np.floor(degrees[:, known] * cells), axis=1, return_inverse=True)
            yield codes, found.shape[1]
