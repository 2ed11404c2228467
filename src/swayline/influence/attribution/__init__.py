"""How much each past event or behaviour moves a recommendation: the model's answer to taking it out."""

from swayline.influence.attribution.edits import edit_rows
from swayline.influence.attribution.removal import EventRemovals, remove_behavior, remove_events
from swayline.influence.attribution.rows import TOP, behavior_rows, event_rows, moment

__all__ = [
    "TOP", "EventRemovals", "behavior_rows", "edit_rows", "event_rows", "moment", "remove_behavior", "remove_events",
]  # fmt: skip
