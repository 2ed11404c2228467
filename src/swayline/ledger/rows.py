"""Rows of the influence table by what they rest on: an effect, an association, an answer of our model, a simulation.

::

    EffectRow        a claim about people: from an experiment, or adjusted for what was measured
    AssociationRow   what goes together, nothing adjusted for; never identified
    ModelRow         what our own model does; exact, and no claim about people
    SimulationRow    what simulated acts do; no claim about people
    PersonRows       one effect at the controls of many subjects, as columns
    TieRows          influence along many ties, as columns
    EventRows        what each of many events does to a recommendation, as columns

Rooms make these and never build dictionaries: what a kind of row must say stands in its signature, and what it may not
say is not in it. A row is checked when it is made.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.core.errors import UsageError, shown
from swayline.core.types import Floats
from swayline.ledger.estimands import estimand
from swayline.ledger.schema import (
    ADJUSTED,
    ALLOWED,
    ASSOCIATION,
    COLUMNS,
    MODEL,
    NEEDED,
    NO_CLAIM,
    SCHEMA,
    SIMULATION,
)


@dataclass(frozen=True)
class Figure:
    """An estimate with its 95% interval and its p-value; None, or a number that is not finite, is null in the table."""

    estimate: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None

    def columns(self) -> dict[str, float | None]:
        """The four columns.

        >>> Figure(0.5, float("-inf"), 1.0).columns()
        {'estimate': 0.5, 'ci_low': None, 'ci_high': 1.0, 'p_value': None}
        """
        parts = {"estimate": self.estimate, "ci_low": self.ci_low, "ci_high": self.ci_high, "p_value": self.p_value}
        return {
            name: None if value is None or not np.isfinite(value) else float(value) for name, value in parts.items()
        }


@dataclass(frozen=True, kw_only=True)
class Row:
    """What every row says; make one of the kinds below.

    Attributes
    ----------
    cause, effect : outside names or ids; ``cause_kind`` and ``effect_kind`` say of what
    n : rows, events or people that the figure is over
    primary : whether this is the row to quote for its cause, effect and estimand
    subject : the one user or row that a row is about
    reference : the arm compared with
    refutations : check → {"passed": bool, "figure": number, "what": words}; stored as JSON

    Raises
    ------
    UsageError
        A word is not one that its column allows, or the registry does not allow it for the estimand.
    """

    cause_kind: str
    cause: str
    effect_kind: str
    effect: str
    channel: str
    estimand: str
    unit: str
    method: str
    evidence: str
    identified: str | None
    figure: Figure
    n: int
    assumptions: str | None = None
    primary: bool = False
    subject: str | None = None
    reference: str | None = None
    window_s: float | None = None
    horizon_s: float | None = None
    as_of: datetime | None = None
    refutations: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        check_words({name: getattr(self, name) for name in (*NEEDED, "evidence", "identified")})

    def columns(self) -> dict[str, Any]:
        """The row by column."""
        own = {one.name: getattr(self, one.name) for one in fields(self) if one.name in _STORED}
        checks = None if self.refutations is None else json.dumps(self.refutations, sort_keys=True)
        return own | self.figure.columns() | {"refutations": checks}


_STORED = frozenset(COLUMNS)


def check_words(row: Mapping[str, Any]) -> None:
    """Refuse a row whose words do not fit its columns, its estimand or its evidence."""
    missing = [name for name in (*NEEDED, "evidence") if row[name] is None]
    if missing:
        raise UsageError(f"a ledger row lacks {', '.join(missing)}: {shown(dict(row))}")
    for column, words in ALLOWED.items():
        if row[column] is not None and row[column] not in words:
            raise UsageError(f"ledger column {column} is {shown(row[column])}; it must be one of {', '.join(words)}")
    claims = row["evidence"] not in NO_CLAIM
    if claims != (row["identified"] is not None):
        raise UsageError(
            f"a row of evidence {row['evidence']} must say whether it is identified" if claims
            else f"a row of evidence {row['evidence']} is no claim about people: identified must be null"
        )  # fmt: skip
    of = estimand(row["estimand"])
    for column, words in (("cause_kind", of.causes), ("effect_kind", of.effects)):
        if row[column] not in words:
            raise UsageError(f"{of.name} has no {column} {row[column]!r}; it must be one of {', '.join(words)}")
    if not of.unit_is_allowed(row["unit"], row["effect"]):
        raise UsageError(f"{of.name} has no unit {row['unit']!r}; it must be one of {', '.join(of.units)}")


@dataclass(frozen=True, kw_only=True)
class EffectRow(Row):
    """What changes when the cause does, with what it rests on and whether it is identified."""

    effect_kind: str = "outcome"
    identified: str


@dataclass(frozen=True, kw_only=True)
class AssociationRow(Row):
    """What goes together; nothing is adjusted for, so that nothing is identified."""

    effect_kind: str = "outcome"
    estimand: str = "association"
    evidence: str = field(init=False, default=ASSOCIATION)
    identified: str = field(init=False, default="no")


@dataclass(frozen=True, kw_only=True)
class ModelRow(Row):
    """What our own model does: exact, and no claim about people."""

    effect_kind: str = "recommendation"
    channel: str = "model"
    evidence: str = field(init=False, default=MODEL)
    identified: None = field(init=False, default=None)


@dataclass(frozen=True, kw_only=True)
class SimulationRow(Row):
    """What follows in simulated acts: as true as the parameters that they were simulated with."""

    evidence: str = field(init=False, default=SIMULATION)
    identified: None = field(init=False, default=None)


@dataclass(frozen=True)
class PersonRows:
    """One effect at the controls of many subjects.

    Attributes
    ----------
    about : the row that all of them share; its figure and subject are not used
    subjects : users or row ids, (n,)
    estimate, ci_low, ci_high : (n,)
    """

    about: EffectRow
    subjects: pa.Array
    estimate: Floats
    ci_low: Floats
    ci_high: Floats

    def table(self) -> pa.Table:
        """The rows as a ledger table."""
        own = {"estimate": self.estimate, "ci_low": self.ci_low, "ci_high": self.ci_high}
        columns = self.about.columns() | {name: finite(values) for name, values in own.items()}
        return columns_to_table(columns | {"subject": self.subjects}, len(self.subjects))


@dataclass(frozen=True, kw_only=True)
class TieRows:
    """Influence from person to person along ties, adjusted for what each would do anyway; arrays are (n,).

    ``identified`` is a word a tie; ``refutations`` is JSON a tie.
    """

    source: pa.Array
    target: pa.Array
    channel: str
    estimand: str
    estimate: Floats
    ci_low: Floats
    ci_high: Floats
    p_value: Floats
    n: npt.NDArray[np.int64]
    method: str
    identified: pa.Array
    assumptions: str
    horizon_s: float
    as_of: datetime
    refutations: pa.Array | None = None

    def table(self) -> pa.Table:
        """The rows as a ledger table; every tie's row is primary."""
        columns: dict[str, Any] = {
            "cause_kind": "user", "cause": self.source, "effect_kind": "user", "effect": self.target,
            "channel": self.channel, "estimand": self.estimand, "unit": "actions", "n": pa.array(self.n, pa.int64()),
            "horizon_s": self.horizon_s, "as_of": self.as_of, "method": self.method, "primary": True,
            "evidence": ADJUSTED, "identified": self.identified, "assumptions": self.assumptions,
        }  # fmt: skip
        check_words({**columns, "identified": "assumed", "cause": "", "effect": ""})
        numbers = {"estimate": self.estimate, "ci_low": self.ci_low, "ci_high": self.ci_high, "p_value": self.p_value}
        columns |= {name: finite(values) for name, values in numbers.items()}
        columns["refutations"] = self.refutations
        return columns_to_table(columns, len(self.source))


