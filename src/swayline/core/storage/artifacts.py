"""The one reader of files that a run left behind: what is damaged, foreign or hostile is refused in one line.

Every refusal names the file and, where there is one, the field; nothing that is returned holds NaN, infinity or a
number that no float can hold, and nothing is nested deeper than a program writes it.
"""

import json
from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError

from swayline.core.errors import ArtifactError, shown

MAX_JSON_BYTES = 1 << 28
"""A larger JSON file is none of ours: it would take gigabytes to parse."""
MAX_DEPTH = 40
_MAX_WHOLE = 1 << 63

Accepts = Callable[[pa.DataType], bool]


def is_text(kind: pa.DataType) -> bool:
    """Whether a column holds words."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or _is_words(kind))


def _is_words(kind: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(kind) and is_text(kind.value_type))


def is_number(kind: pa.DataType) -> bool:
    """Whether a column holds numbers."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def is_yes_or_no(kind: pa.DataType) -> bool:
    """Whether a column holds truths."""
    return bool(pa.types.is_boolean(kind))


def read_json(path: Path, layout: Any = None) -> Any:
    """What a JSON file holds.

    Parameters
    ----------
    layout : type, optional
        What its content must be, as pydantic reads types; further keys are left alone.

    Raises
    ------
    ArtifactError
        It is missing, no file, damaged, too large, too deep, of another layout, or holds a number that is none.
    """
    _check_file(path)
    if path.stat().st_size > MAX_JSON_BYTES:
        raise ArtifactError(f"{path} has {path.stat().st_size:,} bytes; at most {MAX_JSON_BYTES:,} are read")
    try:
        content = json.loads(path.read_text("utf-8"), parse_int=_whole)
    except RecursionError:
        raise ArtifactError(f"{path} cannot be read: it is nested too deeply") from None
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} cannot be read: {error}") from None
    _check_values(path, content)
    if layout is not None:
        try:
            TypeAdapter(layout).validate_python(content, strict=True)
        except ValidationError as error:
            one = error.errors(include_url=False)[0]
            field = ".".join(str(part) for part in one["loc"]) or "its content"
            raise ArtifactError(f"{path}: {shown(field)} is {shown(one['input'], 60)}: {one['msg'].lower()}") from None
    return content


def _whole(digits: str) -> int | float:
    """A whole number; one with more digits than any float has is infinite, and refused with its field."""
    return float("inf") if len(digits) > 400 else int(digits)


def _check_file(path: Path) -> None:
    try:
        if path.is_symlink() and not path.exists():
            raise ArtifactError(f"{path} is a link that leads nowhere: write the file again")
        if not path.exists():
            raise ArtifactError(f"{path} cannot be read: there is no such file")
        if not path.is_file():
            raise ArtifactError(f"{path} is no file: write it again")
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error}") from None


def _check_values(path: Path, content: Any) -> None:
    """Refuse numbers that are none and what is nested too deeply, without recursion."""
    left: list[tuple[Any, tuple[str, ...]]] = [(content, ())]
    while left:
        value, place = left.pop()
        if len(place) > MAX_DEPTH:
            raise ArtifactError(f"{path} cannot be read: it is nested more than {MAX_DEPTH} deep")
        if isinstance(value, dict):
            left += [(each, (*place, key)) for key, each in value.items()]
        elif isinstance(value, list):
            left += [(each, (*place, str(at))) for at, each in enumerate(value) if not isinstance(each, str)]
        elif isinstance(value, float) and not isfinite(value):
            raise ArtifactError(f"{path}: {shown('.'.join(place))} is {value}: a finite number is needed")
        elif isinstance(value, int) and abs(value) >= _MAX_WHOLE:
            raise ArtifactError(f"{path}: {shown('.'.join(place))} is {shown(value, 30)}: no number is so large")


def read_table(
    path: Path, columns: Mapping[str, Accepts], optional: Mapping[str, Accepts] | None = None, never_null: str = ""
) -> pa.Table:
    """Some columns of a Parquet file.

    Parameters
    ----------
    columns, optional : mapping
        Column → whether it may have a type; a missing optional column is left out.
    never_null : str, optional
        A column of ids.

    Raises
    ------
    ArtifactError
        The file is missing, no file or damaged; a column is missing, twice there, of another type or without its ids.
    """
    _check_file(path)
    try:
        schema = pq.read_schema(path)
        wanted = dict(columns) | {name: one for name, one in (optional or {}).items() if name in schema.names}
        for name, accepts in wanted.items():
            found = schema.get_all_field_indices(name)
            if len(found) != 1:
                raise ArtifactError(f"{path}: column {name!r} is {'missing' if not found else 'there twice'}")
            if not (pa.types.is_null(schema.field(name).type) or accepts(schema.field(name).type)):
                raise ArtifactError(
                    f"{path}: column {name!r} has type {shown(schema.field(name).type)}, which is wrong"
                )
        table = pq.read_table(path, columns=list(wanted))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise ArtifactError(f"{path} cannot be read: {str(error).splitlines()[0][:200]}") from None
    if never_null and pc.any(pc.is_null(table[never_null])).as_py():
        raise ArtifactError(f"{path}: column {never_null!r} has a null: every row needs its id")
    return table
