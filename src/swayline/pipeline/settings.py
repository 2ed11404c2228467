"""Settings of the main job: frozen, typed, from TOML or the command line; an unknown key is refused by name."""

import tomllib
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from swayline.core.errors import ConfigError, nearest, shown
from swayline.events import ReadOptions


class Reading(BaseModel):
    """How the log is read: the options of every verb that reads EVENTS, under ``[reading]`` in TOML."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[str, ...] = ()
    map: dict[str, str] = Field(default_factory=dict)
    ordered: bool = False
    delimiter: str | None = None
    format: str = "auto"
    timezone: str = "UTC"
    items_map: dict[str, str] = Field(default_factory=dict)
    users_map: dict[str, str] = Field(default_factory=dict)
    ties_map: dict[str, str] = Field(default_factory=dict)
    items_columns: tuple[str, ...] = ()
    users_columns: tuple[str, ...] = ()
    ties_columns: tuple[str, ...] = ()
    ties_undirected: bool = False

    def options(self) -> ReadOptions:
        """As the readers take them."""
        said = {name: getattr(self, name) for name in type(self).model_fields if name != "map"}
        return ReadOptions(mapping=self.map, **said)


class RunSettings(BaseModel):
    """What decides a run, beside its inputs.

    Parameters
    ----------
    outcome : str, optional
        The behaviour that counts as success; by default the deepest of the funnel present.
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
    model_settings : dict
        Model name → its settings.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: str | None = None
    seed: int = Field(0, ge=0, le=2**31 - 1)
    k: int = Field(10, ge=1, le=1000)
    models: tuple[str, ...] = ("most-popular", "recent-popular", "item-knn", "transformer")
    model: str = "auto"
    min_user_events: int = Field(1, ge=1)
    min_item_events: int = Field(1, ge=1)
    explained_users: int = Field(100, ge=0)
    reading: Reading = Reading()
    model_settings: dict[str, dict[str, Any]] = Field(default_factory=dict)

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
        if isinstance(reading, dict):
            content["reading"] = reading | said.pop("reading", {})
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
    if first["type"] == "extra_forbidden":
        known = Reading.model_fields if first["loc"][0] == "reading" else RunSettings.model_fields
        return f"{where}unknown setting {name!r}: {nearest(str(first['loc'][-1]), known)}"
    return f"{where}setting {name} cannot be {shown(first['input'])}: {first['msg'].lower()}"
