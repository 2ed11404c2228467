"""``swayline influence spread``: whom to start with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.model_folder import user_ids
from swayline.cli.shared.output import show, table_path
from swayline.core.errors import UsageError, nearest, shown
from swayline.core.storage.outputs import claim_file
from swayline.core.time import parse_duration_s

SPREAD_MODELS = ("independent-cascade", "linear-threshold")


@dataclass(frozen=True)
class Choice:
    """How many people, at what price, and what counts as reach."""

    budget: Annotated[
        float, typer.Option("--budget", min=0.0, max=1e15, help="How many people to start with, or what they may cost.")
    ] = 50
    model: Annotated[str, typer.Option("--model", help="independent-cascade or linear-threshold.")] = (
        "independent-cascade"
    )
    costs: Annotated[
        Path | None, typer.Option("--costs", help="Table of user and cost; one for all others.", show_default=False)
    ] = None
    audience: Annotated[
        Path | None,
        typer.Option("--audience", help="File of user ids: only reaching these counts.", show_default=False),
    ] = None
    deadline: Annotated[
        str | None, typer.Option("--deadline", help="Count only who is reached in time: 7d.", show_default=False)
    ] = None


@option_groups
def spread(
    influence: Annotated[
        Path, typer.Argument(metavar="INFLUENCE", help="Table that influence people wrote.", show_default=False)
    ],
    choice: Choice = Choice(),
    seed: options.Seed = 0,
    out: Annotated[
        Path,
        typer.Option(
            "--out", callback=table_path, help="File to write: rank, user, gain, spread (.parquet, .csv, .jsonl)."
        ),
    ] = Path("seeds.parquet"),
    ending: Ending = Ending(),
) -> None:
    """Whom to start with so that influence reaches furthest."""
    from swayline.core.storage.tables import write_table
    from swayline.influence.diffusion import spread_from_ledger
    from swayline.ledger import read_ledger

    if choice.model not in SPREAD_MODELS:
        raise UsageError(f"--model {shown(choice.model)} is unknown: {nearest(choice.model, SPREAD_MODELS)}")
    deadline_s = parse_duration_s(choice.deadline) if choice.deadline else None
    claim_file(out, "influence spread", (influence, choice.costs, choice.audience), ending.force)
    found = spread_from_ledger(
        read_ledger(influence), choice.budget, model=choice.model, costs=_costs(choice.costs), seed=seed,
        audience=user_ids(choice.audience) if choice.audience else None, deadline_s=deadline_s,
    )  # fmt: skip
    write_table(out, found.table, "influence spread")
    rows = found.table.to_pylist()
    lines = [f"{row['rank']:>3}  {row['user']}  +{row['gain']:.2f}  reaches {row['spread']:.2f}" for row in rows[:10]]
    surely = found.seeds.guarantee
    show(
        ending.json,
        {"out": str(out), "seeds": rows, "guarantee": surely},
        [*lines, f"surely {100 * surely:.0f}% of the best possible reach", f"written: {out}"],
    )


def _costs(path: Path | None) -> dict[str, float] | None:
    """Price of each user in a table of ``user`` and ``cost``."""
    if path is None:
        return None
    from swayline.events import read_table

    table = read_table(path)
    missing = [name for name in ("user", "cost") if name not in table.column_names]
    if missing:
        raise UsageError(f"--costs {path} has no column {', '.join(missing)}: it needs user and cost")
    return dict(zip(map(str, table["user"].to_pylist()), map(float, table["cost"].to_pylist()), strict=True))
