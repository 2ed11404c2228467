"""Train: every model on the training part, one chosen by validation and refitted on everything."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from swayline.core.names import CANDIDATES_FOLDER, CHOICE_FILE, MODEL_FOLDER
from swayline.core.storage.files import write_json
from swayline.models import names, reads_values
from swayline.pipeline.settings import RunSettings
from swayline.pipeline.workspace import Workspace
from swayline.training import TrainingPlan
from swayline.training import train as walk
from swayline.training.tracking import tracked

SPLIT = "last-out"


def plan_of(settings: RunSettings) -> TrainingPlan:
    """What the run's settings say of training.

    Raises
    ------
    UsageError, ConfigError
        A model or one of its settings is unknown, or the model asked for is not among those compared.
    """
    return TrainingPlan(
        settings.models, settings.model_settings, SPLIT, chosen=settings.model, seed=settings.seed,
        # The candidates are compared on the items that all of them can rank: those that somebody has met.
        unmet=False,
    )  # fmt: skip


def train(work: Workspace) -> None:
    """Fit every model, choose one, write ``model/``, ``candidates/`` and ``choice.json``."""
    plan = replace(plan_of(work.settings), candidates=work.folder / CANDIDATES_FOLDER)
    with _followed(work) as watch:
        trained = walk(work.data, replace(plan, watch=watch))
    trained.bundle.save(work.folder / MODEL_FOLDER)
    write_json(work.folder / CHOICE_FILE, {
        "best": trained.chosen,
        "models": {
            one.name: {
                "validation_ndcg@10": one.figure, "fit_s": one.seconds, "history": one.history, "values": one.values,
            }
            for one in trained.candidates
        },
    })  # fmt: skip
    work.bundle = trained.bundle
    if work.settings.quick:
        work.say(
            "train",
            "a quick run: the sequence model is small and trained for few epochs; leave out --quick for better figures",
        )
    chosen = next(one for one in trained.candidates if one.name == trained.chosen)
    if chosen.values is not None and not chosen.values["read"]:
        work.say("train", f"{chosen.name} ignores the log's values, such as ratings: {_readers()} read them")


@contextmanager
def _followed(work: Workspace) -> Iterator[Callable[[Any], None] | None]:
    """What is told of every epoch, where a tracker is asked for."""
    settings = work.settings
    if settings.track is None:
        yield None
        return
    told = {"models": ", ".join(settings.models), "seed": settings.seed, "quick": settings.quick}
    with tracked(
        settings.track, work.folder / "tracking", "run", told | settings.model_settings.get("transformer", {})
    ) as one:
        yield one.watch


def _readers() -> str:
    """The models that read values, as a list in words."""
    found = [name for name in names() if reads_values(name)]
    return f"{', '.join(found[:-1])} and {found[-1]}"
