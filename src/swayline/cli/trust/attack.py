"""``swayline trust attack``: what bought accounts would gain here, and what defences take back."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.output import TableOut, show
from swayline.cli.shared.reading import EventsArgument, ItemsAndUsers, Said, read, reads


@dataclass(frozen=True)
class Staged:
    """The attack."""

    model: Annotated[str, typer.Option("--model", help="Whose lists are attacked.")] = "item-knn"
    kind: Annotated[str, typer.Option("--kind", help="random, average, bandwagon, segment, reverse or copy.")] = (
        "average"
    )
    share: Annotated[
        float, typer.Option("--share", min=0.0001, max=0.5, help="Attack profiles, as a share of the people.")
    ] = 0.03
    target: Annotated[
        str | None, typer.Option("--target", help="The attacked item; drawn by default.", show_default=False)
    ] = None
    targets: Annotated[int, typer.Option("--targets", min=1, max=100, help="Items attacked in turn.")] = 3
    defence: Annotated[
        list[str] | None,
        typer.Option(
            "--defence", help="quarantine, trimming, cap; all by default; again for each.", show_default=False
        ),
    ] = None
    k: options.K = 10


@reads("items", "users")
def attack(
    events: EventsArgument,
    staged: Staged = Staged(),
    settings: options.Set = None,
    out: TableOut = Path("attack.parquet"),
    sides: ItemsAndUsers = ItemsAndUsers(),
    seed: options.Seed = 0,
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:
    """Write an attack into a copy of the log: how often the attacked item is shown, with and without defences."""
    from swayline.core.storage.outputs import claim_file
    from swayline.core.storage.tables import write_table
    from swayline.engine import DuckEngine
    from swayline.trust.attack import DEFENCES, AttackPlan, measure_attack

    claim_file(out, "trust attack", (events, *vars(sides).values()), ending.force)
    wanted = tuple(dict.fromkeys(("none", *(staged.defence or DEFENCES))))
    plan = AttackPlan(
        staged.model, staged.kind, staged.share, staged.target, staged.targets, staged.k, wanted,
        options.settings_of(settings), seed,
    )  # fmt: skip
    with DuckEngine() as engine:
        log = read(events, reading, engine, **vars(sides))
        found = measure_attack(engine, log, plan)
    write_table(out, found.table, "trust attack")
    rows = found.table.to_pylist()
    result = {"out": str(out), "targets": list(found.targets), "defences": rows}
    lines = [
        f"{plan.kind} attack of {plan.share:.1%} on {len(found.targets)} item{'s' * (len(found.targets) > 1)} of "
        f"{plan.model}: shown to {rows[0]['shown_before']:.2%} of people in lists of {plan.k} before",
        *(_line(row) for row in rows),
    ]
    show(ending.json, result, [*lines, f"written: {out}"])


def _line(row: dict[str, Any]) -> str:
    name = "undefended" if row["defence"] == "none" else row["defence"]
    text = f"{name}: {row['shown_after']:.2%}, gained {row['lift']:+.2%} [{row['ci_low']:+.2%}, {row['ci_high']:+.2%}]"
    if row["defence"] == "none":
        return text + f"; mean place from {row['place_before']:.0%} to {row['place_after']:.0%} of the catalogue"
    for cut, of in ((row["cut"], "the gain"), (row["rise_cut"], "the rise in the whole ranking")):
        text += f"; {cut:.0%} of {of} cut" if cut is not None else f"; no {of.removeprefix('the ')} to cut"
    if row["caught"] or row["people_held_back"]:
        text += (
            f"; {row['caught']:,} of {row['attackers']:,} profiles caught, "
            f"{row['people_held_back']:,} real people held back"
        )
    return text
