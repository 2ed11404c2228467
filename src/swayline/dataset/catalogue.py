"""What is known of items (or people), each attribute resolved once, whichever table said it.

::

    vocabulary   events say               items table           catalogue
                 i7 lamps, lamps, desks   i7 (nothing)          0  "lamps"   most of its events
    0  i7        i3 (nothing)             i3 "Red nail", nails  1  "nails"   the items table, where no event says one
    1  i3

Of a category the events' own word comes first, then the items table's. Of a place the items table comes first: an
event's degrees are where the person was. What events say counts as of a moment: :meth:`Catalogue.as_of` takes the
events that may be known (a split's training part), and the answer never depends on the others.

Shapes: I items, E events.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import SchemaError
from swayline.core.names import AUDIO, CATEGORY, DESCRIPTION, IMAGE, ITEM, LAT, LON, TITLE
from swayline.core.numbers import as_floats
from swayline.core.types import Floats, Ints

TEXT_COLUMNS = (TITLE, DESCRIPTION, CATEGORY)
TEXT, CATEGORIES, NUMBER, TIME, PLACE, VECTOR = "text", "categories", "number", "time", "place", "vector"
KINDS = (TEXT, CATEGORY, CATEGORIES, NUMBER, TIME, PLACE, VECTOR)
"""What a column may hold: words, one of some values, several of them, numbers, moments, degrees, vectors."""
OF_WORDS = (CATEGORY, CATEGORIES)
LEAST_A_VALUE = 2
"""Words are categories where each is borne, on average, by at least so many."""


@dataclass(frozen=True)
class Statements:
    """What each event says of its item.

    Parameters
    ----------
    events : (E,) int64
        Rows of the events in the log's table.
    items : (E,) int64
        Row of each event's item in the catalogue.
    categories : (E,) int64
        Number of the category it names, in the order of ``words``; -1 where it names none.
    words : list of str
        The categories, in order of their names.
    places : (E, 2) float64
        Degrees of latitude and longitude, NaN where it names none.
    """

    events: Ints
    items: Ints
    categories: Ints | None = None
    words: tuple[str, ...] = ()
    places: Floats | None = None

    def among(self, events: Ints) -> "Statements":
        """Those of some events alone."""
        kept = np.isin(self.events, events)
        categories = None if self.categories is None else self.categories[kept]
        places = None if self.places is None else self.places[kept]
        return Statements(self.events[kept], self.items[kept], categories, self.words, places)


@dataclass(frozen=True)
class Catalogue:
    """One row an item of the vocabulary, in its order; null where nothing is known.

    Parameters
    ----------
    table : pa.Table of I rows
        Any of ``title``, ``description``, ``category``, ``price`` and the features of the items table, resolved.
    side : pa.Table of I rows, optional
        The items table's own part of it; by default all of it.
    said : Statements, optional
        What the events say, for :meth:`as_of`; None where they say nothing of items.

    >>> Catalogue(pa.table({"title": ["Red nail", None], "category": ["nails", "lips"]})).texts()
    ['Red nail. nails', 'lips']
    """

    table: pa.Table
    side: pa.Table | None = field(default=None, repr=False)
    said: Statements | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.table)

    def as_of(self, events: Ints) -> Self:
        """The catalogue as some events alone (by their rows in the log) and the items table say it."""
        if self.said is None:
            return self
        return type(self)(_resolved(self.side, self.said.among(events), len(self)), self.side, self.said)

    def kind(self, column: str) -> str:
        """What a column holds, one of :data:`KINDS`.

        >>> known = Catalogue(pa.table({"brand": ["a", "a", "b", "b"], "sku": ["1a", "1b", "2a", "2b"]}))
        >>> known.kind("brand"), known.kind("sku")
        ('category', 'text')
        """
        return kind_of(column, self.table[column])

    @property
    def kinds(self) -> dict[str, str]:
        """Column → what it holds."""
        return {name: self.kind(name) for name in self.table.column_names}

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

    @property
    def vector_columns(self) -> tuple[str, ...]:
        """The columns that hold vectors."""
        return tuple(name for name in self.table.column_names if is_vector(self.table[name].type))

    def vectors(self, column: str) -> npt.NDArray[np.float32]:
        """(I, D) the vectors of a column; zero where an item has none, or one that is not of finite numbers.

        Raises
        ------
        SchemaError
            The vectors are of several lengths.

        >>> known = Catalogue(pa.table({"look": pa.array([[1.0, 2.0], None], pa.list_(pa.float32()))}))
        >>> known.vectors("look").tolist()
        [[1.0, 2.0], [0.0, 0.0]]
        """
        chunks = self.table[column].combine_chunks()
        lengths = np.asarray(pc.fill_null(pc.list_value_length(chunks), 0))
        told = lengths > 0
        sizes = np.unique(lengths[told])
        if len(sizes) > 1:
            raise SchemaError(
                f"items.{column} holds vectors of {sizes[0]} and of {sizes[-1]} numbers: one encoder gives one length"
            )
        found = np.zeros((len(self), int(sizes[0]) if len(sizes) else 1), np.float32)
        flat = pc.list_flatten(chunks.filter(pa.array(told)))
        found[told] = np.asarray(pc.fill_null(flat.cast(pa.float32()), np.nan)).reshape(-1, found.shape[1])
        found[~np.isfinite(found).all(axis=1)] = 0.0
        return found

    def numbers(self, column: str) -> Floats:
        """(I,) a column of numbers, flags or moments (days since 1970) as floats, NaN where an item has none."""
        return as_numbers(self.table[column], column)


def build_catalogue(ids: pa.Array, side: pa.Table | None, said: Statements | None = None) -> Catalogue | None:
    """The catalogue of a vocabulary; None where nothing is known of any item.

    Parameters
    ----------
    ids : (I,) string
        The vocabulary.
    side : pa.Table, optional
        ``item`` and what is known of it; items outside the vocabulary are left out.
    said : Statements, optional
        What the events say.
    """
    rows = None if side is None else lined_up(ids, side, ITEM)
    known = None if rows is None or rows.num_columns == 0 or _is_strange(ids, side) else rows
    if said is not None and said.categories is None and said.places is None:
        said = None
    table = _resolved(known, said, len(ids))
    return Catalogue(table, known, said) if table.num_columns else None


def lined_up(ids: pa.Array, side: pa.Table, key: str) -> pa.Table:
    """(I,) the rows of a side table in the order of ids, without the key; null where an id is not in it."""
    rows = pc.index_in(ids, value_set=_plain(side[key]))
    return pa.table({name: side[name].combine_chunks().take(rows) for name in side.column_names if name != key})


def kind_of(name: str, column: pa.ChunkedArray) -> str:
    """What a column holds, one of :data:`KINDS`, by its name where it is ours, else by its type and values."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if is_vector(kind):
        return VECTOR
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return CATEGORIES
    if name == CATEGORY:
        return CATEGORY
    if name in (LAT, LON):
        return PLACE
    if pa.types.is_temporal(kind):
        return TIME
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return NUMBER
    if pa.types.is_boolean(kind):
        return CATEGORY
    if name in (TITLE, DESCRIPTION, IMAGE, AUDIO) or not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return TEXT
    known = pc.drop_null(column)
    return CATEGORY if len(pc.unique(known)) * LEAST_A_VALUE <= len(known) else TEXT


