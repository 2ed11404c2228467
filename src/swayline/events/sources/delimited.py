"""CSV and TSV: a fast path for sound blocks, a careful line-by-line path for damaged ones.

A block is sound when it is UTF-8 without NUL bytes and no value runs over a line's end. Only then can Arrow's parser
neither lose nor join rows. Any other block is read line by line, so that one stray quote costs one row.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from swayline.core.errors import SchemaError, shown
from swayline.core.names import REST, ROW
from swayline.events.options import MAX_COLUMNS, ReadOptions, resolve_columns
from swayline.events.sources import lines
from swayline.events.sources.block import Block, Refusal, joined

_DELIMITERS = ("\t", ",", ";", "|", " ")
_MAX_JOINED = 100
"""Physical lines that one quoted value may span."""


def read(path: Path, options: ReadOptions) -> Iterator[Block]:
    """Blocks of raw rows under our column names; ``row`` is the line number, from 1.

    Raises
    ------
    SourceError, SchemaError, EmptyLogError
        The file is no text, its columns cannot be told, or it is empty.
    """
    head = lines.first_bytes(path)
    lines.refuse_binary(head, path)
    first = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].rstrip(b"\r").decode("utf-8", "surrogateescape")
    delimiter = _delimiter(first, options)
    fields = next(csv.reader([first.replace("\0", "")], delimiter=delimiter), [])
    header, has_header = _header(fields, options, path)
    wanted = resolve_columns(header, options, str(path))
    row = 1
    for data in lines.blocks(path):
        skip = 1 if has_header and row == 1 else 0
        yield _block(data, row, skip, delimiter, len(header), wanted)
        row += data.count(b"\n") + (0 if data.endswith(b"\n") else 1)


def _delimiter(first: str, options: ReadOptions) -> str:
    if options.delimiter is not None:
        return "\t" if options.delimiter == "tab" else options.delimiter
    counts = {mark: first.count(mark) for mark in _DELIMITERS}
    if options.columns:
        fitting = [mark for mark in _DELIMITERS if counts[mark] == len(options.columns) - 1]
        if fitting:
            return fitting[0]
    return next((mark for mark in _DELIMITERS if counts[mark]), ",")


def _header(fields: list[str], options: ReadOptions, path: Path) -> tuple[list[str], bool]:
    if len(fields) > MAX_COLUMNS:
        raise SchemaError(f"{path} has {len(fields)} columns; at most {MAX_COLUMNS} are read")
    if not options.columns:
        return fields, True
    if len(options.columns) != len(fields):
        raise SchemaError(
            f"--columns names {len(options.columns)} columns, and the first line of {path} has {len(fields)}: "
            f"{shown(','.join(fields))}"
        )
    return list(options.columns), False


def _block(data: bytes, row: int, skip: int, delimiter: str, width: int, wanted: dict[str, int]) -> Block:
    for _ in range(skip):
        data = data[data.find(b"\n") + 1 :] if b"\n" in data else b""
    row += skip
    if _is_utf8(data) and b"\0" not in data:
        block = _fast(data, row, delimiter, width, wanted)
        if block is not None:
            return block
    return _careful(data, row, delimiter, width, wanted)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _fast(data: bytes, row: int, delimiter: str, width: int, wanted: dict[str, int]) -> Block | None:
    names = [f"c{index}" for index in range(width)]
    bad: list[pacsv.InvalidRow] = []

    def keep_note(line: pacsv.InvalidRow) -> str:
        bad.append(line)
        return "skip"

    if not data:
        return Block(_table({ours: [] for ours in wanted}, []))
    # Line numbers of bad rows are known only without threads, so a block with bad rows is parsed a second time.
    for threads in (True, False):
        bad.clear()
        try:
            table = pacsv.read_csv(
                pa.BufferReader(data),
                pacsv.ReadOptions(use_threads=threads, column_names=names, block_size=max(len(data), 1)),
                pacsv.ParseOptions(
                    delimiter=delimiter, quote_char='"' if b'"' in data else False,
                    ignore_empty_lines=False, invalid_row_handler=keep_note,
                ),
                pacsv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False,
                ),
            )  # fmt: skip
        except pa.ArrowInvalid:
            return None
        if not bad:
            break
    if any("\n" in (line.text or "") for line in bad):
        return None
    columns = {ours: table[names[index]] for ours, index in wanted.items()}
    if b'"' in data and any(pc.any(pc.match_substring(column, "\n")).as_py() for column in columns.values()):
        return None
    others = [table[name] for index, name in enumerate(names) if index not in wanted.values()]
    if others:
        columns[REST] = joined(others)
    refused = [_wrong_width(row + line.number - 1, line.text or "", width, line.actual_columns) for line in bad if (line.text or "").strip()]
    taken = {line.number for line in bad}
    rows = [row + index for index in range(len(table) + len(taken)) if index + 1 not in taken] if taken else None
    numbers = pa.array(range(row, row + len(table)), pa.int64()) if rows is None else pa.array(rows, pa.int64())
    return Block(pa.table({ROW: numbers, **columns}), refused)


def _careful(data: bytes, row: int, delimiter: str, width: int, wanted: dict[str, int]) -> Block:
    text = data.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n")
    others = [index for index in range(width) if index not in wanted.values()]
    values: dict[str, list[str]] = {ours: [] for ours in [*wanted, *([REST] if others else [])]}
    rows: list[int] = []
    refused: list[Refusal] = []
    at = 0
    while at < len(text):
        fields, used = _record(text, at, delimiter, width)
        number = row + at
        line = "\n".join(text[at : at + used]).rstrip("\r")
        at += used
        if not line.strip():
            continue
        refusal = _check_fields(fields, line, number, width, wanted)
        if refusal is not None:
            refused.append(refusal)
            continue
        rows.append(number)
        for ours, index in wanted.items():
            values[ours].append(fields[index])
        if others:
            values[REST].append("\x1f".join(fields[index] for index in others).replace("\0", "").encode("utf-8", "backslashreplace").decode())
    return Block(_table(values, rows), refused)


def _record(text: list[str], at: int, delimiter: str, width: int) -> tuple[list[str], int]:
    """The fields of the record that begins at a line, and how many lines it takes; a quote never closed takes one."""
    line = text[at].removesuffix("\r")
    if line.count('"') % 2:
        joined = line
        for used in range(2, min(_MAX_JOINED, len(text) - at) + 1):
            joined = f"{joined}\n{text[at + used - 1].removesuffix(chr(13))}"
            if joined.count('"') % 2 == 0:
                fields = _split(joined, delimiter)
                if len(fields) == width and len(_split(text[at + used - 1], delimiter)) != width:
                    return fields, used
                break
    return _split(line, delimiter), 1


def _split(line: str, delimiter: str) -> list[str]:
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)


def _check_fields(fields: list[str], line: str, number: int, width: int, wanted: dict[str, int]) -> Refusal | None:
    if len(fields) != width:
        return _wrong_width(number, line, width, len(fields))
    for ours, index in wanted.items():
        value = fields[index]
        if "\0" in value:
            return Refusal(number, ours, value, "holds a NUL byte")
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            return Refusal(number, ours, value, "is not valid UTF-8")
        if "\n" in value and ours in ("user", "item", "behavior", "time"):
            return Refusal(number, ours, value, "runs over the end of a line: a quote is not closed")
    return None


def _wrong_width(number: int, line: str, width: int, got: int) -> Refusal:
    return Refusal(number, "", line, f"has {got} fields where {width} are expected")


def _table(values: dict[str, list[str]], rows: list[int]) -> pa.Table:
    columns = {ours: pa.array(column, pa.string()) for ours, column in values.items()}
    return pa.table({ROW: pa.array(rows, pa.int64()), **columns})
