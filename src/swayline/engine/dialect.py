"""The words that DuckDB and Spark spell differently; everything else an operator says, both say alike.

::

    word            DuckDB                          Spark
    quote           "user"                          `user`
    epoch_us        epoch_us(t)                     unix_micros(t)
    from_us         make_timestamptz(n)             timestamp_micros(n)
    on_clock        t AT TIME ZONE 'UTC'            CAST(from_utc_timestamp(t, 'UTC') AS TIMESTAMP_NTZ)
    start_of        date_trunc('day', t)            CAST(date_trunc('day', t) AS TIMESTAMP_NTZ)
    digest          hash(a, b)                      xxhash64(a IS NULL, a, b IS NULL, b)
    pair            (a, b)                          struct(a, b)
    ordered_list    list(x ORDER BY t)              transform(array_sort(collect_list(struct(t, x))), …)
    series          unnest(generate_series(1, 3))   explode(sequence(1, 3))

A test walks every operator in both dialects, so a word that only one of them knows cannot stay in a template.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Dialect(Protocol):
    """How one engine spells what the operators say. All arguments but those of names and words are SQL."""

    @property
    def name(self) -> str:
        """What the engine is called."""
        ...

    @property
    def text(self) -> str:
        """The type of text."""
        ...

    @property
    def moment(self) -> str:
        """The type of a moment on the UTC time line."""
        ...

    def quote(self, name: str) -> str:
        """The name of a column or table."""
        ...

    def literal(self, text: str) -> str:
        """A text as it stands, whatever it holds."""
        ...

    def epoch_us(self, moment: str) -> str:
        """Microseconds since 1970, UTC."""
        ...

    def from_us(self, number: str) -> str:
        """The moment so many microseconds after 1970."""
        ...

    def parsed_moment(self, text: str, form: str) -> str:
        """The moment of a text written as ``form`` says (``%Y``, ``%m``, ``%d``, ``%H``, ``%M``, ``%S``), or null."""
        ...

    def on_clock(self, moment: str, zone: str) -> str:
        """What a zone's clock shows at a moment; ``zone`` is a word."""
        ...

    def start_of(self, unit: str, clock: str) -> str:
        """Where an hour, day or month of what a clock shows began."""
        ...

    def weekday(self, moment: str) -> str:
        """Day of the week, Monday 0."""
        ...

    def day_number(self, moment: str) -> str:
        """Whole days since 1970 of what a clock shows."""
        ...

    def digest(self, columns: Sequence[str]) -> str:
        """A short number that equal rows share."""
        ...

    def pair(self, first: str, second: str) -> str:
        """Two values as one."""
        ...

    def byte_length(self, text: str) -> str:
        """Bytes of a text in UTF-8."""
        ...

    def matches(self, text: str, pattern: str, *, ignore_case: bool = False) -> str:
        """Whether a regular expression (a word) is found in a text."""
        ...

    def ordered_list(self, value: str, order: str) -> str:
        """The values of a group as one list, in an order."""
        ...

    def series(self, first: str, last: str) -> str:
        """Whole numbers from first to last, one a row."""
        ...

    def unnest(self, values: str) -> str:
        """The values of a list, one a row."""
        ...

    def json_text(self, document: str, key: str) -> str:
        """The text under a key (a word) of a JSON object."""
        ...


