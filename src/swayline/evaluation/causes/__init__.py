"""What a recommender's quality is owed to: what it loses when something leaves its log, and where it misses."""

from swayline.evaluation.causes.misses import misses, misses_of_models
from swayline.evaluation.causes.without import Left, parse_left, quality_without

__all__ = ["Left", "misses", "misses_of_models", "parse_left", "quality_without"]
