"""Vectors that spread along relations: what an item is tied to becomes part of what it is.

::

    h(0)      = a vector for each item and entity
    h(l + 1)  : node n gets the mean of h(l)[m] * w[r] over its triples (n, r, m) in either direction, each relation
                weighing exp(a[r]) in the mean (attention by relation)
    item      = mean of h(0) … h(L), a layer counting as much as the weight of layers says
    person    = the items of the history, summed over the root of their number, through one linear map
    score     = person · item + what the item has for everybody

Shapes: B people of a batch, N nodes, I items, D width, T directed triples (each in both directions), R relations.

References
----------
Wang et al., "Learning Intents behind Interactions with Knowledge Graph for Recommendation" (KGIN), WWW 2021: relations
as products. Wang et al., "KGAT: Knowledge Graph Attention Network for Recommendation", KDD 2019: attention by relation.
"""

import torch
from torch import Tensor, nn

from swayline.dataset.knowledge import KnowledgeGraph


class Propagation(nn.Module):
    """Vectors of items by what they are tied to."""

    ends: Tensor
    starts: Tensor
    kinds: Tensor

    def __init__(self, graph: KnowledgeGraph, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        heads, tails, kinds = (torch.from_numpy(one) for one in (graph.heads, graph.tails, graph.relations))
        self.register_buffer("ends", torch.cat([heads, tails]), persistent=False)  # (T,)
        self.register_buffer("starts", torch.cat([tails, heads]), persistent=False)
        turned = torch.cat([kinds, kinds + len(graph.names)])
        self.register_buffer("kinds", turned, persistent=False)
        self.n_items, self.layers = graph.n_items, layers
        self.nodes = nn.Embedding(graph.n_nodes, width)  # (N, D)
        self.relations = nn.Embedding(2 * max(1, len(graph.names)), width)  # (2 R, D)
        self.attention = nn.Parameter(torch.zeros(2 * max(1, len(graph.names))))
        self.person = nn.Linear(width, width, bias=False)
        self.everybody = nn.Parameter(torch.zeros(graph.n_items))
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.nodes.weight, std=0.1)
        nn.init.ones_(self.relations.weight)
        nn.init.eye_(self.person.weight)

    def items(self) -> Tensor:
        """(I, D) the items with what they are tied to."""
        layer = self.nodes.weight
        if not len(self.ends):
            return layer[: self.n_items]
        weight = self.attention.exp()[self.kinds]  # (T,)
        total = torch.full((len(layer),), 1e-9).index_add(0, self.ends, weight)
        share = (weight / total[self.ends])[:, None]
        found = layer
        for _ in range(self.layers):
            sent = layer[self.starts] * self.relations.weight[self.kinds] * share  # (T, D)
            layer = self.dropout(torch.zeros_like(layer).index_add(0, self.ends, sent))
            found = found + layer
        return found[: self.n_items]

    def forward(self, had: Tensor, offsets: Tensor, weights: Tensor, items: Tensor) -> Tensor:
        """(B, I) scores of people by the items they had, one flat list with offsets (B,), each with its weight."""
        people = nn.functional.embedding_bag(had, items, offsets, mode="sum", per_sample_weights=weights)  # (B, D)
        scores: Tensor = self.person(self.dropout(people)) @ items.T + self.everybody
        return scores
