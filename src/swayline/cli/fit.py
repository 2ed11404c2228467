"""``swayline fit``: a model folder from a log."""

from pathlib import Path
from typing import Annotated

import typer

from swayline.cli import options
from swayline.cli.output import show
from swayline.core.errors import UsageError, nearest


def fit(
    events: Annotated[
        Path | None,
        typer.Argument(metavar="EVENTS", help="CSV, TSV, JSON lines (also .gz) or Parquet.", show_default=False),
    ] = None,
    model: Annotated[str, typer.Option("--model", help="Which model; list names them all.")] = "transformer",
    split: Annotated[
        str,
        typer.Option("--split", help="none: learn from everything; last-out, time: leave out what evaluate would ask."),
    ] = "none",
    out: Annotated[Path, typer.Option("--out", help="Model folder to write.")] = Path("model"),
    items: options.Items = None,
    seed: options.Seed = 0,
    columns: options.Columns = None,
    mapping: options.Map = None,
    ordered: options.Ordered = False,
    delimiter: options.Delimiter = None,
    format: options.FormatOption = "auto",
    json: options.Json = False,
) -> None:
    """Fit a model and write a folder that recommend and influence read."""
    from swayline.models import names as model_names

    if model == "list":
        show(json, {"models": model_names()}, model_names())
        return
    if model not in model_names():
        raise UsageError(f"model {model!r} is unknown: {nearest(model, model_names())}")
    if events is None:
        raise UsageError("give the log to learn from: swayline fit EVENTS")
    from swayline.engine import DuckEngine
    from swayline.events import read_events
    from swayline.recommend import fit_log

    with DuckEngine() as engine:
        log = read_events(
            events,
            items=items,
            options=options.read_options(columns, mapping, ordered, delimiter, format),
            engine=engine,
        )
        fitted = fit_log(engine, log, model, split=split, seed=seed)
    fitted.save(out)
    result = {
        "model": model,
        "out": str(out),
        "users": len(fitted.dataset.users),
        "items": len(fitted.dataset.items),
        "events": len(log),
        "rejected": len(log.rejected),
    }
    lines = [
        f"{model} fitted on {len(log):,} events ({result['users']:,} users, {result['items']:,} items; "
        f"{len(log.rejected):,} rows rejected)",
        f"model: {out}",
    ]
    show(json, result, lines)
