"""Flow: what follows what, after how long, where people leave, and how many steps back matter."""

from swayline.evolution.flow.order import MarkovOrder, markov_order
from swayline.evolution.flow.transitions import TRANSITIONS, Flow, find_transitions

__all__ = ["TRANSITIONS", "Flow", "MarkovOrder", "find_transitions", "markov_order"]
