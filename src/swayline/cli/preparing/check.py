"""``swayline check``: what would be read and what rejected."""

from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.shared.groups import Ending
from swayline.cli.shared.output import show, table_path
from swayline.cli.shared.reading import EventsArgument, Said, SideTables, as_options, reads

_SHOWN = 20


@reads("items", "users", "ties", "graph")
def check(
    events: EventsArgument,
    sides: SideTables = SideTables(),
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            callback=table_path,
            help="Write the rejected rows here (.parquet, .csv, .jsonl).",
            show_default=False,
        ),
    ] = None,
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:
    """Say what would be read and what rejected, with reasons; exit 1 if anything was rejected."""
    from swayline.core.storage.outputs import claim_file
    from swayline.core.storage.tables import write_table
    from swayline.dataset import column_uses, unused_words
    from swayline.events import read_events

    if out is not None:
        claim_file(out, "check", (events, *vars(sides).values()), ending.force)
    log = read_events(events, options=as_options(reading), **vars(sides))
    rejected = log.rejected.to_pylist()
    if out is not None:
        write_table(out, log.rejected, "check")
    span = [] if log.ordered else [str(log.events["time"][0]), str(log.events["time"][-1])]
    found = {name: len(table) for name in ("items", "users", "ties") if (table := getattr(log, name)) is not None}
    uses = column_uses(log)
    unused = unused_words(uses)
    result = {
        "read": log.n_read, "kept": len(log), "duplicates": log.n_duplicates, "rejected": len(rejected),
        "behaviors": log.behaviors, "columns": log.events.column_names, "span": span, "reasons": rejected[:1000],
        "notes": list(log.notes), "sides": found, "mapped": log.mapped, "uses": [one.as_json() for one in uses],
    }  # fmt: skip
    lines = [
        f"{log.n_read:,} rows read, {len(log):,} kept, {log.n_duplicates:,} repeats, {len(rejected):,} rejected",
        *([f"columns: {', '.join(f'{ours} ← {theirs}' for ours, theirs in log.mapped.items())}"] if log.mapped else []),
        f"behaviours: {', '.join(log.behaviors)}",
        *([f"from {span[0]} to {span[1]}"] if span else ["no times: an ordered log"]),
        *[f"{name}: {n:,} rows" for name, n in found.items()],
        *[f"note: {note}" for note in log.notes],
        *([f"note: {unused}"] if unused else []),
        *[f"row {one['row']}: {one['column'] or 'row'} {one['value']!r} {one['reason']}" for one in rejected[:_SHOWN]],
        *(
            [f"… and {len(rejected) - _SHOWN:,} more (--out F.parquet writes them all)"]
            if len(rejected) > _SHOWN
            else []
        ),
    ]
    show(ending.json, result, lines)
    if rejected:
        raise typer.Exit(1)
