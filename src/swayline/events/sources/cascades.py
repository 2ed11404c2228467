"""A cascade a line: the root user, then each user with the seconds since the root's act.

::

    158 244 48358445,2287 53292083,      becomes   158,1,0   244,1,48358445   2287,1,53292083

The item is the cascade (its line's number); the root acts at second 0, from which the others are counted.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from swayline.core.errors import UsageError
from swayline.core.names import ITEM, ROW, TIME, USER
from swayline.events.options import ReadOptions
from swayline.events.sources import lines
from swayline.events.sources.block import Block, Refusal, Resolver

_PIECE_LINES = 5_000


def read(path: Path, options: ReadOptions, resolve: Resolver) -> Iterator[Block]:
    """Blocks of raw (user, item, time) rows; ``row`` counts acts from 1, refusals name the line.

    Raises
    ------
    UsageError
        The log is said to have no times.
    SourceError, EmptyLogError
        The file is no text, or empty.
    """
    if options.ordered:
        raise UsageError("--format cascades has times: leave --ordered out")
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
    acts: list[tuple[str, str, str]] = []
    refused: list[Refusal] = []
    for number, line in enumerate(text, line_number):
        found = _cascade(line, number)
        if isinstance(found, Refusal):
            refused.append(found)
        else:
            acts += found
    columns = [pa.array([act[at] for act in acts], pa.string()) for at in range(3)]
    rows = pa.array(range(row, row + len(acts)), pa.int64())
    return Block(pa.table({ROW: rows, **dict(zip((USER, ITEM, TIME), columns, strict=True))}), refused, 1e6)


def _cascade(line: bytes, number: int) -> list[tuple[str, str, str]] | Refusal:
    """(user, item, seconds) of each act on a line; one that cannot be read costs its line."""
    try:
        text = line.decode("utf-8").strip()
    except UnicodeDecodeError:
        return Refusal(number, "", line.decode("utf-8", "backslashreplace"), "is not valid UTF-8")
    if "\0" in text:
        return Refusal(number, "", text, "holds a NUL byte")
    if not text:
        return []
    root, _, rest = text.partition(" ")
    acts = [(root, str(number), "0")]
    for part in rest.removesuffix(",").split(","):
        words = part.split()
        if len(words) != 2:
            return Refusal(number, "", part or text, "is no cascade: write root user seconds,user seconds,…")
        acts.append((words[0], str(number), words[1]))
    return acts