@dataclass(frozen=True)
class DuckDialect:
    """As DuckDB says it.

    Examples
    --------
    >>> print(DuckDialect().quote('a "b" c'), DuckDialect().literal("it's"))
    "a ""b"" c" 'it''s'
    """

    name: str = "duckdb"
    text: str = "VARCHAR"
    moment: str = "TIMESTAMPTZ"

    def quote(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def literal(self, text: str) -> str:
        return "'" + text.replace("'", "''") + "'"

    def epoch_us(self, moment: str) -> str:
        return f"epoch_us({moment})"

    def from_us(self, number: str) -> str:
        return f"make_timestamptz({number})"

    def parsed_moment(self, text: str, form: str) -> str:
        return f"CAST(try_strptime({text}, {self.literal(form)}) AS TIMESTAMPTZ)"

    def on_clock(self, moment: str, zone: str) -> str:
        return f"{moment} AT TIME ZONE {self.literal(zone)}"

    def start_of(self, unit: str, clock: str) -> str:
        return f"date_trunc('{unit}', {clock})"

    def weekday(self, moment: str) -> str:
        return f"extract(isodow FROM {moment}) - 1"

    def day_number(self, moment: str) -> str:
        return f"date_diff('day', DATE '1970-01-01', CAST({moment} AS DATE))"

    def digest(self, columns: Sequence[str]) -> str:
        return f"hash({', '.join(columns)})"

    def pair(self, first: str, second: str) -> str:
        return f"({first}, {second})"

    def byte_length(self, text: str) -> str:
        return f"strlen({text})"

    def matches(self, text: str, pattern: str, *, ignore_case: bool = False) -> str:
        return f"regexp_matches({text}, {self.literal(pattern)}{', ' + self.literal('i') if ignore_case else ''})"

    def ordered_list(self, value: str, order: str) -> str:
        return f"list({value} ORDER BY {order})"

    def series(self, first: str, last: str) -> str:
        return f"unnest(generate_series({first}, {last}))"

    def unnest(self, values: str) -> str:
        return f"unnest({values})"

    def json_text(self, document: str, key: str) -> str:
        return f"json_extract_string({document}, {self.literal('$.' + key)})"


_STRFTIME = {"%Y": "yyyy", "%m": "MM", "%d": "dd", "%H": "HH", "%M": "mm", "%S": "ss"}


@dataclass(frozen=True)
class SparkDialect:
    r"""As Spark says it, in a session on UTC.

    Examples
    --------
    >>> print(SparkDialect().quote("a `b`"), SparkDialect().literal(r"it's \N"))
    `a ``b``` 'it\'s \\N'
    """

    name: str = "spark"
    text: str = "STRING"
    moment: str = "TIMESTAMP"

    def quote(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def literal(self, text: str) -> str:
        # Spark reads backslashes inside quotes, DuckDB does not.
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    def epoch_us(self, moment: str) -> str:
        return f"unix_micros({moment})"

    def from_us(self, number: str) -> str:
        return f"timestamp_micros({number})"

    def parsed_moment(self, text: str, form: str) -> str:
        for word, letters in _STRFTIME.items():
            form = form.replace(word, letters)
        return f"try_to_timestamp({text}, {self.literal(form)})"

    def on_clock(self, moment: str, zone: str) -> str:
        return f"CAST(from_utc_timestamp({moment}, {self.literal(zone)}) AS TIMESTAMP_NTZ)"

    def start_of(self, unit: str, clock: str) -> str:
        return f"CAST(date_trunc('{unit}', {clock}) AS TIMESTAMP_NTZ)"

    def weekday(self, moment: str) -> str:
        return f"weekday({moment})"

    def day_number(self, moment: str) -> str:
        return f"unix_date(CAST({moment} AS DATE))"

    def digest(self, columns: Sequence[str]) -> str:
        # Spark passes over nulls, so (null, a) and (a, null) would be one.
        return f"xxhash64({', '.join(f'{column} IS NULL, {column}' for column in columns)})"

    def pair(self, first: str, second: str) -> str:
        return f"struct({first}, {second})"

    def byte_length(self, text: str) -> str:
        return f"octet_length({text})"

    def matches(self, text: str, pattern: str, *, ignore_case: bool = False) -> str:
        return f"regexp_like({text}, {self.literal(('(?i)' if ignore_case else '') + pattern)})"

    def ordered_list(self, value: str, order: str) -> str:
        both = f"named_struct('at', {order}, 'value', {value})"
        return f"transform(array_sort(collect_list({both})), one -> one.value)"

    def series(self, first: str, last: str) -> str:
        return f"explode(sequence({first}, {last}))"

    def unnest(self, values: str) -> str:
        return f"explode({values})"

    def json_text(self, document: str, key: str) -> str:
        return f"get_json_object({document}, {self.literal('$.' + key)})"


DUCKDB, SPARK = DuckDialect(), SparkDialect()
