"""JSON lines: one object a line, read strictly (no NaN, no doubled keys, numbers kept as they are written)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from swayline.core.names import REST, ROW
from swayline.events.options import ReadOptions, resolve_columns
from swayline.events.sources import lines
from swayline.events.sources.block import Block, Refusal

_SAMPLE = 1000
"""Lines whose keys together are the header."""


class _Bad(ValueError):
    pass


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _Bad(f"names the key {twice!r} twice")
    return found


def _constant(word: str) -> Any:
    raise _Bad(f"holds {word}, which JSON does not know")


def _parse(line: bytes) -> dict[str, Any] | str:
    """The object on a line, or why there is none."""
    try:
        value = json.loads(line.decode("utf-8"), object_pairs_hook=_pairs, parse_float=str, parse_int=str, parse_constant=_constant)
    except UnicodeDecodeError:
        return "is not valid UTF-8"
    except _Bad as error:
        return str(error)
    except (ValueError, RecursionError) as error:
        return f"is no JSON: {str(error).splitlines()[0]}"
    return value if isinstance(value, dict) else "is no JSON object"


def read(path: Path, options: ReadOptions) -> Iterator[Block]:
    """Blocks of raw rows under our column names; ``row`` is the line number, from 1.

    Raises
    ------
    SourceError, SchemaError, EmptyLogError
        The file is no text, its keys cannot be told, or it is empty.
    """
    lines.refuse_binary(lines.first_bytes(path), path)
    wanted: dict[str, str] | None = None
    row = 1
    for data in lines.blocks(path):
        parsed = [_parse(line) if line.strip() else None for line in data.removesuffix(b"\n").split(b"\n")]
        if wanted is None:
            wanted = _keys([one for one in parsed[:_SAMPLE] if isinstance(one, dict)] or [], options, path)
        raw = data.removesuffix(b"\n").split(b"\n")
        yield _block(parsed, raw, row, wanted)
        row += len(parsed)


def _keys(sample: list[dict[str, Any]], options: ReadOptions, path: Path) -> dict[str, str]:
    header = list(dict.fromkeys(key for one in sample for key in one))
    return {ours: header[index] for ours, index in resolve_columns(header, options, str(path)).items()}


def _block(parsed: list[dict[str, Any] | str | None], raw: list[bytes], row: int, wanted: dict[str, str]) -> Block:
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
        fields, refusal = _fields(one, number, wanted)
        if refusal is not None:
            refused.append(refusal)
            continue
        rows.append(number)
        for ours, value in fields.items():
            values[ours].append(value)
        values[REST].append(json.dumps({key: one[key] for key in sorted(one) if key not in theirs}))
    columns = {ours: pa.array(column, pa.string()) for ours, column in values.items()}
    return Block(pa.table({ROW: pa.array(rows, pa.int64()), **columns}), refused)


def _fields(one: dict[str, Any], number: int, wanted: dict[str, str]) -> tuple[dict[str, str | None], Refusal | None]:
    fields: dict[str, str | None] = {}
    for ours, theirs in wanted.items():
        value = one.get(theirs)
        if isinstance(value, bool):
            value = "true" if value else "false"
        if isinstance(value, dict | list):
            return {}, Refusal(number, ours, json.dumps(value), "is a list or an object where one value is expected")
        if value is not None and ("\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)):
            return {}, Refusal(number, ours, value, "holds a NUL byte" if "\0" in value else "is not valid unicode")
        fields[ours] = value
    return fields, None
