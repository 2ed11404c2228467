"""Whether groups of people and of providers are treated alike."""

from swayline.trust.fairness.measure import Fairness, measure_fairness
from swayline.trust.fairness.plan import FAIRNESS, FairnessPlan

__all__ = ["FAIRNESS", "Fairness", "FairnessPlan", "measure_fairness"]
