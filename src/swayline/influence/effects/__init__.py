"""What each behaviour causes: episodes, associations, effects with their intervals and refutations."""

from swayline.influence.effects.association import associations
from swayline.influence.effects.behavior_effects import BehaviorEffects

__all__ = ["BehaviorEffects", "associations"]
