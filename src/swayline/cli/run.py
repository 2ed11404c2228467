"""``swayline run``: the main job."""

from pathlib import Path
from typing import Annotated, Any

import typer

from swayline.cli.shared.groups import Ending
from swayline.cli.shared.outcome import Outcome
from swayline.cli.shared.output import show, warn
from swayline.cli.shared.reading import EventsArgument, Said, SideTables, reads
from swayline.core.words import meaning


@reads("items", "users", "ties")
def run(
    events: EventsArgument,
    sides: SideTables = SideTables(),
    outcome: Outcome = None,
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
    timezone: Annotated[
        str | None,
        typer.Option(
            "--timezone", help="Clock of the hour-of-week page, as in Asia/Shanghai (UTC).", show_default=False
        ),
    ] = None,
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:
    """Read a log, train, evaluate, measure influence, recommend with reasons, and write report.html."""
    from swayline.pipeline import Inputs, RunSettings, StageDone
    from swayline.pipeline import run as run_all

    said: dict[str, Any] = {name: value for name, value in (("outcome", outcome), ("seed", seed)) if value is not None}
    said["reading"] = reading | ({"timezone": timezone} if timezone else {})

    def told(stage: StageDone) -> None:
        if not ending.json:
            warn(f"{stage.name:<10} {'reused' if stage.reused else f'{stage.seconds:.1f} s, {stage.peak_mb:,.0f} MB'}")

    done = run_all(Inputs(events, **vars(sides)), RunSettings.load(config, said), out, told, force=ending.force)
    rows = done.record["inputs"]["events"]
    for note in rows["notes"]:
        warn(f"note: {note}")
    if done.record["outcome_why"]:
        warn(f"note: {done.record['outcome_why']}")
    for stage in done.record["stages"]:
        for note in stage.get("notes", ()):
            warn(f"note: {stage['name']}: {note}")
    lines = [
        f"{rows['kept']:,} events kept of {rows['rows']:,} ({rows['rejected']:,} rejected, "
        f"{rows['duplicates']:,} repeats); outcome: {meaning(done.record['outcome'])}",
        f"report: {done.report}",
    ]
    if rows["rejected"]:
        lines.insert(1, f"rejected rows with reasons: {done.folder / 'rejected.parquet'}")
    show(ending.json, {"folder": str(done.folder), "report": str(done.report), "run": done.record}, lines)