def is_vector(kind: pa.DataType) -> bool:
    """Whether a column of that type holds vectors: lists of real numbers.

    >>> is_vector(pa.list_(pa.float32())), is_vector(pa.list_(pa.string()))
    (True, False)
    """
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(lists and pa.types.is_floating(kind.value_type))


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Any column as text; the words of a list are joined by blanks."""
    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        words = pa.large_list(pa.string()) if pa.types.is_large_list(kind) else pa.list_(pa.string())
        return pc.binary_join(column.cast(words), " ")
    return column.cast(pa.string())


def as_numbers(column: pa.ChunkedArray, name: str) -> Floats:
    """A column of numbers, flags or moments (days since 1970) as floats, NaN where it is null.

    Raises
    ------
    SchemaError
        Numbers that differ would become equal (ids beyond 2⁵³).
    """
    if pa.types.is_temporal(column.type):
        days = pc.divide(pc.cast(pc.cast(column, pa.timestamp("us")), pa.int64()).cast(pa.float64()), 86_400e6)
        return np.asarray(days.to_numpy(), dtype=np.float64)
    return as_floats(column, name)


def most_named(said: Statements, n_items: int) -> Ints:
    """(I,) the category that most of an item's events name, the first by name where several do; -1 where none does.

    >>> some = np.arange(4)
    >>> most_named(Statements(some, np.array([0, 0, 0, 2]), np.array([1, 0, 1, -1]), ("a", "b")), 3).tolist()
    [1, -1, -1]
    """
    found = np.full(n_items, -1, np.int64)
    if said.categories is None or not said.words:
        return found
    named = said.categories >= 0
    pairs, counts = np.unique(said.items[named] * len(said.words) + said.categories[named], return_counts=True)
    items, categories = np.divmod(pairs, len(said.words))
    order = np.lexsort((categories, -counts, items))
    items, categories = items[order], categories[order]
    first = np.concatenate([[True], items[1:] != items[:-1]])[: len(items)]
    found[items[first]] = categories[first]
    return found


def _is_strange(ids: pa.Array, side: pa.Table | None) -> bool:
    """Whether no id stands in the side table."""
    return side is None or not pc.any(pc.is_in(ids, value_set=_plain(side[ITEM]))).as_py()


def _resolved(side: pa.Table | None, said: Statements | None, n_items: int) -> pa.Table:
    """Every attribute once: the events' category before the items table's, the items table's place before theirs."""
    columns: dict[str, Any] = {name: side[name] for name in side.column_names} if side is not None else {}
    if said is not None and said.categories is not None:
        codes = most_named(said, n_items)
        own = pa.array(said.words, pa.string()).take(pa.array(codes, mask=codes < 0))
        known = columns.get(CATEGORY)
        columns[CATEGORY] = own if known is None else pc.coalesce(own, as_text(known))
    if said is not None and said.places is not None and LAT not in columns:
        degrees = np.stack([_medians(said, at, n_items) for at in (0, 1)])
        columns |= {name: pa.array(degrees[at], mask=np.isnan(degrees[at])) for at, name in enumerate((LAT, LON))}
    return pa.table(columns)


def _medians(said: Statements, at: int, n_items: int) -> Floats:
    """(I,) the median of one degree over each item's events, NaN where none names a place."""
    assert said.places is not None
    known = np.isfinite(said.places).all(axis=1)
    items, degrees = said.items[known], said.places[known, at]
    order = np.lexsort((degrees, items))
    items, degrees = items[order], degrees[order]
    counts = np.bincount(items, minlength=n_items)
    starts = np.cumsum(counts) - counts
    found = np.full(n_items, np.nan)
    has = counts > 0
    low, high = (starts + (counts - 1) // 2)[has], (starts + counts // 2)[has]
    found[has] = (degrees[low] + degrees[high]) / 2
    return found


def _plain(column: pa.ChunkedArray) -> pa.Array:
    plain = column.cast(pa.string())
    return plain.combine_chunks() if isinstance(plain, pa.ChunkedArray) else plain
