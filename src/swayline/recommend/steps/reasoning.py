"""Reasons: in words, what holds each item of a list up.

Shapes: Q questions, P places of the pool.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from swayline.recommend.explain import POPULAR_REASON, Reason, event_reasons
from swayline.recommend.slate import COLD, POPULAR, Slate
from swayline.recommend.steps.candidates import Ties
from swayline.recommend.steps.following import Followed, through_ties
from swayline.recommend.steps.protocol import REASONS


@dataclass(frozen=True)
class Reasons:
    """The event that holds an item up most, the people followed, or what stands in their place.

    "because people you follow …" is said only where the ledger supports it *and* it is why the item stands here: the
    step ``influence`` lifted it by more than any event does, or ``ties`` alone named it.
    """

    name: ClassVar[str] = "reasons"
    kind: ClassVar[str] = REASONS

    def __call__(self, slate: Slate) -> None:
        """Give every place of the lists a reason."""
        assert slate.items is not None
        lengths = np.array([query.k for query in slate.queries])
        rows, places = np.nonzero((slate.items >= 0) & (np.arange(slate.items.shape[1]) < lengths[:, None]))
        items = slate.items[rows, places].astype(np.int64)
        told = event_reasons(slate.context.bundle, slate.history, rows, items)
        knows = slate.context.has_ties or any(query.ties for query in slate.queries)
        met = through_ties(slate) if knows else None
        alone = slate.named_by(Ties.name, rows, items)
        found: list[list[str]] = [[] for _ in range(len(slate))]
        for row, item, reason, only in zip(rows, items, told, alone, strict=True):
            found[row].append(_text(slate, (int(row), int(item)), reason, met, bool(only)))
        slate.reasons = found


def _text(slate: Slate, place: tuple[int, int], reason: Reason, met: Followed | None, only: bool) -> str:
    """The reason of one place: people followed where they lift the item more than any event does, else the event."""
    row, item = place
    if slate.fallback is not None and slate.fallback[row] and slate.sources[row]:
        return POPULAR_REASON if slate.sources[row] == POPULAR else _evidence(slate, row)
    if met is None or not met.people[row, item]:
        return reason.text
    lifts = slate.lifted is not None and slate.lifted[row, item] > max(reason.score_change, 0.0)
    because = met.reason(row, item) if lifts or only else None
    if because is not None:
        return because
    return "people whom this person knows met it" if reason.item is None else reason.text


def _evidence(slate: Slate, row: int) -> str:
    query = slate.queries[row]
    said = [f"{name} {value}" for name, value in (*query.profile.items(), *query.context.items())]
    said += ["people whom this person knows"] if query.ties or slate.rows[row] >= 0 else []
    return f"what others take by {', '.join(said)}" if slate.sources[row] == COLD else ""
