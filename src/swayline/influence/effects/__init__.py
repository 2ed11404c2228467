"""What each behaviour causes: episodes, associations, effects with their intervals and refutations."""

from swayline.influence.effects.association import associations
from swayline.influence.effects.audit import Audit
from swayline.influence.effects.behavior_effects import BehaviorEffects
from swayline.influence.effects.planted import Beside, planted_beside

__all__ = ["Audit", "BehaviorEffects", "Beside", "associations", "planted_beside"]
