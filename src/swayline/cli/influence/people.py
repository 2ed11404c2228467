"""``swayline influence people``: who sways whom along known ties."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swayline.cli.influence.shared import Out, result
from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.outcome import Outcome, told_outcome
from swayline.cli.shared.output import show
from swayline.cli.shared.reading import EventsArgument, Said, TiesNeeded, read, reads
from swayline.core.storage.outputs import claim_file

if TYPE_CHECKING:
    from swayline.ledger.standing import Standing


@reads("ties")
def people(
    events: EventsArgument,
    ties: TiesNeeded,
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
    from swayline.ledger.standing import standing_ties

    claim_file(out, "influence people", (events, ties), ending.force)
    log = read(events, reading, ties=ties)
    found = PeopleInfluence(told_outcome(log, outcome), max_radius=max_radius, seed=seed).fit(log)
    write_ledger(found.ledger_, out, "influence people")
    standing = standing_ties(found.ledger_)
    whole = found.ledger_.to_pandas()
    whole = whole[whole["estimand"] == "excitation"]
    lines = [
        f"{row.cause} → {row.effect}: {row.estimate:.3f} acts per act [{row.ci_low:.3f}, {row.ci_high:.3f}]"
        f"{'' if stands else ', not claimed'}"
        for row, stands in zip(standing.rows.slice(0, 10).to_pandas().itertuples(), standing.stands, strict=False)
    ]
    lines.append(_claimed(standing))
    if silent := int(whole["estimate"].isna().sum()):
        strangers = int((~found.read_.known).sum())
        lines.append(
            f"{silent:,} of {len(whole):,} ties say nothing: their source never did {found.outcome_!r}, "
            f"or they name people who are not in the log ({strangers:,} ties)"
        )
    radius = {"radius": found.radius_, "free_radius": found.free_radius_}
    claims = {
        "claimed": int(standing.stands.sum()), "asked": standing.asked, "failed_checks": dict(standing.failed),
    }  # fmt: skip
    show(ending.json, result(found.ledger_, out) | radius | claims, [*lines, found.stability(), f"written: {out}"])


def _claimed(standing: "Standing") -> str:
    """How many ties are claimed, of how many, and what of the model failed."""
    if standing.failed:
        failed = ", ".join(f"{name} ({figure:.3g})" for name, figure in standing.failed.items())
        return f"no tie is claimed: the model fails {failed}"
    from swayline.ledger.standing import FALSE_SHARE

    return (
        f"{int(standing.stands.sum()):,} of the {standing.asked:,} ties asked are claimed: at most {FALSE_SHARE:.0%} of"
        " such claims are expected to be false"
    )
