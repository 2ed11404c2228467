"""CSV and TSV: a fast path for sound blocks, a careful line-by-line path for damaged ones.

A block is sound when it is UTF-8 without NUL bytes or stray carriage returns and every line is one row: only then can
Arrow's parser neither lose nor join rows. Any other block is read line by line, so that one stray quote costs one row.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from swayline.core.errors import SchemaError, SourceError, shown
from swayline.core.names import BEHAVIOR, ITEM, REST, ROW, SOURCE, TARGET, TIME, USER
from swayline.events.options import MAX_COLUMNS, ReadOptions
from swayline.events.sources import lines
from swayline.events.sources.block import Block, Refusal, Resolver, joined

_DELIMITERS = ("\t", ",", ";", "|", " ")
_ONE_LINE = frozenset({USER, ITEM, BEHAVIOR, TIME, SOURCE, TARGET})
"""Columns whose values never run over a line's end."""
_MAX_SPAN = 100
"""Lines that one quoted value may span."""
_MAX_BAD = 10_000
"""Ragged lines in a block beyond which it is read in parts."""
_PIECE_BYTES = 1 << 18
_ARROW_BYTES = 1 << 22
_NEWLINE, _RETURN = 10, 13
_TIME_START = re.compile(r"\s*(\d{4}[-/]\d{1,2}[-/]\d|[-+]?\d+(\.\d*)?(e[-+]?\d+)?\s*$)", re.IGNORECASE)


@dataclass(frozen=True)
class _Layout:
    """How lines are cut: delimiter, whether quotes mean anything, columns, which are ours, lines before the first."""

    delimiter: str
    quoted: bool
    width: int
    wanted: dict[str, int]
    n_skip: int

    @property
    def others(self) -> list[int]:
        """Positions of the columns that are not ours."""
        return [index for index in range(self.width) if index not in self.wanted.values()]


def read(path: Path, options: ReadOptions, resolve: Resolver) -> Iterator[Block]:
    """Blocks of raw rows under our column names; ``row`` is the line number, from 1.

    Raises
    ------
    SourceError, SchemaError, EmptyLogError
        The file is no text, its columns cannot be told, or it is empty.
    """
    layout = _layout(path, options, resolve)
    row, rest = 1 + layout.n_skip, b""
    source = lines.blocks(path)
    data = _without_lines(next(source, b""), layout.n_skip)
    while data:
        following = next(source, b"")
        whole = _fast(data, row, layout, final=not following) if not rest else None
        if whole is not None:
            yield whole
            row += data.count(b"\n")
        else:
            held: list[Block] = []
            for start, end in _pieces(data):
                piece = rest + data[start:end]
                block, rest = _piece(piece, row, layout, final=not following and end == len(data))
                held.append(block)
                row += piece.count(b"\n") - rest.count(b"\n")
                if end == len(data) or sum(len(one.refused) for one in held) > _MAX_BAD:
                    yield _together(held)
                    held = []
        data = following


def _together(blocks: list[Block]) -> Block:
    return Block(pa.concat_tables([one.table for one in blocks]), [one for block in blocks for one in block.refused])


def _without_lines(data: bytes, n: int) -> bytes:
    for _ in range(n):
        data = data[data.find(b"\n") + 1 :] if b"\n" in data else b""
    return data


def _pieces(data: bytes) -> Iterator[tuple[int, int]]:
    """Where to cut a damaged block into parts of about 256 kB that end with a line: damage costs only its part."""
    start = 0
    while start < len(data):
        end = data.rfind(b"\n", start, start + _PIECE_BYTES) + 1 or data.find(b"\n", start) + 1 or len(data)
        yield start, end
        start = end


def _piece(data: bytes, row: int, layout: _Layout, final: bool) -> tuple[Block, bytes]:
    """A part's rows, and what must wait for the next part: the beginning of a record that does not end here."""
    block = _fast(data, row, layout, final)
    return (block, b"") if block is not None else _careful(data, row, layout, final)


def _layout(path: Path, options: ReadOptions, resolve: Resolver) -> _Layout:
    head = lines.first_bytes(path)
    n_blank = 0
    while head.split(b"\n", 1)[0].strip() == b"" and b"\n" in head:
        head, n_blank = head.split(b"\n", 1)[1], n_blank + 1
    if b"\n" not in head and len(head) > lines.HEAD_BYTES - 1024:
        raise SourceError(f"{path} has a first line of more than {lines.HEAD_BYTES >> 20} MB: it is no log of events")
    first = head.split(b"\n", 1)[0].rstrip(b"\r").decode("utf-8", "replace").replace("\0", "")
    delimiter = _delimiter(first, options)
    quoted = _quotes(head, delimiter)
    fields = _split(first, delimiter, quoted)
    if len(fields) > MAX_COLUMNS:
        raise SchemaError(f"{path} has {len(fields)} columns; at most {MAX_COLUMNS} are read")
    if options.columns and len(options.columns) != len(fields):
        raise SchemaError(
            f"--columns names {len(options.columns)} columns, and the first line of {path} has {len(fields)}:"
            f" {shown(first)}"
        )
    header = list(options.columns) if options.columns else fields
    return _Layout(delimiter, quoted, len(header), resolve(header), n_blank + (0 if options.columns else 1))


