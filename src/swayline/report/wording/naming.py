"""Names of metrics and models as a sentence writes them."""

from swayline.report.wording import words

METRICS = {
    "ndcg": ("NDCG", "how near the top the true next item stands"),
    "hr": ("Hit rate", "share of questions whose true next item is in the list"),
    "recall": ("Recall", "share of the true items that are in the list"),
    "mrr": ("MRR", "mean of 1 / rank of the true next item"),
    "coverage": ("Coverage", "share of the catalogue that anybody is shown"),
}
"""Metric → its name and what it says, the best known first."""


def metric_words(metric: str) -> tuple[str, str]:
    """A metric's name and what it says.

    >>> metric_words("ndcg@10")
    ('NDCG@10', 'how near the top the true next item stands')
    """
    name, at, k = metric.partition("@")
    known = METRICS.get(name, (name, ""))
    return known[0] + at + k, known[1]


def model_words(name: str) -> str:
    """A model's name as a sentence writes it.

    >>> model_words("most-popular")
    'most popular'
    """
    return name.replace("-knn", "-kNN") if name.endswith("-knn") else words.label(name.replace("-", " "))


def is_share(metric: str) -> bool:
    """Whether a metric reads as a percentage.

    >>> is_share("hr@10"), is_share("ndcg@10")
    (True, False)
    """
    return metric.partition("@")[0] in ("hr", "recall", "precision", "accuracy", "coverage")
