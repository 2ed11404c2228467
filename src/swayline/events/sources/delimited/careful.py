"""The careful path: a damaged part is read line by line, so that one stray quote costs one row."""

import re

import pyarrow as pa

from swayline.core.names import BEHAVIOR, ITEM, REST, ROW, SOURCE, TARGET, TIME, USER
from swayline.events.sources.block import Block, Refusal, joined
from swayline.events.sources.delimited.layout import Layout, split_fields, wrong_width

_ONE_LINE = frozenset({USER, ITEM, BEHAVIOR, TIME, SOURCE, TARGET})
"""Columns whose values never run over a line's end."""
_MAX_SPAN = 100
"""Lines that one quoted value may span."""
_TIME_START = re.compile(r"\s*(\d{4}[-/]\d{1,2}[-/]\d|[-+]?\d+(\.\d*)?(e[-+]?\d+)?\s*$)", re.IGNORECASE)


def careful_block(data: bytes, row: int, layout: Layout, final: bool) -> tuple[Block, bytes]:
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


def _span(text: list[str], open_quote: list[bool], at: int, layout: Layout, final: bool) -> int:
    """Lines of the record that begins with an open quote; 1 where the quote is stray, 0 where it may end beyond."""
    end = next((index for index in range(at + 1, min(at + _MAX_SPAN, len(text))) if open_quote[index]), None)
    if end is None:
        return 0 if not final and len(text) - at < _MAX_SPAN else 1
    fields = split_fields("\n".join(text[at : end + 1]), layout.delimiter, True)
    if len(fields) != layout.width:
        return 1
    in_key = any("\n" in fields[index] for ours, index in layout.wanted.items() if ours in _ONE_LINE)
    return 1 if in_key or any(_is_row(line, layout) for line in text[at + 1 : end + 1]) else end - at + 1


def _is_row(line: str, layout: Layout) -> bool:
    """Whether a line by itself looks like a row: as wide as the others, with a time where the time stands."""
    fields = split_fields(line, layout.delimiter, layout.quoted)
    time = layout.wanted.get(TIME)
    return len(fields) == layout.width and (time is None or _TIME_START.match(fields[time]) is not None)


def _read_records(records: list[tuple[int, str]], layout: Layout) -> Block:
    values: dict[str, list[str | None]] = {ours: [] for ours in layout.wanted}
    others: dict[int, list[str | None]] = {index: [] for index in layout.others}
    rows: list[int] = []
    refused: list[Refusal] = []
    for number, line in records:
        fields = split_fields(line, layout.delimiter, layout.quoted)
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


def _refusal(fields: list[str], line: str, number: int, layout: Layout) -> Refusal | None:
    if len(fields) != layout.width:
        return wrong_width(number, line, layout.width, len(fields))
    for ours, index in layout.wanted.items():
        value = fields[index]
        if "\0" in value:
            return Refusal(number, ours, value, "holds a NUL byte")
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            return Refusal(number, ours, value, "is not valid UTF-8")
        if ours in _ONE_LINE and ("\n" in value or "\r" in value):
            return Refusal(number, ours, value, "holds the end of a line")
    return None
