"""CSV and TSV: a fast path for sound blocks, a careful line-by-line path for damaged ones.

A block is sound when it is UTF-8 without NUL bytes or stray carriage returns and every line is one row: only then can
Arrow's parser neither lose nor join rows. Any other block is read line by line, so that one stray quote costs one row.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from swayline.events.options import ReadOptions
from swayline.events.sources import lines
from swayline.events.sources.block import Block, Resolver
from swayline.events.sources.delimited.careful import careful_block
from swayline.events.sources.delimited.fast import MAX_BAD, fast_block
from swayline.events.sources.delimited.layout import Layout, layout_of

_PIECE_BYTES = 1 << 18


def read(path: Path, options: ReadOptions, resolve: Resolver) -> Iterator[Block]:
    """Blocks of raw rows under our column names; ``row`` is the line number, from 1.

    Raises
    ------
    SourceError, SchemaError, EmptyLogError
        The file is no text, its columns cannot be told, or it is empty.
    """
    layout = layout_of(path, options, resolve)
    row, rest = 1 + layout.n_skip, b""
    source = lines.blocks(path)
    data = _without_lines(next(source, b""), layout.n_skip)
    while data:
        following = next(source, b"")
        whole = fast_block(data, row, layout, final=not following) if not rest else None
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
                if end == len(data) or sum(len(one.refused) for one in held) > MAX_BAD:
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


def _piece(data: bytes, row: int, layout: Layout, final: bool) -> tuple[Block, bytes]:
    """A part's rows, and what must wait for the next part: the beginning of a record that does not end here."""
    block = fast_block(data, row, layout, final)
    return (block, b"") if block is not None else careful_block(data, row, layout, final)
