"""Settings of the main job: frozen, typed, from TOML or the command line; an unknown key is refused by name."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from swayline.core.conditions import parse_condition
from swayline.core.errors import ConfigError, shown
from swayline.core.settings import in_words
from swayline.core.time import parse_duration_s
from swayline.events import ReadOptions
from swayline.pipeline.scenarios import Scenario, load_scenario
from swayline.recommend import Chain

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
    quick : bool
        A smaller sequence model, fewer models and fewer explained users, for a first look; figures say so.
    track : str, optional
        ``tensorboard``, ``mlflow`` or ``wandb``: where training is followed (``tracking/`` in the run folder).
    audit : bool
        Whether known effects are planted into copies of the log, to see what each verdict is worth (about a minute a
        behaviour).
    scenario : Scenario, optional
        What kind of log this is, by its name or the path of a file: outcomes, words, windows, steps, where nothing
        else is said (:mod:`.scenarios`).
    window, horizon : str, optional
        Treated within, outcome within, of the effects of behaviours, as ``1d``; by default from the log.
    chain : mapping, optional
        Steps from a question to a list: ``[chain]`` with ``steps`` and ``pool`` (:class:`swayline.Chain`).
    reading : ReadOptions
        How the log and its side tables are read; ``[reading]`` in TOML, where ``map`` is short for ``mapping``.
    model_settings : dict
        Model name → its settings.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: str | None = None
    seed: Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)] = 0
    k: Annotated[int, Field(ge=1, le=1000, strict=True)] = 10
    models: tuple[str, ...] = Field(("most-popular", "recent-popular", "item-knn", "transformer"), min_length=1)
    model: str = "auto"
    min_user_events: Annotated[int, Field(ge=1, le=MOST, strict=True)] = 1
    min_item_events: Annotated[int, Field(ge=1, le=MOST, strict=True)] = 1
    explained_users: Annotated[int, Field(ge=0, le=MOST, strict=True)] = 100
    quick: bool = False
    track: str | None = None
    audit: Annotated[bool, Field(strict=True)] = False
    scenario: Scenario | None = None
    window: str | None = None
    horizon: str | None = None
    chain: dict[str, Any] | None = None
    reading: ReadOptions = ReadOptions()
    model_settings: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _as_the_scenario_says(cls, said: object) -> object:
        """What a scenario says stands beneath what the settings say."""
        if not isinstance(said, dict) or said.get("scenario") is None:
            return said
        scenario = said["scenario"]
        if isinstance(scenario, str | Path):
            scenario = load_scenario(scenario)
        elif isinstance(scenario, dict):
            scenario = Scenario.model_validate(scenario)
        elif not isinstance(scenario, Scenario):
            raise ValueError("write the name of a scenario, or the path of a file")
        beneath = {name: value for name in _BENEATH if (value := getattr(scenario, name))}
        told = beneath | {name: value for name, value in said.items() if value is not None or name not in beneath}
        reading = told.get("reading", {})
        if scenario.behaviors and isinstance(reading, dict | ReadOptions):
            own = reading.synonyms if isinstance(reading, ReadOptions) else reading.get("synonyms", {})
            words = scenario.behaviors | own
            told["reading"] = (
                replace(reading, synonyms=words) if isinstance(reading, ReadOptions) else reading | {"synonyms": words}
            )
        return told | {"scenario": scenario}

    @field_validator("window", "horizon")
    @classmethod
    def _durations_read(cls, said: str | None) -> str | None:
        if said is not None:
            parse_duration_s(said)
        return said

    @field_validator("chain")
    @classmethod
    def _chain_reads(cls, said: dict[str, Any] | None) -> dict[str, Any] | None:
        if said is not None:
            Chain.of_table(said, "chain")
        return said

    def with_scenario(self, name: str | Path) -> Self:
        """These settings over those of a scenario: what was said stays.

        >>> RunSettings(k=5).with_scenario("music").scenario.words.items
        'tracks'

        Raises
        ------
        UsageError, ConfigError
            There is no such scenario, or its file says an unknown word.
        """
        said = {field: getattr(self, field) for field in self.model_fields_set}
        return self.model_validate(said | {"scenario": load_scenario(name)})

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
        scenario = said.get("scenario") or content.get("scenario")
        if isinstance(scenario, str):
            content = content | {"scenario": load_scenario(scenario)}
            said.pop("scenario", None)
            if content["scenario"].models:
                content = {"models": content["scenario"].models} | content
        if said.get("quick") or content.get("quick") is True:
            content = _quickened(content)
        model, compared = said.get("model"), content.get("models", cls.model_fields["models"].default)
        if model not in (None, "auto") and isinstance(compared, list | tuple) and model not in compared:
            content = content | {"models": [*compared, model]}
        named = {("mapping" if name == "map" else name): value for name, value in reading.items()}
        content["reading"] = named | said.pop("reading", {})
        try:
            return cls.model_validate(content | said)
        except ValidationError as error:
            where = f"{path}: " if path is not None else ""
            raise ConfigError(f"{where}{in_words(error, cls)}") from None


_BENEATH = ("models", "window", "horizon")
"""What a scenario says that is a setting of its own too."""
_QUICK: dict[str, Any] = {"models": ["most-popular", "item-knn", "transformer"], "explained_users": 20}
_QUICK_TRANSFORMER = {
    "embedding_dim": 64, "n_blocks": 1, "n_heads": 1, "max_length": 50, "max_epochs": 3, "patience": 1,
    "windows": False, "neighbours": False, "n_negatives": 256,
}  # fmt: skip


def _quickened(content: dict[str, Any]) -> dict[str, Any]:
    """Settings of a first look, beneath what the file says itself."""
    models = content.get("model_settings", {})
    if not isinstance(models, dict) or not isinstance(models.get("transformer", {}), dict):
        return content
    transformer = _QUICK_TRANSFORMER | models.get("transformer", {})
    return _QUICK | content | {"model_settings": models | {"transformer": transformer}}


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist: check --config") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as TOML: {error}") from None
