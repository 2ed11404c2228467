"""``swayline influence table``: the effect of one column on another; with ties, of others' treatment too."""

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
class Network:
    """An experiment among people on ties: what of others' treatment reaches a person, and how it was drawn."""

    ties: Annotated[
        Path | None,
        typer.Option("--ties", help="Table of source and target: treatment may reach others so.", show_default=False),
    ] = None
    id: Annotated[str, typer.Option("--id", help="With --ties: column of the ids that ties name.")] = "user"
    exposure: Annotated[
        list[str] | None,
        typer.Option(
            "--exposure",
            help="With --ties: share (default), count, any, share>=0.5 or count>=2 of ties treated; may be repeated.",
            show_default=False,
        ),
    ] = None
    among: Annotated[
        str | None,
        typer.Option("--among", help="With --ties: column of 0 and 1: whose outcomes count.", show_default=False),
    ] = None
    strata: Annotated[
        str | None,
        typer.Option("--strata", help="With --ties: column within which the treatment was drawn.", show_default=False),
    ] = None
    assigned_by: Annotated[
        str | None,
        typer.Option("--assigned-by", help="With --ties: column by whose values it was drawn.", show_default=False),
    ] = None
    taken: Annotated[
        str | None,
        typer.Option(
            "--taken",
            help="With --ties: column of what was taken up; the treatment only encourages.",
            show_default=False,
        ),
    ] = None
    outside: Annotated[
        str, typer.Option("--outside", help="With --ties: people not in the table: drop, or untreated.")
    ] = "drop"
    draws: Annotated[
        int, typer.Option("--draws", min=19, max=100_000, help="With --ties: treatments drawn anew, for tests.")
    ] = 499


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
    network: Network = Network(),
    estimation: Estimation = Estimation(),
    seed: options.Seed = 0,
    out: Out = Path("influence.parquet"),
    ending: Ending = Ending(),
) -> None:
    """The effect of one column on another, from an experiment or from observation; with --ties, of ties' treatment."""
    from swayline.causal.answer.words import in_words
    from swayline.causal.effect import estimate_effect
    from swayline.causal.table.question import ESTIMANDS, LEARNERS
    from swayline.events import read_table
    from swayline.ledger import write_ledger

    for name, word, words in (("estimand", question.estimand, ESTIMANDS), ("learner", estimation.learner, LEARNERS)):
        if word not in words:
            raise UsageError(f"--{name} {shown(word)} is unknown: {nearest(word, words)}")
    claim_file(out, "influence table", (table, identification.graph, network.ties), ending.force)
    if network.ties is not None:
        _among_ties(table, question, identification, network, seed, out, ending)
        return
    if network != Network():
        raise UsageError("--exposure, --among, --strata, --assigned-by, --taken and --outside need --ties FILE")
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


def _among_ties(
    path: Path, question: Question, identification: Identification, network: Network, seed: int, out: Path,
    ending: Ending,
) -> None:  # fmt: skip
    """Direct and spillover effects of an experiment on a network."""
    from swayline.causal.interference import Design, estimate_network_effects
    from swayline.events import read_table
    from swayline.ledger import write_ledger

    for name, given in (
        ("--estimand", question.estimand != "ate"), ("--reference", question.reference),
        ("--propensity", identification.propensity), ("--graph", identification.graph),
        ("--instrument", identification.instrument),
    ):  # fmt: skip
        if given:
            raise UsageError(
                f"{name} does not go with --ties: effects of ties' treatment are over everybody with a tie"
            )
    design = Design(
        question.treatment, question.outcome, network.id, tuple(_names(question.controls) or ()), question.clusters,
        network.strata, network.assigned_by, network.among, network.taken,
        tuple(_names(identification.negative_controls) or ()), question.randomised,
    )  # fmt: skip
    assert network.ties is not None
    found = estimate_network_effects(
        read_table(path), read_table(network.ties), design, network.exposure or ("share",), outside=network.outside,
        draws=network.draws, seed=seed,
    )  # fmt: skip
    write_ledger(found.ledger, out, "influence table")
    show(
        ending.json, result(found.ledger, out) | {"notes": list(found.notes)},
        [*found.in_words(), f"written: {out}"],
    )  # fmt: skip


def _names(written: str | None) -> list[str] | None:
    """Columns written ``a,b,c``."""
    return [name.strip() for name in written.split(",") if name.strip()] if written is not None else None
