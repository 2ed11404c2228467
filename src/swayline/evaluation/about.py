"""What is known of items and answers beside a model's scores: popularity, categories, what followed.

Shapes: Q questions, I items, U users.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from swayline.core.names import CATEGORY
from swayline.core.types import Ints
from swayline.dataset import NO_TIME, Sequences, Targets
from swayline.evaluation.protocols import LATEST_US, later_items, positions
from swayline.evaluation.significance import Values
from swayline.metrics import comes_back, dwell_s, self_information


@dataclass(frozen=True)
class Items:
    """What the training part says of the items.

    Parameters
    ----------
    events : (I,) int64
        Training events of each item: its popularity.
    surprise : (I,) float64
        Self-information of meeting it, in bits.
    vectors : (I, U) sparse
        Who acted on it: lists are diverse where their items have different users.
    categories : (I,) int64
        -1 where it has none.
    """

    events: Ints
    surprise: Values
    vectors: sparse.csr_array
    categories: Ints

    @classmethod
    def of(cls, train: Sequences) -> "Items":
        """Count the training part."""
        shape = (train.n_items, len(train))
        seen = sparse.csr_array((np.ones(len(train.items), np.float32), (train.items, train.users)), shape=shape)
        seen.data[:] = 1.0
        categories = np.full(train.n_items, -1, np.int64)
        if train.catalogue is not None:
            categories = train.catalogue.codes(CATEGORY)[0]
        n_users = int((train.lengths > 0).sum())
        return cls(
            np.bincount(train.items, minlength=train.n_items).astype(np.int64),
            self_information(np.diff(seen.indptr), n_users), seen, categories,
        )  # fmt: skip


@dataclass(frozen=True)
class Answers:
    """What is known of the answers themselves.

    Parameters
    ----------
    dwell_s : (Q,) float
        Seconds until the user's next event; NaN where none follows within half an hour.
    again : (Q,) float
        1 where the user comes back to the item later; NaN where nothing follows that could tell.
    later : (offsets, items), optional
        All items the user acts on from the answer on; None where the answer is the last event of all.
    """

    dwell_s: Values
    again: Values
    later: tuple[Ints, np.ndarray] | None

    @classmethod
    def of(cls, sequences: Sequences, targets: Targets, until_us: int = LATEST_US) -> "Answers":
        """Look at what followed in the whole log."""
        place = positions(sequences, targets)
        ends = sequences.offsets[targets.users + 1]
        followed = place + 1 < ends
        nothing = np.full(len(targets), np.nan)
        if not followed.any():
            return cls(nothing, nothing, None)
        has_times = sequences.times[0] != NO_TIME
        dwell = dwell_s(sequences.users, sequences.times)[place] if has_times else nothing
        again = np.where(followed, comes_back(sequences.users, sequences.items)[place], np.nan)
        return cls(dwell, again, later_items(sequences, targets, until_us))

    def take(self, index: Ints) -> "Answers":
        """Some of the questions, in the order given."""
        later = None
        if self.later is not None:
            offsets, items = self.later
            lengths = np.diff(offsets)[index]
            fresh = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
            flat = np.repeat(offsets[:-1][index] - fresh[:-1], lengths) + np.arange(fresh[-1])
            later = (fresh, items[flat])
        return Answers(self.dwell_s[index], self.again[index], later)
