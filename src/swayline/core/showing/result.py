"""A table as a result: what a notebook shows, and the way to pandas, Polars, Arrow and a picture."""

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from swayline.core.errors import UsageError
from swayline.core.extras import require

SHOWN_ROWS = 10
_WIDEST = 28
"""Characters of a cell on a terminal."""


@dataclass(frozen=True, repr=False)
class Result:
    """An Arrow table with a heading; whatever reads Arrow (pandas, Polars, DuckDB) reads it.

    Parameters
    ----------
    table : pa.Table
        The rows.
    heading : str
        What the rows are, in one line.
    picture : callable, optional
        Table → Plotly figure; None where there is no picture of such rows.

    Examples
    --------
    >>> found = Result(pa.table({"model": ["ease"], "ndcg@10": [0.25]}), "1 model")
    >>> found
    1 model
    model  ndcg@10
    ease      0.25
    >>> found["model"].to_pylist(), len(found)
    (['ease'], 1)
    """

    table: pa.Table
    heading: str = ""
    picture: Callable[[pa.Table], Any] | None = field(default=None, compare=False)

    def to_arrow(self) -> pa.Table:
        """The rows as an Arrow table."""
        return self.table

    def to_pandas(self) -> Any:
        """The rows as a pandas frame.

        Raises
        ------
        MissingExtraError
            pandas is not installed.
        """
        require("pandas", extra="sources")
        return self.table.to_pandas()

    def to_polars(self) -> Any:
        """The rows as a Polars frame.

        Raises
        ------
        MissingExtraError
            Polars is not installed.
        """
        return require("polars", extra="sources").from_arrow(self.table)

    def to_pylist(self) -> list[dict[str, Any]]:
        """The rows as dictionaries."""
        rows: list[dict[str, Any]] = self.table.to_pylist()
        return rows

    def plot(self) -> Any:
        """A Plotly figure of the rows.

        Raises
        ------
        UsageError
            There is no picture of such rows.
        """
        if self.picture is None:
            raise UsageError(f"there is no picture of these rows ({', '.join(self.column_names)}): use .to_pandas()")
        return self.picture(self.table)

    @property
    def column_names(self) -> list[str]:
        """Names of the columns."""
        names: list[str] = self.table.column_names
        return names

    @property
    def num_rows(self) -> int:
        """How many rows there are."""
        return len(self.table)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.table), len(self.column_names)

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        return self.table[name]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.to_pylist())

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.table.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        return in_text(self.table, self.heading)

    def _repr_html_(self) -> str:
        return in_html(self.table, self.heading)


def in_text(table: pa.Table, heading: str = "", rows: int = SHOWN_ROWS) -> str:
    """The first rows of a table in columns, numbers to the right.

    >>> print(in_text(pa.table({"n": [1, 2]}), rows=1))
    n
    1
    … 1 row more
    """
    cells = [[_cell(value) for value in column.to_pylist()] for column in table.slice(0, rows).columns]
    widths = [max(len(one) for one in (name, *column)) for name, column in zip(table.column_names, cells, strict=True)]
    right = [pa.types.is_integer(one.type) or pa.types.is_floating(one.type) for one in table.schema]
    lines = [heading] if heading else []
    for line in (table.column_names, *zip(*cells, strict=True)):
        told = (one.rjust(w) if to else one.ljust(w) for one, w, to in zip(line, widths, right, strict=True))
        lines.append("  ".join(told).rstrip())
    more = len(table) - rows
    if more > 0:
        lines.append(f"… {more:,} row{'s' if more > 1 else ''} more")
    return "\n".join(lines)


def in_html(table: pa.Table, heading: str = "", rows: int = SHOWN_ROWS) -> str:
    """The first rows of a table for a notebook; every cell is escaped."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in table.column_names)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(_cell(value))}</td>" for value in row.values()) + "</tr>"
        for row in table.slice(0, rows).to_pylist()
    )
    more = len(table) - rows
    rest = f"<p>… {more:,} more rows</p>" if more > 0 else ""
    title = f"<p>{html.escape(heading)}</p>" if heading else ""
    return f"{title}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}"


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
