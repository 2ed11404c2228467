"""How many machines a log of some size takes: measured costs, and what follows from them."""

from swayline.pipeline.capacity.costs import Costs, StageCost
from swayline.pipeline.capacity.plan import Asked, Capacity, capacity

__all__ = ["Asked", "Capacity", "Costs", "StageCost", "capacity"]
