"""Side tables: what is known of items, users and ties. Columns that are not ours are features and are kept.

A feature of a text file is whole numbers, numbers or text, as all its cells can be read; a gap stays a gap.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from swayline.core.errors import EmptyLogError, SchemaError, SourceError, shown
from swayline.core.names import (
    CATEGORY,
    DESCRIPTION,
    ITEM,
    KIND,
    PRICE,
    REST,
    ROW,
    SOURCE,
    TARGET,
    TIME,
    TITLE,
    USER,
)  # fmt: skip
from swayline.engine import DuckEngine, Engine
from swayline.engine.operators.checks import MAX_ID_BYTES
from swayline.events.check import times_of
from swayline.events.options import KNOWN_NAMES, MAX_COLUMNS, Paging, ReadOptions, plain_name, position_of
from swayline.events.sources import database, delimited, format_of, frames, is_address, jsonl, name_of, pages, parts
from swayline.events.sources.block import REJECTED, Block, Refusal, Resolver, plain_ids, rejected_table
from swayline.events.sources.typed import from_arrow

_EMPTY = ("", "NaN", "nan", "NULL", "null", "None", "<NA>", "NaT", "\\N")
_WHOLE = r"^-?(0|[1-9]\d{0,17})$"
_NUMBER = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"


@dataclass(frozen=True)
class SideKind:
    """One sort of side table: its columns with their foreign names, which it needs, and what the caller said of it."""

    known: dict[str, tuple[str, ...]]
    needed: tuple[str, ...]
    option: str
    mapping: dict[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    table: str | None = None
    paging: Paging | None = None
    remedy: str | None = None
    """What to do where a needed column is missing, if not the options that ``option`` begins."""

    def resolve(self, header: list[str], where: str) -> dict[str, int]:
        """Name → position of every column: ours by what was said or by their names, features by their own."""
        if len(header) > MAX_COLUMNS:
            raise SchemaError(f"{where} has {len(header)} columns; at most {MAX_COLUMNS} are read")
        found = {ours: position_of(header, theirs, where) for ours, theirs in self.mapping.items()}
        plain = [plain_name(name) for name in header]
        for ours, theirs in self.known.items():
            free = (name for name in theirs if name in plain and plain.index(name) not in found.values())
            name = None if ours in found else next(free, None)
            if name is not None:
                found[ours] = plain.index(name)
        for ours in self.needed:
            if ours not in found:
                listed = ", ".join(name[:40] for name in header[:20])
                remedy = self.remedy or (
                    f"Say --{self.option}-map {ours}=NAME, or --{self.option}-columns {','.join(self.needed)}"
                    " for a file without a header"
                )
                raise SchemaError(
                    f"{where} has no column that can be told to be the {ours}; it has: {listed}. {remedy}"
                )
        for index, name in enumerate(plain):
            if name == "-" or index in found.values():
                continue
            if name in found or name in (ROW, REST):
                raise SchemaError(
                    f"{where} has two columns named {name!r}, or one of our names for another thing: rename it"
                )
            found[name] = index
        return dict(sorted(found.items(), key=lambda one: one[1]))


def read_sides(
    items: Any, users: Any, ties: Any, options: ReadOptions, engine: Engine
) -> tuple[dict[str, pa.Table | None], pa.Table]:
    """The side tables by name (None where there is none), and the rejected rows of all of them."""
    tables: dict[str, pa.Table | None] = {}
    rejected = [REJECTED.empty_table()]
    for name, source, reader in (("items", items, read_items), ("users", users, read_users), ("ties", ties, read_ties)):
        tables[name] = None
        if source is not None:
            tables[name], more = reader(source, options, engine)
            rejected.append(more)
    return tables, pa.concat_tables(rejected)


def read_items(source: Any, options: ReadOptions, engine: Engine) -> tuple[pa.Table, pa.Table]:
    """(items, rejected): ``item``, ``title``, ``description``, ``category``, ``price`` where present, and features."""
    known = {
        ITEM: KNOWN_NAMES[ITEM], TITLE: ("title", "name", "movie_title", "item_title", "product_title"),
        DESCRIPTION: ("description", "desc", "summary"), CATEGORY: (*KNOWN_NAMES[CATEGORY], "genres", "class"),
        PRICE: ("price",),
    }  # fmt: skip
    kind = SideKind(
        known, (ITEM,), "items", options.items_map, options.items_columns, options.items_table, options.paging
    )
    return _read(source, kind, engine)


def read_users(source: Any, options: ReadOptions, engine: Engine) -> tuple[pa.Table, pa.Table]:
    """(users, rejected): ``user`` and features."""
    known = {USER: KNOWN_NAMES[USER]}
    kind = SideKind(
        known, (USER,), "users", options.users_map, options.users_columns, options.users_table, options.paging
    )
    return _read(source, kind, engine)


def read_people(source: Any, options: ReadOptions | None = None) -> pa.Table:
    """A table of users alone, without a log; rows that cannot be read are left out."""
    with DuckEngine() as engine:
        return read_users(source, options or ReadOptions(), engine)[0]


def read_side(which: str, source: Any, options: ReadOptions | None = None) -> pa.Table:
    """A table of items, users or ties alone, without a log; rows that cannot be read are left out."""
    return read_side_told(which, source, options)[0]


def read_side_told(which: str, source: Any, options: ReadOptions | None = None) -> tuple[pa.Table, pa.Table]:
    """(table, rejected) of items, users or ties alone, without a log."""
    readers = {"items": read_items, "users": read_users, "ties": read_ties}
    with DuckEngine() as engine:
        return readers[which](source, options or ReadOptions(), engine)


def read_ties(source: Any, options: ReadOptions, engine: Engine) -> tuple[pa.Table, pa.Table]:
    """(ties, rejected): ``source`` can influence ``target``; ``kind`` and ``time`` where present; each tie once."""
    known = {
        SOURCE: ("source", "src", "from", "influencer", "friend_id", "friendid", "followee"),
        TARGET: ("target", "dst", "to", "influenced", "follower", *KNOWN_NAMES[USER]),
        KIND: ("kind", "type"), TIME: KNOWN_NAMES[TIME],
    }  # fmt: skip
    kind = SideKind(
        known, (SOURCE, TARGET), "ties", options.ties_map, options.ties_columns, options.ties_table, options.paging
    )
    ties, rejected = _read(source, kind, engine)
    return (_both_ways(ties) if options.ties_undirected else ties), rejected


def _both_ways(ties: pa.Table) -> pa.Table:
    """Each tie and its reverse, once."""
    names = [{SOURCE: TARGET, TARGET: SOURCE}.get(name, name) for name in ties.column_names]
    every = pa.concat_tables([ties, ties.rename_columns(names).select(ties.column_names)])
    return every.filter(_first_of_each(every, ties.column_names))


def side_rows(source: Any, kind: SideKind) -> tuple[pa.Table, list[Refusal], float | None]:
    """Rows of a side table with their numbers and the ids they need, the rows refused, and the unit of its times."""
    blocks = list(_blocks(source, kind))
    table = pa.concat_tables([block.table for block in blocks], promote_options="default")
    refused = [one for block in blocks for one in block.refused]
    for name in kind.needed:
        table, more = _with_ids(table, name)
        refused += more
    return table, refused, blocks[0].time_unit_us


def _read(source: Any, kind: SideKind, engine: Engine) -> tuple[pa.Table, pa.Table]:
    path = name_of(source)
    table, refused, time_unit_us = side_rows(source, kind)
    if TIME in kind.known and TIME in table.column_names:
        typed, more = times_of(engine, table.select([ROW, TIME]), time_unit_us)
        table = _without(table.set_column(table.column_names.index(TIME), TIME, typed[TIME]), more)
        refused += more
    table, more = _without_repeats(table, kind)
    refused += more
    if len(table) == 0:
        first = (
            f"; first: row {refused[0].row}, {refused[0].column or 'the row'} {refused[0].reason}" if refused else ""
        )
        raise EmptyLogError(f"{path} has no usable row: {len(refused)} rejected{first}")
    refused.sort(key=lambda one: one.row)
    return table.drop_columns([ROW]).combine_chunks(), rejected_table(path, refused)


def _blocks(source: Any, kind: SideKind) -> Iterator[Block]:
    """Rows with ids as text, features as they are (typed sources) or typed by their cells (text and JSON)."""
    if parts.is_parts(source):
        yield from _parts(source, kind)
        return
    name = name_of(source)
    typed = _typed_table(source, kind)
    if typed is not None:
        yield _typed(typed, kind, name)
        return
    blocks = _text_blocks(source, kind, partial(kind.resolve, where=name))
    if not blocks:
        raise EmptyLogError(f"{name} has no usable row: it ends after its header")
    table = pa.concat_tables([block.table for block in blocks])
    table = table.drop_columns([REST]) if REST in table.column_names else table
    keep = {ROW, *kind.needed, TIME} if TIME in kind.known else {ROW, *kind.needed}
    columns = {column: table[column] if column in keep else _feature(table[column]) for column in table.column_names}
    yield Block(pa.table(columns), [one for block in blocks for one in block.refused])


def _parts(source: Any, kind: SideKind) -> Iterator[Block]:
    """Every part's rows, read as a file of its own; rows count on."""
    before = 0
    with parts.on_disk(source) as files:
        parts.check_alike(files)
        for _, path in files:
            for block in _blocks(path, kind):
                table = block.table.set_column(
                    block.table.column_names.index(ROW), ROW, pc.add(block.table[ROW], before)
                )
                yield replace(block, table=table, refused=[replace(one, row=one.row + before) for one in block.refused])
                before += len(block.table) + len(block.refused) + 1


