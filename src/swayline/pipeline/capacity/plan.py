"""Machines, memory, disk and network of each stage, from measured costs and what is asked.

References
----------
Gunther, "Guerrilla Capacity Planning", 2007 (costs measured small, carried to large sizes, with the error said).
"""

import math
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from pydantic import Field

from swayline.core.settings import checked
from swayline.pipeline.capacity.costs import Costs, StageCost

_DAY_S = 86_400.0
_LEAST_SHARE = 0.1
"""Of the hours, that a stage gets however little it computes."""
_SHARDED = ("read", "histories", "neighbours")
"""Stages that can be cut by person or file, so that memory is shared by machines."""
_ROW_BYTES = 40.0
"""Of an event on the wire: user, item, behaviour, time as compressed Parquet or protocol rows, at most."""
_LIST_BYTES = 400.0
"""Of a list of ten with scores, as JSON."""

Positive = Annotated[float, Field(gt=0, le=1e15)]


@checked
@dataclass(frozen=True)
class Asked:
    """What is planned for.

    Parameters
    ----------
    people, items, events_a_day : float
        How many.
    days : float
        Of history that batch stages read.
    epochs : float
        That training takes.
    hours : float
        Within which all batch stages are done, one after the other.
    lists_a_day : float
        Lists of ten a person, spread over the day with a peak.
    peak : float
        Busiest second over the mean one.
    cores, memory_gb : float
        Of one machine.
    """

    people: Positive
    items: Positive
    events_a_day: Positive
    days: Positive = 90.0
    epochs: Positive = 10.0
    hours: Positive = 8.0
    lists_a_day: Positive = 1.0
    peak: Positive = 3.0
    cores: Positive = 16.0
    memory_gb: Positive = 64.0


@dataclass(frozen=True)
class Need:
    """What one stage takes."""

    stage: str
    cpu_hours: float
    """Of one core; of ``serve`` those of a day."""
    memory_bytes: float
    disk_bytes: float
    network_bytes_s: float
    machines: int
    note: str = ""


@dataclass(frozen=True)
class Capacity:
    """The needs of every stage, and what they rest on."""

    asked: Asked
    needs: tuple[Need, ...]
    assumptions: tuple[str, ...]

    @property
    def machines(self) -> int:
        """At once: batch stages follow each other, serving runs beside them."""
        batch = max(one.machines for one in self.needs if one.stage != "serve")
        return batch + sum(one.machines for one in self.needs if one.stage == "serve")

    def as_json(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "asked": asdict(self.asked), "stages": [asdict(one) for one in self.needs], "machines": self.machines,
            "assumptions": list(self.assumptions),
        }  # fmt: skip


def capacity(asked: Asked, costs: Costs) -> Capacity:
    """Machines, memory, disk and network per stage.

    Each batch stage gets the share of ``hours`` that its CPU time is of all of theirs, a tenth at least, since they are
    done in turn.
    """
    events = asked.events_a_day * asked.days
    times = {"train": asked.epochs}
    batch = {name: one for name, one in costs.stages.items() if name != "serve"}
    seconds = {name: one.cpu_s(events, asked.items, asked.people) * times.get(name, 1.0) for name, one in batch.items()}
    shares = {name: max(_LEAST_SHARE, one / max(sum(seconds.values()), 1e-12)) for name, one in seconds.items()}
    hours = {name: asked.hours * one / sum(shares.values()) for name, one in shares.items()}
    needs = [_batch(name, batch[name], seconds[name], hours[name], events, asked) for name in batch]
    return Capacity(asked, (*needs, _serve(costs.stages["serve"], asked)), _assumptions(asked, costs, events))


def _batch(name: str, cost: StageCost, cpu_s: float, hours: float, events: float, asked: Asked) -> Need:
    """The need of a stage that reads the whole history."""
    memory, most = cost.memory_bytes(events, asked.items), asked.memory_gb * 1e9
    machines, note = max(1, math.ceil(cpu_s / (hours * 3600 * asked.cores))), ""
    if name in _SHARDED:
        machines = max(machines, math.ceil(memory / most))
    elif (table := cost.bytes_item * asked.items) > most:
        note = f"the item table alone takes {table / 1e9:,.0f} GB, more than a machine has: its rows must be shared out"
        machines = max(machines, math.ceil(table / most))
    else:
        machines = max(machines, math.ceil((memory - table) / max(most - table, 1.0)))
    moved = events * _ROW_BYTES / (hours * 3600)
    return Need(name, cpu_s / 3600, memory, cost.disk_bytes(events, asked.items), moved, machines, note)


def _serve(cost: StageCost, asked: Asked) -> Need:
    """The need of lists, asked all day."""
    lists = asked.people * asked.lists_a_day
    cpu_s = cost.cpu_s(0.0, asked.items, lists)
    memory = cost.memory_bytes(0.0, asked.items)
    busy = cpu_s * asked.peak / _DAY_S  # cores at the peak
    most, note = asked.memory_gb * 1e9, ""
    if memory > most:
        note = f"the catalogue takes {memory / 1e9:,.0f} GB, more than a machine has: its rows must be shared out"
    machines = max(1, math.ceil(busy / asked.cores), math.ceil(memory / most))
    network = (lists * _LIST_BYTES + asked.events_a_day * _ROW_BYTES) * asked.peak / _DAY_S
    return Need("serve", cpu_s / 3600, memory, cost.disk_bytes(0.0, asked.items), network, machines, note)


def _assumptions(asked: Asked, costs: Costs, events: float) -> tuple[str, ...]:
    """What the figures rest on, in sentences."""
    largest = max([*costs.fitted_on, *(int(one["events"]) for one in costs.checks)])
    told = [
        f"costs were measured on {costs.machine} on {costs.date}, on runs of {_list(costs.fitted_on)} events",
        f"batch stages read {asked.days:,.0f} days, {events:.2g} events, and are done in turn within {asked.hours:g} h",
        f"training takes {asked.epochs:g} epochs and scales with processes as one core does: what they say to each"
        " other is not counted",
        f"everybody asks for {asked.lists_a_day:g} lists of ten a day over the whole catalogue, {asked.peak:g} times as"
        " many in the busiest second",
        "memory of read, histories and neighbours is shared by machines, each with its own people",
    ]
    if events > largest:
        told.append(
            f"nothing above {largest:,} events was measured: {events / largest:,.0f} times that is extrapolated"
        )
    return tuple(told)


def _list(sizes: tuple[int, ...]) -> str:
    return " and ".join(f"{size:,}" for size in sizes)
