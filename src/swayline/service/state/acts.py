"""Events of the log as acts of a person: what a history holds and in which order.

An act's place is its time, then its ``event_id`` (shorter ones first), as the readers of a log order it: neither the
order of arrival nor repeats change a history.
"""

import json
import math
from typing import Any, NamedTuple

from swayline.core.names import BEHAVIOR_SYNONYMS, EXPOSED, VALUE
from swayline.service.log.protocol import Event

DISMISS = "dismiss"
"""What a person does who refuses an item: it is no act, and the item is not shown to this person again."""


class Act(NamedTuple):
    """One act, comparable by its place in a history."""

    time_us: int
    length: int
    event_id: str
    item: str
    behavior: str
    value: float


def act_of(event: Event) -> Act | None:
    """The act that an event is; None for a search, an impression or a refusal, which change no history."""
    if event.item is None or event.behavior == DISMISS:
        return None
    more = more_of(event)
    if more.get(EXPOSED):
        return None
    value = more.get(VALUE)
    worth = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    return Act(event.time_us, len(event.event_id), event.event_id, event.item, event.behavior, worth)


def more_of(event: Event) -> dict[str, Any]:
    """The optional columns of an event."""
    return json.loads(event.more) if event.more else {}


def known_word(behavior: str) -> str:
    """A behaviour as the log knows it: lower case, without blanks, foreign words for known behaviours replaced.

    >>> known_word("Add to cart"), known_word("pv"), known_word("lesson")
    ('cart', 'view', 'lesson')
    """
    word = behavior.strip().lower()
    key = word.replace(" ", "_").replace("-", "_")
    return BEHAVIOR_SYNONYMS.get(key, word)
