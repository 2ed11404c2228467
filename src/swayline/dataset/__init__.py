"""Floor 2: what is learned from: vocabularies, splits, sequences."""

from swayline.dataset.sequences import NO_TIME, Sequences, from_lists
from swayline.dataset.splits import Split, Targets, check_leakage, last_out, sample, targets_at, time_cut

__all__ = [
    "NO_TIME", "Sequences", "Split", "Targets", "check_leakage", "from_lists", "last_out", "sample", "targets_at",
    "time_cut",
]  # fmt: skip
