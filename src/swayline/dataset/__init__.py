"""Floor 2: what is learned from: vocabularies, splits, sequences."""

from swayline.dataset.build import UNKNOWN, Dataset, Vocabulary, build_dataset, k_core
from swayline.dataset.catalogue import Catalogue, build_catalogue
from swayline.dataset.sequences import NO_TIME, Sequences, from_lists
from swayline.dataset.splits import Split, Targets, check_leakage, last_out, sample, split_by_name, targets_at, time_cut

__all__ = [
    "NO_TIME", "UNKNOWN", "Catalogue", "Dataset", "Sequences", "Split", "Targets", "Vocabulary", "build_catalogue",
    "build_dataset", "check_leakage", "from_lists", "k_core", "last_out", "sample", "split_by_name", "targets_at",
    "time_cut",
]  # fmt: skip
