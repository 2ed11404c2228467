"""``swayline influence strangers``: what reviews of people one is not tied to do, and authors' reach."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.influence.shared import Out, result
from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.outcome import Outcome, told_outcome
from swayline.cli.shared.output import show
from swayline.cli.shared.reading import EventsArgument, Items, Said, Ties, read, reads
from swayline.core.storage.outputs import claim_file


@dataclass(frozen=True)
class Question:
    """What may be moved, by which words of strangers, compared among whom."""

    outcome: Outcome = None
    reviews: Annotated[
        list[str] | None,
        typer.Option(
            "--reviews",
            help="Behaviour whose value others can read; by default rate and review; may be repeated.",
            show_default=False,
        ),
    ] = None
    horizon: Annotated[
        str | None,
        typer.Option(
            "--horizon", help="The outcome counts within: 7d, or one tick of a coarser clock.", show_default=False
        ),
    ] = None
    within: Annotated[
        str | None,
        typer.Option(
            "--within",
            help="People who came to one item within it are compared: 1d, or 30 ticks of a coarse clock.",
            show_default=False,
        ),
    ] = None
    author: Annotated[str, typer.Option("--author", help="Column of the items table: whose they are.")] = "author"


@reads("items", "ties")
def strangers(
    events: EventsArgument,
    question: Question = Question(),
    items: Items = None,
    ties: Ties = None,
    seed: options.Seed = 0,
    out: Out = Path("influence.parquet"),
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:
    """Strangers: what the reviews on top do to the next person, by who wrote them; acts on items as authors' reach."""
    from swayline.influence.strangers import Strangers
    from swayline.ledger import write_ledger

    asked = Strangers(
        question.outcome, reviews=question.reviews or (), horizon=question.horizon, within=question.within,
        author=question.author, seed=seed,
    )  # fmt: skip
    asked.check_words()
    claim_file(out, "influence strangers", (events, ties, items), ending.force)
    log = read(events, reading, items=items, ties=ties)
    asked.outcome = told_outcome(log, asked.outcome)
    asked.fit(log)
    write_ledger(asked.ledger_, out, "influence strangers")
    claimed = None if asked.reading_ is None else asked.reading_.claimed
    more = {"claimed": claimed, "notes": list(asked.notes_), "horizon_s": asked.horizon_s_, "within_s": asked.within_s_}
    show(ending.json, result(asked.ledger_, out) | more, [*asked.in_words(), f"written: {out}"])
