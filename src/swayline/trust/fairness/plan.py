"""What is asked of fairness, and the table that answers: a row a group and measure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from swayline.core.errors import UsageError
from swayline.core.settings import require

MEASURED, DIFFERS, ALIKE = "measured", "differs", "no difference shown"
TOO_FEW, MISSING = "too few to tell", "missing"
NO_VALUE = "(no value)"
"""The group of those of whom the column says nothing."""
EVERYBODY = "everybody"

FAIRNESS = pa.schema(
    [
        ("measure", pa.string()), ("by", pa.string()), ("group", pa.string()),
        ("step", pa.string()), ("strength", pa.float64()),
        ("value", pa.float64()), ("ci_low", pa.float64()), ("ci_high", pa.float64()),
        ("p_value", pa.float64()), ("q_value", pa.float64()), ("n", pa.int64()), ("told", pa.string()),
    ]
)  # fmt: skip
"""Intervals are 95%; ``step`` and ``strength`` name the re-ranking, null for the lists as they are."""


@dataclass(frozen=True)
class FairnessPlan:
    """Whose lists are judged, between which groups.

    Parameters
    ----------
    by : tuple of str
        Columns of the users table whose values are the groups.
    providers : str, optional
        A column of the items: who made or sells them.
    model : str
        A model to fit, or a folder of ``swayline fit --split last-out``.
    settings : mapping
        Of the model that is fitted.
    own : mapping
        Name → an unfitted model that is none of ours.
    k : int
        Length of the lists.
    min_people : int
        People that a group's or a provider's figure must rest on.
    min_providers : int
        Providers between which exposure is compared.
    rerank : bool
        Whether the steps ``popularity`` and ``parity`` are tried at several strengths.

    Raises
    ------
    UsageError
        Nothing is asked, or a number is out of range.
    """

    by: tuple[str, ...] = ()
    providers: str | None = None
    model: str = "item-knn"
    settings: Mapping[str, object] = field(default_factory=dict)
    own: Mapping[str, Any] = field(default_factory=dict)
    k: int = 10
    min_people: int = 30
    min_providers: int = 2
    rerank: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.by and self.providers is None:
            raise UsageError(
                "fairness between whom? say --by COLUMN of the users table, or --providers COLUMN of items"
            )
        require("k", self.k, 1, 1000)
        require("min_people", self.min_people, 2)
        require("min_providers", self.min_providers, 2)


Row = dict[str, Any]


def row(measure: str, by: str | None, group: str, n: int, told: str = MEASURED, **figures: Any) -> Row:
    """A row of :data:`FAIRNESS`; what is not said is null."""
    return {"measure": measure, "by": by, "group": group, "n": int(n), "told": told, **figures}
