"""Floor 7: choose. A fitted model in the caller's ids, its recommendations and their reasons."""

from swayline.recommend.examples import examples
from swayline.recommend.explain import Reason, edit_behaviors, explain_events, reasons, with_reasons
from swayline.recommend.recommender import SequenceRecommender, attribute_events
from swayline.recommend.search import ItemSearch
from swayline.recommend.weights import BehaviorWeights, learn_weights

__all__ = [
    "BehaviorWeights", "ItemSearch", "Reason", "SequenceRecommender", "attribute_events", "edit_behaviors",
    "examples", "explain_events", "learn_weights", "reasons", "with_reasons",
]  # fmt: skip
