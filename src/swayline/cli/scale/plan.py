"""``swayline plan``: machines, memory, disk and network for a log of some size, from measured costs."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.output import json_path, show
from swayline.core.errors import UsageError

if TYPE_CHECKING:
    from swayline.pipeline.capacity import Capacity, Costs


def _option(name: str, about: str) -> Any:
    return typer.Option(name, min=1.0, max=1e15, help=about, show_default=False)


@dataclass(frozen=True)
class Load:
    """What is planned for."""

    people: Annotated[float | None, _option("--people", "How many people.")] = None
    items: Annotated[float | None, _option("--items", "How many items.")] = None
    events_a_day: Annotated[float | None, _option("--events-a-day", "How many events a day.")] = None
    days: Annotated[
        float, typer.Option("--days", min=0.01, max=36_500.0, help="Days of history that batch stages read.")
    ] = 90.0
    epochs: Annotated[float, typer.Option("--epochs", min=0.01, max=10_000.0, help="Epochs of training.")] = 10.0
    hours: Annotated[
        float, typer.Option("--hours", min=0.01, max=8_760.0, help="Within which all batch stages are done.")
    ] = 8.0
    lists_a_day: Annotated[
        float, typer.Option("--lists-a-day", min=1e-4, max=10_000.0, help="Lists of ten a person and day.")
    ] = 1.0
    peak: Annotated[float, typer.Option("--peak", min=1.0, max=1_000.0, help="Busiest second over the mean one.")] = 3.0


@dataclass(frozen=True)
class Machine:
    """One machine, and what its work costs."""

    cores: Annotated[float, typer.Option("--cores", min=1.0, max=4_096.0, help="Cores of one machine.")] = 16.0
    memory_gb: Annotated[
        float, typer.Option("--memory-gb", min=0.5, max=100_000.0, help="Memory of one machine, GB.")
    ] = 64.0
    costs: Annotated[
        Path | None,
        typer.Option("--costs", help="Costs measured on your machine (--calibrate wrote them).", show_default=False),
    ] = None
    calibrate: Annotated[
        Path | None,
        typer.Option(
            "--calibrate", callback=lambda path: path and json_path(path), show_default=False,
            help="Measure this machine (some minutes) and write its costs to this JSON file.",
        ),
    ] = None  # fmt: skip


@option_groups
def plan(load: Load = Load(), machine: Machine = Machine(), ending: Ending = Ending()) -> None:
    """Say how many machines, how much memory, disk and network a log of some size takes, from measured costs."""
    from swayline.pipeline.capacity import Asked, Costs, capacity

    if machine.calibrate is not None:
        _calibrate(machine.calibrate, ending)
        return
    needed = {"--people": load.people, "--items": load.items, "--events-a-day": load.events_a_day}
    if missing := [name for name, value in needed.items() if value is None]:
        raise UsageError(f"{', '.join(missing)} is missing: swayline plan --people 1e6 --items 1e5 --events-a-day 1e7")
    asked = Asked(**vars(load), cores=machine.cores, memory_gb=machine.memory_gb)
    costs = Costs.packaged() if machine.costs is None else Costs.read(machine.costs)
    found = capacity(asked, costs)
    result = found.as_json() | {"costs": {"machine": costs.machine, "date": costs.date, "checks": list(costs.checks)}}
    show(ending.json, result, _in_words(found, costs))


def _calibrate(path: Path, ending: Ending) -> None:
    """Measure and write."""
    from swayline.core.storage.files import write_json
    from swayline.core.storage.outputs import claim_file, note_output
    from swayline.pipeline.capacity.calibrate import calibrate

    claim_file(path, "plan", (), ending.force, option="--calibrate")
    costs = calibrate()
    write_json(path, costs.as_json())
    note_output(path, "plan")
    show(ending.json, costs.as_json(), [*_checks(costs), f"written: {path}", f"use it: swayline plan … --costs {path}"])


def _in_words(found: "Capacity", costs: "Costs") -> list[str]:
    """The table, what it rests on, and how far it missed."""
    lines = [f"{'stage':<12} {'core hours':>12} {'memory':>10} {'disk':>10} {'network':>12} {'machines':>9}"]
    for one in found.needs:
        lines.append(
            f"{one.stage:<12} {one.cpu_hours:>12,.1f} {_bytes(one.memory_bytes):>10} {_bytes(one.disk_bytes):>10}"
            f" {_bytes(one.network_bytes_s) + '/s':>12} {one.machines:>9,}"
        )
    lines.append(
        f"machines at once: {found.machines:,} of {found.asked.cores:g} cores and {found.asked.memory_gb:g} GB"
        " (batch stages in turn, serving beside them; core hours of serve are a day's)"
    )
    lines += [f"{one.stage}: {one.note}" for one in found.needs if one.note]
    return [*lines, *(f"assumed: {one}" for one in found.assumptions), *_checks(costs)]


def _checks(costs: "Costs") -> list[str]:
    """How far predictions missed runs that they were not fitted on."""
    return [
        f"checked: {one['stage']} of {one['events']:,} events took {one['cpu_s']:.2f} CPU s,"
        f" {_missed(one['cpu_s_predicted'], one['cpu_s'])} predicted; memory {_bytes(one['memory_bytes'])},"
        f" {_bytes(one['memory_bytes_predicted'])} predicted"
        for one in costs.checks
    ]


def _missed(predicted: float, measured: float) -> str:
    """A prediction with its error.

    >>> _missed(1.5, 1.0)
    '1.50 (+50%)'
    """
    return f"{predicted:.2f} ({predicted / measured - 1:+.0%})" if measured > 0 else f"{predicted:.2f}"


def _bytes(amount: float) -> str:
    """Bytes with the unit that fits.

    >>> _bytes(2.5e9), _bytes(800)
    ('2.5 GB', '800 B')
    """
    for size, unit in ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if amount >= size:
            return f"{amount / size:,.1f} {unit}"
    return f"{amount:.0f} B"
