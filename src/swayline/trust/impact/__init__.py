"""What flagged people did to lists, to quality and to effects: each figure with them and without them."""

from swayline.trust.impact.effects import effects_without
from swayline.trust.impact.lists import lists_without, shown_items
from swayline.trust.impact.questions import quality_of_others

__all__ = ["effects_without", "lists_without", "quality_of_others", "shown_items"]