def _delimiter(first: str, options: ReadOptions) -> str:
    if options.delimiter is not None:
        return {"tab": "\t", "space": " "}.get(options.delimiter, options.delimiter)
    if options.columns:
        for mark in _DELIMITERS:
            if len(_split(first, mark, mark != " ")) == len(options.columns):
                return mark
    return next((mark for mark in _DELIMITERS if mark in first.strip(" ")), ",")


def _quotes(head: bytes, delimiter: str) -> bool:
    """Whether quotes enclose fields: not between blanks; between tabs, where no field has one at its start alone."""
    if delimiter == " ":
        return False
    lone = rb'(^|[\t\n])"([^\t\r\n]*[^"\t\r\n])?(\t|\r?\n)'
    return delimiter != "\t" or re.search(lone, head) is None


def _squeezed(data: bytes, layout: _Layout) -> bytes:
    """Blank-separated lines with one blank between fields and none at the ends."""
    if layout.delimiter != " " or not (
        b"  " in data or b"\n " in data or b" \n" in data or b" \r" in data or data[:1] == b" "
    ):
        return data
    return re.sub(rb" {2,}", b" ", re.sub(rb"^ +| +(?=\r?$)", b"", data, flags=re.MULTILINE))


def _fast(data: bytes, row: int, layout: _Layout, final: bool) -> Block | None:
    """The rows if every line is one row or surely none, else None."""
    if b"\0" in data or _has_odd_ends(data) or not _is_utf8(data):
        return None
    quoted = layout.quoted and b'"' in data
    if quoted and not final and data.count(b'"') % 2:
        return None
    n_lines = data.count(b"\n") + (0 if data.endswith(b"\n") else 1)
    data = _squeezed(data, layout)
    names = [f"c{index}" for index in range(layout.width)]
    bad: list[pacsv.InvalidRow] = []

    def note(line: pacsv.InvalidRow) -> str:
        bad.append(line)
        return "skip" if len(bad) < _MAX_BAD else "error"

    # Line numbers of bad rows are known only without threads, so a block with bad rows is parsed a second time.
    for threads, block_size in ((True, _ARROW_BYTES), (False, len(data))):
        bad.clear()
        try:
            table = pacsv.read_csv(
                pa.BufferReader(data),
                pacsv.ReadOptions(use_threads=threads, column_names=names, block_size=block_size),
                pacsv.ParseOptions(
                    delimiter=layout.delimiter, quote_char='"' if quoted else False,
                    ignore_empty_lines=False, invalid_row_handler=note,
                ),
                pacsv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
                ),
            )  # fmt: skip
        except pa.ArrowInvalid:
            return None
        if not bad:
            break
    return _sound(table, row, bad, layout) if len(table) + len(bad) == n_lines else None


def _sound(table: pa.Table, row: int, bad: list[pacsv.InvalidRow], layout: _Layout) -> Block:
    columns = {ours: table.column(index) for ours, index in layout.wanted.items()}
    if layout.others:
        columns[REST] = joined([table.column(index) for index in layout.others])
    refused = [
        _wrong_width(row + line.number - 1, line.text, layout.width, line.actual_columns)
        for line in bad
        if line.text.strip(" \r")
    ]
    numbers = np.arange(row, row + len(table) + len(bad))
    rows = pa.array(np.delete(numbers, [line.number - 1 for line in bad]) if bad else numbers)
    return Block(pa.table({ROW: rows, **columns}), refused)


