"""Files whose every line is a list that becomes several events."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from swayline.core.names import ROW
from swayline.events.sources import lines
from swayline.events.sources.block import Block, Refusal

_PIECE_LINES = 10_000

Parse = Callable[[str, int], list[tuple[str, ...]] | Refusal]
"""The events of a line, given its text and number; one that cannot be read costs its line."""


def read(path: Path, columns: tuple[str, ...], parse: Parse, time_unit_us: float | None = None) -> Iterator[Block]:
    """Blocks of raw rows under our column names; ``row`` counts events from 1, refusals name the line.

    Raises
    ------
    SourceError, EmptyLogError
        The file is no text, or empty.
    """
    lines.first_bytes(path)
    line_number, row = 1, 1
    for data in lines.blocks(path):
        text = data.removesuffix(b"\n").split(b"\n")
        for start in range(0, len(text), _PIECE_LINES):
            events: list[tuple[str, ...]] = []
            refused: list[Refusal] = []
            for number, line in enumerate(text[start : start + _PIECE_LINES], line_number + start):
                found = _parsed(line, number, parse)
                if isinstance(found, Refusal):
                    refused.append(found)
                else:
                    events += found
            values = [pa.array([event[at] for event in events], pa.string()) for at in range(len(columns))]
            rows = pa.array(np.arange(row, row + len(events)))
            yield Block(pa.table({ROW: rows, **dict(zip(columns, values, strict=True))}), refused, time_unit_us)
            row += len(events)
        line_number += len(text)


def _parsed(line: bytes, number: int, parse: Parse) -> list[tuple[str, ...]] | Refusal:
    try:
        text = line.decode("utf-8").strip()
    except UnicodeDecodeError:
        return Refusal(number, "", line.decode("utf-8", "backslashreplace"), "is not valid UTF-8")
    if "\0" in text:
        return Refusal(number, "", text, "holds a NUL byte")
    return parse(text, number) if text else []
