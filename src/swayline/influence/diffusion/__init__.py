"""How far influence travels: cascades, whom to start with, what blocking stops, how large one grows."""

from swayline.influence.diffusion.discover import CascadeTies, discover_cascade_ties
from swayline.influence.diffusion.graph import Graph, make_graph
from swayline.influence.diffusion.growth import CascadeGrowth, FittedGrowth
from swayline.influence.diffusion.launch import Launch, Launches
from swayline.influence.diffusion.ledger import (
    Fanout,
    Spread,
    graph_from_ledger,
    launch_from_ledger,
    spread_from_ledger,
)
from swayline.influence.diffusion.seeds import Seeds, choose_seeds
from swayline.influence.diffusion.simulate import Reach, choose_blocks, simulate, simulate_acts

__all__ = [
    "CascadeGrowth", "CascadeTies", "Fanout", "FittedGrowth", "Graph", "Launch", "Launches", "Reach", "Seeds", "Spread",
    "choose_blocks", "choose_seeds", "discover_cascade_ties", "graph_from_ledger", "launch_from_ledger", "make_graph",
    "simulate", "simulate_acts", "spread_from_ledger",
]  # fmt: skip
