"""Floor 8: is it true. Full rankings, intervals, groups, paired tests."""

from swayline.evaluation.about import Answers, Items
from swayline.evaluation.best import Comparison, compare_all
from swayline.evaluation.causes import Left, misses, misses_of_models, parse_left, quality_without
from swayline.evaluation.groups import groups_of
from swayline.evaluation.leakage import check_numbers, numbers_foretell
from swayline.evaluation.model import Plan, evaluate_models, rank_fold, told_of, told_of_all
from swayline.evaluation.probabilities import inverse_temperature
from swayline.evaluation.protocols import PROTOCOLS, Fold, folds
from swayline.evaluation.ranking import Ranking, joined, protocol, rank_targets, repeats
from swayline.evaluation.results import best_of, by_group, compare, summary, undecided
from swayline.evaluation.significance import Estimate, bootstrap_mean, paired_test
from swayline.evaluation.target import TARGETS
from swayline.evaluation.values import error_measures, evaluate_values

__all__ = [
    "PROTOCOLS",
    "TARGETS",
    "Answers",
    "Comparison",
    "Estimate",
    "Fold",
    "Items",
    "Left",
    "Plan",
    "Ranking",
    "best_of",
    "bootstrap_mean",
    "by_group",
    "check_numbers",
    "compare",
    "compare_all",
    "error_measures",
    "evaluate_models",
    "evaluate_values",
    "folds",
    "groups_of",
    "inverse_temperature",
    "joined",
    "misses",
    "misses_of_models",
    "numbers_foretell",
    "paired_test",
    "parse_left",
    "protocol",
    "quality_without",
    "rank_fold",
    "rank_targets",
    "repeats",
    "summary",
    "told_of",
    "told_of_all",
    "undecided",
]
