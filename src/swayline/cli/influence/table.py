"""``swayline influence table``: the effect of one column on another."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.influence.shared import Graph, Instrument, Out, Propensity, graph_text, result
from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.output import show
from swayline.core.errors import UsageError, nearest, shown
from swayline.core.storage.outputs import claim_file


@dataclass(frozen=True)
class Question:
    """Which column moves which, among which rows."""

    treatment: Annotated[str, typer.Option("--treatment", help="Column of the treatment.")]
    outcome: Annotated[str, typer.Option("--outcome", help="Column of the outcome.")]
    controls: Annotated[
        str | None,
        typer.Option("--controls", help="Columns known before: a,b,c; by default all others.", show_default=False),
    ] = None
    estimand: Annotated[str, typer.Option("--estimand", help="ate, att or cate.")] = "ate"
    clusters: Annotated[
        str | None, typer.Option("--clusters", help="Column whose rows depend on each other.", show_default=False)
    ] = None
    randomised: Annotated[bool, typer.Option("--randomised", help="The treatment was drawn at random.")] = False
    reference: Annotated[str | None, typer.Option("--reference", help="The arm compared with.", show_default=False)] = (
        None
    )


@dataclass(frozen=True)
class Identification:
    """What identifies the effect, beside the controls."""

    propensity: Propensity = None
    graph: Graph = None
    instrument: Instrument = None
    negative_controls: Annotated[
        str | None,
        typer.Option(
            "--negative-controls",
            help="Outcome columns that the treatment cannot have caused: a,b,c.",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True)
class Estimation:
    """How it is estimated, and what is set beside it."""

    learner: Annotated[str, typer.Option("--learner", help="auto, linear, boosting, gaussian or forest.")] = "auto"
    beside: Annotated[bool, typer.Option("--beside", help="Add the estimates of EconML and DoWhy.")] = False


@option_groups
def table(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="CSV, TSV, Parquet or Stata: a row a unit.", show_default=False)
    ],
    question: Question,
    identification: Identification = Identification(),
    estimation: Estimation = Estimation(),
    seed: options.Seed = 0,
    out: Out = Path("influence.parquet"),
    ending: Ending = Ending(),
) -> None:
    """The effect of one column on another, from an experiment or from observation."""
    from swayline.causal.answer.words import in_words
    from swayline.causal.effect import estimate_effect
    from swayline.causal.table.question import ESTIMANDS, LEARNERS
    from swayline.events import read_table
    from swayline.ledger import write_ledger

    for name, word, words in (("estimand", question.estimand, ESTIMANDS), ("learner", estimation.learner, LEARNERS)):
        if word not in words:
            raise UsageError(f"--{name} {shown(word)} is unknown: {nearest(word, words)}")
    claim_file(out, "influence table", (table, identification.graph), ending.force)
    found = estimate_effect(
        read_table(table), question.treatment, question.outcome, _names(question.controls),
        estimand=question.estimand, clusters=question.clusters, reference=question.reference,
        randomised=question.randomised, propensity=identification.propensity, learner=estimation.learner,
        negative_controls=_names(identification.negative_controls) or (), graph=graph_text(identification.graph),
        instrument=identification.instrument, beside=estimation.beside, seed=seed,
    )  # fmt: skip
    write_ledger(found.ledger, out, "influence table")
    show(
        ending.json,
        result(found.ledger, out) | {"notes": list(found.notes)},
        [*in_words(found.ledger), *found.notes, f"written: {out}"],
    )


def _names(written: str | None) -> list[str] | None:
    """Columns written ``a,b,c``."""
    return [name.strip() for name in written.split(",") if name.strip()] if written is not None else None
