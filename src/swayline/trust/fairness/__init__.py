"""Whether groups of people and of providers are treated alike."""

from swayline.trust.fairness.compared import Measure
from swayline.trust.fairness.given import compare_known
from swayline.trust.fairness.measure import Fairness, measure_fairness
from swayline.trust.fairness.plan import FAIRNESS, FairnessPlan

__all__ = ["FAIRNESS", "Fairness", "FairnessPlan", "Measure", "compare_known", "measure_fairness"]
