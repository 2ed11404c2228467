"""What is known of the items, lined up with their row numbers, so that a model can read it.

::

    vocabulary   side table             catalogue
    0  i7        i3  "Red nail"         0  null
    1  i3        i9  "never met"        1  "Red nail"

Shapes: I items.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import CATEGORY, DESCRIPTION, ITEM, LAT, TITLE
from swayline.core.types import Ints

TEXT_COLUMNS = (TITLE, DESCRIPTION, CATEGORY)


@dataclass(frozen=True)
class Catalogue:
    """One row an item of the vocabulary, in its order; null where nothing is known.

    Parameters
    ----------
    table : pa.Table of I rows
        Any of ``title``, ``description``, ``category``, ``price`` and the features of the items table.

    >>> Catalogue(pa.table({"title": ["Red nail", None], "category": ["nails", "lips"]})).texts()
    ['Red nail. nails', 'lips']
    """

    table: pa.Table

    def __len__(self) -> int:
        return len(self.table)

    def texts(self, columns: Sequence[str] = TEXT_COLUMNS) -> list[str]:
        """(I,) what the columns say of each item, joined by full stops; empty where they say nothing."""
        present = [as_text(self.table[name]).to_pylist() for name in columns if name in self.table.column_names]
        if not present:
            return [""] * len(self)
        return [". ".join(part for part in row if part and part.strip()) for row in zip(*present, strict=True)]

    def codes(self, column: str) -> tuple[Ints, list[str]]:
        """(I,) the number of each item's value in a column, -1 where it has none, and the values."""
        if column not in self.table.column_names:
            return np.full(len(self), -1, np.int64), []
        encoded = as_text(self.table[column]).combine_chunks().dictionary_encode()
        codes = np.asarray(pc.fill_null(encoded.indices, -1), dtype=np.int64)
        return codes, encoded.dictionary.to_pylist()


def build_catalogue(
    ids: pa.Array, side: pa.Table | None, categories: pa.Table | None = None, places: pa.Table | None = None
) -> Catalogue | None:
    """The items table in the vocabulary's order; None where nothing is known of any item.

    Parameters
    ----------
    ids : (I,) string
        The vocabulary.
    side : pa.Table, optional
        ``item`` and what is known of it; items outside the vocabulary are left out.
    categories : pa.Table, optional
        ``item``, ``category`` as the events name them; they count where the items table has no category.
    places : pa.Table, optional
        ``item``, ``lat``, ``lon`` in degrees as the events name them; they count where the items table has none.
    """
    columns: dict[str, pa.ChunkedArray] = {}
    for table in (side, categories, None if side is not None and LAT in side.column_names else places):
        if table is None:
            continue
        rows = pc.index_in(ids, value_set=table[ITEM].combine_chunks().cast(pa.string()))
        for name in table.column_names:
            if name == ITEM or rows.null_count == len(rows):
                continue
            column = table[name].take(rows)
            columns[name] = pc.coalesce(as_text(columns[name]), as_text(column)) if name in columns else column
    return Catalogue(pa.table(columns)) if columns else None


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Any column as text; the words of a list are joined by blanks."""
    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        words = pa.large_list(pa.string()) if pa.types.is_large_list(kind) else pa.list_(pa.string())
        return pc.binary_join(column.cast(words), " ")
    return column.cast(pa.string())
