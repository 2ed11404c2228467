"""Reasons: in words, what holds each item of a list up.

Shapes: Q questions, P places of the pool.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from swayline.recommend.explain import POPULAR_REASON, event_reasons
from swayline.recommend.slate import COLD, POPULAR, Slate
from swayline.recommend.steps.candidates import through_ties
from swayline.recommend.steps.protocol import REASONS


@dataclass(frozen=True)
class Reasons:
    """The event that holds an item up most, the people known who met it, or what stands in their place."""

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
        met = (through_ties(slate) > 0).astype(np.int64) if knows else None
        found: list[list[str]] = [[] for _ in range(len(slate))]
        for row, item, reason in zip(rows, items, told, strict=True):
            text = reason.text
            if slate.fallback is not None and slate.fallback[row] and slate.sources[row]:
                text = POPULAR_REASON if slate.sources[row] == POPULAR else _evidence(slate, int(row))
            elif reason.item is None and met is not None and met[int(row), int(item)]:
                text = "people whom this person knows met it"
            found[row].append(text)
        slate.reasons = found


def _evidence(slate: Slate, row: int) -> str:
    query = slate.queries[row]
    said = [f"{name} {value}" for name, value in (*query.profile.items(), *query.context.items())]
    said += ["people whom this person knows"] if query.ties or slate.rows[row] >= 0 else []
    return f"what others take by {', '.join(said)}" if slate.sources[row] == COLD else ""
