"""``swayline simulate``: a world whose truth is known."""

from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.output import show


@option_groups
def simulate(
    users: Annotated[int, typer.Option("--users", min=2, max=100_000_000, help="How many people.")] = 2000,
    items: Annotated[int, typer.Option("--items", min=2, max=100_000_000, help="How many items.")] = 1000,
    events: Annotated[
        int, typer.Option("--events", min=100, max=10_000_000_000, help="About how many events.")
    ] = 100_000,
    seed: options.Seed = 0,
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")] = Path("world"),
    ending: Ending = Ending(),
) -> None:
    """Write events, items, users, ties and truth.json of a simulated shop."""
    from swayline.simulation import WorldSettings, write_world

    files = write_world(WorldSettings(users=users, items=items, events=events, seed=seed), out, force=ending.force)
    show(ending.json, {"out": str(out), "files": [str(path) for path in files]}, [f"written: {path}" for path in files])
