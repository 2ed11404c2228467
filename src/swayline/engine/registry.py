"""What makes a function an operator: it is written once, named, and lazy; a test asks every one in both dialects."""

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Annotated, Any, Concatenate, ParamSpec, cast

from swayline.engine.dialect import Dialect
from swayline.engine.relation import Relation

P = ParamSpec("P")

Source = Annotated[str | Relation, "source"]
"""A parameter of an operator: a registered name or a relation. The template sees what stands behind FROM."""
Name = Annotated[str, "name"]
"""A parameter of an operator: a column. The template sees it quoted."""
Names = Annotated[Sequence[str], "names"]
"""A parameter of an operator: columns. The template sees them quoted."""

OPERATORS: dict[str, Callable[..., Relation]] = {}
"""Every operator by ``family.function``."""


def operator(template: Callable[Concatenate[Dialect, P], str | Relation]) -> Callable[P, Relation]:
    r"""Make a template (dialect and arguments → SQL) an operator: arguments → a lazy relation.

    Examples
    --------
    >>> from swayline.engine.dialect import SPARK
    >>> def rows_of(d: Dialect, table: Source, column: Name, value: str) -> str:
    ...     return f"SELECT * FROM {table} WHERE {column} = {d.literal(value)}"
    >>> made = operator(rows_of)
    >>> made("log", "user", "it's").sql(SPARK)
    "SELECT * FROM `log` WHERE `user` = 'it\\'s'"
    >>> del OPERATORS["registry.rows_of"]
    """
    signature, spoken = inspect.signature(template), cast(Callable[..., str | Relation], template)
    ours = list(signature.parameters.values())[1:]
    kinds = {one.name: one.annotation for one in ours}

    @wraps(template)
    def lazy(*args: P.args, **kwargs: P.kwargs) -> Relation:
        bound = lazy_signature.bind(*args, **kwargs)

        def write(dialect: Dialect) -> str:
            said = {name: _said(dialect, kinds[name], one) for name, one in bound.arguments.items()}
            found = spoken(dialect, **said)
            return found if isinstance(found, str) else found.sql(dialect)

        return Relation(write)

    lazy_signature = signature.replace(parameters=ours, return_annotation=Relation)
    lazy.__signature__ = lazy_signature  # type: ignore[attr-defined]
    OPERATORS[f"{template.__module__.rpartition('.')[2]}.{template.__name__}"] = lazy
    return lazy


def _said(dialect: Dialect, kind: object, value: Any) -> Any:
    """An argument as the template sees it."""
    if value is None:
        return None
    if kind == Source:
        return (value if isinstance(value, Relation) else Relation.of(value)).source(dialect)
    if kind == Names:
        return tuple(dialect.quote(name) for name in value)
    return dialect.quote(value) if kind in (Name, Name | None) else value
