"""Attacks on a recommender, what they gain, and what defences take back."""

from swayline.trust.attack.defences import DEFENCES, defend
from swayline.trust.attack.lift import AttackPlan, AttackResult, measure_attack
from swayline.trust.attack.profiles import KINDS, attacked

__all__ = ["DEFENCES", "KINDS", "AttackPlan", "AttackResult", "attacked", "defend", "measure_attack"]
