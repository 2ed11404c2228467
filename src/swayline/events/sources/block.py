"""What every reader yields: a block of raw rows and the rows it had to refuse."""

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import COLUMN, FILE, REASON, ROW, VALUE

REJECTED = pa.schema(
    [(FILE, pa.string()), (ROW, pa.int64()), (COLUMN, pa.string()), (VALUE, pa.string()), (REASON, pa.string())]
)
MAX_SHOWN = 200
"""Characters of a refused value that are kept."""


@dataclass(frozen=True)
class Refusal:
    """A row that cannot be used: where it stands, which column, what it held, why."""

    row: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True)
class Block:
    """Raw rows under our column names, all text (``time`` may be UTC microseconds), with ``row``, and the refusals."""

    table: pa.Table
    refused: list[Refusal] = field(default_factory=list)


def joined(columns: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    """Several text columns as one, for telling repeats from rows that differ in a column nobody named."""
    return pc.binary_join_element_wise(*columns, "\x1f", null_handling="replace", null_replacement="\x1e")


def rejected_table(file: str, refused: list[Refusal]) -> pa.Table:
    """Refusals as the ``rejected.parquet`` table; values are cut and made printable."""
    return pa.table(
        [
            [file] * len(refused),
            [one.row for one in refused],
            [one.column for one in refused],
            [printable(one.value) for one in refused],
            [one.reason for one in refused],
        ],
        schema=REJECTED,
    )


def printable(value: str) -> str:
    """A value that any viewer can show: valid unicode, no NUL, cut at 200 characters.

    >>> printable("a\\x00b")
    'a\\\\x00b'
    """
    cut = value[:MAX_SHOWN] + ("…" if len(value) > MAX_SHOWN else "")
    return cut.encode("utf-8", "backslashreplace").decode("utf-8").replace("\x00", "\\x00")