def _has_odd_ends(data: bytes) -> bool:
    """Whether some line is empty, which Arrow takes for a row, or ends with a carriage return alone."""
    if data[:1] in (b"\r", b"\n"):
        return True
    held = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(held == _NEWLINE)
    lengths = np.diff(ends)
    if (lengths == 1).any():
        return True
    n_returns = data.count(b"\r")
    if n_returns == 0:
        return False
    both = held[ends - 1] == _RETURN
    return int(both.sum()) != n_returns or bool((lengths[both[1:]] == 2).any())


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _careful(data: bytes, row: int, layout: _Layout, final: bool) -> tuple[Block, bytes]:
    """The rows of a damaged part, line by line, and what must wait for the next part."""
    raw = data.removesuffix(b"\n").split(b"\n")
    text = [line.removesuffix(b"\r").decode("utf-8", "surrogateescape") for line in raw]
    open_quote = [layout.quoted and line.count('"') % 2 == 1 for line in text]
    records: list[tuple[int, str]] = []
    at = 0
    while at < len(text):
        used = _span(text, open_quote, at, layout, final) if open_quote[at] else 1
        if used == 0:
            return _read_records(records, layout), b"\n".join(raw[at:]) + b"\n"
        line = "\n".join(text[at : at + used])
        if line.strip(" "):
            records.append((row + at, line))
        at += used
    return _read_records(records, layout), b""


def _span(text: list[str], open_quote: list[bool], at: int, layout: _Layout, final: bool) -> int:
    """Lines of the record that begins with an open quote; 1 where the quote is stray, 0 where it may end beyond."""
    end = next((index for index in range(at + 1, min(at + _MAX_SPAN, len(text))) if open_quote[index]), None)
    if end is None:
        return 0 if not final and len(text) - at < _MAX_SPAN else 1
    fields = _split("\n".join(text[at : end + 1]), layout.delimiter, True)
    if len(fields) != layout.width:
        return 1
    in_key = any("\n" in fields[index] for ours, index in layout.wanted.items() if ours in _ONE_LINE)
    return 1 if in_key or any(_is_row(line, layout) for line in text[at + 1 : end + 1]) else end - at + 1


def _is_row(line: str, layout: _Layout) -> bool:
    """Whether a line by itself looks like a row: as wide as the others, with a time where the time stands."""
    fields = _split(line, layout.delimiter, layout.quoted)
    time = layout.wanted.get(TIME)
    return len(fields) == layout.width and (time is None or _TIME_START.match(fields[time]) is not None)


def _read_records(records: list[tuple[int, str]], layout: _Layout) -> Block:
    values: dict[str, list[str | None]] = {ours: [] for ours in layout.wanted}
    others: dict[int, list[str | None]] = {index: [] for index in layout.others}
    rows: list[int] = []
    refused: list[Refusal] = []
    for number, line in records:
        fields = _split(line, layout.delimiter, layout.quoted)
        refusal = _refusal(fields, line, number, layout)
        if refusal is not None:
            refused.append(refusal)
            continue
        rows.append(number)
        for ours, index in layout.wanted.items():
            values[ours].append(fields[index] or None)
        for index, column in others.items():
            column.append(fields[index].encode("utf-8", "backslashreplace").decode() or None)
    columns = {ours: pa.array(column, pa.string()) for ours, column in values.items()}
    if others:
        columns[REST] = joined([pa.chunked_array([pa.array(column, pa.string())]) for column in others.values()])
    return Block(pa.table({ROW: pa.array(rows, pa.int64()), **columns}), refused)


def _split(line: str, delimiter: str, quoted: bool) -> list[str]:
    """The fields of a record.

    >>> _split('a,"b,c",d', ",", quoted=True)
    ['a', 'b,c', 'd']
    """
    if delimiter == " ":
        return [field for field in line.split(" ") if field]
    if not quoted or '"' not in line:
        return line.split(delimiter)
    fields: list[str] = []
    held: list[str] = []
    n_quotes = 0
    for piece in line.split(delimiter):
        if not held and not piece.startswith('"'):
            fields.append(piece)
            continue
        held.append(piece)
        n_quotes += piece.count('"')
        if n_quotes % 2 == 0:
            fields.append(_unquoted(delimiter.join(held)))
            held, n_quotes = [], 0
    return [*fields, _unquoted(delimiter.join(held))] if held else fields


def _unquoted(field: str) -> str:
    return re.sub(r'"("?)', r"\1", field[1:])


def _refusal(fields: list[str], line: str, number: int, layout: _Layout) -> Refusal | None:
    if len(fields) != layout.width:
        return _wrong_width(number, line, layout.width, len(fields))
    for ours, index in layout.wanted.items():
        value = fields[index]
        if "\0" in value:
            return Refusal(number, ours, value, "holds a NUL byte")
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            return Refusal(number, ours, value, "is not valid UTF-8")
        if ours in _ONE_LINE and ("\n" in value or "\r" in value):
            return Refusal(number, ours, value, "holds the end of a line")
    return None


def _wrong_width(number: int, line: str, width: int, got: int) -> Refusal:
    return Refusal(number, "", line, f"has {got} fields where {width} are expected")
