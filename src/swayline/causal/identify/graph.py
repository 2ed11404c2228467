"""A causal graph, declared or discovered, and what it says must be adjusted for.

Names of the graph that the table lacks are causes that nobody measured. Shapes: sets of names throughout.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import pyarrow as pa

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.showing.result import Result

_ARROW = re.compile(r"\s*(<->|->|<-|--)\s*")
_NAME = re.compile(r'^"(.*)"$', re.DOTALL)
OPEN_SHARE = 2 / 3
"""A discovered edge that points one way in a smaller share of the samples has no direction."""
MOST_OPEN = 10
"""More edges without a direction than this are too many to try them all ways."""


@dataclass(frozen=True)
class CausalGraph:
    """Who may cause whom.

    Attributes
    ----------
    edges : (cause, effect) pairs, no cycle among them
    undirected : pairs joined by an edge whose direction is open
    hidden : pairs with a common cause that nobody measured (``a <-> b``)
    """

    edges: frozenset[tuple[str, str]]
    undirected: frozenset[tuple[str, str]] = frozenset()
    hidden: frozenset[tuple[str, str]] = frozenset()

    @property
    def nodes(self) -> frozenset[str]:
        """Every name in the graph."""
        return frozenset(name for pair in (*self.edges, *self.undirected, *self.hidden) for name in pair)

    def whole(self) -> "CausalGraph":
        """The same graph with every hidden common cause as a node of its own, which no table has."""
        added = {(f"(unseen cause of {a} and {b})", name) for a, b in self.hidden for name in (a, b)}
        return CausalGraph(self.edges | added, self.undirected)

    def orientations(self) -> Iterator["CausalGraph"]:
        """Every way to direct the open edges that makes no cycle."""
        some = sorted(self.undirected)
        for turned in product((False, True), repeat=len(some)):
            chosen = {(b, a) if turn else (a, b) for (a, b), turn in zip(some, turned, strict=True)}
            directed = self.edges | chosen
            if not _cycle(directed):
                yield CausalGraph(directed, frozenset(), self.hidden)

    def descendants(self, of: Iterable[str]) -> frozenset[str]:
        """The names and everything they lead to."""
        return _reached(of, _children(self.edges))

    def ancestors(self, of: Iterable[str]) -> frozenset[str]:
        """The names and everything that leads to them."""
        return _reached(of, _children({(b, a) for a, b in self.edges}))

    def separated(self, left: Collection[str], right: Collection[str], given: Collection[str]) -> bool:
        """Whether ``given`` blocks every path between two sets (d-separation, by moralising the ancestors).

        References
        ----------
        Lauritzen et al. (1990), Independence properties of directed Markov fields.
        """
        kept = self.ancestors({*left, *right, *given})
        inside = {(a, b) for a, b in self.edges if a in kept and b in kept}
        joined: set[tuple[str, str]] = set()
        for node in kept:
            parents = [a for a, b in inside if b == node]
            joined |= {(a, b) for a in (*parents, node) for b in (*parents, node) if a != b}
        free = {(a, b) for a, b in joined if a not in given and b not in given}
        return not (_reached(set(left) - set(given), _children(free)) & set(right))


def _children(edges: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for a, b in edges:
        found.setdefault(a, []).append(b)
    return found


def _reached(start: Iterable[str], children: Mapping[str, list[str]]) -> frozenset[str]:
    seen, front = set(start), list(start)
    while front:
        for name in children.get(front.pop(), []):
            if name not in seen:
                seen.add(name)
                front.append(name)
    return frozenset(seen)


def _cycle(edges: Collection[tuple[str, str]]) -> bool:
    children = _children(edges)
    return any(a in _reached(children[a], children) for a in children)


def read_graph(graph: Any) -> CausalGraph:
    """A graph from text, DOT, pairs of names, or the table that :func:`.discover_graph` made.

    Text has an arrow a line (or between semicolons): ``a -> b``, ``a -> b -> c``, ``a <- b``, ``a -- b`` (direction
    open), ``a <-> b`` (a common cause that nobody measured). Names with blanks or arrows stand in double quotes.

    >>> sorted(read_graph("age -> cart -> purchase; age -> purchase").edges)
    [('age', 'cart'), ('age', 'purchase'), ('cart', 'purchase')]

    Raises
    ------
    UsageError
        Something is no edge, a name causes itself, or the edges make a cycle.
    """
    if isinstance(graph, CausalGraph):
        return graph
    graph = graph.table if isinstance(graph, Result) else graph
    if isinstance(graph, str):
        found = _from_text(graph)
    elif isinstance(graph, pa.Table):
        found = _from_table(graph)
    else:
        found = _from_pairs(graph)
    if not found.nodes:
        raise UsageError("the graph has no edge: write one a line, as in 'age -> cart'")
    if _cycle(found.edges):
        raise UsageError("the graph has a cycle: effects cannot cause their causes; remove an edge")
    return found


def _from_text(text: str) -> CausalGraph:
    body = text.strip()
    dot = re.match(r"^(?:strict\s+)?(di)?graph\b[^{]*\{(.*)\}\s*$", body, re.DOTALL | re.IGNORECASE)
    if dot:
        body = re.sub(r"\[[^\]]*\]", "", dot.group(2))
    edges: dict[str, set[tuple[str, str]]] = {"->": set(), "--": set(), "<->": set()}
    for line in re.split(r"[;\n]", body):
        if not line.strip() or line.strip().startswith(("#", "//")):
            continue
        parts = _ARROW.split(line.strip())
        if len(parts) == 1 and dot:
            continue  # a node of DOT that stands alone
        if len(parts) < 3 or not all(part.strip() for part in parts):
            raise UsageError(f"{shown(line.strip())} is no edge: write 'cause -> effect'")
        for left, arrow, right in zip(parts[::2], parts[1::2], parts[2::2], strict=False):
            a, b = _name(left), _name(right)
            edges["->" if arrow == "<-" else arrow].add((b, a) if arrow == "<-" else (a, b))
    return _checked(edges["->"], edges["--"], edges["<->"])


def _name(text: str) -> str:
    quoted = _NAME.match(text.strip())
    return quoted.group(1) if quoted else text.strip()


def _from_table(table: pa.Table) -> CausalGraph:
    if not {"source", "target", "oriented"} <= set(table.column_names):
        raise UsageError("a table of edges needs the columns source, target, oriented, as discover_graph makes them")
    sure: set[tuple[str, str]] = set()
    loose: set[tuple[str, str]] = set()
    for row in table.to_pylist():
        (sure if row["oriented"] >= OPEN_SHARE else loose).add((row["source"], row["target"]))
    return _checked(sure, loose, set())


def _from_pairs(pairs: Any) -> CausalGraph:
    try:
        edges = {(str(a), str(b)) for a, b in pairs}
    except (TypeError, ValueError):
        raise UsageError(
            f"a graph is text, DOT, a list of (cause, effect) or a table of edges, not {shown(pairs)}"
        ) from None
    return _checked(edges, set(), set())


def _checked(
    edges: set[tuple[str, str]], undirected: set[tuple[str, str]], hidden: set[tuple[str, str]]
) -> CausalGraph:
    for a, b in (*edges, *undirected, *hidden):
        if a == b:
            raise UsageError(f"{a!r} cannot cause itself")
    return CausalGraph(frozenset(edges), frozenset(undirected), frozenset(hidden))


@dataclass(frozen=True)
class Adjustment:
    """What a graph says of an effect.

    Attributes
    ----------
    controls : columns to adjust for; None where no set of measured columns closes every back door
    instruments : measured columns that move the treatment and reach the outcome through it alone, given the controls
        that each needs: instrument → controls
    mediators : measured columns on the way from treatment to outcome
    why : in words
    """

    controls: tuple[str, ...] | None
    instruments: Mapping[str, tuple[str, ...]]
    mediators: tuple[str, ...]
    why: str


def adjust(graph: CausalGraph, treatment: str, outcome: str, measured: Sequence[str]) -> Adjustment:
    """The adjustment set that a graph implies, valid whichever way its open edges point.

    The set of least variance is taken where all of it is measured (the parents of what lies on the way from treatment
    to outcome), else every measured ancestor that does no harm; where neither closes the back doors none does.

    Raises
    ------
    UsageError
        Treatment or outcome is not in the graph, or too many edges have no direction.

    References
    ----------
    Perković, Textor, Kalisch, Maathuis (2018), Complete graphical characterization of adjustment sets. Henckel,
    Perković, Maathuis (2022), Graphical criteria for efficient total effect estimation.
    """
    for name in (treatment, outcome):
        if name not in graph.nodes:
            raise UsageError(f"the graph has no {name!r}; {nearest(name, sorted(graph.nodes))}")
    if len(graph.undirected) > MOST_OPEN:
        raise UsageError(
            f"{len(graph.undirected)} edges of the graph have no direction, and at most {MOST_OPEN} are tried both "
            "ways: say what comes first (tiers) or direct some"
        )
    worlds = [one.whole() for one in graph.orientations()]
    if not worlds:
        raise UsageError("every way to direct the open edges makes a cycle: remove an edge")
    seen = set(measured) - {treatment, outcome}
    candidates = [found for world in worlds for found in _candidates(world, treatment, outcome, seen)]
    fit = [one for one in candidates if all(_closes(world, treatment, outcome, one) for world in worlds)]
    chosen = tuple(name for name in measured if name in fit[0]) if fit else None
    mediators = frozenset.intersection(*(_between(world, treatment, outcome) for world in worlds))
    return Adjustment(
        chosen, _instruments(worlds, treatment, outcome, seen), tuple(sorted(mediators & seen)),
        _words(worlds, treatment, outcome, chosen, seen),
    )  # fmt: skip


def _between(graph: CausalGraph, treatment: str, outcome: str) -> frozenset[str]:
    """What lies on a directed path from treatment to outcome, both ends left out."""
    return (graph.descendants([treatment]) & graph.ancestors([outcome])) - {treatment, outcome}


def _forbidden(graph: CausalGraph, treatment: str, outcome: str) -> frozenset[str]:
    """What must not be adjusted for: the way to the outcome and all that comes of it."""
    on_the_way = _between(graph, treatment, outcome)
    reaches = outcome in graph.descendants([treatment])
    return graph.descendants({*on_the_way, outcome} if reaches else set()) | {treatment, outcome}


def _candidates(graph: CausalGraph, treatment: str, outcome: str, seen: set[str]) -> list[frozenset[str]]:
    forbidden = _forbidden(graph, treatment, outcome)
    found = []
    if outcome in graph.descendants([treatment]):
        way = {*_between(graph, treatment, outcome), outcome}
        best = frozenset(a for a, b in graph.edges if b in way and a not in way) - forbidden
        if best <= seen:
            found.append(best)
    found.append(frozenset((graph.ancestors([treatment, outcome]) - forbidden) & seen))
    return found


def _closes(graph: CausalGraph, treatment: str, outcome: str, controls: frozenset[str]) -> bool:
    """Whether the controls close every path that does not run from the treatment to the outcome."""
    if controls & _forbidden(graph, treatment, outcome):
        return False
    way = {*_between(graph, treatment, outcome), outcome}
    rest = CausalGraph(frozenset((a, b) for a, b in graph.edges if not (a == treatment and b in way)))
    return rest.separated([treatment], [outcome], controls)


def _instruments(
    worlds: Sequence[CausalGraph], treatment: str, outcome: str, seen: set[str]
) -> dict[str, tuple[str, ...]]:
    found = {}
    for name in sorted(seen):
        for controls in (frozenset[str](), _safe(worlds, treatment, outcome, seen) - {name}):
            if all(_is_instrument(world, name, treatment, outcome, controls) for world in worlds):
                found[name] = tuple(sorted(controls))
                break
    return found


def _safe(worlds: Sequence[CausalGraph], treatment: str, outcome: str, seen: set[str]) -> frozenset[str]:
    """Measured causes of treatment or outcome that nothing after the treatment moves."""
    return frozenset(
        name for name in seen
        if all(
            name in world.ancestors([treatment, outcome]) and name not in world.descendants([treatment])
            for world in worlds
        )
    )  # fmt: skip


def _is_instrument(graph: CausalGraph, name: str, treatment: str, outcome: str, controls: frozenset[str]) -> bool:
    """It depends on the treatment's value, and on the outcome only through that (Pearl 2009, definition 7.4.1)."""
    if name in graph.descendants([treatment]) or controls & graph.descendants([name]) - {name}:
        return False
    cut = CausalGraph(frozenset((a, b) for a, b in graph.edges if a != treatment))
    return cut.separated([name], [outcome], controls) and not graph.separated([name], [treatment], controls)


def _words(
    worlds: Sequence[CausalGraph], treatment: str, outcome: str, chosen: tuple[str, ...] | None, seen: set[str]
) -> str:
    if chosen is None:
        blocked = sorted({
            a for world in worlds for a, b in world.edges
            if a not in seen and a not in (treatment, outcome) and b in world.ancestors([treatment])
        })  # fmt: skip
        through = f" (not measured: {', '.join(blocked)})" if blocked else ""
        return f"by the graph no measured columns close every back door from {treatment} to {outcome}{through}"
    reached = any(outcome in world.descendants([treatment]) for world in worlds)
    none = "" if reached else f"; in it {treatment} does not lead to {outcome}, so the effect should be none"
    if not chosen:
        return f"by the graph no back door is open and nothing needs adjusting for{none}"
    return f"by the graph adjusting for {', '.join(chosen)} closes every back door{none}"
