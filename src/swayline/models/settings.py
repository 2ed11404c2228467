"""Settings of a model: a frozen dataclass, built from names and values with every mistake refused by name.

The same function serves keyword arguments, TOML and the ``model.json`` of a stranger's folder, so a setting that does
not exist or cannot be used is one kind of error everywhere. A dataclass may name in ``RENAMED`` what its settings were
called before: model folders are read by the old names too, everywhere else the error says the new one.
"""

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from swayline.core.errors import ConfigError, nearest, shown

S = TypeVar("S")


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
    hints = typing.get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(typing.cast(Any, kind))]
    checked = {}
    renamed = renamed_in(kind)
    for name, value in values.items():
        if name in renamed:
            raise ConfigError(f"setting {name} is now {renamed[name]}: write {renamed[name]} = {value!r}")
        if name not in names:
            raise ConfigError(f"unknown setting {shown(name)}: {nearest(name, names)}")
        checked[name] = _as_typed(name, value, hints[name])
    return kind(**checked)


def renamed_in(kind: type) -> dict[str, str]:
    """Old name → name of the settings that were renamed."""
    found: dict[str, str] = getattr(kind, "RENAMED", {})
    return found


def _as_typed(name: str, value: object, hint: Any) -> object:
    """The value as annotated: a whole number will do where a real one is wanted, nothing else is converted."""
    choices = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if typing.get_origin(hint) is typing.Literal:
        require_one_of(name, value, typing.get_args(hint))
        return value
    for choice in choices:
        if typing.get_origin(choice) is tuple:
            if isinstance(value, list | tuple):
                (part, *_) = typing.get_args(choice)
                return tuple(_as_typed(f"{name}[{k}]", each, part) for k, each in enumerate(value))
            continue
        if choice is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, choice) and not (choice is int and isinstance(value, bool)):
            if isinstance(value, float) and not math.isfinite(value):
                break
            return value
    expected = " or ".join(_in_words(choice) for choice in choices)
    raise ConfigError(f"setting {name} must be {expected}, not {shown(value)}")


def _in_words(choice: Any) -> str:
    if typing.get_origin(choice) is tuple:
        return f"a list of {typing.get_args(choice)[0].__name__}"
    return "nothing" if choice is types.NoneType else str(choice.__name__)


def require(name: str, value: float | None, least: float, most: float = math.inf) -> None:
    """Refuse a number outside its range; ``None`` (chosen from the data) is always fine."""
    if value is not None and not least <= value <= most:
        bounds = f"at least {least:g}" if most == math.inf else f"from {least:g} to {most:g}"
        raise ConfigError(f"setting {name} must be {bounds}, not {value!r}")


def require_one_of(name: str, value: object, choices: tuple[object, ...]) -> None:
    """Refuse a word that is none of the choices."""
    if value not in choices:
        raise ConfigError(f"setting {name} is unknown as {shown(value)}: {nearest(str(value), map(str, choices))}")
