"""``swayline fit``: a model folder from a log."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.shared import options
from swayline.cli.shared.output import show
from swayline.cli.shared.reading import Items, Said, Users, read, reads
from swayline.core.errors import UsageError, nearest


@reads("items", "users")
def fit(
    events: Annotated[
        str | None,
        typer.Argument(metavar="EVENTS", help="A file, a database or an address, as for run.", show_default=False),
    ] = None,
    model: Annotated[str, typer.Option("--model", help="Which model; list names them all.")] = "transformer",
    split: Annotated[
        str,
        typer.Option("--split", help="none: learn from everything; last-out, time: leave out what evaluate would ask."),
    ] = "none",
    out: Annotated[Path, typer.Option("--out", help="Model folder to write.")] = Path("model"),
    items: Items = None,
    users: Users = None,
    settings: options.Set = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint", help="Keep each epoch in this file; the same command goes on from it.", show_default=False
        ),
    ] = None,
    tensorboard: Annotated[
        Path | None, typer.Option("--tensorboard", help="Folder for training curves.", show_default=False)
    ] = None,
    seed: options.Seed = 0,
    force: options.Force = False,
    json: options.Json = False,
    *,
    reading: Said,
) -> None:
    """Fit a model and write a folder that recommend and influence read."""
    from swayline.models import names as model_names
    from swayline.models import reads_values, told_of_values, values_line

    if model == "list":
        ignore = {name: "" if reads_values(name) else "ignores values" for name in model_names()}
        lines = [f"{name:<24}{said}".rstrip() for name, said in ignore.items()]
        reading_values = [name for name, said in ignore.items() if not said]
        show(json, {"models": model_names(), "reads_values": reading_values}, lines)
        return
    if model not in model_names():
        raise UsageError(f"model {model!r} is unknown: {nearest(model, model_names())}")
    if events is None:
        raise UsageError("give the log to learn from: swayline fit EVENTS")
    from swayline.core.storage.locks import only_one
    from swayline.core.storage.outputs import claim_folder, is_model_folder
    from swayline.engine import DuckEngine
    from swayline.training import TrainingPlan, fit_log

    # What cannot be used is said before anything is read or written.
    plan = TrainingPlan.of_one(model, options.settings_of(settings), split=split, seed=seed, checkpoint=checkpoint)
    claim_folder(out, "fit", is_model_folder, (events, items, users), force)
    if checkpoint is not None:
        from swayline.models.sequence.optimize.checkpoint import claim_checkpoint

        claim_checkpoint(checkpoint, (events, items, users), force)
    if tensorboard is not None:
        from swayline.models.sequence.optimize.tensorboard import to_tensorboard

        plan = replace(plan, watch=to_tensorboard(tensorboard))
    with only_one(out, "fit"), DuckEngine() as engine:
        log = read(events, reading, engine, items=items, users=users)
        fitted = fit_log(engine, log, plan)
        fitted.save(out)
    told = told_of_values(fitted.model, fitted.dataset.sequences, fitted.dataset.behaviors.names)
    result = {
        "model": model,
        "out": str(out),
        "users": len(fitted.dataset.users),
        "items": len(fitted.dataset.items),
        "events": len(log),
        "rejected": len(log.rejected),
        "values": told,
    }
    lines = [
        f"{model} fitted on {len(log):,} events ({result['users']:,} users, {result['items']:,} items; "
        f"{len(log.rejected):,} rows rejected)",
        *values_line(model, told),
        f"model: {out}",
    ]
    show(json, result, lines)
