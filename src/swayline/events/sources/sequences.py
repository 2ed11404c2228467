"""A user a line: the user, then that user's items in order, separated by blanks (the S3-Rec files' form).

::

    u1 7 3 9        becomes   u1,7  u1,3  u1,9
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from swayline.core.errors import UsageError
from swayline.core.names import ITEM, ROW, USER
from swayline.events.options import ReadOptions
from swayline.events.sources import lines
from swayline.events.sources.block import Block, Refusal, Resolver

_PIECE_LINES = 20_000


def read(path: Path, options: ReadOptions, resolve: Resolver) -> Iterator[Block]:
    """Blocks of raw (user, item) rows; ``row`` counts events from 1, refusals name the line.

    Raises
    ------
    UsageError
        The log is not said to be ordered: such files hold no times.
    SourceError, EmptyLogError
        The file is no text, or empty.
    """
    if not options.ordered:
        raise UsageError("--format sequences has an order and no times: say --ordered too")
    lines.first_bytes(path)
    line_number, row = 1, 1
    for data in lines.blocks(path):
        text = data.removesuffix(b"\n").split(b"\n")
        for start in range(0, len(text), _PIECE_LINES):
            block = _block(text[start : start + _PIECE_LINES], line_number + start, row)
            row += len(block.table)
            yield block
        line_number += len(text)


def _block(text: list[bytes], line_number: int, row: int) -> Block:
    users: list[str] = []
    items: list[str] = []
    refused: list[Refusal] = []
    for number, line in enumerate(text, line_number):
        parsed = _line(line, number)
        if isinstance(parsed, Refusal):
            refused.append(parsed)
        elif parsed:
            users += [parsed[0]] * (len(parsed) - 1)
            items += parsed[1:]
    rows = pa.array(range(row, row + len(items)), pa.int64())
    return Block(pa.table({ROW: rows, USER: pa.array(users, pa.string()), ITEM: pa.array(items, pa.string())}), refused)


def _line(line: bytes, number: int) -> list[str] | Refusal:
    try:
        parts = line.decode("utf-8").split()
    except UnicodeDecodeError:
        return Refusal(number, "", line.decode("utf-8", "backslashreplace"), "is not valid UTF-8")
    if b"\0" in line:
        return Refusal(number, "", line.decode("utf-8"), "holds a NUL byte")
    if len(parts) == 1:
        return Refusal(number, ITEM, parts[0], "names a user and no item")
    return parts
