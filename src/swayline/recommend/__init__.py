"""Floor 9: choose. A question walks a chain of named steps to a list; reasons, similar items, search by words."""

from swayline.recommend.chain import Chain
from swayline.recommend.context import Context
from swayline.recommend.examples import examples
from swayline.recommend.explain import Reason, reasons
from swayline.recommend.filters import parse_filter
from swayline.recommend.lists import Lists
from swayline.recommend.query import Query
from swayline.recommend.recommender import Recommender, SequenceRecommender
from swayline.recommend.related import (
    Baskets,
    Due,
    GoesTogether,
    group_list,
    people_to_follow,
    questions_for_newcomers,
    score_pairs,
    similar_items,
)
from swayline.recommend.search import ItemSearch
from swayline.recommend.slate import Slate
from swayline.recommend.steps import STEPS, Step, create_step
from swayline.recommend.strengths import Strengths, learn_strengths
from swayline.recommend.uplift import UpliftRanker
from swayline.recommend.why import (
    attribute_events,
    edit_behaviors,
    edited_lists,
    explain_events,
    shown_rows,
    why_sentences,
)

__all__ = [
    "STEPS", "Baskets", "Chain", "Context", "Due", "GoesTogether", "ItemSearch", "Lists", "Query", "Reason",
    "Recommender", "SequenceRecommender", "Slate", "Step", "Strengths", "UpliftRanker", "attribute_events",
    "create_step", "edit_behaviors", "edited_lists", "examples", "explain_events", "group_list", "learn_strengths",
    "parse_filter", "people_to_follow", "questions_for_newcomers", "reasons", "score_pairs", "shown_rows",
    "similar_items", "why_sentences",
]  # fmt: skip
