"""``swayline report``: the page again from a run folder."""

from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.shared import options
from swayline.cli.shared.output import show
from swayline.core.errors import SourceError
from swayline.core.names import RUN_FILE


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.", show_default=False)],
    json: options.Json = False,
) -> None:
    """Write report.html from the files of a run folder."""
    from swayline.report import write_report

    if not (folder / RUN_FILE).exists():
        raise SourceError(
            f"{folder} is no run folder (it has no {RUN_FILE}): make one with swayline run EVENTS --out {folder}"
        )
    path = write_report(folder)
    show(json, {"report": str(path)}, [f"report: {path}"])