@dataclass(frozen=True)
class EventRows:
    """What our own model does with many events of one recommendation each.

    Attributes
    ----------
    about : the row that all of them share; its cause, effect and figure are not used
    cause, effect : ids of events and recommendations, (n,)
    estimate : (n,)
    half : half the width of the interval around each estimate, (n,); None: no intervals
    """

    about: ModelRow
    cause: pa.Array
    effect: pa.Array
    estimate: Floats
    half: Floats | None = None

    def table(self) -> pa.Table:
        """The rows as a ledger table."""
        columns = self.about.columns() | {"cause": self.cause, "effect": self.effect, "estimate": finite(self.estimate)}
        if self.half is not None:
            columns |= {"ci_low": finite(self.estimate - self.half), "ci_high": finite(self.estimate + self.half)}
        return columns_to_table(columns, len(self.cause))


def finite(values: Floats) -> pa.Array:
    """Numbers as a column; what is not finite is null."""
    return pa.array(values, pa.float64(), mask=~np.isfinite(values))


def columns_to_table(columns: Mapping[str, Any], n: int) -> pa.Table:
    """A ledger table of n rows from columns that are arrays, or one value for all rows."""

    def column(of: pa.Field) -> pa.Array:
        value = columns.get(of.name)
        if isinstance(value, pa.Array):
            return value.cast(of.type)
        return pa.repeat(pa.scalar(value, of.type), n)

    return pa.table([column(of) for of in SCHEMA], schema=SCHEMA)
