"""``swayline experiment long-term``: effects on outcomes that are not in yet, by a surrogate index."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.output import show, table_path
from swayline.cli.shared.words import finite, names


@dataclass(frozen=True)
class Tables:
    """The log that knows both outcomes, and the columns."""

    past: Annotated[Path, typer.Option("--past", help="A log with surrogates and the long-term outcome.")]
    arm: Annotated[str, typer.Option("--arm", help="Column of the arm.")]
    outcome: Annotated[str, typer.Option("--outcome", help="The long-term outcome.")]
    surrogates: Annotated[str, typer.Option("--surrogates", help="Short-term outcomes in both tables: a,b.")]
    covariates: Annotated[
        str | None, typer.Option("--covariates", help="Columns known before, in both tables.", show_default=False)
    ] = None
    control: Annotated[str | None, typer.Option("--control", help="The arm compared with.", show_default=False)] = None
    clusters: Annotated[
        str | None, typer.Option("--clusters", help="Column of a larger randomised unit.", show_default=False)
    ] = None


@option_groups
def long_term(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="The experiment.", show_default=False)],
    tables: Tables,
    out: Annotated[
        Path | None, typer.Option("--out", callback=table_path, help="Write ledger rows here.", show_default=False)
    ] = None,
    ending: Ending = Ending(),
) -> None:
    """Carry short-term effects to a long-term outcome through a log that knows both."""
    from swayline.causal.experiments import Design, surrogate_effects
    from swayline.core.storage.outputs import claim_file
    from swayline.events import read_table
    from swayline.ledger import ledger, write_ledger

    if out is not None:
        claim_file(out, "experiment long-term", (table, tables.past), ending.force)
    design = Design(
        tables.arm, control=tables.control, clusters=tables.clusters, covariates=names(tables.covariates)
    )  # fmt: skip
    found = surrogate_effects(
        read_table(table), read_table(tables.past), tables.outcome, names(tables.surrogates), design
    )  # fmt: skip
    if out is not None:
        several = len(found) > 1
        rows = [one.row(f"{tables.arm}={one.arm}" if several else tables.arm) for one in found]
        write_ledger(ledger(rows), out, "experiment long-term")
    show(
        ending.json,
        {"effects": [finite(vars(one)) for one in found]},
        [*(one.words() for one in found), *([f"written: {out}"] if out else [])],
    )
