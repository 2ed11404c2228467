"""Settings: frozen dataclasses whose types and ranges pydantic checks, with every mistake refused by name.

A class says what its settings may be in its annotations, and :func:`checked` holds it to that however it is made, so
that keyword arguments, TOML, ``--set`` and the ``model.json`` of a stranger's folder meet one kind of error. A class
may name in ``RENAMED`` what its settings were called before: model folders are read by the old names too, everywhere
else the error says the new one.
"""

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from swayline.core.errors import ConfigError, UsageError, nearest, shown

S = TypeVar("S")

Count = Annotated[int, Field(ge=1)]
Size = Annotated[int, Field(ge=1, le=1 << 20)]
"""A count that memory is made for."""
Seed = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
NotNegative = Annotated[float, Field(ge=0.0)]

_OTHER_KINDS = ("finite_number", "bool_parsing", "int_parsing", "int_from_float", "float_parsing")
_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, arbitrary_types_allowed=True)


def checked(kind: type[S]) -> type[S]:
    """A dataclass that takes only what its annotations allow.

    A whole number will do where a real one is wanted, and a list where a tuple is; nothing else is converted.

    >>> @checked
    ... @dataclasses.dataclass(frozen=True)
    ... class Settings:
    ...     neighbours: Count = 100
    >>> Settings(neighbours=0)
    Traceback (most recent call last):
    swayline.core.errors.ConfigError: setting neighbours must be at least 1, not 0
    """
    plain: Callable[..., None] = kind.__init__
    names = [field.name for field in dataclasses.fields(typing.cast(Any, kind)) if field.init]

    @functools.wraps(plain)
    def init(self: Any, *args: object, **values: object) -> None:
        if len(args) > len(names):
            raise TypeError(f"{kind.__name__} takes at most {len(names)} settings")
        plain(self, **_as_annotated(kind, dict(zip(names, args, strict=False)) | values))

    setattr(kind, "__init__", init)  # noqa: B010
    return kind


def build(kind: type[S], values: Mapping[str, object]) -> S:
    """An instance of a settings dataclass.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Settings:
    ...     neighbours: int = 100
    >>> build(Settings, {"neighbours": 5})
    Settings(neighbours=5)
    >>> build(Settings, {"neighbors": 5})
    Traceback (most recent call last):
    swayline.core.errors.ConfigError: unknown setting 'neighbors': did you mean 'neighbours'? Choices: neighbours

    Raises
    ------
    ConfigError
        A name is unknown, or a value is of the wrong type or out of range.
    """
    renamed = renamed_in(kind)
    for name in values:
        if name in renamed:
            raise ConfigError(f"setting {name} is now {renamed[name]}: write {renamed[name]} = {values[name]!r}")
    return kind(**_as_annotated(kind, values))


def renamed_in(kind: type) -> dict[str, str]:
    """Old name → name of the settings that were renamed."""
    found: dict[str, str] = getattr(kind, "RENAMED", {})
    return found


