"""How much each past event or behaviour moves a recommendation: the model's answer to taking it out."""

from swayline.influence.attribution.approximate import METHODS, Attributions, attribute, rank_agreement
from swayline.influence.attribution.counterfactuals import (
    PARTITIONS,
    Partition,
    categories,
    moved,
    only_sets,
    partition,
    replaced,
    sessions,
    without_sets,
)
from swayline.influence.attribution.edits import edit_rows
from swayline.influence.attribution.minimal import Additions, MinimalSet, minimal_set, to_be_shown
from swayline.influence.attribution.removal import EventRemovals, remove_behavior, remove_events
from swayline.influence.attribution.rows import ASSUMPTIONS, TOP, behavior_rows, event_name, event_rows, moment
from swayline.influence.attribution.scoring import best_instead, score_and_rank, score_pairs

__all__ = [
    "ASSUMPTIONS", "METHODS", "PARTITIONS", "TOP", "Additions", "Attributions", "EventRemovals", "MinimalSet",
    "Partition", "attribute", "behavior_rows", "best_instead", "categories", "edit_rows", "event_name", "event_rows",
    "minimal_set", "moment", "moved", "only_sets", "partition", "rank_agreement", "remove_behavior", "remove_events",
    "replaced", "score_and_rank", "score_pairs", "sessions", "to_be_shown", "without_sets",
]  # fmt: skip
