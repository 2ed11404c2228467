"""What each stage costs an event, an item, a person: read from a measured file, fitted from measured runs.

::

    CPU seconds   =  s_event · events + s_item · items + s_event_item · events · items
                     serve: s_person · people + s_pair · people · items
    memory        =  bytes_fixed + bytes_event · events + bytes_item · items
    disk          =  disk_event · events + disk_item · items

Stages: ``read`` (a log to checked, cleaned rows), ``histories`` (rows to sequences), ``neighbours`` (item neighbours
counted), ``train`` (one epoch of the sequence model), ``serve`` (lists of ten over the whole catalogue).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Self

import numpy as np
from scipy.optimize import nnls

from swayline.core.errors import ArtifactError, shown

STAGES = ("read", "histories", "neighbours", "train", "serve")
FORMAT = 1
_SMALL = 0.2
"""Of the largest run: memory that was reserved before is used again, so small amounts say little."""


@dataclass(frozen=True)
class Run:
    """One stage measured at one size."""

    stage: str
    events: int
    items: int
    people: int
    cpu_s: float
    memory_bytes: float
    disk_bytes: float


@dataclass(frozen=True)
class StageCost:
    """What a stage costs; seconds are of one core."""

    s_event: float = 0.0
    s_item: float = 0.0
    s_event_item: float = 0.0
    """Of training, whose every step moves the whole item table."""
    s_person: float = 0.0
    s_pair: float = 0.0
    bytes_fixed: float = 0.0
    bytes_event: float = 0.0
    bytes_item: float = 0.0
    disk_event: float = 0.0
    disk_item: float = 0.0

    def cpu_s(self, events: float, items: float, people: float) -> float:
        """Seconds of one core."""
        of_log = (self.s_event + self.s_event_item * items) * events + self.s_item * items
        return of_log + (self.s_person + self.s_pair * items) * people

    def memory_bytes(self, events: float, items: float) -> float:
        """Bytes held at once."""
        return self.bytes_fixed + self.bytes_event * events + self.bytes_item * items

    def disk_bytes(self, events: float, items: float) -> float:
        """Bytes written."""
        return self.disk_event * events + self.disk_item * items


@dataclass(frozen=True)
class Costs:
    """Every stage's cost, where and when it was measured, and how far it missed runs that it was not fitted on."""

    machine: str
    date: str
    stages: Mapping[str, StageCost]
    fitted_on: tuple[int, ...]
    """Events of the runs it was fitted on."""
    checks: tuple[Mapping[str, Any], ...]
    """Stage, events, predicted and measured CPU seconds and memory."""

    @classmethod
    def packaged(cls) -> Self:
        """Those that come with the package."""
        return cls.of_json(json.loads((resources.files(__package__) / "costs.json").read_text("utf-8")))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Those of a file that ``swayline plan --calibrate`` wrote.

        Raises
        ------
        ArtifactError
            It is no such file.
        """
        try:
            return cls.of_json(json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArtifactError(
                f"{path} holds no measured costs ({shown(error)}): write them with swayline plan --calibrate {path}"
            ) from None

    @classmethod
    def of_json(cls, found: dict[str, Any]) -> Self:
        """From what :meth:`as_json` gave.

        Raises
        ------
        ValueError
            It is of another format, or a cost is no number from 0.
        """
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']!r}")
        stages = {name: StageCost(**found["stages"][name]) for name in STAGES}
        for name, one in stages.items():
            if not all(isinstance(cost, int | float) and 0 <= cost < np.inf for cost in vars(one).values()):
                raise ValueError(f"a cost of {name} is no number from 0")
        return cls(found["machine"], found["date"], stages, tuple(found["fitted_on"]), tuple(found["checks"]))

    def as_json(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "format": FORMAT, "machine": self.machine, "date": self.date, "fitted_on": list(self.fitted_on),
            "stages": {name: asdict(one) for name, one in self.stages.items()},
            "checks": [dict(one) for one in self.checks],
        }  # fmt: skip


def fit_costs(runs: Sequence[Run], machine: str, date: str, checked: Sequence[int]) -> Costs:
    """Costs fitted on the runs, by non-negative least squares; those of ``checked`` sizes are predicted, not used."""
    stages = {
        name: _fitted([one for one in runs if one.stage == name and one.events not in checked]) for name in STAGES
    }
    checks = tuple(
        {
            "stage": one.stage, "events": one.events, "items": one.items,
            "cpu_s": one.cpu_s, "cpu_s_predicted": stages[one.stage].cpu_s(one.events, one.items, one.people),
            "memory_bytes": one.memory_bytes,
            "memory_bytes_predicted": stages[one.stage].memory_bytes(one.events, one.items),
        }
        for one in runs
        if one.events in checked
    )  # fmt: skip
    return Costs(machine, date, stages, tuple(sorted({one.events for one in runs} - set(checked))), checks)


def _fitted(runs: Sequence[Run]) -> StageCost:
    """One stage's costs."""
    stage = runs[0].stage
    events, items, people = (
        np.array([getattr(one, name) for one in runs], float) for name in ("events", "items", "people")
    )
    cpu, held, disk = ([getattr(one, name) for one in runs] for name in ("cpu_s", "memory_bytes", "disk_bytes"))
    if stage == "serve":
        seconds = dict(zip(("s_person", "s_pair"), _slopes([people, people * items], cpu), strict=True))
        return StageCost(**seconds, bytes_item=_slopes([items], held)[0], disk_item=_slopes([items], disk)[0])
    more = "s_event_item" if stage == "train" else "s_item"
    seconds = dict(
        zip(("s_event", more), _slopes([events, events * items if stage == "train" else items], cpu), strict=True)
    )
    fixed, of_event, of_item = _slopes([np.ones_like(events), events, items], held)
    disk_event, disk_item = _slopes([events, items], disk)
    return StageCost(
        **seconds, bytes_fixed=fixed, bytes_event=of_event, bytes_item=of_item,
        disk_event=disk_event, disk_item=disk_item,
    )  # fmt: skip


def _slopes(parts: Sequence[np.ndarray], total: Sequence[float]) -> list[float]:
    """What one of each part costs; relative errors count alike, but for runs that are small beside the largest."""
    amounts = np.array(total, float)
    weight = 1.0 / np.maximum(amounts, max(_SMALL * amounts.max(initial=0.0), 1e-12))
    if not amounts.any():
        return [0.0] * len(parts)
    return [float(one) for one in nnls(np.stack(parts, 1) * weight[:, None], amounts * weight)[0]]
