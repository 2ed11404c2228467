"""What of others' treatment reaches a person: ties, and the mappings of their treatments to one number.

::

    ties source → target     bob → ann, cat → ann, dan → ann      treated: bob, dan
    ann                      share 2/3, count 2, any 1, share>=0.5 1, count>=3 0

Shapes: n rows of the table, T ties.

References
----------
Aronow & Samii, "Estimating average causal effects under general interference", AoAS 2017.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from swayline.causal.table.frame import column
from swayline.core.errors import SchemaError, UsageError, nearest, shown

Floats = npt.NDArray[np.float64]

OUTSIDE = ("drop", "untreated")
_PLAIN = ("share", "count", "any")
_BAR = re.compile(r"(share|count)>=([0-9.eE+-]+)")


@dataclass(frozen=True)
class Mapping:
    """One number of the treatments of a person's ties.

    Attributes
    ----------
    name : ``share``, ``count``, ``any``, ``share>=0.5``, ``count>=2``
    of : share or count
    least : the bar at which the exposure is one; None where it is the number itself
    """

    name: str
    of: str
    least: float | None

    def __call__(self, treated: Floats, ties: Floats) -> Floats:
        """Exposures from treated ties and ties, arrays of one shape; people have a tie."""
        number = treated / ties if self.of == "share" else treated
        exposed = number if self.least is None else number >= self.least - 1e-9
        return np.asarray(exposed, dtype=np.float64)

    @property
    def words(self) -> str:
        """What a difference of one is."""
        if self.least is not None:
            return f"ties with {self.name} treated against fewer" if self.name != "any" else "any tie treated, or none"
        return "all ties treated against none" if self.of == "share" else "one more tie treated"


def read_mapping(name: str) -> Mapping:
    """A mapping from its name.

    Raises
    ------
    UsageError
        It is none.

    >>> read_mapping("share>=0.5")(np.array([1.0, 1.0]), np.array([2.0, 3.0])).tolist()
    [1.0, 0.0]
    """
    text = name.replace(" ", "")
    bar = _BAR.fullmatch(text)
    if text == "any":
        return Mapping(text, "count", 1.0)
    if text in _PLAIN:
        return Mapping(text, text, None)
    try:
        least = float(bar[2]) if bar else float("nan")
    except ValueError:
        least = float("nan")
    if bar is None or not 0 < least <= (1 if bar[1] == "share" else 1e9):
        raise UsageError(
            f"exposure {shown(name)} is unknown: {nearest(text, _PLAIN)}; or a threshold, share>=0.5 or count>=2"
        )
    return Mapping(text, bar[1], least)


@dataclass(frozen=True)
class Reach:
    """Ties between rows of a table.

    Attributes
    ----------
    matrix : (n, n), how many ties run from each row (column) to each row (row)
    outside : (n,) ties that come from people who are not in the table and count as untreated
    left_out : ties whose target, or whose dropped source, is not in the table
    """

    matrix: sparse.csr_array
    outside: Floats
    left_out: int

    def ties(self, known: np.ndarray) -> Floats:
        """(n,) ties of each row to rows whose treatment is known (n,), those outside included."""
        return np.asarray(self.matrix @ known.astype(np.float64)) + self.outside


def read_reach(table: pa.Table, ties: Any, id_column: str, outside: str) -> Reach:
    """Ties (``source``, ``target``) between the rows of a table.

    Raises
    ------
    UsageError, SchemaError
        A column is missing, an id stands in two rows, no tie joins two rows.
    """
    if outside not in OUTSIDE:
        raise UsageError(f"outside is {shown(outside)}: {nearest(str(outside), OUTSIDE)}")
    ids = _words(column(table, id_column))
    if ids.null_count:
        raise SchemaError(f"{ids.null_count:,} rows have no {id_column!r}: every row needs an id to be tied by")
    counts = pc.value_counts(ids)
    if len(counts) < len(ids):
        doubled = counts.filter(pc.greater(counts.field("counts"), 1))[0].as_py()
        raise SchemaError(f"{id_column} {doubled['values']!r} stands in {doubled['counts']} rows: give a row a person")
    for name in ("source", "target"):
        if name not in ties.column_names:
            raise SchemaError(f"the ties have no column {name!r}; they have {', '.join(ties.column_names)}")
    source, target = (
        np.asarray(pc.fill_null(pc.index_in(_words(ties[name]), value_set=ids), -1).to_numpy(zero_copy_only=False))
        for name in ("source", "target")
    )
    inside = (source >= 0) & (target >= 0) & (source != target)
    if not inside.any():
        first = f"{ties['source'][0].as_py()!r} → {ties['target'][0].as_py()!r}" if len(ties) else "there is none"
        raise SchemaError(
            f"no tie joins two rows of the table: the first tie is {first}, the first {id_column} {ids[0].as_py()!r}"
        )
    n = len(ids)
    matrix = sparse.csr_array((np.ones(int(inside.sum())), (target[inside], source[inside])), shape=(n, n))
    strange = (source < 0) & (target >= 0)
    kept = strange if outside == "untreated" else np.zeros(len(source), bool)
    lost = int((~inside & ~kept & (source != target)).sum())
    return Reach(matrix, np.bincount(target[kept], minlength=n).astype(np.float64), lost)


def _words(values: pa.ChunkedArray) -> pa.Array:
    """Ids as text; whole numbers are written without a point, whichever type they came in."""
    if pa.types.is_floating(values.type):
        whole = pc.equal(pc.floor(values), values)
        if pc.all(pc.fill_null(whole, True)).as_py():
            values = values.cast(pa.int64())
    text = values.cast(pa.string())
    return text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
