r"""Conditions on item columns, in a small language of their own; nothing is ever evaluated as code.

::

    price < 20 and category in ('lamps', 'desks')
    not (brand = "Acme" or title contains 'refurbished')
    met = 0                      items that nobody has met
    expires is null or expires >= 2026-01-31

    condition   = all ("or" all)*
    all         = one ("and" one)*
    one         = "not" one | "(" condition ")" | comparison
    comparison  = column ("=" | "!=" | "<" | "<=" | ">" | ">=" | "contains") value
                | column ["not"] "in" "(" value ("," value)* ")" | column "is" ["not"] "null"

What is unknown of an item (null) meets no comparison and no negation of one, as in SQL.

Shapes: I items.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.time import parse_date
from swayline.core.types import Bools

COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": pc.equal, "==": pc.equal, "!=": pc.not_equal, "<>": pc.not_equal,
    "<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal,
}  # fmt: skip
OPERATORS = (*COMPARISONS, "contains", "in", "not in", "is null", "is not null")
_WORDS = frozenset({"and", "or", "not", "in", "is", "null", "true", "false", "contains"})
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
    | (?P<date>\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?)
    | (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
    | (?P<name>[^\W\d][\w.]*|`[^`]+`)
    | (?P<sign><=|>=|!=|<>|==|=|<|>|\(|\)|,)
    )""",
    re.X,
)
_MOST_TEXT, _MOST_DEPTH = 10_000, 100

Mask = Any
"""A pyarrow array of booleans, null where nothing is known."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    place: int

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind == "name" else self.text


def parse_filter(text: str) -> Callable[[pa.Table], Bools]:
    """A condition as a function of a table of items; columns are looked up when it is asked.

    Returns
    -------
    callable
        Table of I rows → (I,) bool, false where the condition does not hold or is unknown.

    Raises
    ------
    UsageError
        The text is no condition; and, when asked, a column is unknown or holds something else.

    >>> cheap = parse_filter("price < 20 and not brand = 'Acme'")
    >>> cheap(pa.table({"price": [5.0, 30.0, 8.0], "brand": ["Bell", "Bell", "Acme"]})).tolist()
    [True, False, False]
    >>> parse_filter("price less 20")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    swayline.core.errors.UsageError: filter 'price less 20': 'less' is no operator: ...
    """
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f"filter {shown(text)} is empty: write a condition such as price < 20")
    if len(text) > _MOST_TEXT:
        raise UsageError(f"a filter may be {_MOST_TEXT:,} characters long, not {len(text):,}: use candidates instead")
    condition = _Parser(text).whole()

    def holds(items: pa.Table) -> Bools:
        found = condition(items)
        mask = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
        return np.asarray(pc.fill_null(mask, False))

    return holds


class _Parser:
    """Reads a condition from left to right, one function a rule of the grammar."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0
        self.tokens = self._tokens()

    def _tokens(self) -> list[_Token]:
        found, place, text = [], 0, self.text.rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise self._error(f"{shown(text[place:].strip()[:20])} cannot be read")
            found.append(_Token(str(match.lastgroup), str(match[str(match.lastgroup)]), place))
            place = match.end()
        return found

    def _error(self, what: str) -> UsageError:
        return UsageError(f"filter {shown(self.text)}: {what}")

    def _peek(self) -> _Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _Token("end", "the end", len(self.text))

    def _next(self) -> _Token:
        token = self._peek()
        self.at += 1
        return token

    def _take(self, *words: str) -> bool:
        if self._peek().kind in ("name", "sign") and self._peek().word in words:
            self.at += 1
            return True
        return False

    def _must(self, word: str) -> None:
        if not self._take(word):
            raise self._error(f"{word!r} is expected where {self._peek().text!r} stands")

    def whole(self) -> Callable[[pa.Table], Mask]:
        found = self._either()
        if self._peek().kind != "end":
            raise self._error(f"{self._peek().text!r} comes too much: join conditions by and, or")
        return found

    def _either(self) -> Callable[[pa.Table], Mask]:
        self.depth += 1
        if self.depth > _MOST_DEPTH:
            raise self._error(f"more than {_MOST_DEPTH} brackets or negations stand inside each other")
        parts = [self._all()]
        while self._take("or"):
            parts.append(self._all())
        self.depth -= 1
        return _joined(pc.or_kleene, parts)

    def _all(self) -> Callable[[pa.Table], Mask]:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return _joined(pc.and_kleene, parts)

    def _one(self) -> Callable[[pa.Table], Mask]:
        if self._take("not"):
            self.depth += 1
            if self.depth > _MOST_DEPTH:
                raise self._error(f"more than {_MOST_DEPTH} brackets or negations stand inside each other")
            inner = self._one()
            self.depth -= 1
            return lambda items: pc.invert(inner(items))
        if self._take("("):
            found = self._either()
            self._must(")")
            return found
        return self._comparison()

    def _comparison(self) -> Callable[[pa.Table], Mask]:
        token = self._next()
        if token.kind != "name" or (token.word in _WORDS and not token.text.startswith("`")):
            raise self._error(f"a column is expected where {token.text!r} stands")
        column = _Column(self.text, token.text.strip("`"))
        if self._take("is"):
            wanted_null = not self._take("not")
            self._must("null")
            return lambda items: pc.is_null(column.of(items)) if wanted_null else pc.is_valid(column.of(items))
        if self._take("not"):
            self._must("in")
            inside = column.inside(self._values())
            return lambda items: pc.invert(inside(items))
        if self._take("in"):
            return column.inside(self._values())
        if self._take("contains"):
            return column.containing(self._value())
        sign = self._next()
        if sign.text not in COMPARISONS:
            what = f"{sign.text!r} is no operator" if sign.kind != "end" else "an operator is missing at the end"
            raise self._error(f"{what}: {nearest(sign.text, OPERATORS)}")
        return column.compared(sign.text, self._value())

    def _values(self) -> list[Any]:
        self._must("(")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._must(")")
        return values

    def _value(self) -> Any:
        token = self._next()
        if token.kind == "text":
            quote = token.text[0]
            return re.sub(r"\\(.)", r"\1", token.text[1:-1].replace(quote * 2, quote))
        if token.kind == "number":
            return float(token.text)
        if token.kind == "date":
            return _moment(token.text)
        if token.kind == "name" and token.word in ("true", "false"):
            return token.word == "true"
        hint = f": put words in quotes, as '{token.text}'" if token.kind == "name" else ""
        raise self._error(f"a value is expected where {token.text!r} stands{hint}")


