"""The fast path: a block whose every line is one row, or surely none, is parsed by Arrow."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from swayline.core.names import REST, ROW
from swayline.events.sources.block import Block, joined
from swayline.events.sources.delimited.layout import Layout, wrong_width

MAX_BAD = 10_000
"""Ragged lines in a block beyond which it is read in parts."""
_ARROW_BYTES = 1 << 22
_NEWLINE, _RETURN = 10, 13


def fast_block(data: bytes, row: int, layout: Layout, final: bool) -> Block | None:
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
        return "skip" if len(bad) < MAX_BAD else "error"

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


def _squeezed(data: bytes, layout: Layout) -> bytes:
    """Blank-separated lines with one blank between fields and none at the ends."""
    if layout.delimiter != " " or not (
        b"  " in data or b"\n " in data or b" \n" in data or b" \r" in data or data[:1] == b" "
    ):
        return data
    return re.sub(rb" {2,}", b" ", re.sub(rb"^ +| +(?=\r?$)", b"", data, flags=re.MULTILINE))


def _sound(table: pa.Table, row: int, bad: list[pacsv.InvalidRow], layout: Layout) -> Block:
    columns = {ours: table.column(index) for ours, index in layout.wanted.items()}
    if layout.others:
        columns[REST] = joined([table.column(index) for index in layout.others])
    refused = [
        wrong_width(row + line.number - 1, line.text, layout.width, line.actual_columns)
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
