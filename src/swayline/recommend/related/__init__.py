"""What belongs together: items like an item, baskets, playlists, people to follow, groups, rhythms, newcomers."""

from swayline.recommend.related.due import Due
from swayline.recommend.related.playlists import Continuation, continued, held_out
from swayline.recommend.related.similar import score_pairs, similar_items
from swayline.recommend.related.social import group_list, people_to_follow, questions_for_newcomers, whose_posts
from swayline.recommend.related.together import Baskets, GoesTogether

__all__ = [
    "Baskets", "Continuation", "Due", "GoesTogether", "continued", "group_list", "held_out", "people_to_follow",
    "questions_for_newcomers", "score_pairs", "similar_items", "whose_posts",
]  # fmt: skip
