"""Who belongs to which group, by a column of the users table.

Numbers that take more than ten values are cut into four bands of about as many people each.

Shapes: Q questions, one a person.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import DataError, SchemaError, UsageError, nearest, shown
from swayline.core.names import USER
from swayline.core.types import Bools, Ints
from swayline.dataset.catalogue import as_text

_MOST_NUMBERS = 10
_BANDS = 4
_MOST_GROUPS = 50


@dataclass(frozen=True)
class Groups:
    """Groups of the people asked.

    Parameters
    ----------
    by : str
        What tells them apart.
    names : list of str
        In their order.
    of : (Q,) int64
        Number of each person's group; -1 where the column says nothing of the person.
    absent : tuple of str
        Groups that the users table names and nobody asked is of.
    """

    by: str
    names: list[str]
    of: Ints
    absent: tuple[str, ...] = ()

    @property
    def sizes(self) -> Ints:
        """(G,) people asked of each group."""
        return np.bincount(self.of[self.of >= 0], minlength=len(self.names))

    def told(self, least: int, known: Bools | None = None) -> Ints:
        """Numbers of the groups of at least so many people (of whom the figure is known).

        Raises
        ------
        DataError
            More groups than can be compared pair by pair.
        """
        of = self.of if known is None else self.of[known]
        found = np.flatnonzero(np.bincount(of[of >= 0], minlength=len(self.names)) >= least)
        if len(found) > _MOST_GROUPS:
            raise DataError(
                f"{self.by} has {len(found):,} groups of {least} people or more, at most {_MOST_GROUPS} are compared: "
                "make a column of wider groups"
            )
        return found.astype(np.int64)


def check_columns(users: pa.Table | None, by: tuple[str, ...]) -> None:
    """Refuse columns that the users table lacks, before anything is fitted.

    Raises
    ------
    UsageError
        There is no users table.
    SchemaError
        It has no such column.
    """
    if not by:
        return
    if users is None:
        raise UsageError(f"--by {by[0]} names a column of the users table: give one with --users")
    names = [name for name in users.column_names if name != USER]
    for column in by:
        if column not in names:
            raise SchemaError(
                f"the users table has no column {shown(column)} to tell groups by: {nearest(column, names)}"
            )


def groups_of_people(users: pa.Table, column: str, asked: pa.Array) -> Groups:
    """Groups of the people asked.

    Parameters
    ----------
    asked : (Q,) string
        Their ids.

    Raises
    ------
    DataError
        The column says nothing of them, there is one group, or nobody shares a group with anybody.
    """
    texts = pc.utf8_trim_whitespace(as_text(users[column])).combine_chunks()
    texts = pc.if_else(pc.equal(texts, ""), None, texts)
    own = texts.take(pc.index_in(asked, value_set=users[USER].combine_chunks().cast(pa.string())))
    if own.null_count == len(own):
        raise DataError(f"{column} says nothing of the {len(own):,} people asked: are these the log's users?")
    bands = _bands(own, texts)
    if bands is None:
        every = sorted(pc.unique(texts).drop_null().to_pylist())
        names = sorted(pc.unique(own).drop_null().to_pylist())
        of = np.asarray(pc.fill_null(pc.index_in(own, value_set=pa.array(names, pa.string())), -1), np.int64)
        found = Groups(column, names, of, tuple(one for one in every if one not in set(names)))
    else:
        found = Groups(column, *bands)
    n = int((found.of >= 0).sum())
    if len(found.names) == 1:
        raise DataError(
            f"{column} has one group, {shown(found.names[0])}, among the {n:,} people asked: nothing to compare"
        )
    if found.sizes.max() == 1:
        raise DataError(
            f"every group of {column} is of one person ({n:,} groups, the first {shown(found.names[0])}): say a column "
            "that people share"
        )
    return found


def _bands(own: pa.Array, texts: pa.Array) -> tuple[list[str], Ints] | None:
    """Bands of a column of many different numbers; None where it holds words or few numbers."""
    known = pc.unique(texts).drop_null().to_pylist()
    # A leading zero is a code's, as of a post code.
    if len(known) <= _MOST_NUMBERS or any(len(one) > 1 and one[0] == "0" and one[1].isdigit() for one in known):
        return None
    try:
        values = np.array([np.nan if one is None else float(one) for one in own.to_pylist()])
        finite = np.isfinite([float(one) for one in known]).all()
    except ValueError:
        return None
    has = ~np.isnan(values)
    if not finite or len(np.unique(values[has])) <= _MOST_NUMBERS:
        return None
    edges = np.unique(np.quantile(values[has], np.arange(1, _BANDS) / _BANDS))
    band = np.searchsorted(edges, values[has], side="left")
    kept, numbers = np.unique(band, return_inverse=True)
    names = [f"{values[has][band == one].min():.6g} to {values[has][band == one].max():.6g}" for one in kept]
    of = np.full(len(values), -1, np.int64)
    of[has] = numbers
    return names, of
