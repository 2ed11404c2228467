"""Why an item is recommended: the recent event that holds it up most, in words taken from the log."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from swayline.core.names import INTERACT, ITEM, REASON, USER
from swayline.core.types import Ints
from swayline.dataset import NO_TIME, Sequences
from swayline.influence.attribution import remove_events
from swayline.recommend.fitted import FittedModel

LAST_EVENTS = 10
"""How far back a reason is looked for."""
USERS_AT_ONCE = 5_000


@dataclass(frozen=True)
class Reason:
    """The event that holds a recommendation up most.

    Parameters
    ----------
    text : str
        What a person reads.
    position : int
        Flat position of the event in the histories; -1 where no recent event holds the item up.
    score_change : float
        The item's logit with the event minus without it; 0 where there is none.
    """

    text: str
    position: int
    score_change: float


def reasons(fitted: FittedModel, users: Ints, items: Ints, label: str = "reasons") -> list[Reason]:
    """(Q,) a reason for each recommendation, given as rows of users and items."""
    found: list[Reason] = []
    sequences = fitted.dataset.sequences
    for start in range(0, len(users), USERS_AT_ONCE * 10):
        rows, wanted = users[start : start + USERS_AT_ONCE * 10], items[start : start + USERS_AT_ONCE * 10]
        asked, history = np.unique(rows, return_inverse=True)
        histories = sequences.take(asked)
        removals = remove_events(fitted.model, histories, history, wanted, last=LAST_EVENTS, label=label)
        best, change = _strongest(removals.recommendation, removals.position, removals.score_change, len(rows))
        for place, gain in zip(best, change, strict=True):
            found.append(_reason(fitted, histories, int(place), float(gain)))
    return found


def _strongest(recommendation: Ints, position: Ints, change: np.ndarray, n: int) -> tuple[Ints, np.ndarray]:
    """(n,) position of the event with the largest gain, -1 where none gains; later events win ties."""
    best, gain = np.full(n, -1, np.int64), np.zeros(n)
    order = np.lexsort((position, change))
    best[recommendation[order]], gain[recommendation[order]] = position[order], change[order]
    best[gain <= 0], gain[gain <= 0] = -1, 0.0
    return best, gain


def _reason(fitted: FittedModel, histories: Sequences, place: int, gain: float) -> Reason:
    if place < 0:
        return Reason("no single recent event: what people like this one take next", -1, 0.0)
    return Reason(describe_event(fitted, histories, place), place, gain)


def describe_event(fitted: FittedModel, histories: Sequences, place: int) -> str:
    """``because of the cart of Walnut Desk Lamp on 31 Jan 2026``."""
    label = fitted.labels[histories.items[place]]
    behavior = fitted.dataset.behaviors.names[histories.behaviors[place]]
    when = int(histories.times[place])
    day = "" if when == NO_TIME else f" on {datetime.fromtimestamp(when / 1e6, UTC).strftime('%d %b %Y').lstrip('0')}"
    return f"because of {label}{day}" if behavior == INTERACT else f"because of the {behavior} of {label}{day}"


def with_reasons(fitted: FittedModel, recommendations: pa.Table) -> pa.Table:
    """The recommendations table with a ``reason`` in each row."""
    users = fitted.dataset.users.rows(recommendations[USER])
    items = fitted.dataset.items.rows(recommendations[ITEM])
    texts = [reason.text for reason in reasons(fitted, users, items)]
    return recommendations.append_column(REASON, pa.array(texts, pa.string()))
