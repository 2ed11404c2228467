"""Floor 1: metrics as pure functions, arrays in and numbers out.

``ranking`` (one right answer), ``relevance`` (several), ``prediction`` (probabilities and numbers), ``exposure`` and
``diversity`` (what is shown), ``fairness`` (to whom, and of whom), ``satisfaction`` (what followed), ``intervals`` (of
simple figures).
"""

from swayline.metrics import diversity, exposure, fairness, prediction, ranking, relevance, satisfaction
from swayline.metrics.diversity import intra_list_diversity
from swayline.metrics.exposure import category_coverage, coverage, exposure_gini, gini, self_information
from swayline.metrics.prediction import calibration_error, log_loss, macro_f1, squared_error
from swayline.metrics.ranking import (
    auc,
    average_precision,
    f1,
    hit_rate,
    mrr,
    ndcg,
    precision,
    ranks,
    recall,
    sparse_ranks,
)
from swayline.metrics.satisfaction import comes_back, dwell_s, repeat_rate

__all__ = [
    "auc",
    "average_precision",
    "calibration_error",
    "category_coverage",
    "comes_back",
    "coverage",
    "diversity",
    "dwell_s",
    "exposure",
    "exposure_gini",
    "f1",
    "fairness",
    "gini",
    "hit_rate",
    "intra_list_diversity",
    "log_loss",
    "macro_f1",
    "mrr",
    "ndcg",
    "precision",
    "prediction",
    "ranking",
    "ranks",
    "recall",
    "relevance",
    "repeat_rate",
    "satisfaction",
    "self_information",
    "sparse_ranks",
    "squared_error",
]  # fmt: skip
