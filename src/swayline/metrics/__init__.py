"""Floor 1: metrics as pure functions, arrays in and numbers out."""

from swayline.metrics.ranking import coverage, hit_rate, mrr, ndcg, ranks, recall

__all__ = ["coverage", "hit_rate", "mrr", "ndcg", "ranks", "recall"]
