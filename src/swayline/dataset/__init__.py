"""Floor 2: what is learned from: vocabularies, splits, sequences."""

from swayline.dataset.build import Dataset, build_dataset, k_core
from swayline.dataset.catalogue import Catalogue, build_catalogue
from swayline.dataset.column_use import ColumnUse, column_uses, unused_words
from swayline.dataset.people import PeopleCodes
from swayline.dataset.resolution import attribute_at, attribute_of_events, with_categories
from swayline.dataset.returns import RETURNS_MATTER, returns_share, seen_leave
from swayline.dataset.sequences import NO_TIME, Sequences, from_lists
from swayline.dataset.splits import (
    Split,
    Targets,
    as_training_knows,
    check_leakage,
    last_out,
    parse_cut,
    sample,
    split_by_name,
    targets_at,
    time_cut,
)
from swayline.dataset.texts import TextFeatures
from swayline.dataset.vocabulary import UNKNOWN, Vocabulary

__all__ = [
    "NO_TIME", "RETURNS_MATTER", "UNKNOWN", "Catalogue", "ColumnUse", "Dataset", "PeopleCodes", "Sequences", "Split",
    "Targets", "TextFeatures", "Vocabulary", "as_training_knows", "attribute_at", "attribute_of_events",
    "build_catalogue", "build_dataset", "check_leakage", "column_uses", "from_lists", "k_core", "last_out", "parse_cut",
    "returns_share", "sample", "seen_leave", "split_by_name", "targets_at", "time_cut", "unused_words",
    "with_categories",
]  # fmt: skip
