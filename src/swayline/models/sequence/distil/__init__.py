"""A smaller network from a larger one: what counts is kept, then it learns from the larger one's scores."""

from swayline.models.sequence.distil.learn import SmallSize, distilled

__all__ = ["SmallSize", "distilled"]
