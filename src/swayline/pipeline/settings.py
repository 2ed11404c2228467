"""Settings of the main job: frozen, typed, from TOML or the command line; an unknown key is refused by name."""

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from swayline.core.conditions import parse_condition
from swayline.core.errors import ConfigError, UsageError, nearest, shown
from swayline.events import Paging, ReadOptions

MOST = 10**9
"""The most that a count of people or events may be set to."""


class RunSettings(BaseModel):
    """What decides a run, beside its inputs.

    Parameters
    ----------
    outcome : str, optional
        The behaviour that counts as success, or a condition on its value (``rate>=4``); by default what was liked in a
        log of ratings alone, else the deepest of the funnel present.
    seed : int
        Decides every random number.
    k : int
        Length of the lists, and the cut of the metrics.
    models : tuple of str
        What is trained and compared.
    model : str
        Which one recommends: its name, or ``auto`` for the best NDCG on validation.
    min_user_events, min_item_events : int
        k-core limits of what is trained on.
    explained_users : int
        Users drawn by the seed whose recommendations are taken apart event by event in the influence table.
    reading : ReadOptions
        How the log and its side tables are read; ``[reading]`` in TOML, where ``map`` is short for ``mapping``.
    model_settings : dict
        Model name → its settings.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: str | None = None
    seed: int = Field(0, ge=0, le=2**31 - 1)
    k: int = Field(10, ge=1, le=1000)
    models: tuple[str, ...] = Field(("most-popular", "recent-popular", "item-knn", "transformer"), min_length=1)
    model: str = "auto"
    min_user_events: int = Field(1, ge=1, le=MOST)
    min_item_events: int = Field(1, ge=1, le=MOST)
    explained_users: int = Field(100, ge=0, le=MOST)
    reading: ReadOptions = ReadOptions()
    model_settings: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @field_validator("seed", "k", "min_user_events", "min_item_events", "explained_users", mode="before")
    @classmethod
    def _whole_number(cls, value: object) -> object:
        if isinstance(value, bool | str | float):
            raise ValueError("it must be a whole number")
        return value

    @field_validator("reading", mode="before")
    @classmethod
    def _numbers_of_paging(cls, reading: object) -> object:
        paging = reading.get("paging") if isinstance(reading, dict) else None
        for name in ("first", "per_second"):
            if isinstance(paging, dict) and isinstance(paging.get(name), bool):
                raise ValueError(f"paging's {name} must be a number")
        return reading

    @field_validator("outcome")
    @classmethod
    def _condition_reads(cls, outcome: str | None) -> str | None:
        if outcome is not None:
            parse_condition(outcome)
        return outcome

    @classmethod
    def load(cls, path: Path | None, said: dict[str, Any]) -> Self:
        """Settings of a TOML file (if any), with what was said on the command line on top.

        Raises
        ------
        ConfigError
            The file is missing or no TOML, a key is unknown, or a value cannot be used.
        """
        content: dict[str, Any] = _toml(path) if path is not None else {}
        reading = content.get("reading", {})
        if not isinstance(reading, dict):
            raise ConfigError(f"{path}: reading must be a table ([reading]), not {shown(reading)}")
        named = {("mapping" if name == "map" else name): value for name, value in reading.items()}
        content["reading"] = named | said.pop("reading", {})
        try:
            return cls.model_validate(content | said)
        except ValidationError as error:
            raise ConfigError(_in_words(error, path)) from None


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist: check --config") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as TOML: {error}") from None


def _in_words(error: ValidationError, path: Path | None) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    where = f"{path}: " if path is not None else ""
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = {"reading": ReadOptions, "paging": Paging}.get(str(first["loc"][-2]) if len(first["loc"]) > 1 else "")
        names = [one.name for one in fields(known)] if known is not None else list(RunSettings.model_fields)
        return f"{where}unknown setting {name!r}: {nearest(str(first['loc'][-1]), names)}"
    if isinstance(first.get("ctx", {}).get("error"), UsageError):
        return f"{where}{first['ctx']['error']}"
    return f"{where}setting {name} cannot be {shown(first['input'])}: {first['msg'].lower()}"
