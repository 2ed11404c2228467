"""``swayline experiment bandit``: what arms are worth after a bandit chose who gets them."""

from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.shared import options
from swayline.cli.shared.output import show
from swayline.cli.shared.words import pairs


def bandit(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A row a person, in order.", show_default=False)],
    arm: Annotated[str, typer.Option("--arm", help="Column of the arm.")],
    outcome: Annotated[str, typer.Option("--outcome", help="Column of the outcome.")],
    propensity: Annotated[
        list[str],
        typer.Option("--propensity", metavar="ARM=COLUMN", help="The arm's chance at that person; one for each arm."),
    ],
    control: Annotated[str | None, typer.Option("--control", help="The arm compared with.", show_default=False)] = None,
    json: options.Json = False,
) -> None:
    """Values of arms with intervals that hold though the bandit adapted (adaptively weighted AIPW)."""
    from swayline.causal.experiments import analyze_bandit
    from swayline.events import read_table

    columns = pairs(propensity, "--propensity", "new=p_new")
    found = analyze_bandit(read_table(table), arm, outcome, columns, control)
    show(
        json,
        {
            "values": [vars(one) for one in found.values], "contrasts": [vars(one) for one in found.contrasts],
            "notes": list(found.notes),
        },
        found.summary(),
    )  # fmt: skip
