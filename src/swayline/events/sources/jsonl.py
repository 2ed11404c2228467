"""JSON lines: one object a line, read strictly (no NaN, no doubled keys, numbers kept as they are written)."""

import json
from collections.abc import Callable, Iterator
from math import isfinite
from pathlib import Path
from typing import Any

import pyarrow as pa

from swayline.core.errors import EmptyLogError, SourceError
from swayline.core.names import IMPRESSIONS, REST, ROW
from swayline.events.options import ReadOptions
from swayline.events.sources import lines
from swayline.events.sources.block import Block, Refusal, Resolver
from swayline.events.sources.objects import WORDS, Kinds, number_text, read_plain, rest_of

_PIECE_ROWS = 100_000
"""Lines that are read at a time; the keys of the first so many together are the header."""


def strict(name: str) -> bool:
    """No column may hold anything: a list or an object is refused."""
    return False


class _Bad(ValueError):
    pass


class _Real(str):
    """A JSON number with a point or an exponent, as it was written."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _Bad(f"names the key {twice!r} twice")
    return found


def _constant(word: str) -> Any:
    raise _Bad(f"holds {word}, which JSON does not know")


def parse(line: bytes) -> dict[str, Any] | str:
    """The object on a line, numbers as text; or why there is none.

    >>> parse(b'{"user": 1, "user": 2}')
    "names the key 'user' twice"
    """
    try:
        value = json.loads(
            line.decode("utf-8"), object_pairs_hook=_pairs, parse_float=_Real, parse_int=str, parse_constant=_constant
        )
    except UnicodeDecodeError:
        return "is not valid UTF-8"
    except _Bad as error:
        return str(error)
    except (ValueError, RecursionError) as error:
        return f"is no JSON: {str(error).splitlines()[0]}"
    return value if isinstance(value, dict) else "is no JSON object"


def read(path: Path, options: ReadOptions, resolve: Resolver, loose: Callable[[str], bool] = strict) -> Iterator[Block]:
    """Blocks of raw rows under our column names; ``row`` is the line number, from 1.

    ``loose`` says which columns may hold anything: lists and objects stay as JSON.

    Raises
    ------
    SourceError, SchemaError, EmptyLogError
        The file is no text, its keys cannot be told, or it is empty.
    """
    if lines.first_bytes(path).lstrip().startswith(b"["):
        raise SourceError(
            f"{path} is one JSON list: write one object a line instead (JSON lines), as with  jq -c '.[]'"
        )
    wanted: dict[str, str] | None = None
    row = 1
    kinds: Kinds = {}
    for data in lines.blocks(path):
        plain = read_plain(data, row, wanted, resolve, kinds) if loose is strict else None
        if plain is not None:
            block, wanted = plain
            yield block
            row += len(block.table)
            continue
        raw = data.removesuffix(b"\n").split(b"\n")
        for start in range(0, len(raw), _PIECE_ROWS):
            piece = raw[start : start + _PIECE_ROWS]
            parsed = [parse(line) if line.strip() else None for line in piece]
            if wanted is None:
                wanted = keys([one for one in parsed if isinstance(one, dict)], resolve)
            if wanted is None:
                first = next(one for one in parsed if isinstance(one, str))
                raise EmptyLogError(f"{path}: none of the first {len(parsed)} lines is a JSON object; line 1 {first}")
            yield as_block(parsed, piece, row, wanted, loose)
            row += len(piece)


def keys(objects: list[dict[str, Any]], resolve: Resolver) -> dict[str, str] | None:
    """Which key stands for which of our columns, told from the first objects; None where there is no object."""
    header = list(dict.fromkeys(key for one in objects for key in one))
    return {ours: header[index] for ours, index in resolve(header).items()} if objects else None


def as_block(
    parsed: list[dict[str, Any] | str | None], raw: list[bytes], row: int, wanted: dict[str, str],
    loose: Callable[[str], bool] = strict,
) -> Block:  # fmt: skip
    """Objects as raw rows numbered from ``row``; ``raw`` is what a refused line held."""
    values: dict[str, list[str | None]] = {ours: [] for ours in [*wanted, REST]}
    theirs = set(wanted.values())
    rows: list[int] = []
    refused: list[Refusal] = []
    for number, one in enumerate(parsed, row):
        if one is None:
            continue
        if isinstance(one, str):
            refused.append(Refusal(number, "", raw[number - row].decode("utf-8", "backslashreplace"), one))
            continue
        fields = _fields(one, number, wanted, raw[number - row], loose)
        if isinstance(fields, Refusal):
            refused.append(fields)
            continue
        rows.append(number)
        for ours, value in fields.items():
            values[ours].append(value)
        values[REST].append(rest_of({key: _rest_text(value) for key, value in one.items() if key not in theirs}))
    columns = {ours: pa.array(column, pa.string()) for ours, column in values.items()}
    return Block(pa.table({ROW: pa.array(rows, pa.int64()), **columns}), refused)


def _rest_text(value: Any) -> str | None:
    """A value that only tells rows apart, as text."""
    if isinstance(value, _Real):
        return number_text(value)
    return value if value is None or isinstance(value, str) else json.dumps(value, sort_keys=True)


def _fields(
    one: dict[str, Any], number: int, wanted: dict[str, str], line: bytes, loose: Callable[[str], bool]
) -> dict[str, str | None] | Refusal:
    fields: dict[str, str | None] = {}
    for ours, theirs in wanted.items():
        value = one.get(theirs)
        if isinstance(value, dict | list) and loose(ours):
            value = json.dumps(json.loads(line)[theirs], ensure_ascii=False)
        if ours == IMPRESSIONS and isinstance(value, list) and all(isinstance(one, str) for one in value):
            value = "|".join(value)
        if isinstance(value, dict | list):
            return Refusal(number, ours, json.dumps(value), "is a list or an object where one value is expected")
        if isinstance(value, bool):
            value = "true" if value else "false"
            if ours in WORDS and not loose(ours):
                return Refusal(number, ours, value, "is true or false where a name is expected")
        if value is not None and "\0" in value:
            return Refusal(number, ours, value, "holds a NUL byte")
        if value is not None and any("\ud800" <= letter <= "\udfff" for letter in value):
            return Refusal(number, ours, value, "is not valid unicode")
        if isinstance(value, _Real) and ours in WORDS:
            if not isfinite(float(value)):
                return Refusal(number, ours, value, "is no finite number")
            value = str(int(float(value))) if float(value).is_integer() and abs(float(value)) < 2**53 else str(value)
        fields[ours] = value
    return fields
