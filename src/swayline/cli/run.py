"""``swayline run``: the main job."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from swayline.cli.shared.groups import Ending
from swayline.cli.shared.models import list_models
from swayline.cli.shared.outcome import Outcome
from swayline.cli.shared.output import show, warn
from swayline.cli.shared.reading import EventsArgument, Said, SideTables, reads
from swayline.core.errors import UsageError
from swayline.core.names import SUMMARY_FILE
from swayline.core.words import meaning

if TYPE_CHECKING:
    from swayline.pipeline import RunDone


@dataclass(frozen=True)
class Look:
    """Which model recommends, how long its lists are, and how thorough the run is."""

    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help="Which model recommends (the best on validation); list says what each is for.",
            show_default=False,
        ),
    ] = None
    k: Annotated[
        int | None, typer.Option("-k", min=1, max=1000, help="Length of the lists (10).", show_default=False)
    ] = None
    quick: Annotated[
        bool, typer.Option("--quick", help="A first look: a smaller sequence model and fewer models; figures say so.")
    ] = False
    audit: Annotated[
        bool,
        typer.Option("--audit", help="Plant known effects into copies of the log and tell what each verdict is worth."),
    ] = False
    scenario: Annotated[
        str | None,
        typer.Option(
            "--scenario",
            help="What kind of log this is: shop, video, music … or a file of your own; list says what each is for.",
            show_default=False,
        ),
    ] = None
    track: Annotated[
        str | None,
        typer.Option("--track", help="Follow training: tensorboard, mlflow or wandb (offline).", show_default=False),
    ] = None
    timezone: Annotated[
        str | None,
        typer.Option(
            "--timezone", help="Clock of the hour-of-week page, as in Asia/Shanghai (UTC).", show_default=False
        ),
    ] = None

    def said(self) -> dict[str, Any]:
        """The settings that were said; the clock is one of reading."""
        return {name: value for name, value in vars(self).items() if value not in (None, False) and name != "timezone"}


@reads("items", "users", "ties", "graph")
def run(
    events: Annotated[str | None, *EventsArgument.__metadata__] = None,
    sides: SideTables = SideTables(),
    outcome: Outcome = None,
    look: Look = Look(),
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
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:
    """Read a log, train, evaluate, measure influence, recommend with reasons, and write report.html."""
    from swayline.pipeline import Inputs, RunSettings, StageDone
    from swayline.pipeline import run as run_all

    if look.model == "list":
        list_models(ending.json)
        return
    if look.scenario == "list":
        _list_scenarios(ending.json)
        return
    if events is None:
        raise UsageError("give the log to run on: swayline run EVENTS")
    if look.track is not None:
        from swayline.training.tracking import check_tracker

        check_tracker(look.track)
    said: dict[str, Any] = {name: value for name, value in (("outcome", outcome), ("seed", seed)) if value is not None}
    said |= look.said()
    said["reading"] = reading | ({"timezone": look.timezone} if look.timezone else {})

    def told(stage: StageDone) -> None:
        if not ending.json:
            warn(f"{stage.name:<10} {'reused' if stage.reused else f'{stage.seconds:.1f} s, {stage.peak_mb:,.0f} MB'}")

    done = run_all(Inputs(events, **vars(sides)), RunSettings.load(config, said), out, told, force=ending.force)
    lines = _told(done)
    show(ending.json, {"folder": str(done.folder), "report": str(done.report), "run": done.record}, lines)


def _list_scenarios(as_json: bool) -> None:
    """Every scenario's name and what it is for."""
    from swayline.pipeline.scenarios import load_scenario, scenario_names

    about = {name: load_scenario(name).about for name in scenario_names()}
    width = max(map(len, about)) + 2
    show(as_json, {"scenarios": about}, [f"{name:<{width}}{text}" for name, text in about.items()])


def _told(done: "RunDone") -> list[str]:
    """What a person reads at the end; what the run noted goes to standard error."""
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
        f"summary: {done.folder / SUMMARY_FILE}",
    ]
    if rows["rejected"]:
        lines.insert(1, f"rejected rows with reasons: {done.folder / 'rejected.parquet'}")
    return lines