def _joined(join: Callable[[Mask, Mask], Mask], parts: list[Callable[[pa.Table], Mask]]) -> Callable[[pa.Table], Mask]:
    def together(items: pa.Table) -> Mask:
        found = parts[0](items)
        for one in parts[1:]:
            found = join(found, one(items))
        return found

    return together


@dataclass(frozen=True)
class _Column:
    """A column of the items that a filter names."""

    text: str
    name: str

    def _error(self, what: str) -> UsageError:
        return UsageError(f"filter {shown(self.text)}: {what}")

    def of(self, items: pa.Table) -> pa.Array:
        if self.name not in items.column_names:
            raise self._error(f"items have no column {shown(self.name)}: {nearest(self.name, items.column_names)}")
        column = items[self.name].combine_chunks()
        return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column

    def compared(self, sign: str, value: Any) -> Callable[[pa.Table], Mask]:
        def holds(items: pa.Table) -> Mask:
            column = self.of(items)
            if _is_list(column.type):
                if sign in ("=", "==", "!=", "<>"):
                    found = _has_any(column, [str(value)])
                    return pc.invert(found) if sign in ("!=", "<>") else found
                raise self._error(f"column {self.name!r} holds lists of words: use = or in, not {sign}")
            return COMPARISONS[sign](column, self._fitting(column.type, value))

        return holds

    def inside(self, values: list[Any]) -> Callable[[pa.Table], Mask]:
        def holds(items: pa.Table) -> Mask:
            column = self.of(items)
            if _is_list(column.type):
                return _has_any(column, [str(value) for value in values])
            options = [self._fitting(column.type, value) for value in values]
            found = pc.equal(column, options[0])
            for one in options[1:]:
                found = pc.or_kleene(found, pc.equal(column, one))
            return found

        return holds

    def containing(self, value: Any) -> Callable[[pa.Table], Mask]:
        def holds(items: pa.Table) -> Mask:
            column = self.of(items)
            if not isinstance(value, str) or not (_is_text(column.type) or _is_list(column.type)):
                raise self._error(
                    f"contains looks for words in a column of text, not for {shown(value)} in {self.name!r}"
                )
            if _is_list(column.type):
                return _has_any(column, [value])
            return pc.match_substring(column, value, ignore_case=True)

        return holds

    def _fitting(self, kind: pa.DataType, value: Any) -> pa.Scalar:
        """The value in the column's own type."""
        fits = (
            (_is_text(kind) and isinstance(value, str | float | datetime))
            or (pa.types.is_temporal(kind) and isinstance(value, str | datetime))
            or (pa.types.is_boolean(kind) and isinstance(value, bool))
            or (_is_number(kind) and isinstance(value, float))
        )
        if not fits:
            raise self._error(f"column {self.name!r} holds {_words(kind)}, and {shown(value)} is none")
        if _is_text(kind):
            return pa.scalar(_as_text(value), kind)
        if pa.types.is_temporal(kind):
            moment = _moment(value) if isinstance(value, str) else value
            zoned = pa.types.is_timestamp(kind) and kind.tz is not None
            if pa.types.is_date(kind):
                return pa.scalar(moment.date(), kind)
            return pa.scalar(moment if zoned else moment.replace(tzinfo=None), kind)
        return pa.scalar(value, pa.float64() if _is_number(kind) else kind)


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat() if (value.hour, value.minute) == (0, 0) else value.isoformat()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _moment(text: str) -> datetime:
    moment = parse_date(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def _words(kind: pa.DataType) -> str:
    if _is_text(kind):
        return "text"
    if pa.types.is_temporal(kind):
        return "dates"
    return "true or false" if pa.types.is_boolean(kind) else "numbers" if _is_number(kind) else str(kind)


def _has_any(column: pa.Array, wanted: list[str]) -> pa.Array:
    """(I,) whether a list names one of the words; null where there is no list."""
    flat = pc.is_in(column.flatten().cast(pa.string()), value_set=pa.array(wanted, pa.string()))
    parents = np.asarray(pc.list_parent_indices(column))
    found = np.zeros(len(column), bool)
    found[parents[np.asarray(flat)]] = True
    return pa.array(found, mask=np.asarray(pc.is_null(column)))
