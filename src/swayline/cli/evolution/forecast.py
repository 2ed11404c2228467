"""``swayline forecast``: the chance of each behaviour, of return and of churn."""

from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.shared.groups import Ending
from swayline.cli.shared.output import TableOut, show
from swayline.cli.shared.reading import EventsArgument, Said, read, reads
from swayline.core.errors import UsageError, shown
from swayline.core.time import parse_date


def _date(written: str | None) -> str | None:
    if written is not None:
        parse_date(written)
    return written


@reads()
def forecast(
    events: EventsArgument,
    days: Annotated[str, typer.Option("--days", help="Horizons in days, with commas.")] = "7,30,90",
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", callback=_date, help="Tell from this date, of what came strictly before it (the log's end).",
            show_default=False,
        ),
    ] = None,
    out: TableOut = Path("forecast.parquet"),
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Do not tell the same from a past moment and compare it with what came.")
    ] = False,
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:  # fmt: skip
    """The calibrated chance of each behaviour, of return and of churn, for every person, with intervals."""
    from swayline.core.storage.outputs import claim_file
    from swayline.core.storage.tables import write_table
    from swayline.evolution import forecast as tell

    horizons = _days(days)
    claim_file(out, "forecast", (events,), ending.force)
    found = tell(read(events, reading), horizons, as_of=as_of, check=not no_check)
    write_table(out, found.table, "forecast")
    lines = [
        f"{one.behavior} in {one.horizon_days} days: told {one.expected:.1%}, came {one.happened:.1%} of {one.people:,}"
        f" people; Brier {one.brier:.4f} (the share alone {one.base_brier:.4f}), calibration error {one.ece:.3f}, AUC"
        f" {one.auc:.3f}"
        for one in found.backtests
    ]
    result = {
        "out": str(out), "rows": len(found.table), "notes": list(found.notes),
        "backtests": [{name: None if value != value else value for name, value in vars(one).items()}
                      for one in found.backtests],
    }  # fmt: skip
    if lines:
        lines.insert(0, "the same told from the latest moment at which what followed is known:")
    show(ending.json, result, [found.heading, *lines, *(f"note: {one}" for one in found.notes), f"written: {out}"])


def _days(text: str) -> list[int]:
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise UsageError(f"--days {shown(text)} is no list of whole days: write --days 7,30,90") from None
