"""``swayline truth``: what was planted in a simulated world, for any window and horizon."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.shared import options
from swayline.cli.shared.output import show
from swayline.core.errors import UsageError
from swayline.core.time import parse_duration_s


def truth(
    world: Annotated[Path, typer.Argument(help="Folder that `swayline simulate` wrote.", show_default=False)],
    window: Annotated[str, typer.Option("--window", help="Treated within, as in 1d or 58m.")] = "1d",
    horizon: Annotated[str, typer.Option("--horizon", help="Outcome within, as in 7d.")] = "7d",
    json: options.Json = False,
) -> None:
    """Print the planted effect of each behaviour of a simulated world for a window and a horizon."""
    from swayline.simulation.planted import TRUTH_FILE, planted_effects, settings_of

    settings = settings_of(world)
    if settings is None:
        raise UsageError(f"{world} has no {TRUTH_FILE}: give the folder that `swayline simulate` wrote")
    found = planted_effects(settings, parse_duration_s(window), parse_duration_s(horizon))
    lines = [
        f"{behavior:<9} ate {one.ate:+.5f}   att {one.att:+.5f}   over {one.episodes:,} episodes"
        for behavior, one in found.items()
    ]
    show(json, {"effects": {behavior: asdict(one) for behavior, one in found.items()}}, lines)
