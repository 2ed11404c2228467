"""Lists that were shown and what was clicked in them, as arrays.

Shape legend: L lists, K places of a list (from the top; shorter lists are padded), codes of items from 0, -1 for none.

::

    query   docs        clicks            items (L, K)         clicked (L, K)
    shoes   s9 s4 s7    0 1 0       →     [[8, 3, 6]]          [[0, 1, 0]]
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.core.errors import DataError, UsageError, nearest
from swayline.core.numbers import as_floats

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ClickLists:
    """Shown lists.

    Parameters
    ----------
    items : (L, K) codes of the items, -1 where the list is shorter.
    queries : (L,) codes of what was asked for; 0 for all where nothing was.
    clicked : (L, K) whether the item was clicked.
    item_names, query_names : what codes stand for.
    """

    items: Ints
    queries: Ints
    clicked: Bools
    item_names: tuple[str, ...]
    query_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def shown(self) -> Bools:
        """(L, K) places that hold an item."""
        return self.items >= 0

    def take(self, rows: npt.NDArray[np.integer] | Bools) -> "ClickLists":
        """Some of the lists; codes keep their meaning."""
        return replace(self, items=self.items[rows], queries=self.queries[rows], clicked=self.clicked[rows])


def lists_from_words(docs: list[str], clicks: list[str], queries: list[str] | None = None) -> ClickLists:
    """Lists from blank-separated words: items from the top, and a 0 or 1 for each.

    Raises
    ------
    DataError
        A list has other numbers of items and of clicks, or a click that is neither 0 nor 1.

    Examples
    --------
    >>> lists_from_words(["a b", "b"], ["0 1", "1"]).items.tolist()
    [[0, 1], [1, -1]]
    """
    if not docs:
        raise DataError("there is no list")
    names: dict[str, int] = {}
    asked: dict[str, int] = {}
    longest = max(len(one.split()) for one in docs)
    items = np.full((len(docs), longest), -1, np.int64)
    clicked = np.zeros((len(docs), longest), bool)
    for row, (shown, hits) in enumerate(zip(docs, clicks, strict=True)):
        words, marks = shown.split(), hits.split()
        if len(words) != len(marks) or set(marks) - {"0", "1"}:
            raise DataError(f"list {row + 1} has {len(words)} items and the clicks {hits!r}: one 0 or 1 an item")
        items[row, : len(words)] = [names.setdefault(word, len(names)) for word in words]
        clicked[row, : len(words)] = [mark == "1" for mark in marks]
    codes = np.array([asked.setdefault(one, len(asked)) for one in queries or [""] * len(docs)], np.int64)
    return ClickLists(items, codes, clicked, tuple(names), tuple(asked))


def lists_from_rows(
    table: pa.Table, item: str, position: str, clicked: str, query: str | None = None, shown_together: str | None = None
) -> ClickLists:
    """Lists from a row an item shown.

    Parameters
    ----------
    item, position, clicked : str
        Columns; places count from 1 (or from 0, where a 0 occurs), clicks are true or false, or 0 or 1.
    query : str, optional
        Column of what was asked for.
    shown_together : str, optional
        Column of the list's id; without it every row is a list of one item at its place.

    Raises
    ------
    UsageError
        A column is missing.
    DataError
        A place is no whole number from 0 to 1,000, a click is not yes or no, or one list has two items in one place.
    """
    for name in (item, position, clicked, query, shown_together):
        if name is not None and name not in table.column_names:
            raise UsageError(f"the table has no column {name!r}; {nearest(name, table.column_names)}")
    place = _numbers(table, position)
    if not ((place >= 0) & (place <= 1000) & (place == np.floor(place))).all():
        raise DataError(f"column {position!r} holds places that are no whole number from 0 to 1,000")
    at = place.astype(np.int64) - (1 if place.min() >= 1 else 0)
    hits = _numbers(table, clicked)
    if not np.isin(hits, (0.0, 1.0)).all():
        raise DataError(f"column {clicked!r} holds {hits[~np.isin(hits, (0.0, 1.0))][0]:g}: a click is 0 or 1")
    codes, names = _coded(table, item)
    asked, query_names = _coded(table, query) if query else (np.zeros(len(codes), np.int64), ("",))
    of = _coded(table, shown_together)[0] if shown_together else np.arange(len(codes))
    if len(np.unique(np.stack([of, at]), axis=1)[0]) < len(of):
        raise DataError(f"a list of column {shown_together!r} holds two items in one place")
    n = int(of.max()) + 1
    items, chosen = np.full((n, int(at.max()) + 1), -1, np.int64), np.zeros((n, int(at.max()) + 1), bool)
    items[of, at], chosen[of, at] = codes, hits == 1
    queries = np.zeros(n, np.int64)
    queries[of] = asked
    return ClickLists(items, queries, chosen, names, query_names)


def _numbers(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    try:
        values = as_floats(table[name], name)
    except (pa.ArrowException, ValueError):
        raise DataError(f"column {name!r} holds {table[name].type} and not numbers") from None
    if not np.isfinite(values).all():
        raise DataError(f"column {name!r} lacks a number in {int((~np.isfinite(values)).sum())} rows")
    return np.asarray(values, np.float64)


def _coded(table: pa.Table, name: str) -> tuple[Ints, tuple[str, ...]]:
    coded = table[name].cast(pa.string()).combine_chunks().dictionary_encode()
    if coded.null_count:
        raise DataError(f"column {name!r} is empty in {coded.null_count} rows")
    return coded.indices.to_numpy(zero_copy_only=False).astype(np.int64), tuple(coded.dictionary.to_pylist())
