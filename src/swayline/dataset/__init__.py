"""Floor 2: what is learned from: vocabularies, splits, sequences."""

from swayline.dataset.asof import features_as_of
from swayline.dataset.bots import FLAGS, BotFlags, BotRules, flag_bots
from swayline.dataset.build import UNKNOWN, Dataset, Vocabulary, build_dataset, k_core
from swayline.dataset.catalogue import Catalogue, build_catalogue
from swayline.dataset.filling import FILLED, FeaturePreparer, Prepared
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
    "FILLED", "FLAGS", "NO_TIME", "RETURNS_MATTER", "UNKNOWN", "BotFlags", "BotRules", "Catalogue", "Dataset",
    "FeaturePreparer", "PeopleCodes", "Prepared", "Sequences", "Split", "Targets", "TextFeatures", "Vocabulary",
    "build_catalogue", "build_dataset", "check_leakage", "features_as_of", "flag_bots", "from_lists", "k_core",
    "last_out", "parse_cut", "returns_share", "sample", "seen_leave", "split_by_name", "targets_at", "time_cut",
]  # fmt: skip
