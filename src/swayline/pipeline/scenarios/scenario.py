"""A scenario: the outcome, the words, the windows and the steps that suit one kind of log.

::

    about = "Playlists that go on as they began."      swayline run LOG --scenario music
    outcomes = ["favorite", "play"]                    swayline run LOG --scenario ./radio.toml
    [behaviors]                                        sw.run(inputs, settings, folder, scenario="music")
    scrobble = "play"                                  GET /v1/users/u1/recommendations?scenario=music
    [chain]
    [[chain.steps]]
    step = "model"

What a run says itself stands above what its scenario says.
"""

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from swayline.core.conditions import parse_condition
from swayline.core.errors import ConfigError, UsageError, nearest, shown
from swayline.core.settings import in_words
from swayline.core.time import parse_duration_s
from swayline.models import names as model_names
from swayline.recommend import Chain

TABLES = ("bundles", "playlists", "follow", "posts", "due", "rising")
"""What a scenario may have made beside lists."""
Line = Annotated[str, Field(max_length=400)]
Word = Annotated[str, Field(min_length=1, max_length=40)]


class Words(BaseModel):
    """What the report calls things.

    Parameters
    ----------
    title : str
        Above the page; by default what sways the outcome.
    people, items : str
        In the plural.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: Annotated[str, Field(max_length=100)] = ""
    people: Word = "people"
    items: Word = "items"


class Scenario(BaseModel):
    """What suits one kind of log.

    Parameters
    ----------
    name : str
        That of its file.
    about : str
        What it is for, a line.
    outcomes : tuple of str
        What counts as success, best first; the first that the log holds is taken.
    behaviors : mapping
        Foreign word → behaviour.
    window, horizon : str, optional
        Treated within, outcome within, of the effects of behaviours.
    words : Words
    models : tuple of str
        What is trained and compared; by default what every run compares.
    tables : tuple of str
        What is made beside lists: ``bundles``, ``playlists``, ``follow``, ``posts``, ``due``, ``rising``.
    chain : mapping
        Steps from a question to a list, as a chain's TOML has them.
    needed : tuple of str
        Steps without which no list is made. Another step that a log cannot feed is left out, and the run says so.
    limits : tuple of str
        Sentences of the report: what this does not tell.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    about: Line
    outcomes: tuple[str, ...] = ()
    behaviors: dict[str, Word] = Field(default_factory=dict)
    window: str | None = None
    horizon: str | None = None
    words: Words = Words()
    models: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    chain: dict[str, Any] = Field(default_factory=dict)
    needed: tuple[str, ...] = ()
    limits: tuple[Line, ...] = ()

    @field_validator("outcomes")
    @classmethod
    def _conditions_read(cls, outcomes: tuple[str, ...]) -> tuple[str, ...]:
        for one in outcomes:
            parse_condition(one)
        return outcomes

    @field_validator("window", "horizon")
    @classmethod
    def _durations_read(cls, said: str | None) -> str | None:
        if said is not None:
            parse_duration_s(said)
        return said

    @field_validator("tables")
    @classmethod
    def _tables_exist(cls, tables: tuple[str, ...]) -> tuple[str, ...]:
        for one in tables:
            if one not in TABLES:
                raise UsageError(f"tables: {shown(one)} is unknown: {nearest(one, TABLES)}")
        return tables

    @field_validator("models")
    @classmethod
    def _models_exist(cls, models: tuple[str, ...]) -> tuple[str, ...]:
        for one in models:
            if one not in model_names():
                raise UsageError(f"models: {shown(one)} is unknown: {nearest(one, model_names())}")
        return models

    @model_validator(mode="after")
    def _steps_read(self) -> Self:
        steps = self.steps
        for one in self.needed:
            if steps is None or one not in steps.names:
                raise UsageError(
                    f"needed: the chain has no step {shown(one)}: {nearest(one, () if steps is None else steps.names)}"
                )
        return self

    @property
    def steps(self) -> Chain | None:
        """The chain; None where the scenario says none."""
        return Chain.of_table(self.chain, "chain") if self.chain else None


def scenario_names() -> list[str]:
    """The scenarios that come with the package.

    >>> "music" in scenario_names()
    True
    """
    return sorted(one.name.removesuffix(".toml") for one in files(__package__).iterdir() if one.name.endswith(".toml"))


def load_scenario(name: str | Path) -> Scenario:
    """A scenario by its name, or of a file of one's own (anything with a folder in it or that ends in .toml).

    >>> load_scenario("music").words.items
    'tracks'
    >>> load_scenario("musik")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    swayline.core.errors.UsageError: there is no scenario 'musik': did you mean 'music'? ...

    Raises
    ------
    UsageError
        There is none of the name.
    ConfigError
        The file cannot be read, or says a word that no scenario has.
    """
    written = str(name)
    if "/" in written or written.endswith(".toml"):
        path = Path(written)
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"scenario {path} cannot be read: {error}") from None
        return _parsed(text, path.stem, str(path))
    if written not in scenario_names():
        raise UsageError(
            f"there is no scenario {shown(written)}: {nearest(written, scenario_names())}, or a path to your own file"
        )
    return _packaged(written)


@cache
def _packaged(name: str) -> Scenario:
    return _parsed((files(__package__) / f"{name}.toml").read_text("utf-8"), name, f"scenario {name}")


def _parsed(text: str, name: str, where: str) -> Scenario:
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} cannot be read as TOML: {error}") from None
    if "name" in told:
        raise ConfigError(f"{where}: a scenario is named by its file: leave out name")
    try:
        return Scenario.model_validate({"name": name} | told)
    except ValidationError as error:
        raise ConfigError(f"{where}: {in_words(error, Scenario)}") from None
