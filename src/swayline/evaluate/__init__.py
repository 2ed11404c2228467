"""Floor 8: is it true. Full rankings, intervals, groups, paired tests."""

from swayline.evaluate.about import Answers, Items
from swayline.evaluate.best import Comparison, compare_all
from swayline.evaluate.groups import groups_of
from swayline.evaluate.model import Plan, evaluate_models
from swayline.evaluate.probabilities import inverse_temperature
from swayline.evaluate.protocols import PROTOCOLS, Fold, folds
from swayline.evaluate.ranking import Ranking, joined, protocol, rank_targets, repeats
from swayline.evaluate.results import best_of, by_group, compare, summary, undecided
from swayline.evaluate.significance import Estimate, adjusted, bootstrap_mean, paired_test
from swayline.evaluate.target import TARGETS

__all__ = [
    "PROTOCOLS", "TARGETS", "Answers", "Comparison", "Estimate", "Fold", "Items", "Plan",
    "Ranking", "adjusted", "best_of", "bootstrap_mean", "by_group", "compare", "compare_all", "evaluate_models",
    "folds", "groups_of", "inverse_temperature", "joined", "paired_test", "protocol", "rank_targets", "repeats",
    "summary", "undecided",
]  # fmt: skip
