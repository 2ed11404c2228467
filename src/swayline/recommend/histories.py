"""From questions to histories: those of the log up to a moment, those that a query brings, none at all.

Shapes: Q questions, E events.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.names import BEHAVIOR, ITEM, TIME, VALUE
from swayline.core.time import parse_date
from swayline.core.types import Ints
from swayline.dataset import NO_TIME, Sequences
from swayline.recommend.context import Context
from swayline.recommend.query import Query
from swayline.recommend.slate import moment_us


def rows_of(context: Context, queries: Sequence[Query]) -> Ints:
    """(Q,) row of each user in the log; -1 for a query without one, or with a history of its own for somebody new.

    Raises
    ------
    UsageError
        A user has no history in the log and the query brings none.
    """
    rows = np.full(len(queries), -1, np.int64)
    named = [place for place, query in enumerate(queries) if query.user is not None]
    if named:
        rows[named] = context.bundle.dataset.users.rows([str(queries[place].user) for place in named])
    lost = [str(query.user) for row, query in zip(rows, queries, strict=True) if row < 0 and _must_be_known(query)]
    if lost:
        context.bundle.rows_of(lost)
    return rows


def _must_be_known(query: Query) -> bool:
    brings = query.history is not None or query.profile or query.ties or query.context
    return query.user is not None and not brings


def histories_of(context: Context, queries: Sequence[Query], rows: Ints) -> tuple[Sequences, list[str]]:
    """Q histories, each asked at its moment, and what of them could not be read, a sentence each."""
    plain = all(query.history is None and query.at is None and not query.profile for query in queries)
    if plain and (rows >= 0).all():
        return context.histories.take(rows), []
    notes: list[str] = []
    base = context.histories
    pieces = [_piece(context, query, int(row), notes) for query, row in zip(queries, rows, strict=True)]
    lengths = [len(items) for items, *_ in pieces]
    items, behaviors, times, values, events = (np.concatenate([one[at] for one in pieces]) for at in range(5))
    moments = np.array([_asked_at(context, query) for query in queries], np.int64)
    found = replace(
        base, offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), items=items.astype(np.int32),
        behaviors=behaviors.astype(np.int16), times=times.astype(np.int64), events=events.astype(np.int64),
        values=None if base.values is None else values, profiles=_profiles(context, queries, rows),
        asked_at=moments if base.timed else None, answered_at=None,
    )  # fmt: skip
    return found, notes


def _asked_at(context: Context, query: Query) -> int:
    moment = moment_us(query)
    return context.now_us if moment is None else moment


def _piece(context: Context, query: Query, row: int, notes: list[str]) -> tuple[Any, ...]:
    """Items, behaviours, times, values and event rows of one history."""
    base, moment = context.histories, moment_us(query)
    if query.history is not None:
        return _brought(context, query, notes)
    if row < 0:
        return tuple(np.zeros(0, np.int64) for _ in range(5))
    own = np.arange(base.offsets[row], base.offsets[row + 1])
    if moment is not None and base.timed:
        own = own[base.times[own] <= moment]
    values = np.full(len(own), np.nan) if base.values is None else base.values[own]
    return base.items[own], base.behaviors[own], base.times[own], values, base.events[own]


def _brought(context: Context, query: Query, notes: list[str]) -> tuple[Any, ...]:
    """The history that a query brings, without the items that the model does not know.

    An event without a time stands at the moment of the question; without a behaviour it is the model's usual one.
    """
    given: Sequence[Any] = query.history or ()
    dataset, timed = context.bundle.dataset, context.histories.timed
    items = dataset.items.rows([one[ITEM] for one in given])
    names = [str(one.get(BEHAVIOR, dataset.behaviors.names[0])) for one in given]
    behaviors = dataset.behaviors.rows(names)
    if (behaviors < 0).any():
        first = names[int(np.flatnonzero(behaviors < 0)[0])]
        raise UsageError(
            f"history: the model knows no behaviour {shown(first)}: {nearest(first, dataset.behaviors.names)}"
        )
    now = _asked_at(context, query)
    times = np.array([_micros(one[TIME]) if one.get(TIME) is not None else now for one in given], np.int64)
    values = np.array([_number(one.get(VALUE)) for one in given], np.float64)
    known = (items >= 0) & ((times <= now) if query.at is not None and timed else True)
    strange = int((items < 0).sum())
    if strange:
        first = given[int(np.flatnonzero(items < 0)[0])][ITEM]
        notes.append(
            f"{strange} of {len(given)} events of the history of {shown(query.user or 'somebody new')} are of items the"
            f" model does not know, such as {shown(first)}"
        )
    order = np.flatnonzero(known)
    order = order[np.argsort(times[order], kind="stable")] if timed else order
    first_event = int(context.histories.events.max(initial=-1)) + 1
    if not timed:
        times = np.full(len(given), NO_TIME, np.int64)
    return items[order], behaviors[order], times[order], values[order], first_event + np.arange(len(order))


def _micros(given: object) -> int:
    moment = parse_date(given) if isinstance(given, str) else given
    if not isinstance(moment, datetime):
        raise UsageError(f"history: time {shown(given)} is no moment: write 2026-01-31T12:00:00Z")
    return round(moment.timestamp() * 1e6)


def _number(given: object) -> float:
    if given is None:
        return float("nan")
    if not isinstance(given, int | float) or isinstance(given, bool) or not np.isfinite(given):
        raise UsageError(f"history: value {shown(given)} is no finite number")
    return float(given)


def _profiles(context: Context, queries: Sequence[Query], rows: Ints) -> Ints | None:
    """(Q, A) what is known of the people; what a query says comes before what the log says."""
    known, people = context.histories.profiles, context.bundle.dataset.people
    if known is None or people is None:
        return None
    found = np.where(rows[:, None] >= 0, known[np.maximum(rows, 0)], 0) if len(known) else np.zeros((len(rows), 0), int)
    codes = {(one["column"], one["value"]): one["code"] for one in people.table.to_pylist()}
    for row, query in enumerate(queries):
        for name, value in query.profile.items():
            code = codes.get((name, str(value)))
            if code is not None:
                found[row, people.columns.index(name)] = code
    return found
