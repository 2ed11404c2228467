"""Floor 2: what is learned from: vocabularies, splits, sequences."""

from swayline.dataset.build import UNKNOWN, Dataset, Vocabulary, build_dataset, k_core
from swayline.dataset.catalogue import Catalogue, build_catalogue
from swayline.dataset.people import PeopleCodes
from swayline.dataset.returns import RETURNS_MATTER, returns_share, seen_leave
from swayline.dataset.sequences import NO_TIME, Sequences, from_lists
from swayline.dataset.splits import (
    Split,
    Targets,
    check_leakage,
    last_out,
    parse_cut,
    sample,
    split_by_name,
    targets_at,
    time_cut,
)
from swayline.dataset.texts import TextFeatures

__all__ = [
    "NO_TIME", "RETURNS_MATTER", "UNKNOWN", "Catalogue", "Dataset", "PeopleCodes", "Sequences", "Split",
    "Targets", "TextFeatures", "Vocabulary", "build_catalogue", "build_dataset", "check_leakage", "from_lists",
    "k_core", "last_out", "parse_cut", "returns_share", "sample", "seen_leave", "split_by_name", "targets_at",
    "time_cut",
]  # fmt: skip
