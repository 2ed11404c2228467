"""People who respond to what they are shown: one simulator for rankers, live service, online learning, experiments."""

from swayline.simulation.responding.settings import WORLDS, RespondingSettings, named_world
from swayline.simulation.responding.world import (
    Day,
    RespondingWorld,
    events_of,
    exposure_table,
    random_lists,
    simulate_days,
)

__all__ = [
    "WORLDS", "Day", "RespondingSettings", "RespondingWorld", "events_of", "exposure_table", "named_world",
    "random_lists", "simulate_days",
]  # fmt: skip
