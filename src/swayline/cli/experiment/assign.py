"""``swayline experiment assign``: who gets which arm, one by one or by clusters of tied people."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.output import show, table_path
from swayline.cli.shared.words import weights
from swayline.core.errors import UsageError, nearest


@dataclass(frozen=True)
class Who:
    """Who is assigned, and what an earlier assignment decided."""

    users: Annotated[Path | None, typer.Option("--users", help="Table with a column user.", show_default=False)] = None
    ties: Annotated[
        Path | None,
        typer.Option("--ties", help="Table with source and target: clusters are assigned.", show_default=False),
    ] = None
    earlier: Annotated[
        Path | None, typer.Option("--earlier", help="An assignment that is kept and added to.", show_default=False)
    ] = None
    largest: Annotated[
        float,
        typer.Option("--largest", min=0.0, max=1.0, help="Largest share of all people that one cluster may hold."),
    ] = 0.02


@option_groups
def assign(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the experiment: decides who gets what.")],
    who: Who = Who(),
    arms: Annotated[str, typer.Option("--arms", help="Arms and their shares.")] = "control=1,new=1",
    seed: options.Seed = 0,
    out: Annotated[Path, typer.Option("--out", callback=table_path, help="Write user, cluster, arm here.")] = Path(
        "assignment.parquet"
    ),
    ending: Ending = Ending(),
) -> None:
    """Give everybody an arm that stays the same, and say how balanced arms are and what leaks between them."""
    from swayline.causal.experiments import assign_clusters, assign_people
    from swayline.core.names import USER
    from swayline.core.storage.outputs import claim_file
    from swayline.core.storage.tables import write_table
    from swayline.events import read_table

    if who.users is None and who.ties is None:
        raise UsageError("nobody is named: --users F (a column user), --ties F (source and target), or both")
    if who.earlier is not None and who.ties is None:
        raise UsageError("--earlier is for clusters; one by one, the name alone decides and nothing changes")
    claim_file(out, "experiment assign", (who.users, who.ties), ending.force)
    people: list[str] = []
    if who.users is not None:
        table = read_table(who.users)
        if USER not in table.column_names:
            raise UsageError(f"{who.users} has no column {USER!r}; {nearest(USER, table.column_names)}")
        people = [str(one) for one in table[USER].to_pylist() if one is not None]
    if who.ties is None:
        found = assign_people(people, weights(arms, "--arms"), name)
    else:
        earlier = read_table(who.earlier) if who.earlier is not None else None
        found = assign_clusters(
            read_table(who.ties), weights(arms, "--arms"), name, users=people, earlier=earlier,
            largest_share=who.largest, seed=seed,
        )  # fmt: skip
    write_table(out, found.table, "experiment assign")
    told = {
        "people": found.people, "clusters": found.clusters, "largest": found.largest, "kept": found.kept,
        "ties_inside": None if found.ties_inside != found.ties_inside else found.ties_inside,
        "by_chance": found.by_chance, "out": str(out),
    }  # fmt: skip
    show(ending.json, told, [*found.summary(), f"written: {out}"])
