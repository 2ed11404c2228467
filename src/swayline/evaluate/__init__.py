"""Floor 8: is it true. Full rankings, intervals, paired tests."""

from swayline.evaluate.model import evaluate_model
from swayline.evaluate.ranking import REPEATS_MATTER, Ranking, compare, protocol, rank_targets, repeats, summary
from swayline.evaluate.significance import Estimate, bootstrap_mean, paired_test

__all__ = [
    "REPEATS_MATTER", "Estimate", "Ranking", "bootstrap_mean", "compare", "evaluate_model", "paired_test", "protocol",
    "rank_targets", "repeats", "summary",
]  # fmt: skip
