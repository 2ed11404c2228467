"""What each behaviour causes: episodes, associations, effects with their intervals and refutations."""

from swayline.influence.behaviors.association import associations
from swayline.influence.behaviors.effects import BehaviorEffects
from swayline.influence.behaviors.estimate import EffectEstimate, estimate_effect

__all__ = ["BehaviorEffects", "EffectEstimate", "associations", "estimate_effect"]
