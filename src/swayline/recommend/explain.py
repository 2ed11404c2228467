"""Why an item is recommended: the recent event that holds it up most, in words taken from the log."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from swayline.core.names import INTERACT
from swayline.core.types import Ints
from swayline.core.words import noun
from swayline.dataset import NO_TIME, Sequences
from swayline.influence.attribution import remove_events
from swayline.training.bundle import ModelBundle

LAST_EVENTS = 10
"""How far back a reason is looked for."""
USERS_AT_ONCE = 5_000
LEAST_GAIN = 1e-6
"""A smaller change of a score is rounding, and no reason."""
POPULAR_REASON = "what most people take: the model can tell nothing of this person"


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
    small = gain < LEAST_GAIN
    best[small], gain[small] = -1, 0.0
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
