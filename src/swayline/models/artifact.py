"""A model folder: ``model.json`` and ``weights.safetensors``, written whole and read with suspicion.

::

    model.json            {"format": 1, "model": "item-knn", "settings": {…}, "learned": {…}}
    weights.safetensors   named arrays

Nothing in a folder is ever executed. Whatever is wrong with one, a wrong version, a missing array, a shape that does
not match, NaN weights, doubled keys, a header that claims gigabytes, is an :class:`ArtifactError` in one line.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from swayline.core.errors import ArtifactError, ConfigError, shown
from swayline.core.names import MODEL_FILE as MODEL_FILE
from swayline.core.names import WEIGHTS_FILE as WEIGHTS_FILE
from swayline.core.settings import build, renamed_in
from swayline.core.storage.files import whole, write_json

FORMAT = 1
_MAX_JSON_BYTES = 4 << 20
_MAX_HEADER_BYTES = 16 << 20
_FLOATS = ("float32", "float16", "float64")
_KINDS = (*_FLOATS, "int64", "int32", "int16", "int8", "uint8")

S = TypeVar("S")
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Stored:
    """What a model folder holds."""

    model: str
    settings: dict[str, object]
    learned: dict[str, object]
    arrays: dict[str, np.ndarray]


def write(folder: Path, model: str, settings: Mapping[str, Any], learned: Mapping[str, Any], arrays: Arrays) -> None:
    """Write a model folder; ``learned`` holds sizes and what was chosen from data, as JSON values."""
    from safetensors.numpy import save_file

    for name, array in arrays.items():
        _check_finite(folder, name, array)
    folder.mkdir(parents=True, exist_ok=True)
    with whole(folder / WEIGHTS_FILE) as temporary:
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, temporary)
    write_json(
        folder / MODEL_FILE,
        {"format": FORMAT, "model": model, "settings": dict(settings), "learned": dict(learned)},
    )


def model_name(folder: Path) -> str:
    """Which model a folder holds, without reading its weights."""
    return _read_description(folder)["model"]  # type: ignore[no-any-return]


def read(folder: Path, model: str) -> Stored:
    """Read a folder that must hold ``model``.

    Raises
    ------
    ArtifactError
        The folder is missing, damaged, of another version or of another model.
    """
    description = _read_description(folder)
    if description["model"] != model:
        raise ArtifactError(f"{folder} holds a model {shown(description['model'])}, not {model!r}: load it by its name")
    return Stored(model, description["settings"], description["learned"], read_arrays(folder / WEIGHTS_FILE))


def settings_of(folder: Path, stored: Stored, kind: type[S]) -> S:
    """The settings in a folder as their dataclass; a bad one is the folder's fault, not the caller's."""
    return _built(folder, kind, stored.settings)


def part_of(folder: Path, stored: Stored, name: str, kind: type[S]) -> S:
    """A part of ``learned`` as its dataclass."""
    values = stored.learned.get(name)
    if not isinstance(values, dict):
        raise ArtifactError(f"{folder / MODEL_FILE}: {name} must be an object, not {shown(values)}")
    return _built(folder, kind, values)


def part(folder: Path, stored: Stored, name: str) -> Stored:
    """What a model that is made of others holds of one: its object in ``learned`` and the arrays named ``name.…``."""
    learned = stored.learned.get(name)
    if not isinstance(learned, dict):
        raise ArtifactError(f"{folder / MODEL_FILE}: {name} must be an object, not {shown(learned)}")
    arrays = {key[len(name) + 1 :]: array for key, array in stored.arrays.items() if key.startswith(f"{name}.")}
    return Stored(stored.model, {}, learned, arrays)


def apart(folder: Path, stored: Stored, name: str) -> tuple[Stored, Stored]:
    """The rest, and the part of that name, of a model that may hold another."""
    rest = {key: array for key, array in stored.arrays.items() if not key.startswith(f"{name}.")}
    return replace(stored, arrays=rest), part(folder, stored, name)


def _built(folder: Path, kind: type[S], values: Mapping[str, object]) -> S:
    renamed = renamed_in(kind)
    try:
        return build(kind, {renamed.get(name, name): value for name, value in values.items()})
    except ConfigError as error:
        raise ArtifactError(f"{folder / MODEL_FILE}: {error}") from None


def sizes_of(folder: Path, stored: Stored, *names: str, most: int = 2**31 - 1) -> tuple[int, ...]:
    """Whole numbers from 0 up that ``learned`` must hold."""
    values = []
    for name in names:
        value = stored.learned.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise ArtifactError(f"{folder / MODEL_FILE}: {name} must be a whole number from 0, not {shown(value)}")
        values.append(value)
    return tuple(values)


def numbers_of(folder: Path, stored: Stored, *names: str) -> tuple[float, ...]:
    """Finite real numbers that ``learned`` must hold."""
    values = []
    for name in names:
        value = stored.learned.get(name)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not np.isfinite(value):
            raise ArtifactError(f"{folder / MODEL_FILE}: {name} must be a number, not {shown(value)}")
        values.append(float(value))
    return tuple(values)


def check_arrays(folder: Path, stored: Stored, expected: Mapping[str, tuple[tuple[int, ...] | None, str]]) -> None:
    """Refuse arrays other than the expected ones: name → (shape, or None for any vector; kind of number)."""
    path = folder / WEIGHTS_FILE
    if missing := sorted(expected.keys() - stored.arrays.keys()):
        raise ArtifactError(f"{path}: the array {missing[0]!r} is missing")
    if foreign := sorted(stored.arrays.keys() - expected.keys()):
        raise ArtifactError(f"{path}: the array {shown(foreign[0])} does not belong to a {stored.model!r} model")
    for name, (shape, kind) in expected.items():
        array = stored.arrays[name]
        if (array.shape != shape if shape is not None else array.ndim != 1) or array.dtype.name != kind:
            wanted = "one dimension" if shape is None else f"shape {shape}"
            raise ArtifactError(
                f"{path}: the array {name!r} has shape {array.shape} of {array.dtype}, not {wanted} of {kind}"
            )
        _check_finite(path, name, array)


def _check_finite(path: Path, name: str, array: np.ndarray) -> None:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ArtifactError(f"{path}: the array {name!r} holds NaN or infinity: train the model again")


def _read_description(folder: Path) -> dict[str, Any]:
    path = folder / MODEL_FILE
    content = read_object(path)
    if content.get("format") != FORMAT or isinstance(content.get("format"), bool):
        raise ArtifactError(f"{path} is of format {shown(content.get('format'))}; this version reads format {FORMAT}")
    if not isinstance(content.get("model"), str):
        raise ArtifactError(f"{path} does not name its model")
    for part in ("settings", "learned"):
        if not isinstance(content.get(part), dict):
            raise ArtifactError(f"{path}: {part!r} must be an object, not {shown(content.get(part))}")
    return content


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object of a model folder: of a sane size, no key twice, every number one.

    Raises
    ------
    ArtifactError
        It is missing or no such object.
    """
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            raise ArtifactError(f"{path} is larger than {_MAX_JSON_BYTES >> 20} MiB: this is no model of ours")
        content = json.loads(path.read_text("utf-8"), object_pairs_hook=_without_doubles, parse_constant=_no_constant)
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read ({error.strerror}): give the folder of a fitted model") from None
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"{path} is damaged ({shown(error)}): train the model again") from None
    if not isinstance(content, dict):
        raise ArtifactError(f"{path} must hold a JSON object, not {shown(content)}")
    return content


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands there twice")
    return dict(pairs)


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON number")


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The named arrays of a safetensors file of a model folder.

    Raises
    ------
    ArtifactError
        It is missing, damaged, or holds what no model of ours holds.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            start = stream.read(8)
        header = struct.unpack("<Q", start)[0] if len(start) == 8 else -1
        if not 0 < header <= min(_MAX_HEADER_BYTES, size - 8):
            raise ArtifactError(f"{path} is damaged (its header claims {header} bytes, the file has {size})")
        arrays = load_file(path)
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read ({error.strerror}): give the folder of a fitted model") from None
    except (SafetensorError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise ArtifactError(f"{path} is damaged ({shown(error)}): train the model again") from None
    for name, array in arrays.items():
        if array.dtype.name not in _KINDS:
            raise ArtifactError(f"{path}: the array {shown(name)} is of {array.dtype}, which no model of ours holds")
    return arrays
