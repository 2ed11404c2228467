"""A measure of people, apart for groups, and the gap between the groups.

Shapes: Q people asked, G groups told.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayline.core.rng import generator
from swayline.core.types import Bools, Ints
from swayline.numerics.multiple_testing import q_values
from swayline.trust.fairness.chance import Drawn, Gap, draw_groups, gap_of, mean_interval
from swayline.trust.fairness.groups import Groups
from swayline.trust.fairness.plan import (
    ALIKE,
    DIFFERS,
    EVERYBODY,
    MEASURED,
    MISSING,
    NO_VALUE,
    TOO_FEW,
    Row,
    row,
)

Values = npt.NDArray[np.float64]
_LEVEL = 0.05


@dataclass(frozen=True)
class Measure:
    """A figure of every person.

    Parameters
    ----------
    name : str
    values : (Q,) float
        NaN where a person has none.
    hits : (Q,) bool, optional
        On whom it rests where it is of rare events.
    bounds : tuple of float
        Between which it lies.
    """

    name: str
    values: Values
    hits: Bools | None = None
    bounds: tuple[float, float] = (-np.inf, np.inf)


@dataclass(frozen=True)
class Told:
    """The groups of enough people: their numbers (G,), and who of the people asked is of them, numbered from 0."""

    groups: Groups
    numbers: Ints
    people: Bools
    of: Ints

    @classmethod
    def among(cls, groups: Groups, least: int, values: Values) -> "Told":
        """The groups of at least so many people with a value."""
        numbers = groups.told(least, ~np.isnan(values))
        place = np.full(len(groups.names) + 1, -1, np.int64)
        place[numbers] = np.arange(len(numbers))
        of = np.where(np.isnan(values), -1, place[groups.of])
        return cls(groups, numbers, of >= 0, of[of >= 0])

    def name(self, group: int) -> str:
        """The name of a group told."""
        return self.groups.names[int(self.numbers[group])]

    def over(self, gap: Gap) -> str:
        """Which group stands over which."""
        return f"{self.name(gap.best)} over {self.name(gap.worst)}"


@dataclass(frozen=True)
class Compared:
    """Rows of a measure by one grouping, and its gap where two groups or more are told."""

    rows: list[Row]
    told: Told
    gap: Gap | None


def compare_groups(measure: Measure, groups: Groups, least: int, seed: int) -> Compared:
    """Every group's figure, then the gap; groups of too few people and people of no group are named and counted."""
    rng = generator(seed, "fairness", measure.name, groups.by)
    told = Told.among(groups, least, measure.values)
    own = measure.values[told.people]
    hits = None if measure.hits is None else measure.hits[told.people]
    drawn = draw_groups(own, told.of, hits, rng) if len(told.numbers) else None
    rows = _of_groups(measure, groups, told, drawn)
    if drawn is None or len(told.numbers) < 2:
        return Compared([*rows, _gap_row(measure.name, groups.by, "", int(told.people.sum()), TOO_FEW)], told, None)
    gap = gap_of(drawn, own, told.of, rng)
    figures = vars(gap.interval) | {"p_value": gap.p_value}
    last = _gap_row(measure.name, groups.by, told.over(gap), int(told.people.sum()), MEASURED, **figures)
    return Compared([*rows, last], told, gap)


def _gap_row(name: str, by: str, group: str, n: int, told: str, **figures: Any) -> Row:
    return row(f"{name}_gap", by, group, n, told, **figures)


def _of_groups(measure: Measure, groups: Groups, told: Told, drawn: Drawn | None) -> list[Row]:
    known = ~np.isnan(measure.values)
    rows = []
    for number, name in enumerate(groups.names):
        place = np.flatnonzero(told.numbers == number)
        n = int(((groups.of == number) & known).sum())
        if drawn is None or not len(place):
            rows.append(row(measure.name, groups.by, name, n, TOO_FEW))
        else:
            rows.append(row(measure.name, groups.by, name, n, **vars(drawn.interval(int(place[0]), measure.bounds))))
    if (nobody := int((groups.of < 0).sum())) > 0:
        rows.append(row(measure.name, groups.by, NO_VALUE, nobody, MISSING))
    return [*rows, *(row(measure.name, groups.by, name, 0, MISSING) for name in groups.absent)]


def everybody(measure: Measure, seed: int) -> Row:
    """The figure of everybody together."""
    found = mean_interval(measure.values, generator(seed, "fairness", measure.name, EVERYBODY))
    return row(measure.name, None, EVERYBODY, len(measure.values), **vars(found))


def with_verdicts(rows: list[Row]) -> list[Row]:
    """Gaps told apart from chance, all of them together under control of the false-discovery rate."""
    gaps = [one for one in rows if one.get("p_value") is not None and "q_value" not in one]
    for one, q_value in zip(gaps, q_values(np.array([one["p_value"] for one in gaps])), strict=True):
        sure = q_value <= _LEVEL and not one["ci_low"] <= 0.0 <= one["ci_high"]
        one |= {"q_value": float(q_value), "told": DIFFERS if sure else ALIKE}
    return rows
