"""The one table of influence: every row says what moved what, by how much, how surely, and whether it is identified.

Effects of behaviours, events, people, content and places stand in the same columns, so that they can be read,
compared, queried, drawn and used by the ranker alike.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import ArtifactError, UsageError, shown
from swayline.core.storage.tables import read_typed, write_table

_FLOATS = ("estimate", "ci_low", "ci_high", "p_value", "window_s", "horizon_s")
COLUMNS = (
    "cause_kind", "cause", "effect_kind", "effect", "channel", "estimand",
    "estimate", "ci_low", "ci_high", "p_value", "unit", "n", "window_s", "horizon_s", "as_of", "method",
    "recommended", "subject", "reference", "identified", "assumptions", "refutations",
)  # fmt: skip


def _type(column: str) -> pa.DataType:
    if column in _FLOATS:
        return pa.float64()
    return {"n": pa.int64(), "as_of": pa.timestamp("us", tz="UTC"), "recommended": pa.bool_()}.get(column, pa.string())


SCHEMA = pa.schema([pa.field(column, _type(column)) for column in COLUMNS])
ALLOWED = {
    "cause_kind": ("behavior", "event", "user", "item", "content", "place", "treatment"),
    "effect_kind": ("outcome", "recommendation", "user", "item"),
    "channel": ("own", "model", "social", "consumption", "content", "all"),
    "identified": ("yes", "assumed", "no"),
}
_NEEDED = ("cause_kind", "cause", "effect_kind", "effect", "channel", "estimand", "unit", "method")
_IDENTITY = ("cause_kind", "cause", "effect_kind", "effect", "channel", "estimand")
"""What a row of another tool must say at least, to be read."""
OWN_MODEL = "model"
"""The channel of what our own model does: exact, and no claim about people, so that ``identified`` is null there."""
REASON_KEY = b"reason"
"""Where a table's metadata says why it holds no row."""


def ledger(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """A ledger table from rows given by column; columns left out are null, ``recommended`` false, ``n`` 0.

    ``refutations`` may be a mapping (name → {"passed": bool, "figure": number}); it is stored as JSON.

    Raises
    ------
    UsageError
        A row has an unknown column, lacks a needed one, uses a word outside :data:`ALLOWED`, or says whether an answer
        of our own model is identified.
    """
    whole_rows = [_row(row) for row in rows]
    return pa.Table.from_pylist(whole_rows, schema=SCHEMA)


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(row) - set(COLUMNS)
    if unknown:
        raise UsageError(f"the ledger has no column {sorted(unknown)[0]!r}; it has {', '.join(COLUMNS)}")
    is_model = row.get("channel") == OWN_MODEL
    if is_model and row.get("identified") is not None:
        raise UsageError("an answer of our own model (channel model) is no claim about people: leave identified null")
    missing = [name for name in (*_NEEDED, *([] if is_model else ["identified"])) if row.get(name) is None]
    if missing:
        raise UsageError(f"a ledger row lacks {', '.join(missing)}: {shown(dict(row))}")
    for column, words in ALLOWED.items():
        if row.get(column) is not None and row[column] not in words:
            raise UsageError(f"ledger column {column} is {shown(row[column])}; it must be one of {', '.join(words)}")
    full = dict.fromkeys(COLUMNS) | {"recommended": False, "n": 0} | dict(row)
    if isinstance(full["refutations"], Mapping):
        full["refutations"] = json.dumps(full["refutations"], sort_keys=True)
    return full


def event_id(item: str, behavior: str, time: str) -> str:
    """The id of an event that has none of its own: ``item|behavior|2026-01-31T12:00:00Z``.

    >>> event_id("a|b", "view", "2026-01-31T12:00:00Z")
    'a%7Cb|view|2026-01-31T12:00:00Z'
    """
    return "|".join((escape(item), escape(behavior), time))


def recommendation_id(user: str, item: str) -> str:
    """The id of a recommendation: ``user|item``.

    >>> recommendation_id("u1", "50%")
    'u1|50%25'
    """
    return f"{escape(user)}|{escape(item)}"


def escape(part: str) -> str:
    """An id as it stands inside a joined id: ``%`` and ``|`` percent-encoded, nothing else touched."""
    return part if "%" not in part and "|" not in part else part.replace("%", quote("%")).replace("|", quote("|"))


def write_ledger(table: pa.Table, path: Path, made_by: str | None = None) -> None:
    """Write a ledger whole or not at all, as Parquet, CSV or JSON lines by the file's ending."""
    write_table(path, table.cast(SCHEMA.with_metadata(table.schema.metadata)), made_by)


def read_ledger(path: Path) -> pa.Table:
    """Read a ledger.

    Raises
    ------
    ArtifactError
        The file is missing, not of the format its ending names, or has other columns.
    """
    table = read_typed(path, SCHEMA)
    missing = [column for column in COLUMNS if column not in table.column_names]
    if missing:
        raise ArtifactError(f"{path} is no influence table: it lacks {', '.join(missing)}")
    table = pa.table(
        {field.name: _cast(path, table[field.name], field) for field in SCHEMA},
        schema=SCHEMA.with_metadata(table.schema.metadata),
    )
    empty = [column for column in _IDENTITY if table[column].null_count]
    if empty:
        raise ArtifactError(f"{path} is no influence table: column {empty[0]!r} has a null")
    return _without_claims(table)


def _cast(path: Path, values: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    try:
        return values.cast(field.type)
    except pa.ArrowException as error:
        why = str(error).splitlines()[0][:200]
        raise ArtifactError(f"{path} is no influence table: column {field.name!r}: {why}") from None


def _without_claims(table: pa.Table) -> pa.Table:
    """Older tables call answers of our own model identified."""
    claims = pc.if_else(pc.equal(table["channel"], OWN_MODEL), None, table["identified"])
    return table.set_column(COLUMNS.index("identified"), SCHEMA.field("identified"), claims)


def concat(tables: Iterable[pa.Table]) -> pa.Table:
    """Several ledgers as one; why one of them is empty stays with it."""
    parts = list(tables)
    reasons = dict.fromkeys(reason for one in parts if (reason := reason_of(one)))
    metadata = {REASON_KEY: " ".join(reasons).encode()} if reasons else None
    return pa.concat_tables([SCHEMA.empty_table(), *parts]).replace_schema_metadata(metadata)


def reason_of(table: pa.Table) -> str:
    """Why an influence table holds no row (of some kind), where it says so."""
    return ((table.schema.metadata or {}).get(REASON_KEY) or b"").decode("utf-8", "replace")
