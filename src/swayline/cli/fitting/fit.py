"""``swayline fit``: a model folder from a log."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swayline.cli.fitting.asked import Given, Safeguards, Training
from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.models import list_models
from swayline.cli.shared.output import show
from swayline.cli.shared.reading import ItemsAndUsers, Said, read, reads
from swayline.core.errors import UsageError, nearest

if TYPE_CHECKING:
    from swayline.models.sequence.optimize.epochs import Watch
    from swayline.training.bundle import ModelBundle


@reads("items", "users", "graph")
def fit(
    events: Annotated[
        str | None,
        typer.Argument(metavar="EVENTS", help="A file, a database or an address, as for run.", show_default=False),
    ] = None,
    model: Annotated[str, typer.Option("--model", help="Which model; list says what each is for.")] = "transformer",
    split: Annotated[
        str,
        typer.Option("--split", help="none: learn from everything; last-out, time: leave out what evaluate would ask."),
    ] = "none",
    out: Annotated[Path, typer.Option("--out", help="Model folder to write.")] = Path("model"),
    sides: ItemsAndUsers = ItemsAndUsers(),
    training: Training = Training(),
    guard: Safeguards = Safeguards(),
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:
    """Fit a model and write a folder that recommend and influence read."""
    from swayline.models import names as model_names

    if model == "list":
        list_models(ending.json)
        return
    if model not in model_names():
        raise UsageError(f"model {model!r} is unknown: {nearest(model, model_names())}")
    if events is None:
        raise UsageError("give the log to learn from: swayline fit EVENTS")
    given = Given(events, reading, model, split, out, sides)
    if guard.private:
        if training.warm_start is not None:
            raise UsageError("--private learns from nothing and --warm-start from a model: say one of them")
        if guard.federated:
            raise UsageError("--private and --federated are two trainings: say one of them")
        from swayline.cli.fitting.private import fit_private

        fit_private(given, training, guard.said(), ending)
        return
    if said := guard.said():
        raise UsageError(f"--{next(iter(said)).replace('_', '-')} belongs to a private training: say --private too")
    if guard.federated:
        if training.warm_start is not None:
            raise UsageError("--federated and --warm-start are two trainings: say one of them")
        from swayline.cli.fitting.federated import fit_federated

        fit_federated(given, training, guard.said_apart(), ending)
        return
    if said := guard.said_apart():
        raise UsageError(f"--{next(iter(said))} belongs to a federated training: say --federated too")
    if training.warm_start is not None:
        from swayline.cli.fitting.warm import fit_warm

        fit_warm(given, training, ending)
        return
    if warm := training.said_warm():
        raise UsageError(f"--{next(iter(warm))} belongs to a warm start: say --warm-start MODEL_DIR too")
    _fit(given, training, ending)


def _fit(given: Given, training: Training, ending: Ending) -> None:
    """Fit on all that is given."""
    from swayline.core.storage.locks import only_one
    from swayline.core.storage.outputs import claim_folder, is_model_folder
    from swayline.engine import DuckEngine
    from swayline.training import TrainingPlan, fit_log
    from swayline.training.private import spare_account

    model, out = given.model, given.out
    # What cannot be used is said before anything is read or written.
    plan = TrainingPlan.of_one(
        model, options.settings_of(training.settings), split=given.split, seed=training.seed,
        checkpoint=training.checkpoint,
    )  # fmt: skip
    if training.track is not None:
        from swayline.training.tracking import check_tracker

        check_tracker(training.track)
    inputs = (given.events, *vars(given.sides).values())
    claim_folder(out, "fit", is_model_folder, inputs, ending.force)
    spare_account(out)
    if training.checkpoint is not None:
        from swayline.models.sequence.optimize.checkpoint import claim_checkpoint

        claim_checkpoint(training.checkpoint, inputs, ending.force)
    with only_one(out, "fit"), DuckEngine() as engine, _watched(training, model, out) as watch:
        log = read(given.events, given.reading, engine, **vars(given.sides))
        fitted = fit_log(engine, log, replace(plan, watch=watch))
        fitted.save(out)
    _tell(fitted, model, out, len(log), len(log.rejected), ending.json)


@contextmanager
def _watched(training: Training, model: str, out: Path) -> Iterator["Watch | None"]:
    """What is called with each epoch, where training curves are wanted; a tracker writes beside the model folder."""
    if training.track is None:
        yield _watch(training.tensorboard)
        return
    from swayline.training.tracking import tracked

    folder = out.parent / f"{out.name}-tracking"
    settings = options.settings_of(training.settings) | {"model": model, "seed": training.seed}
    with tracked(training.track, folder, out.name, settings) as tracker:
        yield tracker.watch


def _watch(folder: Path | None) -> "Watch | None":
    """What is called with each epoch, where training curves are wanted."""
    if folder is None:
        return None
    from swayline.models.sequence.optimize.tensorboard import to_tensorboard

    return to_tensorboard(folder)


def _tell(fitted: "ModelBundle", model: str, out: Path, n_events: int, n_rejected: int, as_json: bool) -> None:
    """What was fitted on how much, and where it lies."""
    from swayline.models import told_of_values, values_line

    values = told_of_values(fitted.model, fitted.dataset.sequences, fitted.dataset.behaviors.names)
    result = {
        "model": model, "out": str(out), "users": len(fitted.dataset.users), "items": len(fitted.dataset.items),
        "events": n_events, "rejected": n_rejected, "values": values,
    }  # fmt: skip
    lines = [
        f"{model} fitted on {n_events:,} events ({result['users']:,} users, {result['items']:,} items; "
        f"{n_rejected:,} rows rejected)",
        *values_line(model, values),
        f"model: {out}",
    ]
    show(as_json, result, lines)
