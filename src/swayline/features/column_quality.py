"""How whole each column is, and what filling and drawing in would do to it: figures for a page, nothing changed."""

from dataclasses import asdict, dataclass

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import DESCRIPTION, IMPRESSIONS, TEXT, TIME, TITLE
from swayline.features.preparing import KEYS, FeaturePreparer

_SAMPLE = 200_000
_FREE_TEXT = (TITLE, DESCRIPTION, TEXT, IMPRESSIONS)
_MOST_WORDS = 200
"""A column of more different words is a text or an id, which nothing can fill."""


@dataclass(frozen=True)
class ColumnQuality:
    """One column of one table.

    Parameters
    ----------
    table, column, kind : str
        Where it stands and what it holds (Arrow's word).
    rows, missing : int
        Cells, and those without a value.
    filled_by : str
        ``median``, ``mode`` or ``model``: what :class:`~swayline.dataset.FeaturePreparer` fills its gaps with; empty
        where there is none, or where the column is no feature.
    outliers : int
        Cells beyond the fences (three interquartile ranges), which the preparer draws in to them.
    """

    table: str
    column: str
    kind: str
    rows: int
    missing: int
    filled_by: str = ""
    outliers: int = 0

    def as_json(self) -> dict[str, object]:
        """As a page reads it."""
        return asdict(self)


def column_quality(name: str, table: pa.Table, *, features: bool, seed: int = 0) -> list[ColumnQuality]:
    """Every column that is no key: how many cells are missing, how they would be filled, how many are outliers.

    Parameters
    ----------
    name : str
        What the table is called.
    features : bool
        Whether its columns are features (items, users), to be filled; those of events are only counted.

    Examples
    --------
    >>> table = pa.table({"item": ["a", "b", "c"], "price": [1.0, None, 3.0]})
    >>> [(one.column, one.missing, one.filled_by) for one in column_quality("items", table, features=True)]
    [('price', 1, 'median')]
    """
    columns = [column for column in table.column_names if column not in KEYS or column == TIME]
    drawn = table if len(table) <= _SAMPLE else table.slice(0, _SAMPLE)
    fit = [column for column in columns if features and _is_feature(drawn, column)]
    done = (
        FeaturePreparer(seed=seed).fit(drawn.select(fit)).transform(table.select(fit)).done
        if fit and len(table)
        else {}
    )
    found = []
    for column in columns:
        what = done.get(column)
        missing = what.missing if what is not None else table[column].null_count
        filled_by, outliers = (what.how, what.low + what.high) if what is not None else ("", 0)
        kind = str(table.schema.field(column).type)
        found.append(ColumnQuality(name, column, kind, len(table), missing, filled_by, outliers))
    return found


def _is_feature(table: pa.Table, column: str) -> bool:
    kind = table.schema.field(column).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return True
    if column in _FREE_TEXT or not pa.types.is_string(kind):
        return False
    return len(pc.unique(table[column])) <= _MOST_WORDS
