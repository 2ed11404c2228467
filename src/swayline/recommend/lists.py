"""What a chain answers: lists in one table, which of them are short and why, and notes."""

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

SHORT_COLUMNS = ("user", "query", "asked", "got", "why")


@dataclass(frozen=True)
class Lists:
    """Recommendations of several people.

    Parameters
    ----------
    table : pa.Table
        ``user``, ``item``, ``rank`` (from 1), ``score`` (null where the list is not the model's own), ``source`` (which
        steps of candidates named the item, or ``popular``, ``cold``); ``query`` (row of the question) where somebody
        new is among them; ``reason`` and ``trace`` where they were asked for.
    short : tuple of dict
        One for each list that holds fewer items than asked: ``user``, ``query``, ``asked``, ``got``, ``why``.
    notes : tuple of str
        What could not be read, a sentence each.
    """

    table: pa.Table
    short: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, column: str) -> pa.ChunkedArray:
        return self.table[column]

    def __repr__(self) -> str:
        said = [
            *self.notes,
            *(f"{one['user'] or 'question ' + str(one['query'])}: {one['why']}" for one in self.short[:5]),
        ]
        more = [f"… and {len(self.short) - 5} more short lists"] if len(self.short) > 5 else []
        return "\n".join([f"Lists of {len(self.table)} rows: {', '.join(self.column_names)}", *said, *more])

    @property
    def column_names(self) -> list[str]:
        """Columns of the table."""
        return list(self.table.column_names)

    def to_pylist(self) -> list[dict[str, Any]]:
        """A dictionary a row."""
        return list(self.table.to_pylist())

    def to_pandas(self) -> Any:
        """A pandas frame."""
        return self.table.to_pandas()

    def equals(self, other: "Lists | pa.Table") -> bool:
        """Whether the tables are the same."""
        return bool(self.table.equals(other.table if isinstance(other, Lists) else other))
