"""What is counted from training histories, for features of a person's behaviour towards an item.

Shapes: I items, S features of an item, F features of a pair of a history and an item.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse

from swayline.core.errors import ArtifactError
from swayline.core.names import CATEGORY
from swayline.core.types import Ints
from swayline.dataset import Sequences
from swayline.models import artifact
from swayline.models.classical.recent_popular import decayed_counts, log_ages
from swayline.models.counts import stored_matrix
from swayline.models.counts.cooccurrence import pairs
from swayline.models.counts.neighbours import nearest
from swayline.models.values import ValueReading, liking

Matrix = npt.NDArray[np.float32]
_NEIGHBOURS = 100
_MOST_BEHAVIORS = 8
_DRAW = 5.0
"""Events by which an item's mean liking is drawn towards none."""


@dataclass(frozen=True)
class Tables:
    """What is counted from training histories.

    Parameters
    ----------
    similar, follows : (I, I)
        Each item's nearest neighbours, and what comes after it, at most 100 each.
    items : (I, S) float32
        Features of the items alone.
    categories : (I,) int64
        Number of each item's category, -1 where it has none.
    n_behaviors : int
        Behaviours told apart.
    reading : ValueReading, optional
        How the values of events are read; None where they are no features.
    """

    similar: sparse.csr_array
    follows: sparse.csr_array
    items: Matrix
    categories: Ints
    n_behaviors: int
    reading: ValueReading | None = None

    @property
    def n_pair_features(self) -> int:
        """F."""
        return len(pair_feature_names(self.n_behaviors, self.reading is not None))


def item_feature_names(n_behaviors: int, valued: bool = False) -> list[str]:
    """Names of the S features of an item."""
    liked = ["liking by all"] if valued else []
    shares = [f"share of {b}" for b in range(n_behaviors)]
    return ["popularity", "popularity lately", "popularity of late", *shares, *liked]


def pair_feature_names(n_behaviors: int, valued: bool = False) -> list[str]:
    """Names of the F features of a pair."""
    liked = ["likeness to what is liked", "own liking"] if valued else []
    return [
        "likeness, long memory", "likeness, short memory", "follows the last", "follows the last ones",
        *(f"own events by {b}" for b in range(n_behaviors)), "own, how lately", *liked, "category share",
        "category of last",
    ]  # fmt: skip


def count_tables(train: Sequences, reading: ValueReading | None = None) -> Tables:
    """The tables of training histories; with a reading of values, these are features too."""
    n, n_behaviors = train.n_items, min(train.n_behaviors, _MOST_BEHAVIORS)
    counts = np.bincount(train.items, minlength=n)
    forward = pairs(train, 0.8)
    both = (forward + 0.7 * forward.T).tocsr()
    both.setdiag(0.0)
    both.eliminate_zeros()
    norm = np.sqrt(np.maximum(counts, 1.0))
    both.data = (both.data / (np.repeat(norm, np.diff(both.indptr)) * norm[both.indices] + 5.0)).astype(np.float32)
    follows = pairs(train, 0.3).tocsr()
    total = np.asarray(follows.sum(axis=1)).ravel() + 2.0
    follows.data = (follows.data / np.repeat(total, np.diff(follows.indptr))).astype(np.float32)
    clock = log_ages(train)
    columns = [np.log1p(counts), *(np.log1p(decayed_counts(train, clock, share) * 10) for share in (0.1, 0.01))]
    for behavior in range(n_behaviors):
        own = np.bincount(train.items[train.behaviors == behavior], minlength=n)
        columns.append((own + 1.0) / (counts + 1.0 * n_behaviors))
    if reading is not None:
        columns.append(np.bincount(train.items, liking(train, reading), minlength=n) / (counts + _DRAW))
    items = np.stack(columns, axis=1).astype(np.float32)
    codes = train.catalogue.codes(CATEGORY)[0] if train.catalogue is not None else np.full(n, -1, np.int64)
    return Tables(nearest(both, _NEIGHBOURS), nearest(follows, _NEIGHBOURS), items, codes, n_behaviors, reading)


def as_arrays(tables: Tables) -> dict[str, np.ndarray]:
    """The tables as a folder holds them."""
    return (
        stored_matrix.as_arrays(tables.similar, "similar.")
        | stored_matrix.as_arrays(tables.follows, "follows.")
        | {"items": tables.items, "categories": tables.categories}
    )


def expected(n_items: int, n_behaviors: int, valued: bool = False) -> stored_matrix.Expected:
    """The arrays of tables of this size."""
    return (
        stored_matrix.expected(n_items, "similar.")
        | stored_matrix.expected(n_items, "follows.")
        | {
            "items": ((n_items, len(item_feature_names(n_behaviors, valued))), "float32"),
            "categories": ((n_items,), "int64"),
        }
    )


def from_arrays(
    folder: Path, arrays: artifact.Arrays, n_items: int, n_behaviors: int, reading: ValueReading | None = None
) -> Tables:
    """The tables of checked arrays.

    Raises
    ------
    ArtifactError
        The arrays do not make tables of this size.
    """
    shape = (n_items, n_items)
    if n_items and not -1 <= arrays["categories"].min() <= arrays["categories"].max() < n_items:
        raise ArtifactError(f"{folder / artifact.WEIGHTS_FILE}: categories are not numbers of categories")
    similar = stored_matrix.from_arrays(folder, arrays, shape, "similar.")
    follows = stored_matrix.from_arrays(folder, arrays, shape, "follows.")
    return Tables(similar, follows, arrays["items"], arrays["categories"], n_behaviors, reading)
