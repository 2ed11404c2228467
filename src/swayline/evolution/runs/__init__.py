"""Two runs beside each other: which lists, metrics and verdicts changed, why, and a gate for a release."""

from swayline.evolution.runs.compare import Comparison, compare_runs
from swayline.evolution.runs.gate import Limits, failures

__all__ = ["Comparison", "Limits", "compare_runs", "failures"]
