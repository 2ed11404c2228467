"""Tables of links between accounts: one person's accounts become one user, and what each was called is kept.

::

    source  target  source_platform  target_platform  probability  evidence
    17      k3      shop             app              .93          …

Without platforms, ``target`` is renamed to ``source`` wherever it stands. With platforms the log says in its column
``platform`` where each event happened: an account of a target platform becomes the person it is linked to, else
``platform/id``, so that equal ids of two platforms stay two people.
"""

from dataclasses import dataclass
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
_REMEDY = "Call two of its columns source and target"
_End = tuple[str, str | None]
"""An account: its id and its platform."""


def read_pairs(
    source: Any, columns: tuple[str, ...] = (), remedy: str = _REMEDY
) -> tuple[str, pa.Table, list[Refusal]]:
    """(name, table, refused) of a table of pairs: ``row``, ``source``, ``target``, and platforms where it has them.

    Parameters
    ----------
    columns : tuple of str
        Names of a headerless file's columns.
    remedy : str
        What to do where a column is missing.
    """
    known: dict[str, tuple[str, ...]] = {SOURCE: (SOURCE, "a", "left"), TARGET: (TARGET, "b", "right")}
    table, refused, _ = side_rows(source, SideKind(known, (SOURCE, TARGET), "links", columns=columns, remedy=remedy))
    wanted = [ROW, SOURCE, TARGET, *(name for name in _PLATFORMS if name in table.column_names)]
    text = [
        pc.utf8_trim_whitespace(table[name].cast(pa.string())) if name in _PLATFORMS else table[name] for name in wanted
    ]
    text = [
        pc.if_else(pc.equal(one, ""), None, one) if name in _PLATFORMS else one
        for name, one in zip(wanted, text, strict=True)
    ]
    return name_of(source), pa.table(dict(zip(wanted, text, strict=True))), refused


@dataclass(frozen=True)
class Links:
    """Links that contradict no other.

    Parameters
    ----------
    name : str
        Where they are from.
    pairs : tuple
        Ends of each link: source and target, each an id and its platform.
    by_platform : bool
        Whether platforms are named.
    rejected : pa.Table
        Rows that are no such link, each with its reason.
    """

    name: str
    pairs: tuple[tuple[_End, _End], ...]
    by_platform: bool
    rejected: pa.Table

    def people(self, ids: pa.ChunkedArray, platforms: pa.ChunkedArray | None) -> pa.ChunkedArray:
        """The person of each account; a chain of links ends at its first source.

        >>> table = pa.table({"source": ["17"], "target": ["k3"]})
        >>> read_links(table).people(pa.chunked_array([["k3", "17", "k4"]]), None).to_pylist()
        ['17', '17', 'k4']
        """
        said = ids.cast(pa.string())
        where = pa.nulls(len(said), pa.string()) if platforms is None else platforms.cast(pa.string()).combine_chunks()
        accounts = pa.table({USER: said.combine_chunks(), PLATFORM: where})
        once = accounts.group_by([USER, PLATFORM]).aggregate([])
        ends = list(zip(once[USER].to_pylist(), once[PLATFORM].to_pylist(), strict=True))
        called = dict(zip(ends, self._names(ends), strict=True))
        every = zip(accounts[USER].to_pylist(), accounts[PLATFORM].to_pylist(), strict=True)
        return pa.chunked_array([pa.array([called[end] for end in every], pa.string())])

    def _names(self, ends: list[_End]) -> list[str]:
        first = {other: one for one, other in self.pairs}
        targets = {other[1] for _, other in self.pairs}
        sources = {one for one, _ in self.pairs}
        found = []
        for end in ends:
            person, seen = end, {end}
            while person in first and first[person] not in seen:
                person = first[person]
                seen.add(person)
            foreign = self.by_platform and person == end and end[1] is not None and end[1] in targets
            found.append(f"{end[1]}/{end[0]}" if foreign and end not in sources else person[0])
        return found


def read_links(source: Any) -> Links:
    """Read links; of rows that contradict each other all are refused.

    Raises
    ------
    SchemaError
        An id stands on both sides of links that name no platforms.
    EmptyLogError
        No link can be applied.
    """
    name, table, refused = read_pairs(source)
    by_platform = all(one in table.column_names for one in _PLATFORMS)
    good, more = _consistent(table, by_platform)
    rejected = rejected_table(name, sorted([*refused, *more], key=lambda one: one.row))
    if not good:
        raise EmptyLogError(f"{name} has no link that can be applied: {len(rejected)} rejected")
    if not by_platform and (both := {one for one, _ in good} & {other for _, other in good}):
        raise SchemaError(
            f"{name}: id {min(both)[0]!r} is a source and a target, so ids alone do not tell whose it is:"
            f" give the links {SOURCE_PLATFORM} and {TARGET_PLATFORM}, and the events {PLATFORM}"
        )
    return Links(name, tuple(good), by_platform, rejected)


def refusals_of(links: Links | None) -> list[pa.Table]:
    """The rows that are no links; nothing where there are no links."""
    return [] if links is None else [links.rejected]


def link_events(events: pa.Table, links: Links | None) -> tuple[pa.Table, tuple[str, ...]]:
    """(events, notes): the events with one user a person, the column ``account`` for what each was called before.

    Raises
    ------
    SchemaError
        Links name platforms and the events have no column of them.
    """
    if links is None:
        return events, ()
    if links.by_platform and PLATFORM not in events.column_names:
        raise SchemaError(f"{links.name} links accounts of platforms: the events need a column {PLATFORM!r}")
    people = links.people(events[USER], events[PLATFORM] if links.by_platform else None)
    changed = int(pc.sum(pc.not_equal(people, events[USER].cast(pa.string()))).as_py() or 0)
    at = events.column_names.index(USER)
    told = f"{len(links.pairs):,} links are applied: {changed:,} events have another user ({ACCOUNT!r}: the old one)"
    return events.set_column(at, USER, people).append_column(ACCOUNT, events[USER]), (told,)


def link_sides(
    sides: dict[str, pa.Table | None], links: Links | None
) -> tuple[dict[str, pa.Table | None], tuple[str, ...]]:
    """Users and ties by people; of a person's rows among the users the first stands.

    Where links name platforms, a table of users or ties needs a column of them, else it stays as it is, as a note says.
    """
    if links is None:
        return sides, ()
    found, notes = dict(sides), []
    for which, columns in (("users", (USER,)), ("ties", (SOURCE, TARGET))):
        table = sides.get(which)
        if table is None:
            continue
        if links.by_platform and PLATFORM not in table.column_names:
            notes.append(f"the {which} have no column {PLATFORM!r}: links are not applied to them")
            continue
        for name in columns:
            people = links.people(table[name], table[PLATFORM] if links.by_platform else None)
            table = table.set_column(table.column_names.index(name), name, people)
        if which == "users":
            place = pc.index_in(table[USER], value_set=pc.unique(table[USER])).combine_chunks()
            first = pa.table({"p": place, "at": pa.array(range(len(table)))}).group_by("p").aggregate([("at", "min")])
            table = table.take(first["at_min"].combine_chunks().sort())
        else:
            table = table.filter(pc.not_equal(table[SOURCE], table[TARGET]))
        found[which] = table
    return found, tuple(notes)


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