def in_words(error: ValidationError, kind: type) -> str:
    """The first mistake that pydantic found in values for a dataclass or model, in one line."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"] if not isinstance(part, int)]
    name = ".".join(path)
    hints = _hints_at(kind, path[:-1])
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"unknown setting {shown(name)}: {nearest(path[-1], hints)}"
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, UsageError):
        return str(cause)
    if cause is not None:
        return f"setting {name} cannot be {shown(first['input'])}: {cause}"
    hint = hints.get(path[-1]) if path else None
    if first["type"] == "literal_error":
        choices = [str(one) for part in _alternatives(hint) for one in typing.get_args(part)]
        return f"setting {name} is unknown as {shown(first['input'])}: {nearest(str(first['input']), choices)}"
    if first["type"] in ("greater_than_equal", "less_than_equal") and (bounds := _bounds(hint)):
        return f"setting {name} must be {bounds}, not {first['input']!r}"
    if hint is None or not (first["type"].endswith("_type") or first["type"] in _OTHER_KINDS):
        return f"setting {name} cannot be {shown(first['input'])}: {first['msg'].lower()}"
    return f"setting {name} must be {_kinds(hint)}, not {shown(first['input'])}"


def require(name: str, value: float | None, least: float, most: float = math.inf) -> None:
    """Refuse a number outside its range; None (chosen from the data) is always fine."""
    if value is not None and not least <= value <= most:
        raise ConfigError(f"setting {name} must be {_range_in_words(least, most)}, not {value!r}")


def require_one_of(name: str, value: object, choices: tuple[object, ...]) -> None:
    """Refuse what other settings leave no room for."""
    if value not in choices:
        raise ConfigError(f"setting {name} is unknown as {shown(value)}: {nearest(str(value), map(str, choices))}")


def _as_annotated(kind: type, values: Mapping[str, object]) -> dict[str, Any]:
    """The values in the types that the dataclass names, or one error in words."""
    given = {name: _plain(value) for name, value in values.items()}
    try:
        found = _mirror(kind).model_validate(given)
    except ValidationError as error:
        raise ConfigError(in_words(error, kind)) from None
    return {name: getattr(found, f"{name}_") for name in given}


def _plain(value: object) -> object:
    """Python's own number for numpy's, and a tuple for a list."""
    if isinstance(value, np.generic):
        return value.item()
    return tuple(_plain(one) for one in value) if isinstance(value, list | tuple) else value


@functools.cache
def _mirror(kind: type) -> type[BaseModel]:
    """The dataclass as pydantic reads it; its names carry a mark, so that none is one of pydantic's own."""
    hints = typing.get_type_hints(kind, include_extras=True)
    wanted = [field.name for field in dataclasses.fields(typing.cast(Any, kind)) if field.init]
    fields: dict[str, Any] = {f"{name}_": (hints[name], Field(default=None, alias=name)) for name in wanted}
    return create_model(kind.__name__, __config__=_STRICT, **fields)


def _hints_at(kind: type, path: list[str]) -> dict[str, Any]:
    """Name → annotation of the settings that stand under a path."""
    hints = typing.get_type_hints(kind, include_extras=True)
    names = getattr(kind, "model_fields", None) or {one.name for one in dataclasses.fields(typing.cast(Any, kind))}
    known = {name: hints[name] for name in hints if name in names}
    if not path:
        return known
    inner = [part for part in _alternatives(known.get(path[0])) if dataclasses.is_dataclass(part) or _is_model(part)]
    return _hints_at(typing.cast(type, inner[0]), path[1:]) if inner else {}


def _is_model(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, BaseModel)


def _alternatives(hint: Any) -> list[Any]:
    """What a union offers, without what stands beside the types."""
    if typing.get_origin(hint) is Annotated:
        return _alternatives(typing.get_args(hint)[0])
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return [part for one in typing.get_args(hint) for part in _alternatives(one)]
    return [hint]


def _bounds(hint: Any) -> str:
    """The range that an annotation names, in words; empty where it names none."""
    least, most = -math.inf, math.inf
    marks = [one for one in _metadata(hint) if hasattr(one, "ge") or hasattr(one, "le")]
    for mark in marks:
        least, most = getattr(mark, "ge", least), getattr(mark, "le", most)
    if not marks:
        return ""
    return _range_in_words(least, most)


def _range_in_words(least: float, most: float) -> str:
    return f"at least {least:g}" if most == math.inf else f"from {least:g} to {most:g}"


def _metadata(hint: Any) -> list[Any]:
    """Every constraint in an annotation, also of what stands inside it."""
    found = list(getattr(hint, "__metadata__", ()))
    found = [inner for one in found for inner in (getattr(one, "metadata", None) or [one])]
    return found + [inner for part in typing.get_args(hint) for inner in _metadata(part)]


def _kinds(hint: Any) -> str:
    """The types of an annotation, in words."""

    def word(part: Any) -> str:
        if typing.get_origin(part) is tuple:
            return f"a list of {_kinds(typing.get_args(part)[0])}"
        return "nothing" if part is types.NoneType else str(getattr(part, "__name__", part))

    return " or ".join(word(part) for part in _alternatives(hint))
