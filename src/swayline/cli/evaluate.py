"""``swayline evaluate``: how well a model ranks what came next."""

from pathlib import Path
from typing import Annotated

import typer

from swayline.cli import options
from swayline.cli.output import show
from swayline.cli.reading import EventsArgument, Items, Said, read, reads
from swayline.core.errors import UsageError, nearest


@reads("items")
def evaluate(
    events: EventsArgument,
    model: Annotated[
        str, typer.Option("--model", help="Which model; fit --model list names them all.")
    ] = "transformer",
    split: Annotated[str, typer.Option("--split", help="last-out or time.")] = "last-out",
    cut: Annotated[
        str | None,
        typer.Option(
            "--cut", help="For --split time: a date, or the share of events that train (0.9).", show_default=False
        ),
    ] = None,
    k: options.K = 10,
    out: Annotated[Path, typer.Option("--out", help="JSON to write.")] = Path("metrics.json"),
    items: Items = None,
    seed: options.Seed = 0,
    json: options.Json = False,
    *,
    reading: Said,
) -> None:
    """Split, fit, rank the whole catalogue for every question, and write metrics with intervals."""
    from swayline.core.files import write_json
    from swayline.engine import DuckEngine
    from swayline.evaluate import evaluate_model
    from swayline.models import names as model_names

    if model not in model_names():
        raise UsageError(f"model {model!r} is unknown: {nearest(model, model_names())}")
    with DuckEngine() as engine:
        log = read(events, reading, engine, items=items)
        result = evaluate_model(engine, log.events, model, split=split, cut=cut, k=k, seed=seed, items=log.items)
    write_json(out, result)
    rows = result["models"][model]["metrics"]
    lines = [f"{name:<12} {_number(one)}" for name, one in rows.items()]
    show(
        json,
        result,
        [
            f"{model} on {result['protocol']['n_questions']:,} questions, "
            f"all {result['protocol']['n_items']:,} items ranked",
            *lines,
            f"written: {out}",
        ],
    )


def _number(one: dict[str, float | None]) -> str:
    if one["ci_low"] is None:
        return f"{one['value']:.4f}"
    return f"{one['value']:.4f}  [{one['ci_low']:.4f}, {one['ci_high']:.4f}]"
