"""A lazy relation: a registered table or a query that is written when an engine asks for it, in that engine's dialect.

::

    acts = Relation.of("acts", ["user", "t"])
    acts.where("t > 0").group(["user"], n="count(*)")      nothing has run yet
    engine.collect(...)                                    one query, in the engine's own words
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from swayline.core.errors import SchemaError, UsageError, nearest
from swayline.engine.dialect import Dialect

Expression = str | Callable[[Dialect], str]
"""SQL that both dialects say, or what writes it in one."""


def written(expression: Expression, dialect: Dialect) -> str:
    """An expression in a dialect."""
    return expression if isinstance(expression, str) else expression(dialect)


@dataclass(frozen=True)
class Relation:
    """Rows that are not there yet.

    Parameters
    ----------
    write : callable
        Dialect → a query, or the quoted name of a registered table.
    columns : tuple of str, optional
        Its columns, where known; None for the answer of an operator.
    is_name : bool
        Whether ``write`` gives a name.

    Examples
    --------
    >>> from swayline.engine.dialect import DUCKDB, SPARK
    >>> busy = Relation.of("acts", ["user", "t"]).where("t > 0").group(["user"], n="count(*)")
    >>> busy.sql(DUCKDB)
    'SELECT "user", count(*) AS "n" FROM (SELECT * FROM "acts" WHERE t > 0) GROUP BY "user"'
    >>> busy.sql(SPARK)
    'SELECT `user`, count(*) AS `n` FROM (SELECT * FROM `acts` WHERE t > 0) GROUP BY `user`'
    >>> busy.columns
    ('user', 'n')
    """

    write: Callable[[Dialect], str]
    columns: tuple[str, ...] | None = None
    is_name: bool = False

    @classmethod
    def of(cls, name: str, columns: Sequence[str] | None = None) -> Self:
        """A registered table."""
        return cls(lambda dialect: dialect.quote(name), None if columns is None else tuple(columns), True)

    @classmethod
    def query(cls, text: Expression, columns: Sequence[str] | None = None) -> Self:
        """A query."""
        return cls(lambda dialect: written(text, dialect), None if columns is None else tuple(columns))

    def sql(self, dialect: Dialect) -> str:
        """The query that gives the rows."""
        text = self.write(dialect)
        return f"SELECT * FROM {text}" if self.is_name else text

    def source(self, dialect: Dialect) -> str:
        """What stands behind FROM: the name, or the query in brackets."""
        text = self.write(dialect)
        return text if self.is_name else f"({text})"

    def select(self, *columns: str, **made: Expression) -> "Relation":
        """Some columns as they are, then those that are made."""
        self._need(columns)
        return Relation(lambda d: f"SELECT {_listed(d, columns, made)} FROM {self.source(d)}", (*columns, *made))

    def where(self, test: Expression) -> "Relation":
        """The rows for which a test is true."""
        return Relation(lambda d: f"SELECT * FROM {self.source(d)} WHERE {written(test, d)}", self.columns)

    def join(self, other: "Relation", on: Sequence[str], how: str = "inner") -> "Relation":
        """The rows of both that agree on some columns, which stand first and once; ``how`` is inner or left.

        Raises
        ------
        UsageError
            There is no such join.
        """
        if how not in ("inner", "left"):
            raise UsageError(f"a join is {how!r}; it must be 'inner' or 'left'")
        self._need(on)
        other._need(on)
        columns = None
        if self.columns is not None and other.columns is not None:
            columns = tuple(dict.fromkeys((*on, *self.columns, *other.columns)))
        return Relation(
            lambda d: (
                f"SELECT * FROM {self.source(d)} a {how.upper()} JOIN {other.source(d)} b USING ({_listed(d, on, {})})"
            ),
            columns,
        )

    def group(self, by: Sequence[str], **made: Expression) -> "Relation":
        """One row a group (one in all, where ``by`` is empty) with aggregates of it."""
        self._need(by)
        return Relation(
            lambda d: (
                f"SELECT {_listed(d, by, made)} FROM {self.source(d)}"
                + (f" GROUP BY {_listed(d, by, {})}" if by else "")
            ),
            (*by, *made),
        )

    def window(self, partition: Sequence[str], order: Sequence[str], **made: Expression) -> "Relation":
        """All columns, and functions over the rows so far in each partition, in an order."""
        self._need((*partition, *order))
        over = "OVER (PARTITION BY {} ORDER BY {} ROWS UNBOUNDED PRECEDING)"
        return Relation(
            lambda d: (
                "SELECT *, "
                + ", ".join(
                    f"{written(one, d)} {over.format(_listed(d, partition, {}), _listed(d, order, {}))}"
                    f" AS {d.quote(name)}"
                    for name, one in made.items()
                )
                + f" FROM {self.source(d)}"
            ),
            None if self.columns is None else (*self.columns, *made),
        )

    def order(self, *columns: str) -> "Relation":
        """The same rows, sorted."""
        self._need(columns)
        return Relation(lambda d: f"SELECT * FROM {self.source(d)} ORDER BY {_listed(d, columns, {})}", self.columns)

    def union(self, other: "Relation") -> "Relation":
        """The rows of both, repeats and all."""
        return Relation(lambda d: f"{self.sql(d)} UNION ALL {other.sql(d)}", self.columns)

    def _need(self, names: Sequence[str]) -> None:
        known = names if self.columns is None else self.columns
        for name in names:
            if name not in known:
                raise SchemaError(f"a table has no column {name!r}: {nearest(name, known)}")


def _listed(dialect: Dialect, columns: Sequence[str], made: dict[str, Expression]) -> str:
    return ", ".join(
        [
            *(dialect.quote(name) for name in columns),
            *(f"{written(one, dialect)} AS {dialect.quote(name)}" for name, one in made.items()),
        ]
    )
