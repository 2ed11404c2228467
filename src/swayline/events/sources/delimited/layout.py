"""How the lines of a delimited file are cut: the delimiter, whether quotes mean anything, which columns are ours."""

import re
from dataclasses import dataclass
from pathlib import Path

from swayline.core.errors import SchemaError, SourceError, shown
from swayline.events.options import MAX_COLUMNS, ReadOptions
from swayline.events.sources import lines
from swayline.events.sources.block import Refusal, Resolver

_DELIMITERS = ("\t", ",", ";", "|", " ")


@dataclass(frozen=True)
class Layout:
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


def layout_of(path: Path, options: ReadOptions, resolve: Resolver) -> Layout:
    """The layout of a file, from its first lines."""
    head = lines.first_bytes(path)
    n_blank = 0
    while head.split(b"\n", 1)[0].strip() == b"" and b"\n" in head:
        head, n_blank = head.split(b"\n", 1)[1], n_blank + 1
    if b"\n" not in head and len(head) > lines.HEAD_BYTES - 1024:
        raise SourceError(f"{path} has a first line of more than {lines.HEAD_BYTES >> 20} MB: it is no log of events")
    first = head.split(b"\n", 1)[0].rstrip(b"\r").decode("utf-8", "replace").replace("\0", "")
    delimiter = _delimiter(first, options)
    quoted = _quotes(head, delimiter)
    fields = split_fields(first, delimiter, quoted)
    if len(fields) > MAX_COLUMNS:
        raise SchemaError(f"{path} has {len(fields)} columns; at most {MAX_COLUMNS} are read")
    if options.columns and len(options.columns) != len(fields):
        raise SchemaError(
            f"--columns names {len(options.columns)} columns, and the first line of {path} has {len(fields)}:"
            f" {shown(first)}"
        )
    header = list(options.columns) if options.columns else fields
    return Layout(delimiter, quoted, len(header), resolve(header), n_blank + (0 if options.columns else 1))


def _delimiter(first: str, options: ReadOptions) -> str:
    if options.delimiter is not None:
        return {"tab": "\t", "space": " "}.get(options.delimiter, options.delimiter)
    if options.columns:
        for mark in _DELIMITERS:
            if len(split_fields(first, mark, mark != " ")) == len(options.columns):
                return mark
    return next((mark for mark in _DELIMITERS if mark in first.strip(" ")), ",")


def _quotes(head: bytes, delimiter: str) -> bool:
    """Whether quotes enclose fields: not between blanks; between tabs, where no field has one at its start alone."""
    if delimiter == " ":
        return False
    lone = rb'(^|[\t\n])"([^\t\r\n]*[^"\t\r\n])?(\t|\r?\n)'
    return delimiter != "\t" or re.search(lone, head) is None


def split_fields(line: str, delimiter: str, quoted: bool) -> list[str]:
    """The fields of a record.

    >>> split_fields('a,"b,c",d', ",", quoted=True)
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


def wrong_width(number: int, line: str, width: int, got: int) -> Refusal:
    """The refusal of a line with too few or too many fields."""
    return Refusal(number, "", line, f"has {got} fields where {width} are expected")
