"""``swayline anonymize``: what may be shared of a log, and how far it still gives people away."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.output import show
from swayline.cli.shared.reading import EventsArgument, ItemsAndUsers, Said, read, reads
from swayline.cli.shared.words import names


@dataclass(frozen=True)
class Coarseness:
    """What stays, and how coarse."""

    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep", metavar="COLUMN,…", help="Further columns that stay: age, users.age, items.category; again for"
            " more. Those of users are put into groups.", show_default=False,
        ),
    ] = None  # fmt: skip
    time_unit: Annotated[
        str | None,
        typer.Option("--time-unit", help="hour, day or week, UTC; the day where there are times.", show_default=False),
    ] = None
    place_digits: Annotated[
        int | None,
        typer.Option(
            "--place-digits", min=0, max=6, help="Keep lat and lon, with so many decimal places.", show_default=False
        ),
    ] = None
    k: Annotated[int, typer.Option("--k", min=2, max=1_000_000, help="People who must share a profile, from 2.")] = 5


@reads("items", "users")
def anonymize(
    events: EventsArgument,
    key_file: Annotated[
        Path,
        typer.Option(
            "--key-file", help="The secret (mode 600): made where missing, never changed.", show_default=False
        ),
    ],
    coarse: Coarseness = Coarseness(),
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")] = Path("anonymized"),
    sides: ItemsAndUsers = ItemsAndUsers(),
    seed: options.Seed = 0,
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:
    """Keyed ids, coarse times and places, profiles in groups of k, and a linkage attack tried on the result."""
    from swayline.trust.privacy import AnonymizePlan, anonymize_log, check_key_file, claim_out, write_anonymized

    keep = tuple(one for said in coarse.keep or () for one in names(said))
    plan = AnonymizePlan(keep, coarse.time_unit, coarse.place_digits, coarse.k, seed)
    check_key_file(key_file, out)
    claim_out(out, (events, *vars(sides).values(), key_file), ending.force)
    found = anonymize_log(read(events, reading, **vars(sides)), key_file, plan)
    files = write_anonymized(found, out)
    report = found.report
    result = report | {"out": str(out), "files": [str(one) for one in files]}
    show(ending.json, result, [*_lines(report), *(f"written: {one}" for one in files)])


def _lines(report: dict[str, Any]) -> list[str]:
    """What was done and found, a sentence each."""
    lines = []
    for name, columns in report["columns"].items():
        kept = ", ".join(one if how == "as it was" else f"{one} ({how})" for one, how in columns["kept"].items())
        dropped = f"; dropped: {', '.join(columns['dropped'])}" if columns["dropped"] else ""
        lines.append(f"{name}: {report['rows'][name]:,} rows of {kept}{dropped}")
    if report["profiles"] is not None:
        lines.append(_profiles(report["profiles"], report["k"]))
    lines += [_attack(row) for row in report["attack"]["rows"]]
    return [*lines, report["verdict"], *(f"note: {one}" for one in report["notes"])]


def _profiles(told: dict[str, Any], k: int) -> str:
    if told["groups"] is None:
        return "no profile column is kept: k has nothing to do"
    return (
        f"profiles: {told['groups']:,} groups, the smallest of {told['smallest_group']:,} (k = {k}); "
        f"{told['suppressed']:,} of {told['people']:,} people are taken out of the table of users"
    )


def _attack(row: dict[str, Any]) -> str:
    n = row["known"]
    words = f"{n} known event{'s' * (n > 1)}: "
    if not row["people"]:
        return f"{words}nobody has as many"
    few = f"; {row['too_few']:,} have fewer" if row["too_few"] else ""
    return (
        f"{words}{row['singled_out']:,} of {row['people']:,} people singled out, {row['unicity']:.1%}"
        f" [{row['ci_low']:.1%}, {row['ci_high']:.1%}]; {row['fewer_than_k']:.1%} among fewer than k{few}"
    )
