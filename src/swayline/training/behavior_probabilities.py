"""Which behaviour the next event on an item would be, in the caller's own ids."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import pyarrow as pa

from swayline.core.errors import UsageError
from swayline.core.ids import id_list
from swayline.core.names import BEHAVIOR, ITEM, USER
from swayline.core.types import Ints
from swayline.dataset import Sequences
from swayline.training.bundle import ModelBundle

PROBABILITY = "probability"


@runtime_checkable
class KnowsBehaviors(Protocol):
    """A model with a behaviour head."""

    def behavior_probabilities(self, history: Sequences, items: Ints) -> np.ndarray:
        """(Q, B) of one item a row."""
        ...


def behavior_probabilities(fitted: ModelBundle, users: Sequence[str | int], items: Sequence[str | int]) -> pa.Table:
    """How likely each behaviour is, were the next event of a user on an item; pairs go side by side.

    Returns
    -------
    pa.Table
        ``user``, ``item``, ``behavior``, ``probability``: a row a pair and behaviour. Each behaviour has a probability
        of its own; they need not sum to one.

    Raises
    ------
    UsageError
        The model knows no behaviours, the lists differ in length, or a user or an item is unknown.
    """
    users, items = id_list(users), id_list(items, "items")
    if len(users) != len(items):
        raise UsageError(f"users and items go side by side, but there are {len(users)} and {len(items)}")
    model, data = fitted.model, fitted.dataset
    if not isinstance(model, KnowsBehaviors):
        raise UsageError(f"{model.name} knows no behaviours: fit a transformer with behavior_loss=0.1")
    rows, wanted = fitted.rows_of(users), data.items.rows(items)
    if (wanted < 0).any():
        raise UsageError(f"item {items[int(np.flatnonzero(wanted < 0)[0])]!r} is not in the log the model learned from")
    found = model.behavior_probabilities(fitted.histories.take(rows), wanted)
    n_behaviors = found.shape[1]
    return pa.table({
        USER: pa.array(np.repeat(np.asarray(users, object), n_behaviors), pa.string()),
        ITEM: pa.array(np.repeat(np.asarray(items, object), n_behaviors), pa.string()),
        BEHAVIOR: pa.array(data.behaviors.names * len(users), pa.string()),
        PROBABILITY: pa.array(found.astype(np.float64).ravel(), pa.float64()),
    })  # fmt: skip
