"""``swayline experiment snapshots``: experiments known by counts, means and variances, read at every snapshot."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.output import show, table_path
from swayline.cli.shared.words import names
from swayline.core.errors import UsageError, shown


@dataclass(frozen=True)
class Columns:
    """What the columns are."""

    columns: Annotated[str, typer.Option("--columns", help="Control's count, mean, variance, then the arm's.")] = (
        "count_c,mean_c,variance_c,count_t,mean_t,variance_t"
    )
    by: Annotated[
        str | None,
        typer.Option("--by", help="Columns that name one comparison: experiment,arm,metric.", show_default=False),
    ] = None
    time: Annotated[
        str | None, typer.Option("--time", help="Column that orders its snapshots.", show_default=False)
    ] = None
    planned_units: Annotated[
        int,
        typer.Option("--planned-units", min=2, max=10**12, help="Units planned in all; intervals are tightest there."),
    ] = 10_000


@option_groups
def snapshots(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A row a snapshot.", show_default=False)],
    columns: Columns = Columns(),
    out: Annotated[
        Path | None, typer.Option("--out", callback=table_path, help="Write every snapshot here.", show_default=False)
    ] = None,
    ending: Ending = Ending(),
) -> None:
    """Read snapshots: plain intervals for one look, intervals that hold at every look where there are more."""
    from swayline.causal.experiments.snapshots import analyze_snapshots, read_streams
    from swayline.core.storage.outputs import claim_file
    from swayline.core.storage.tables import write_table
    from swayline.events import read_table

    said = names(columns.columns)
    if len(said) != 6:
        raise UsageError(f"--columns names 6 columns (count, mean, variance, twice), not {shown(columns.columns)}")
    if out is not None:
        claim_file(out, "experiment snapshots", (table,), ending.force)
    found = analyze_snapshots(read_table(table), tuple(said), columns.planned_units)  # type: ignore[arg-type]
    streams = read_streams(found, names(columns.by), columns.time)
    if out is not None:
        write_table(out, found, "experiment snapshots")
    show(ending.json, vars(streams), [*streams.summary(), *([f"written: {out}"] if out else [])])
