"""``swayline tune``: better settings of a model for one log."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.output import show
from swayline.cli.shared.reading import EventsArgument, ItemsAndUsers, Said, read, reads
from swayline.core.errors import UsageError, nearest, shown

_PICKED = "the best was picked on these questions, so its figure leans high: swayline run measures it on others"


@dataclass(frozen=True)
class Study:
    """What is tried, how often, and on what it is judged."""

    model: Annotated[str, typer.Option("--model", help="Which model.")] = "transformer"
    trials: Annotated[
        int, typer.Option("--trials", min=1, max=10_000, help="Trials in all; those already in --out count.")
    ] = 20
    split: Annotated[str, typer.Option("--split", help="last-out or time: what validation asks.")] = "last-out"
    max_epochs: Annotated[
        int | None, typer.Option("--max-epochs", min=1, max=100_000, help="Epochs a trial at most.")
    ] = None


@reads("items", "users", "graph")
def tune(
    events: EventsArgument,
    study: Study = Study(),
    out: Annotated[Path, typer.Option("--out", help="Folder of the study; run again to go on.")] = Path("tune"),
    sides: ItemsAndUsers = ItemsAndUsers(),
    seed: options.Seed = 0,
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:
    """Try settings on validation, drop those that lag behind, keep the best; stop any time and go on later."""
    from swayline.core.storage.outputs import claim_folder
    from swayline.dataset import split_by_name
    from swayline.engine import DuckEngine
    from swayline.training import training_data
    from swayline.training import tune as search
    from swayline.training.tune import check_tunable, is_study

    check_tunable(study.model)
    if study.split not in ("last-out", "time"):
        raise UsageError(f"--split {shown(study.split)} is unknown: {nearest(study.split, ('last-out', 'time'))}")
    claim_folder(out, "tune", is_study, (events, *vars(sides).values()), ending.force)
    with DuckEngine() as engine:
        log = read(events, reading, engine, **vars(sides))
        dataset = training_data(engine, log).dataset
    fixed = {} if study.max_epochs is None else {"max_epochs": study.max_epochs}
    tuned = search(split_by_name(dataset.sequences, study.split), study.model, study.trials, out, seed, fixed)
    table = tuned.trials
    first = table["valid_ndcg"][0].as_py()
    result = {
        "model": study.model,
        "out": str(out),
        "trials": len(table),
        "valid_ndcg": tuned.valid_ndcg,
        "default_valid_ndcg": first,
        "settings": tuned.settings,
    }
    said = ", ".join(f"{name} {value}" for name, value in tuned.settings.items()) or "the defaults"
    before = f" (defaults {first:.4f})" if first is not None else ""
    lines = [
        f"{len(table)} trials; best validation NDCG@10 {tuned.valid_ndcg:.4f}{before}: {said}",
        *([_PICKED] if len(table) > 1 else []),
        f"use it: swayline run EVENTS --config {out / 'best.toml'}",
    ]
    show(ending.json, result, lines)
