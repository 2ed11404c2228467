"""Tables of links between accounts: one person's accounts become one user, and what each was called is kept.

::

    source  target  source_platform  target_platform  probability  evidence
    17      k3      shop             app              .93          …

Without platforms, ``target`` is renamed to ``source`` wherever it stands. With platforms the log says in its column
``platform`` where each event happened: an account of a target platform becomes the person it is linked to, else
``platform/id``, so that equal ids of two platforms stay two people.
"""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import EmptyLogError, SchemaError
from swayline.core.names import PLATFORM, ROW, SOURCE, TARGET, USER
from swayline.events.side import SideKind, side_rows
from swayline.events.sources import name_of
from swayline.events.sources.block import Refusal, rejected_table

ACCOUNT = "account"
"""What the user was called before links were applied."""
SOURCE_PLATFORM, TARGET_PLATFORM = "source_platform", "target_platform"
_PLATFORMS = (SOURCE_PLATFORM, TARGET_PLATFORM)
_End = tuple[str, str | None]
"""An account: its id and its platform."""


def read_pairs(source: Any, columns: tuple[str, ...] = ()) -> tuple[str, pa.Table, list[Refusal]]:
    """(name, table, refused) of a table of pairs: ``row``, ``source``, ``target``, and platforms where it has them.

    Parameters
    ----------
    columns : tuple of str
        Names of a headerless file's columns.
    """
    known: dict[str, tuple[str, ...]] = {SOURCE: (SOURCE, "a", "left"), TARGET: (TARGET, "b", "right")}
    table, refused, _ = side_rows(source, SideKind(known, (SOURCE, TARGET), "seeds", columns=columns))
    wanted = [ROW, SOURCE, TARGET, *(name for name in _PLATFORMS if name in table.column_names)]
    text = [
        pc.utf8_trim_whitespace(table[name].cast(pa.string())) if name in _PLATFORMS else table[name] for name in wanted
    ]
    text = [
        pc.if_else(pc.equal(one, ""), None, one) if name in _PLATFORMS else one
        for name, one in zip(wanted, text, strict=True)
    ]
    return name_of(source), pa.table(dict(zip(wanted, text, strict=True))), refused


def apply_links(events: pa.Table, links: Any) -> tuple[pa.Table, pa.Table, str]:
    """(events, rejected, note): the events with one user a person, the links that were not applied, what was done.

    The column ``account`` keeps what each user was called before.

    Raises
    ------
    SchemaError
        Links name platforms and the events have no column of them, or an id stands on both sides of links that name
        none.
    EmptyLogError
        No link can be applied.
    """
    name, table, refused = read_pairs(links)
    by_platform = all(one in table.column_names for one in _PLATFORMS)
    if by_platform and PLATFORM not in events.column_names:
        raise SchemaError(
            f"{name} links accounts of platforms, and the events have no column of platforms: add one named {PLATFORM!r}"
        )
    good, more = _consistent(table, by_platform)
    if not good:
        raise EmptyLogError(f"{name} has no link that can be applied: {len(refused) + len(more)} rejected")
    if not by_platform and (both := {one for one, _ in good} & {other for _, other in good}):
        raise SchemaError(
            f"{name}: id {sorted(both)[0][0]!r} is a source and a target, so ids alone do not tell whose it is:"
            f" give the links {SOURCE_PLATFORM} and {TARGET_PLATFORM}, and the events {PLATFORM}"
        )
    renamed = _renamed(events, good, by_platform)
    changed = int(pc.sum(pc.not_equal(renamed, events[USER])).as_py() or 0)
    at = events.column_names.index(USER)
    told = (
        f"{len(good):,} links are applied: {changed:,} events have another user (column {ACCOUNT!r} keeps the old one)"
    )
    applied = events.set_column(at, USER, renamed).append_column(ACCOUNT, events[USER])
    return applied, rejected_table(name, sorted([*refused, *more], key=lambda one: one.row)), told


def _consistent(table: pa.Table, by_platform: bool) -> tuple[list[tuple[_End, _End]], list[Refusal]]:
    """Links that contradict no other, and refusals: an account has one counterpart on a platform."""
    rows = table.to_pylist()
    ends = [_ends(row, by_platform) for row in rows]
    partners: dict[tuple[_End, str | None, int], set[_End]] = {}
    for one, other in ends:
        partners.setdefault((one, other[1], 0), set()).add(other)
        partners.setdefault((other, one[1], 1), set()).add(one)
    good: dict[tuple[_End, _End], None] = {}
    refused = []
    for row, (one, other) in zip(rows, ends, strict=True):
        counts = len(partners[one, other[1], 0]), len(partners[other, one[1], 1])
        if one == other:
            refused.append(Refusal(row[ROW], TARGET, row[TARGET], "is linked to itself"))
        elif counts[0] > 1:
            refused.append(Refusal(row[ROW], SOURCE, row[SOURCE], f"is linked to {counts[0]} accounts: contradicting"))
        elif counts[1] > 1:
            refused.append(Refusal(row[ROW], TARGET, row[TARGET], f"is claimed by {counts[1]} accounts: contradicting"))
        elif (one, other) in good:
            refused.append(Refusal(row[ROW], TARGET, row[TARGET], "is named twice; the first stands"))
        else:
            good[one, other] = None
    return list(good), refused


def _ends(row: dict[str, Any], by_platform: bool) -> tuple[_End, _End]:
    if not by_platform:
        return (row[SOURCE], None), (row[TARGET], None)
    return (row[SOURCE], row[SOURCE_PLATFORM]), (row[TARGET], row[TARGET_PLATFORM])


def _renamed(events: pa.Table, links: list[tuple[_End, _End]], by_platform: bool) -> pa.ChunkedArray:
    """The person of each event; a chain of links ends at its first source."""
    first = {other: one for one, other in links}

    def person(end: _End) -> _End:
        seen = {end}
        while end in first and first[end] not in seen:
            end = first[end]
            seen.add(end)
        return end

    users = events[USER].cast(pa.string())
    if not by_platform:
        names = pc.unique(users)
        known = pa.array([person((one, None))[0] for one in names.to_pylist()])
        return known.take(pc.index_in(users, value_set=names).combine_chunks())
    roots = {one[1] for one, _ in links} - {other[1] for _, other in links}
    pairs = (
        pa.table({USER: users, PLATFORM: events[PLATFORM].cast(pa.string())}).group_by([USER, PLATFORM]).aggregate([])
    )
    ends = list(zip(pairs[USER].to_pylist(), pairs[PLATFORM].to_pylist(), strict=True))
    people = [person(end) for end in ends]
    linked = {person(one) for one, _ in links}
    called = {
        end: who[0] if who in linked or end[1] in roots or end[1] is None else f"{end[1]}/{end[0]}"
        for end, who in zip(ends, people, strict=True)
    }
    every = zip(users.to_pylist(), events[PLATFORM].cast(pa.string()).to_pylist(), strict=True)
    return pa.chunked_array([pa.array([called[end] for end in every], pa.string())])
