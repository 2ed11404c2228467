"""What the service answers, typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from swayline.core.errors import SwaylineError


class ServiceError(SwaylineError):
    """The service answered that something cannot be taken or done.

    Attributes
    ----------
    status : int
        Of HTTP.
    request_id : str
        Names the request in the service's log.
    retry_after_s : float, optional
        When it says so, trying again after so many seconds is worth it.
    """

    def __init__(self, status: int, detail: str, request_id: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(f"{status}: {detail}")
        self.status, self.request_id, self.retry_after_s = status, request_id, retry_after_s


@dataclass(frozen=True)
class ListedItem:
    """One item of a list."""

    item: str
    rank: int
    score: float | None
    source: str
    reason: str | None = None
    propensity: float = 1.0


@dataclass(frozen=True)
class Recommendations:
    """A list; ``recommendation_id`` is what feedback names."""

    recommendation_id: str
    model: str
    items: tuple[ListedItem, ...]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """From JSON."""
        return cls(told["recommendation_id"], told["model"], tuple(ListedItem(**one) for one in told["items"]))


@dataclass(frozen=True)
class RowVerdict:
    """What became of one row: ``accepted``, ``duplicate``, or ``rejected`` with column, value and reason."""

    row: int
    verdict: str
    event_id: str | None = None
    column: str | None = None
    value: str | None = None
    reason: str | None = None
    flag: str | None = None


@dataclass(frozen=True)
class Verdicts:
    """What became of all rows."""

    accepted: int
    duplicate: int
    rejected: int
    rows: tuple[RowVerdict, ...]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """From JSON."""
        return cls(
            told["accepted"], told["duplicate"], told["rejected"], tuple(RowVerdict(**one) for one in told["rows"])
        )
