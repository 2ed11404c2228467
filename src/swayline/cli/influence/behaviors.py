"""``swayline influence behaviors``: what each behaviour causes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.influence.shared import Graph, Instrument, Out, Propensity, fit_to, graph_text, result
from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.outcome import Outcome
from swayline.cli.shared.output import show
from swayline.cli.shared.reading import EventsArgument, Items, Said, reads
from swayline.core.storage.outputs import claim_file


@dataclass(frozen=True)
class Question:
    """Which behaviours move which outcome: in which stretches of the log, about what, and which effect."""

    treatment: Annotated[
        list[str], typer.Option("--treatment", help="A behaviour whose effect is asked; may be repeated.")
    ]
    outcome: Outcome = None
    window: Annotated[
        str | None,
        typer.Option("--window", help="Treated within: 1d, 27h; by default from the log.", show_default=False),
    ] = None
    horizon: Annotated[
        str | None, typer.Option("--horizon", help="Outcome within: 7d; by default from the log.", show_default=False)
    ] = None
    since: Annotated[
        str | None, typer.Option("--from", help="Only episodes that open from this date.", show_default=False)
    ] = None
    unit: Annotated[str, typer.Option("--unit", help="What an episode is about: item or category.")] = "item"
    estimand: Annotated[str, typer.Option("--estimand", help="ate, att or cate.")] = "ate"


@dataclass(frozen=True)
class Estimation:
    """What identifies the effect beside the controls of the log, and how it is estimated."""

    graph: Graph = None
    instrument: Instrument = None
    propensity: Propensity = None
    learner: Annotated[str, typer.Option("--learner", help="auto, linear (seconds), boosting (minutes) or forest.")] = (
        "auto"
    )
    state: Annotated[
        int,
        typer.Option(
            "--sequence-state", min=0, max=1000, help="Numbers of a sequence model's state to adjust for; needs --from."
        ),
    ] = 0


@reads("items")
def behaviors(
    events: EventsArgument,
    question: Question,
    estimation: Estimation = Estimation(),
    items: Items = None,
    seed: options.Seed = 0,
    out: Out = Path("influence.parquet"),
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:
    """What each behaviour causes: effects beside associations, with intervals, refutations and a verdict."""
    from swayline.causal.answer.words import in_words
    from swayline.influence.effects import BehaviorEffects
    from swayline.ledger import write_ledger

    effects = BehaviorEffects(
        question.treatment, question.outcome, window=question.window, horizon=question.horizon,
        from_date=question.since,
        unit=question.unit, estimand=question.estimand, graph=graph_text(estimation.graph),
        instrument=estimation.instrument, propensity=estimation.propensity, learner=estimation.learner,
        sequence_state=estimation.state, seed=seed,
    )  # fmt: skip
    effects.check_words()
    claim_file(out, "influence behaviors", (events, items, estimation.graph), ending.force)
    fit_to(effects, events, reading, items=items)
    write_ledger(effects.ledger_, out, "influence behaviors")
    show(ending.json, result(effects.ledger_, out), [*in_words(effects.ledger_), f"written: {out}"])
