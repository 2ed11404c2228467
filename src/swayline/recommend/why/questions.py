"""Whom and what is explained: people, each with the items of their list or one item that is asked about."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.ids import list_length, one_id
from swayline.core.rng import generator
from swayline.core.types import Ints
from swayline.dataset import Sequences
from swayline.models import recommend as best_items
from swayline.training.bundle import ModelBundle

EXPLAINED_USERS = 100


@dataclass(frozen=True)
class Questions:
    """Q recommendations of H people.

    Parameters
    ----------
    drawn : (H,) rows of the people in the bundle
    histories : Sequences of H rows
    people : (H,) their ids
    rows : (Q,) int64
        The person of each recommendation, a row of ``histories``.
    items : (Q,) int64
    """

    fitted: ModelBundle
    drawn: Ints
    histories: Sequences
    people: list[str]
    rows: Ints
    items: Ints

    @property
    def hidden(self) -> Sequences:
        """(H rows) what cannot be in each person's list."""
        return self.histories.keep(np.full(len(self.histories.items), self.fitted.exclude_seen))


def questions(
    fitted: ModelBundle, users: Sequence[str | int] | None, *, item: str | int | None = None, seed: int = 0, k: int = 10
) -> Questions:
    """Each person's first ``k`` items, or one item for all of them.

    Parameters
    ----------
    users : sequence of str or int, optional
        Outside ids; by default 100 drawn by the seed.

    Raises
    ------
    UsageError
        A user or the item is unknown.
    """
    k = list_length(k)
    drawn = asked_users(fitted, users, seed)
    histories = fitted.histories.take(drawn)
    if item is None:
        items, _ = best_items(fitted.model, histories, k, fitted.exclude_seen)
        rows, places = np.nonzero(items >= 0)
        wanted = items[rows, places].astype(np.int64)
    else:
        rows, wanted = np.arange(len(drawn)), np.repeat(item_row(fitted, item), len(drawn))
    return Questions(fitted, drawn, histories, [fitted.dataset.users.names[row] for row in drawn], rows, wanted)


def asked_users(fitted: ModelBundle, users: Sequence[str | int] | None, seed: int) -> Ints:
    """Rows of the users named, or of some drawn by the seed among those with a history."""
    if users is not None:
        return fitted.rows_of(users)
    some = fitted.served[fitted.histories.lengths[fitted.served] >= 1]
    return np.sort(generator(seed, "explained users").permutation(some)[:EXPLAINED_USERS])


def item_row(fitted: ModelBundle, item: str | int) -> int:
    """The row of an item by its id.

    Raises
    ------
    UsageError
        The model's catalogue has no such item.
    """
    item = one_id(item, "item")
    row = int(fitted.dataset.items.rows([item])[0])
    if row < 0:
        raise UsageError(
            f"item {shown(item)} is not in the model's catalogue: {nearest(item, fitted.dataset.items.names[:2000])}"
        )
    return row
