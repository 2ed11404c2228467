"""Who met what, when: the temporal behaviour graph, its neighbours before a moment, streams, views, exports."""

from swayline.dataset.adjacency.exports import as_tensors, to_networkx, to_temporal_data
from swayline.dataset.adjacency.from_log import behavior_graph, clock_of
from swayline.dataset.adjacency.graph import NodeKind, TemporalGraph, from_edges
from swayline.dataset.adjacency.queries import Neighbours, neighbours_before
from swayline.dataset.adjacency.stream import NeighbourStream
from swayline.dataset.adjacency.views import event_chain, growth, snapshots

__all__ = [
    "NeighbourStream", "Neighbours", "NodeKind", "TemporalGraph", "as_tensors", "behavior_graph", "clock_of",
    "event_chain", "from_edges", "growth", "neighbours_before", "snapshots", "to_networkx", "to_temporal_data",
]  # fmt: skip
