"""Why an item is recommended: the recent event that holds it up most, in words taken from the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import numpy as np
import pyarrow as pa

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.ids import list_length, one_id
from swayline.core.names import INTERACT
from swayline.core.rng import generator
from swayline.core.types import Ints
from swayline.core.words import noun
from swayline.dataset import NO_TIME, Sequences
from swayline.engine import DuckEngine
from swayline.events import EventLog
from swayline.influence.attribution import edit_rows, event_rows, remove_events
from swayline.models import recommend as best_items
from swayline.training.bundle import ModelBundle

LAST_EVENTS = 10
"""How far back a reason is looked for."""
USERS_AT_ONCE = 5_000
EXPLAINED_USERS = 100
POPULAR_REASON = "what most people take: the model can tell nothing of this person"


class HasBundle(Protocol):
    """What has learned a bundle, as :class:`swayline.Recommender` has."""

    def bundle(self) -> ModelBundle:
        """The bundle."""
        ...


@dataclass(frozen=True)
class Reason:
    """The event that holds a recommendation up most.

    Parameters
    ----------
    text : str
        What a person reads.
    item, behavior : str, optional
        The event's item and behaviour; None where no recent event holds the item up.
    score_change : float
        The item's logit with the event minus without it; 0 where there is none.
    """

    text: str
    item: str | None = None
    behavior: str | None = None
    score_change: float = 0.0


def reasons(fitted: ModelBundle, users: Ints, items: Ints, label: str = "reasons") -> list[Reason]:
    """(Q,) a reason for each recommendation, given as rows of users and items."""
    return event_reasons(fitted, fitted.histories, users, items, label)


def event_reasons(
    fitted: ModelBundle, sequences: Sequences, rows_of: Ints, items: Ints, label: str = "reasons"
) -> list[Reason]:
    """(Q,) a reason for each recommendation, given as rows of some histories and of items."""
    found: list[Reason] = []
    for start in range(0, len(rows_of), USERS_AT_ONCE * 10):
        rows, wanted = rows_of[start : start + USERS_AT_ONCE * 10], items[start : start + USERS_AT_ONCE * 10]
        asked, history = np.unique(rows, return_inverse=True)
        histories = sequences.take(asked)
        removals = remove_events(fitted.model, histories, history, wanted, last=LAST_EVENTS, label=label)
        best, change = _strongest(removals.recommendation, removals.position, removals.score_change, len(rows))
        found += [_reason(fitted, histories, int(p), float(gain)) for p, gain in zip(best, change, strict=True)]
    return found


def _strongest(recommendation: Ints, position: Ints, change: np.ndarray, n: int) -> tuple[Ints, np.ndarray]:
    """(n,) position of the event with the largest gain, -1 where none gains; later events win ties."""
    best, gain = np.full(n, -1, np.int64), np.zeros(n)
    order = np.lexsort((position, change))
    best[recommendation[order]], gain[recommendation[order]] = position[order], change[order]
    best[gain <= 0], gain[gain <= 0] = -1, 0.0
    return best, gain


def _reason(fitted: ModelBundle, histories: Sequences, place: int, gain: float) -> Reason:
    """``because of the cart of Walnut Desk Lamp on 31 Jan 2026``."""
    if place < 0:
        return Reason("no single recent event: what people like this one take next")
    label = fitted.labels[histories.items[place]]
    behavior = fitted.dataset.behaviors.names[histories.behaviors[place]]
    when = int(histories.times[place])
    day = "" if when == NO_TIME else f" on {datetime.fromtimestamp(when / 1e6, UTC).strftime('%d %b %Y').lstrip('0')}"
    what = label if behavior == INTERACT else f"the {noun(behavior)} of {label}"
    return Reason(f"because of {what}{day}", fitted.dataset.items.names[histories.items[place]], behavior, gain)


def explain_events(
    fitted: ModelBundle, users: Sequence[str | int] | None, *, item: str | int | None = None, seed: int = 0, k: int = 10
) -> pa.Table:
    """Ledger rows: what each event of a history does to each of the user's top ``k`` items, or to one item.

    Parameters
    ----------
    users : sequence of str or int, optional
        Outside ids; by default 100 drawn by the seed.
    item : str, optional
        Explain this item for everybody asked.

    Raises
    ------
    UsageError
        A user or the item is unknown.
    """
    k, histories = list_length(k), fitted.histories
    drawn = _asked(fitted, users, seed)
    asked = histories.take(drawn)
    if item is None:
        items, _ = best_items(fitted.model, asked, k, fitted.exclude_seen)
        rows, places = np.nonzero(items >= 0)
        wanted = items[rows, places].astype(np.int64)
    else:
        rows, wanted = np.arange(len(drawn)), np.repeat(_item_row(fitted, item), len(drawn))
    removed = remove_events(fitted.model, asked, rows, wanted)
    people = [fitted.dataset.users.names[row] for row in drawn]
    return event_rows(fitted.dataset, asked, people, rows, wanted, removed, fitted.event_ids)


def attribute_events(
    model: HasBundle | ModelBundle,
    log: EventLog | None = None,
    *,
    user: str | int,
    item: str | int | None = None,
    k: int = 10,
) -> pa.Table:
    """What each past event does to a user's recommendations: rows of the influence table, ``score_change`` in logits.

    Parameters
    ----------
    model : Recommender or ModelBundle
        A fitted one.
    log : EventLog, optional
        Whose histories to explain; by default those the model was fitted on.
    user : str or int
        Outside id; a whole number stands for the same id as text.
    item : str or int, optional
        Explain this item; by default the user's top ``k``.
    k : int
        Length of the list that is explained.

    Returns
    -------
    pa.Table
        A row an event and item: the logit with the event minus that without it.

    Raises
    ------
    UsageError
        The user or the item is unknown, or the model has learned nothing yet.
    """
    fitted = model if isinstance(model, ModelBundle) else model.bundle()
    if log is not None:
        with DuckEngine() as engine:
            fitted = fitted.for_log(engine, log)
    return explain_events(fitted, [one_id(user)], item=item, k=k)


def edit_behaviors(fitted: ModelBundle, users: Sequence[str | int] | None, *, seed: int = 0, k: int = 10) -> pa.Table:
    """Ledger rows: what adding, removing and replacing each behaviour does to people's top ``k``.

    Parameters
    ----------
    users : sequence of str or int, optional
        Outside ids; by default 100 drawn by the seed.

    Raises
    ------
    UsageError
        A user is unknown.
    """
    histories = fitted.histories.take(_asked(fitted, users, seed))
    return edit_rows(fitted.model, fitted.dataset, histories, k=k, exclude_seen=fitted.exclude_seen)


def _asked(fitted: ModelBundle, users: Sequence[str | int] | None, seed: int) -> Ints:
    """Rows of the users named, or of some drawn by the seed among those with a history."""
    if users is not None:
        return fitted.rows_of(users)
    some = fitted.served[fitted.histories.lengths[fitted.served] >= 1]
    return np.sort(generator(seed, "explained users").permutation(some)[:EXPLAINED_USERS])


def _item_row(fitted: ModelBundle, item: str | int) -> int:
    item = one_id(item, "item")
    row = int(fitted.dataset.items.rows([item])[0])
    if row < 0:
        raise UsageError(
            f"item {shown(item)} is not in the model's catalogue: {nearest(item, fitted.dataset.items.names[:2000])}"
        )
    return row
