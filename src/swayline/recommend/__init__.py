"""Floor 9: choose. A bundle's recommendations, their reasons, and items found by words."""

from swayline.recommend.examples import examples
from swayline.recommend.explain import (
    Reason,
    attribute_events,
    edit_behaviors,
    explain_events,
    reasons,
    with_reasons,
)
from swayline.recommend.search import ItemSearch

__all__ = [
    "ItemSearch", "Reason", "attribute_events", "edit_behaviors", "examples", "explain_events", "reasons",
    "with_reasons",
]  # fmt: skip