def _typed_table(source: Any, kind: SideKind) -> pa.Table | None:
    """The whole of a source that types its columns; None for one of text."""
    if frames.is_frame(source):
        return frames.as_arrow(source)
    if is_address(source):
        return None
    form = format_of(Path(source), ReadOptions())
    if form == "parquet":
        return _parquet(Path(source))
    if form == "duckdb":
        return pa.concat_tables(database.duckdb_tables(Path(source), kind.table, f"{kind.option}-table"))
    return None


def _text_blocks(source: Any, kind: SideKind, resolve: Resolver) -> list[Block]:
    def loose(column: str) -> bool:
        return column not in kind.needed

    if pages.is_address(source):
        paging = kind.paging or Paging()
        with pages.spool(paging) as folder:
            return list(pages.read(source, paging, folder, resolve, loose))
    if database.is_postgres(source):
        with database.postgres_csv(source, kind.table, f"{kind.option}-table") as path:
            return list(delimited.read(path, ReadOptions(delimiter=","), resolve))
    path, options = Path(source), ReadOptions(columns=kind.columns)
    if format_of(path, options) == "jsonl":
        return list(jsonl.read(path, options, resolve, loose))
    return list(delimited.read(path, options, resolve))


def _parquet(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read as Parquet: {error}") from None


def _typed(raw: pa.Table, kind: SideKind, name: str) -> Block:
    places = kind.resolve(raw.column_names, name)
    text = {ours: at for ours, at in places.items() if ours in kind.needed or (ours == TIME and TIME in kind.known)}
    block = from_arrow(raw, text, 1, name)
    kept = raw if not block.refused else raw.take(pc.subtract(block.table[ROW], 1))
    columns = {ours: block.table[ours] if ours in text else kept.column(at) for ours, at in places.items()}
    return replace(block, table=pa.table({ROW: block.table[ROW], **columns}))


def _feature(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whole numbers, numbers or text, as all filled cells can be read. Numbers with leading zeros are codes: text."""
    trimmed = pc.utf8_trim_whitespace(column)
    filled = pc.if_else(pc.is_in(trimmed, value_set=pa.array(_EMPTY)), None, trimmed)
    if filled.null_count == len(filled):
        return filled
    if pc.all(pc.match_substring_regex(filled, _WHOLE)).as_py():
        return filled.cast(pa.int64())
    coded = pc.any(pc.match_substring_regex(filled, r"^[-+]?0\d")).as_py()
    if not coded and pc.all(pc.match_substring_regex(filled, _NUMBER)).as_py():
        numbers = pc.utf8_ltrim(filled, "+").cast(pa.float64())
        if pc.all(pc.is_finite(numbers)).as_py():
            return numbers
    return filled


def _with_ids(table: pa.Table, name: str) -> tuple[pa.Table, list[Refusal]]:
    """The rows whose id is one, and refusals of the others."""
    ids = plain_ids(pc.utf8_trim_whitespace(table[name]))
    missing = pc.or_(pc.is_null(ids), pc.is_in(ids, value_set=pa.array(_EMPTY)))
    long = pc.fill_null(pc.greater(pc.binary_length(ids), MAX_ID_BYTES), False)
    fresh = table.set_column(table.column_names.index(name), name, ids)
    refused = [Refusal(row, name, value or "", "is missing") for row, value in _pairs(table.filter(missing), name)]
    refused += [
        Refusal(row, name, value, f"is longer than {MAX_ID_BYTES} bytes")
        for row, value in _pairs(table.filter(long), name)
    ]
    return _without(fresh, refused), refused


def _without_repeats(table: pa.Table, kind: SideKind) -> tuple[pa.Table, list[Refusal]]:
    """One row an item or user; each tie once, and none from a user to itself."""
    refused: list[Refusal] = []
    key = list(kind.needed)
    if SOURCE in key:
        itself = pc.equal(table[SOURCE], table[TARGET])
        refused += [
            Refusal(row, TARGET, value, "is tied to itself") for row, value in _pairs(table.filter(itself), TARGET)
        ]
        table = _without(table, refused)
        key += [name for name in (KIND, TIME) if name in table.column_names]
    first = _first_of_each(table, key)
    again = table.filter(pc.invert(first))
    refused += [
        Refusal(row, kind.needed[-1], value, "is named twice; the first stands")
        for row, value in _pairs(again, kind.needed[-1])
    ]
    return table.filter(first), refused


def _first_of_each(table: pa.Table, key: list[str]) -> pa.Array:
    """Which rows are the first with their values in the key's columns."""
    numbered = table.select(key).append_column("at", pa.array(range(len(table)), pa.int64()))
    first = numbered.group_by(key).aggregate([("at", "min")])["at_min"]
    return pc.is_in(numbered["at"], value_set=first.combine_chunks())


def _without(table: pa.Table, refused: list[Refusal]) -> pa.Table:
    if not refused:
        return table
    return table.filter(pc.invert(pc.is_in(table[ROW], value_set=pa.array([one.row for one in refused], pa.int64()))))


def _pairs(table: pa.Table, name: str) -> list[tuple[int, str]]:
    return list(zip(table[ROW].to_pylist(), table[name].to_pylist(), strict=True))


def unmatched(sides: Mapping[str, pa.Table | None], events: pa.Table) -> tuple[str, ...]:
    """A note for each side table none of whose ids is in the log.

    Parameters
    ----------
    sides : ``items``, ``users`` and ``ties``, each or None

    Examples
    --------
    >>> log = pa.table({"user": ["u1"], "item": ["i1"]})
    >>> unmatched({"items": pa.table({"item": ["1", "2"]})}, log)
    ("none of the 2 ids of the items table is in the log: the first is '1', there 'i1'; write both alike",)
    """
    found = []
    for side, columns, name in (("items", (ITEM,), ITEM), ("users", (USER,), USER), ("ties", (SOURCE, TARGET), USER)):
        table = sides.get(side)
        known = pc.drop_null(events[name])
        if table is None or not len(table) or not len(known):
            continue
        ids = pc.unique(pa.chunked_array([chunk for one in columns for chunk in table[one].chunks]))
        if not pc.any(pc.is_in(ids, value_set=pc.unique(known))).as_py():
            found.append(
                f"none of the {len(ids):,} ids of the {side} table is in the log: the first is "
                f"{shown(ids[0].as_py())}, there {shown(known[0].as_py())}; write both alike"
            )
    return tuple(found)
