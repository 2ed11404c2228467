"""How far influence travels: cascades, whom to start with, what blocking stops, how large one grows."""

from swayline.influence.spread.discover import CascadeTies, discover_cascade_ties
from swayline.influence.spread.graph import Graph, make_graph
from swayline.influence.spread.growth import CascadeGrowth, FittedGrowth
from swayline.influence.spread.ledger import Spread, graph_from_ledger, spread_from_ledger
from swayline.influence.spread.seeds import Seeds, choose_seeds
from swayline.influence.spread.simulate import Reach, choose_blocks, simulate, simulate_acts

__all__ = [
    "CascadeGrowth", "CascadeTies", "FittedGrowth", "Graph", "Reach", "Seeds", "Spread", "choose_blocks",
    "choose_seeds", "discover_cascade_ties", "graph_from_ledger", "make_graph", "simulate", "simulate_acts",
    "spread_from_ledger",
]  # fmt: skip
