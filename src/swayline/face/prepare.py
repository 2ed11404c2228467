"""``sw.prepare``: a table's gaps, outliers and scales by choice, and which of its columns say something of another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import ConfigError, DataError, SchemaError, UsageError, nearest, shown
from swayline.core.numbers import as_floats
from swayline.core.showing.result import Result
from swayline.events.sources.frames import as_arrow
from swayline.features.preparing import AUTO, FILLED, KEYS, WAYS, FeaturePreparer, Preparation
from swayline.features.selection import LEAST, Selection, select_stable

DROP = "drop"


@dataclass(frozen=True, repr=False)
class PreparedTable(Result):
    """A complete table, and what was done to it.

    Attributes
    ----------
    done : mapping
        Column → cells missing, how they were filled, cells drawn in below and above.
    dropped : int
        Rows left out since a column asked for it.
    selection : Selection, optional
        Where an outcome was named: how steadily each column foretells it.
    """

    done: Mapping[str, Preparation] = field(default_factory=dict)
    dropped: int = 0
    selection: Selection | None = None


def prepare(
    table: Any,
    fill: str | Mapping[str, str] = AUTO,
    *,
    fit_on: Any = None,
    fence: float = 3.0,
    scale: bool = False,
    select: str | None = None,
    least: float = LEAST,
    seed: int = 0,
) -> PreparedTable:
    """Fill gaps, draw in outliers, scale, and choose columns that foretell an outcome.

    Parameters
    ----------
    table : Arrow, pandas or Polars table, or a DuckDB relation
        Keys (user, item, behavior, time, ids) pass through untouched.
    fill : str or mapping
        ``mean``, ``median`` (words take their mode), ``mode``, ``model`` (a ridge regression on the other columns),
        ``drop`` (rows with a gap go) or ``auto``: the model where it foretells held-out cells better than the median.
        A mapping says it a column; the others are ``auto``.
    fit_on : table, optional
        Learn medians, models, fences and scales from these rows; by default from the table itself.
    fence : float
        Numbers farther than so many interquartile ranges from the quartiles are drawn in; 0 keeps them.
    scale : bool
        Whether numbers come out with mean 0 and standard deviation 1.
    select : str, optional
        An outcome column: the columns that foretell it steadily are kept (stability selection), with the keys.
    least : float
        Share of half samples that must hold a column.
    seed : int
        Draws held-out cells and half samples.

    Returns
    -------
    PreparedTable
        The columns in their order, then a boolean ``NAME_filled`` for each column that had gaps.

    Raises
    ------
    UsageError, ConfigError, SchemaError, DataError
        A way, a column or a number is unknown; a column holds neither numbers nor words; no row is left.
    """
    rows = as_arrow(table)
    known, gone = _ways(rows, fill, select)
    kept = _complete(rows, gone)
    if not len(kept):
        raise DataError(f"no row is left: every one has a gap in {', '.join(map(shown, gone))}")
    others, unread = rows if fit_on is None else as_arrow(fit_on), [] if select is None else [select]
    learned_of, features = (_complete(one, gone).drop_columns(unread) for one in (others, rows))
    preparer = FeaturePreparer(known, fence, scale, seed).fit(learned_of)
    ready = preparer.transform(features)
    found, chosen = ready.table, None
    if select is not None:
        found, chosen = _select(found, preparer.columns_, kept, select, least, seed)
    dropped = len(rows) - len(kept)
    heading = f"{len(found):,} rows prepared" + (f", {dropped:,} left out" if dropped else "")
    return PreparedTable(found, heading, None, ready.done, dropped, chosen)


def _select(
    found: pa.Table, names: tuple[str, ...], kept: pa.Table, outcome: str, least: float, seed: int
) -> tuple[pa.Table, Selection]:
    """The table with the columns that foretell the outcome, and how steadily each does."""
    columns = {name: _column(found, name) for name in names}
    chosen = select_stable(columns, _numbers(kept, outcome), least, seed)
    left = [name for name in names if name not in chosen.chosen]
    found = found.drop_columns([*left, *(name + FILLED for name in left if name + FILLED in found.column_names)])
    return found.append_column(outcome, kept[outcome]), chosen


def _ways(rows: pa.Table, fill: str | Mapping[str, str], select: str | None) -> tuple[dict[str, str], list[str]]:
    """How each column's gaps are filled, and the columns whose gaps cost the row; the outcome's always do."""
    if select is not None and select not in rows.column_names:
        raise UsageError(f"select names the column {shown(select)}: {nearest(select, rows.column_names)}")
    every = [name for name in rows.column_names if name not in KEYS]
    ways = dict.fromkeys(every, fill) if isinstance(fill, str) else dict(fill)
    for way in ways.values():
        if way not in (DROP, *WAYS):
            raise ConfigError(f"fill {shown(way)} is unknown: {nearest(str(way), (DROP, *WAYS))}")
    gone = [name for name, way in ways.items() if way == DROP and name != select]
    known = {name: way for name, way in ways.items() if way != DROP and name != select}
    return known, gone if select is None else [*gone, select]


def _complete(rows: pa.Table, names: list[str]) -> pa.Table:
    """The rows without a gap in some columns."""
    for name in names:
        if name not in rows.column_names:
            raise UsageError(f"fill names the column {shown(name)}: {nearest(name, rows.column_names)}")
        column = rows[name]
        known = pc.is_valid(column)
        if pa.types.is_floating(column.type):
            known = pc.and_(known, pc.fill_null(pc.is_finite(column), False))
        elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            known = pc.and_(known, pc.not_equal(pc.fill_null(pc.utf8_trim_whitespace(column), ""), ""))
        rows = rows.filter(known)
    return rows


def _numbers(rows: pa.Table, name: str) -> np.ndarray:
    kind = rows.schema.field(name).type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise SchemaError(f"column {name!r} holds {kind}: an outcome is numbers, or yes and no")
    return as_floats(rows[name], name)


def _column(rows: pa.Table, name: str) -> np.ndarray:
    column = rows[name]
    return np.asarray(column.to_pylist(), dtype=object) if pa.types.is_string(column.type) else column.to_numpy()
