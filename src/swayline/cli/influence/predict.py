"""``swayline influence predict``: who will move others in the next days."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.influence.shared import fit_to
from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.outcome import Outcome
from swayline.cli.shared.output import show, table_path
from swayline.cli.shared.reading import EventsArgument, Items, Said, TiesNeeded, reads
from swayline.core.storage.outputs import claim_file


@dataclass(frozen=True)
class Question:
    """What of others counts, how far ahead, learned by which head."""

    outcome: Outcome = None
    horizon: Annotated[
        str | None,
        typer.Option("--horizon", help="How far ahead: 7d, or one tick of a coarser clock.", show_default=False),
    ] = None
    head: Annotated[str, typer.Option("--head", help="transformer, gru, cnn or mlp.")] = "transformer"
    beside: Annotated[
        list[str] | None,
        typer.Option("--beside", help="Another head, or trees, judged beside it; may be repeated.", show_default=False),
    ] = None


@reads("items", "ties")
def predict(
    events: EventsArgument,
    ties: TiesNeeded,
    question: Question = Question(),
    items: Items = None,
    seed: options.Seed = 0,
    out: Annotated[
        Path,
        typer.Option(
            "--out", callback=table_path,
            help="File to write: user, reach, ci_low, ci_high, influencer (.parquet, .csv, .jsonl).",
        ),
    ] = Path("reach.parquet"),
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:  # fmt: skip
    """How many acts of others each person will bring about, learned from behaviour and ties."""
    from swayline.core.storage.tables import write_table
    from swayline.influence.predictor import InfluencePredictor

    asked = InfluencePredictor(
        question.outcome, question.horizon, head=question.head, beside=tuple(question.beside or ()), seed=seed
    )
    asked.check_words()
    claim_file(out, "influence predict", (events, ties, items), ending.force)
    fit_to(asked, events, reading, items=items, ties=ties)
    write_table(out, asked.table_, "influence predict")
    told = {
        "out": str(out), "rows": len(asked.table_), "horizon_s": asked.horizon_s_, "people_judged": asked.tested_,
        "metrics": {name: _known(figures) for name, figures in asked.metrics_.items()},
        "above": asked.paired_, "top": asked.table_.slice(0, 100).to_pylist(),
    }  # fmt: skip
    show(ending.json, told, [*asked.in_words(), f"written: {out}"])


def _known(figures: dict[str, float]) -> dict[str, float | None]:
    """Figures that cannot be had (an AUC without any influencer) as null."""
    return {name: value if math.isfinite(value) else None for name, value in figures.items()}
