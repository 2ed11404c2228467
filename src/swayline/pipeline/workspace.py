"""A run folder and what its stages share."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from swayline.core.conditions import base_of
from swayline.core.names import MODEL_FOLDER
from swayline.dataset import Dataset, Split, last_out
from swayline.engine import DuckEngine
from swayline.events import EventLog, read_log
from swayline.pipeline.settings import RunSettings
from swayline.training import ModelBundle, TrainingData, training_data


@dataclass(frozen=True)
class Inputs:
    """Files, databases and addresses the run reads."""

    events: str | Path | list[str]
    items: str | Path | None = None
    users: str | Path | None = None
    ties: str | Path | None = None


def wanted_outcome(log: EventLog, settings: RunSettings) -> str | None:
    """The outcome that the settings say, else the first of the scenario's that occurs in a log; None for neither."""
    if settings.outcome is not None or settings.scenario is None:
        return settings.outcome
    return next((one for one in settings.scenario.outcomes if base_of(one) in log.behaviors), None)


class Workspace:
    """A run folder and what its stages share; everything is loaded from disk when first asked for."""

    def __init__(self, folder: Path, inputs: Inputs, settings: RunSettings) -> None:
        self.folder, self.inputs, self.settings = folder, inputs, settings
        self.said: dict[str, list[str]] = {}

    def say(self, stage: str, what: str) -> None:
        """Keep what a stage could not do; it stands in the run's record and report, and goes to stderr."""
        self.said.setdefault(stage, []).append(what)

    @cached_property
    def log(self) -> EventLog:
        """The cleaned log."""
        return replace(read_log(self.folder), options=self.settings.reading)

    @cached_property
    def wanted(self) -> str | None:
        """The outcome asked for: the settings' own, else the scenario's first that the log holds, else None."""
        return wanted_outcome(self.log, self.settings)

    @cached_property
    def outcome(self) -> str:
        """What counts as success: a behaviour, or a condition on its value."""
        return self.log.outcome(self.wanted)

    @cached_property
    def asked(self) -> EventLog:
        """The log in which events say whether they meet the outcome's condition: what questions of success ask."""
        return self.log.split_by_outcome(self.wanted)[0]

    @cached_property
    def data(self) -> TrainingData:
        """What models read."""
        return self.read_by_models(self.log)

    def read_by_models(self, log: EventLog) -> TrainingData:
        """What models read of a log: of the run's own, or of a part of it."""
        with DuckEngine() as engine:
            return training_data(
                engine, log,
                min_user_events=self.settings.min_user_events, min_item_events=self.settings.min_item_events,
            )  # fmt: skip

    @property
    def dataset(self) -> Dataset:
        """Sequences of everything."""
        return self.data.dataset

    @cached_property
    def split(self) -> Split:
        """Last event tests, last but one validates."""
        return last_out(self.dataset.sequences)

    @cached_property
    def bundle(self) -> ModelBundle:
        """The model that recommends."""
        return ModelBundle.load(self.folder / MODEL_FOLDER)
