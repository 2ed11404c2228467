"""A knowledge graph by numbers: items first, then the entities they are tied to.

Shapes: I items, N nodes (items and entities), T triples, R relations.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.names import ENTITY, HEAD, RELATION, TAIL
from swayline.core.types import Ints
from swayline.dataset.vocabulary import Vocabulary

ALL = "*"
"""Every relation."""


@dataclass(frozen=True)
class KnowledgeGraph:
    """Triples between nodes.

    Parameters
    ----------
    heads, relations, tails : (T,) int64
        Nodes 0 to I - 1 are items in the vocabulary's order, the others entities.
    names : tuple of str
        (R,) the relations.
    entities : tuple of str
        Names of the nodes from I on.
    n_items : int
        I.
    """

    heads: Ints
    relations: Ints
    tails: Ints
    names: tuple[str, ...]
    entities: tuple[str, ...]
    n_items: int

    @property
    def n_nodes(self) -> int:
        """Items and entities."""
        return self.n_items + len(self.entities)

    def __len__(self) -> int:
        return len(self.heads)

    def without(self, relation: str) -> Self:
        """The graph without a relation's triples, or without any (``*``).

        Raises
        ------
        UsageError
            There is no such relation.
        """
        if relation == ALL:
            return replace(self, heads=self.heads[:0], relations=self.relations[:0], tails=self.tails[:0])
        if relation not in self.names:
            raise UsageError(f"relation {shown(relation)} is not in the graph: {nearest(relation, self.names)}")
        kept = self.relations != self.names.index(relation)
        return replace(self, heads=self.heads[kept], relations=self.relations[kept], tails=self.tails[kept])


def build_graph(table: pa.Table | None, items: Vocabulary) -> KnowledgeGraph | None:
    """The triples of a log by the numbers of its items; None where there is no graph."""
    if table is None:
        return None
    ends = [table[name].combine_chunks() for name in (HEAD, TAIL)]
    names = pc.unique(pa.concat_arrays(ends))
    others = names.filter(pc.invert(pc.is_in(names, value_set=items.ids.cast(pa.string())))).sort()
    nodes = pa.concat_arrays([items.ids.cast(pa.string()), others])
    heads, tails = (np.asarray(pc.index_in(one, value_set=nodes), np.int64) for one in ends)
    relations = pc.unique(table[RELATION].combine_chunks()).sort()
    codes = np.asarray(pc.index_in(table[RELATION].combine_chunks(), value_set=relations), np.int64)
    plain = tuple(name.removeprefix(f"{ENTITY}:") for name in others.to_pylist())
    return KnowledgeGraph(heads, codes, tails, tuple(relations.to_pylist()), plain, len(items))
