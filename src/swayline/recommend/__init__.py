"""Floor 7: choose. A fitted model in the caller's ids, its recommendations and their reasons."""

from swayline.recommend.examples import examples
from swayline.recommend.explain import Reason, edit_behaviors, explain_events, reasons, with_reasons
from swayline.recommend.fit import check_split, fit_everything, fit_log, for_log, labels_of, with_log, with_people
from swayline.recommend.fitted import FittedModel
from swayline.recommend.newer import Match, event_ids
from swayline.recommend.recommender import SequenceRecommender, attribute_events
from swayline.recommend.search import ItemSearch
from swayline.recommend.weights import BehaviorWeights, learn_weights

__all__ = [
    "BehaviorWeights", "FittedModel", "ItemSearch", "Match", "Reason", "SequenceRecommender", "attribute_events",
    "check_split", "edit_behaviors", "event_ids", "examples", "explain_events", "fit_everything", "fit_log", "for_log",
    "labels_of", "learn_weights", "reasons", "with_log", "with_people", "with_reasons",
]  # fmt: skip
