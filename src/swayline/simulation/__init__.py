"""Worlds with known influence: a simulated shop whose every effect is planted and written down."""

from swayline.simulation.settings import WorldSettings
from swayline.simulation.write import World, world, write_world

__all__ = ["World", "WorldSettings", "world", "write_world"]
