"""``swayline influence people``: who sways whom along known ties."""

from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.influence.shared import Out, result
from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.outcome import Outcome, told_outcome
from swayline.cli.shared.output import show
from swayline.cli.shared.reading import EventsArgument, Said, read, reads
from swayline.core.storage.outputs import claim_file


@reads("ties")
def people(
    events: EventsArgument,
    ties: Annotated[str, typer.Option("--ties", help="Who can influence whom: source, target.")],
    outcome: Outcome = None,
    max_radius: Annotated[
        float | None,
        typer.Option(
            "--max-radius",
            min=0.0,
            max=1.0,
            help="Hold the branching stable: a spectral radius of at most this, say .95.",
            show_default=False,
        ),
    ] = None,
    seed: options.Seed = 0,
    out: Out = Path("influence.parquet"),
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:
    """Who sways whom: acts of others that follow because of one act, along each tie, with intervals."""
    from swayline.influence.network import PeopleInfluence
    from swayline.ledger import write_ledger

    claim_file(out, "influence people", (events, ties), ending.force)
    log = read(events, reading, ties=ties)
    found = PeopleInfluence(told_outcome(log, outcome), max_radius=max_radius, seed=seed).fit(log)
    write_ledger(found.ledger_, out, "influence people")
    told = found.ledger_.to_pandas()
    whole = told[told["estimand"] == "excitation"]
    rows = whole[whole["estimate"].notna()].sort_values("ci_low", ascending=False).head(10)
    lines = [
        f"{row.cause} → {row.effect}: {row.estimate:.3f} acts per act [{row.ci_low:.3f}, {row.ci_high:.3f}]"
        for row in rows.itertuples()
    ]
    if silent := int(whole["estimate"].isna().sum()):
        strangers = int((~found.read_.known).sum())
        lines.append(
            f"{silent:,} of {len(whole):,} ties say nothing: their source never did {found.outcome_!r}, "
            f"or they name people who are not in the log ({strangers:,} ties)"
        )
    radius = {"radius": found.radius_, "free_radius": found.free_radius_}
    show(ending.json, result(found.ledger_, out) | radius, [*lines, found.stability(), f"written: {out}"])
