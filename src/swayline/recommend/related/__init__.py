"""What belongs together: items like an item, baskets, people to follow, groups, what to ask a newcomer."""

from swayline.recommend.related.similar import score_pairs, similar_items
from swayline.recommend.related.social import group_list, people_to_follow, questions_for_newcomers
from swayline.recommend.related.together import Baskets, GoesTogether

__all__ = [
    "Baskets", "GoesTogether", "group_list", "people_to_follow", "questions_for_newcomers", "score_pairs",
    "similar_items",
]  # fmt: skip
