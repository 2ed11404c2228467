"""A knowledge graph beside a log: triples of head, relation and tail, and which entity each item is.

::

    kg.tsv        head      relation        tail
                  film1     director        p7
    kg.nt         <http://…/film1> <http://…/director> <http://…/p7> .
    items.tsv     item      entity
                  1721      film1

Without a table of entities an item is the entity of the same name. What cannot be used is refused: a triple that is
named twice, that closes a circle in its relation, or that hangs together with no item of the log.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from swayline.core.errors import EmptyLogError, SourceError
from swayline.core.names import ENTITY, HEAD, ITEM, RELATION, ROW, TAIL
from swayline.core.types import Bools, Ints
from swayline.events.options import KNOWN_NAMES, ReadOptions
from swayline.events.side import SideKind, side_rows
from swayline.events.sources import name_of
from swayline.events.sources.block import REJECTED, Refusal, rejected_table

TRIPLE = (HEAD, RELATION, TAIL)
_KNOWN: dict[str, tuple[str, ...]] = {
    HEAD: ("head", "subject", "h"), RELATION: ("relation", "predicate", "r"), TAIL: ("tail", "object", "t"),
}  # fmt: skip
_NT_ENDINGS = (".nt", ".ntriples")
_TERM = r"<([^<>\"{}|^`\\\x00-\x20]*)>"
_LITERAL = r'"((?:[^"\\\n\r]|\\.)*)"(?:@[A-Za-z0-9-]+|\^\^<[^<>]*>)?'
_LINE = re.compile(rf"^\s*(?:{_TERM}|(_:\S+))\s*{_TERM}\s*(?:{_TERM}|(_:\S+)|{_LITERAL})\s*\.\s*(?:#.*)?$")
_MAX_LINE = 1 << 16


def read_graph(options: ReadOptions, events: pa.Table) -> tuple[pa.Table | None, pa.Table, tuple[str, ...]]:
    """(triples, rejected, notes): ``head``, ``relation``, ``tail``; an item's entity bears the item's id.

    Entities that are no items are named ``entity:NAME``.

    Raises
    ------
    EmptyLogError
        No triple is left, or none is about an item of the log.
    """
    if options.graph is None:
        return None, REJECTED.empty_table(), ()
    name = name_of(options.graph)
    table, refused = _triples(options)
    entity_of, more = _entities(options, events)
    named = _as_items(table, entity_of)
    named, again = _good(named, set(entity_of.values()))
    rejected = pa.concat_tables([rejected_table(name, sorted([*refused, *again], key=lambda one: one.row)), more])
    if len(named) == 0:
        raise EmptyLogError(
            f"{name} has no triple about an item of the log: {len(rejected)} rejected; where entities are not named as"
            " items are, say --graph-items FILE (item, entity)"
        )
    items = len(pc.unique(pc.filter(named[HEAD], pc.invert(pc.starts_with(named[HEAD], f"{ENTITY}:")))))
    relations = len(pc.unique(named[RELATION]))
    told = f"{len(named):,} triples of {relations} relations are about {items:,} items"
    return named.select(TRIPLE).combine_chunks(), rejected, (told,)


def _triples(options: ReadOptions) -> tuple[pa.Table, list[Refusal]]:
    source = options.graph
    if isinstance(source, str | Path) and str(source).lower().endswith(_NT_ENDINGS):
        return _n_triples(Path(source))
    table, refused, _ = side_rows(source, SideKind(_KNOWN, TRIPLE, "graph", columns=options.graph_columns))
    return table, refused


def _n_triples(path: Path) -> tuple[pa.Table, list[Refusal]]:
    """Lines of N-Triples; one that is none is refused."""
    rows: list[tuple[int, str, str, str]] = []
    refused: list[Refusal] = []
    try:
        for number, line in _lines(path):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            found = _LINE.match(line) if len(line) <= _MAX_LINE else None
            if found is None:
                refused.append(Refusal(number, HEAD, line.strip()[:200], "is no N-Triples statement"))
                continue
            subject, blank, relation, iri, other, literal = found.groups()
            rows.append((number, subject or blank, relation, iri or other or literal or ""))
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read as N-Triples: {error}") from None
    columns = [[row[at] for row in rows] for at in range(4)]
    types = (pa.int64(), pa.string(), pa.string(), pa.string())
    table = {key: pa.array(one, kind) for key, one, kind in zip((ROW, *TRIPLE), columns, types, strict=True)}
    return pa.table(table), refused


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8") as stream:
        yield from enumerate(stream, 1)


def _entities(options: ReadOptions, events: pa.Table) -> tuple[dict[str, str], pa.Table]:
    """Entity → item of the log, one to one, and refusals."""
    items = pc.unique(events[ITEM].cast(pa.string())).drop_null().to_pylist()
    if options.graph_items is None:
        return {one: one for one in items}, REJECTED.empty_table()
    known: dict[str, tuple[str, ...]] = {ITEM: KNOWN_NAMES[ITEM], ENTITY: (ENTITY, "entity_id")}
    kind = SideKind(known, (ITEM, ENTITY), "graph-items", columns=options.graph_items_columns)
    table, refused, _ = side_rows(options.graph_items, kind)
    pairs = list(zip(table[ROW].to_pylist(), table[ITEM].to_pylist(), table[ENTITY].to_pylist(), strict=True))
    entities: dict[str, set[str]] = {}
    claims: dict[str, set[str]] = {}
    for _, item, entity in pairs:
        entities.setdefault(item, set()).add(entity)
        claims.setdefault(entity, set()).add(item)
    met, found = set(items), {}
    for row, item, entity in pairs:
        if len(entities[item]) > 1:
            refused.append(Refusal(row, ITEM, item, f"is claimed by {len(entities[item])} entities: contradicting"))
        elif len(claims[entity]) > 1:
            refused.append(Refusal(row, ENTITY, entity, f"is said to be {len(claims[entity])} items: contradicting"))
        elif item in met:
            found[entity] = item
    return found, rejected_table(name_of(options.graph_items), sorted(refused, key=lambda one: one.row))


def _as_items(table: pa.Table, item_of: dict[str, str]) -> pa.Table:
    columns = {ROW: table[ROW], RELATION: table[RELATION]}
    for name in (HEAD, TAIL):
        every = pc.unique(table[name])
        called = pa.array([item_of.get(one, f"{ENTITY}:{one}") for one in every.to_pylist()], pa.string())
        columns[name] = called.take(pc.index_in(table[name], value_set=every).combine_chunks())
    return pa.table(columns)


def _good(table: pa.Table, items: set[str]) -> tuple[pa.Table, list[Refusal]]:
    """Triples that can be used, and refusals: repeats, circles, and what no item hangs together with."""
    if len(table) == 0:
        return table, []
    once = table.group_by(list(TRIPLE)).aggregate([(ROW, "min")])[f"{ROW}_min"]
    repeated = ~np.isin(np.asarray(table[ROW]), np.asarray(once))
    nodes = pc.unique(pa.concat_arrays([one for name in (HEAD, TAIL) for one in table[name].chunks]))
    head, tail = (np.asarray(pc.index_in(table[name], value_set=nodes), np.int64) for name in (HEAD, TAIL))
    relations = pc.unique(table[RELATION])
    relation = np.asarray(pc.index_in(table[RELATION], value_set=relations), np.int64)
    circular = ~repeated & _circular(head, relation, tail, len(nodes))
    kept = ~repeated & ~circular
    shape = (len(nodes), len(nodes))
    joined = sparse.coo_array((np.ones(int(kept.sum())), (head[kept], tail[kept])), shape)
    _, part = connected_components(joined, directed=False)
    with_item = np.isin(part, part[np.asarray(pc.is_in(nodes, value_set=pa.array(sorted(items), pa.string())))])
    dangling = kept & ~with_item[head]
    refused: list[Refusal] = []
    numbers, values = table[ROW].to_pylist(), table[TAIL].to_pylist()
    for mask, reason in (
        (repeated, "is named twice; the first stands"), (circular, "closes a circle in its relation"),
        (dangling, "hangs together with no item of the log"),
    ):  # fmt: skip
        for at in np.flatnonzero(mask).tolist():
            refused.append(Refusal(numbers[at], TAIL, values[at].removeprefix(f"{ENTITY}:"), reason))
    return table.filter(pa.array(kept & ~dangling)), refused


def _circular(head: Ints, relation: Ints, tail: Ints, n: int) -> Bools:
    """Triples that lead back to where they come from within their relation; without them none does.

    Inside each knot (nodes that reach each other), what leads from a node met later to one met earlier is taken out.
    """
    found: Bools = head == tail
    for one in np.unique(relation):
        here = np.flatnonzero((relation == one) & ~found)
        nodes, places = np.unique(np.r_[head[here], tail[here]], return_inverse=True)
        left, right = places[: len(here)], places[len(here) :]
        graph = sparse.coo_array((np.ones(len(here)), (left, right)), (len(nodes), len(nodes)))
        count, knot = connected_components(graph, directed=True, connection="strong")
        if count == len(nodes):
            continue
        met = np.full(len(nodes), len(here))
        np.minimum.at(met, left, np.arange(len(here)))
        found[here[(knot[left] == knot[right]) & (met[left] >= met[right])]] = True
    return found
