"""One question to the chain of steps: for whom, when, among what, and how many.

::

    Query(user="u1", k=5)                                    a person of the log
    Query(history=["i3", {"item": "i7", "behavior": "cart"}])   somebody new, with three events or one
    Query(profile={"city": "Lyon"}, ties=["u4"])             somebody without any event
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Self

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.ids import id_list, list_length, one_id
from swayline.core.names import BEHAVIOR, ITEM, TIME, VALUE
from swayline.core.time import parse_date

AUTO, DROP, KEEP, ONLY = "auto", "drop", "keep", "only"
SEEN = (AUTO, DROP, KEEP, ONLY)
_EVENT = (ITEM, BEHAVIOR, TIME, VALUE)


@dataclass(frozen=True, kw_only=True)
class Query:
    """What is asked; everything but ``user`` or ``history`` has a default, and every id is text or a whole number.

    Parameters
    ----------
    user : str, optional
        A person of the log.
    history : sequence of str or mapping, optional
        What somebody did, oldest first: item ids, or mappings with ``item`` and, where known, ``behavior``, ``time``,
        ``value``. It stands in place of the user's own history.
    at : datetime or str, optional
        The moment of the question, UTC: only what was known then counts. By default the end of the log.
    k : int
        Length of the list.
    candidates : sequence of str, optional
        Choose among these alone.
    exclude : sequence of str
        Never show these in this answer (what the page already shows).
    hidden : sequence of str
        Never show these: withdrawn, sold out, refused by the person.
    filter : str, optional
        A condition on item columns, as ``price < 20 and category in ('lamps', 'desks')``
        (:mod:`swayline.recommend.filters`).
    boost : mapping of str to float
        Condition → how many standard deviations of the person's own scores are added where it holds.
    seen : str
        ``drop`` items of the history, ``keep`` them, ``only`` them, or ``auto``: as the model does.
    new_only : bool
        Only what is new to the person, whatever the model does; the same as ``seen="drop"``.
    profile : mapping of str to str
        Columns of the users table and their values, for somebody without a history.
    ties : sequence of str
        People of the log whom this person knows, beside those of the table of ties.
    context : mapping of str to str
        ``device`` or ``hour`` (0 to 23, UTC) of the question, for somebody without a history.

    Raises
    ------
    UsageError
        A value cannot be used.

    >>> Query(user=196, k=5).user
    '196'
    >>> Query(user="u1", seen="dropp")
    Traceback (most recent call last):
    swayline.core.errors.UsageError: seen is 'dropp': did you mean 'drop'? Choices: auto, drop, keep, only
    """

    user: str | int | None = None
    history: Sequence[Any] | None = None
    at: datetime | str | None = None
    k: int = 10
    candidates: Sequence[str | int] | None = None
    exclude: Sequence[str | int] = ()
    hidden: Sequence[str | int] = ()
    filter: str | None = None
    boost: Mapping[str, float] = field(default_factory=dict)
    seen: str = AUTO
    new_only: bool = False
    profile: Mapping[str, str] = field(default_factory=dict)
    ties: Sequence[str | int] = ()
    context: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        def become(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        become("k", list_length(self.k))
        if self.user is not None:
            become("user", one_id(self.user))
        for name in ("candidates", "exclude", "hidden", "ties"):
            given = getattr(self, name)
            if given is not None and type(given) is not _Ids:
                become(name, _Ids(id_list(given, name)))
        if self.seen not in SEEN:
            raise UsageError(f"seen is {shown(self.seen)}: {nearest(str(self.seen), SEEN)}")
        if self.new_only and self.seen in (KEEP, ONLY):
            raise UsageError(f"new_only and seen={self.seen!r} contradict each other: say one of them")
        if isinstance(self.at, str):
            become("at", parse_date(self.at))
        if self.history is not None and type(self.history) is not _Events:
            become("history", _Events(_event(one, place) for place, one in enumerate(_listed(self.history))))
        for condition, weight in self.boost.items():
            if not isinstance(weight, int | float) or isinstance(weight, bool) or not abs(weight) < float("inf"):
                raise UsageError(f"boost of {shown(condition)} is {shown(weight)}: give a finite number")

    def of(self, user: str | int | None) -> Self:
        """The same question about somebody else."""
        return replace(self, user=user)

    @classmethod
    def from_json(cls, asked: Mapping[str, Any]) -> Self:
        """A query from an object as the service receives it.

        Raises
        ------
        UsageError
            A name is unknown, or a value cannot be used.

        >>> Query.from_json({"user": "u1", "exclud": ["i1"]})  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        swayline.core.errors.UsageError: a query has no 'exclud': did you mean 'exclude'? ...
        """
        known = [one.name for one in fields(cls)]
        for name in asked:
            if name not in known:
                raise UsageError(f"a query has no {shown(name)}: {nearest(str(name), known)}")
        return cls(**asked)

    @property
    def seen_policy(self) -> str:
        """What happens to items of the history, with ``new_only`` read into it."""
        return DROP if self.new_only else self.seen


class _Ids(tuple[str, ...]):
    """Ids that were checked."""

    __slots__ = ()


class _Events(tuple[Mapping[str, Any], ...]):
    """Events that were checked."""

    __slots__ = ()


def _listed(history: object) -> Sequence[Any]:
    if isinstance(history, str | bytes | Mapping) or not hasattr(history, "__iter__"):
        raise UsageError(f"history must be a list of items or events, not {shown(history)}: write ['i1', 'i2']")
    return list(history)


def _event(given: Any, place: int) -> Mapping[str, Any]:
    """An item id, or a mapping with one, as a mapping."""
    if not isinstance(given, Mapping):
        return {ITEM: one_id(given, "item")}
    for name in given:
        if name not in _EVENT:
            raise UsageError(f"event {place + 1} of the history has no {shown(name)}: {nearest(str(name), _EVENT)}")
    if ITEM not in given:
        raise UsageError(f"event {place + 1} of the history names no item: write {{'item': 'i1'}}")
    event = dict(given) | {ITEM: one_id(given[ITEM], "item")}
    if isinstance(event.get(TIME), str):
        event[TIME] = parse_date(event[TIME])
    return event
