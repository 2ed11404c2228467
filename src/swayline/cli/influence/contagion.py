"""``swayline influence contagion``: whether a tie's act brings mine, or ties only like the same things."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.influence.shared import Out, fit_to, result
from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.outcome import Outcome
from swayline.cli.shared.output import show
from swayline.cli.shared.reading import EventsArgument, Items, Said, TiesNeeded, reads
from swayline.core.storage.outputs import claim_file


@dataclass(frozen=True)
class Question:
    """What may be brought about, by what of whom, within how long."""

    outcome: Outcome = None
    treatment: Annotated[
        list[str] | None,
        typer.Option("--treatment", help="What ties did; by default the outcome; may be repeated.", show_default=False),
    ] = None
    horizon: Annotated[
        str | None,
        typer.Option(
            "--horizon", help="The outcome counts within: 7d, or one tick of a coarser clock.", show_default=False
        ),
    ] = None
    unseen: Annotated[
        list[str] | None,
        typer.Option(
            "--unseen", help="A category that ties cannot see (a placebo); may be repeated.", show_default=False
        ),
    ] = None


@dataclass(frozen=True)
class Estimation:
    """How it is estimated."""

    learner: Annotated[str, typer.Option("--learner", help="linear (seconds), auto or boosting (minutes).")] = "linear"
    most_exposures: Annotated[
        int | None,
        typer.Option(
            "--most-exposures",
            min=100,
            max=10_000_000,
            help="Above so many some are drawn by the seed.",
            show_default=False,
        ),
    ] = None
    by_person: Annotated[
        bool, typer.Option("--by-person", help="Also a row for each person: how much their acts move who sees them.")
    ] = False


@reads("items", "ties")
def contagion(
    events: EventsArgument,
    ties: TiesNeeded,
    question: Question = Question(),
    estimation: Estimation = Estimation(),
    items: Items = None,
    seed: options.Seed = 0,
    out: Out = Path("influence.parquet"),
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:
    """Contagion or likeness: what a tie's act on an item does to mine, naive beside adjusted, with placebos."""
    from swayline.influence.contagion import Contagion
    from swayline.ledger import write_ledger

    asked = Contagion(
        question.outcome, question.horizon, behaviors=question.treatment, unseen=question.unseen or (),
        learner=estimation.learner, most_exposures=estimation.most_exposures, by_person=estimation.by_person,
        seed=seed,
    )  # fmt: skip
    asked.check_words()
    claim_file(out, "influence contagion", (events, ties, items), ending.force)
    fit_to(asked, events, reading, items=items, ties=ties)
    write_ledger(asked.ledger_, out, "influence contagion")
    claims = {"claimed": {one.behavior: one.claimed for one in asked.answers_}, "horizon_s": asked.horizon_s_}
    show(ending.json, result(asked.ledger_, out) | claims, [*asked.in_words(), f"written: {out}"])
