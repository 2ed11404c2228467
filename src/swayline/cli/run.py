"""``swayline run``: the main job."""

from pathlib import Path
from typing import Annotated, Any

import typer

from swayline.cli import options
from swayline.cli.output import show, warn


def run(
    events: options.EventsArgument,
    items: options.Items = None,
    users: Annotated[
        Path | None, typer.Option("--users", help="Table of users and features.", show_default=False)
    ] = None,
    ties: Annotated[
        Path | None, typer.Option("--ties", help="Who can influence whom: source, target.", show_default=False)
    ] = None,
    outcome: Annotated[
        str | None,
        typer.Option(
            "--outcome",
            help="The behaviour that counts as success; by default the deepest of the funnel.",
            show_default=False,
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="TOML with any setting of the run.", show_default=False)
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of the run; finished stages in it are reused.")] = Path(
        "out"
    ),
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, max=2**31 - 1, help="Decides every random number (0).", show_default=False),
    ] = None,
    columns: options.Columns = None,
    mapping: options.Map = None,
    ordered: options.Ordered = False,
    delimiter: options.Delimiter = None,
    format: options.FormatOption = "auto",
    items_map: options.ItemsMap = None,
    items_columns: options.ItemsColumns = None,
    users_map: options.UsersMap = None,
    users_columns: options.UsersColumns = None,
    ties_map: options.TiesMap = None,
    ties_columns: options.TiesColumns = None,
    ties_undirected: options.TiesUndirected = False,
    timezone: Annotated[
        str | None,
        typer.Option(
            "--timezone", help="Clock of the hour-of-week page, as in Asia/Shanghai (UTC).", show_default=False
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Read a log, train, evaluate, measure influence, recommend with reasons, and write report.html."""
    from swayline.pipeline import Inputs, RunSettings, StageDone
    from swayline.pipeline import run as run_all

    said: dict[str, Any] = {name: value for name, value in (("outcome", outcome), ("seed", seed)) if value is not None}
    side = options.side_tables(
        ties_undirected, items_map=items_map, items_columns=items_columns, users_map=users_map,
        users_columns=users_columns, ties_map=ties_map, ties_columns=ties_columns,
    )  # fmt: skip
    said["reading"] = options.reading(columns, mapping, ordered, delimiter, format) | side
    if timezone:
        said["reading"]["timezone"] = timezone

    def told(stage: StageDone) -> None:
        if not json:
            warn(f"{stage.name:<10} {'reused' if stage.reused else f'{stage.seconds:.1f} s, {stage.peak_mb:,.0f} MB'}")

    done = run_all(Inputs(events, items, users, ties), RunSettings.load(config, said), out, told)
    rows = done.record["inputs"]["events"]
    lines = [
        f"{rows['kept']:,} events kept of {rows['rows']:,} ({rows['rejected']:,} rejected, "
        f"{rows['duplicates']:,} repeats); outcome: {done.record['outcome']}",
        f"report: {done.report}",
    ]
    if rows["rejected"]:
        lines.insert(1, f"rejected rows with reasons: {done.folder / 'rejected.parquet'}")
    show(json, {"folder": str(done.folder), "report": str(done.report), "run": done.record}, lines)
