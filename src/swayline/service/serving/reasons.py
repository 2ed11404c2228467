"""Why an item is recommended now: each recent event taken out of the history, and the item scored again."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from swayline.core.errors import UsageError, nearest, shown
from swayline.dataset import Sequences
from swayline.influence.attribution import moment, remove_events
from swayline.recommend.explain import LAST_EVENTS
from swayline.service.serving.asks import Ask
from swayline.service.serving.loaded import Loaded

MOST_EXPLAINED = 50
_NONE = "no single recent event: what people like this one take next"


@dataclass(frozen=True)
class Cause:
    """A past event and what it does to an item's score: the logit with it minus without it."""

    item: str
    label: str
    behavior: str
    time: str | None
    score_change: float

    @property
    def words(self) -> str:
        """``because of the cart of Walnut Desk Lamp``."""
        what = self.label if self.behavior == "interact" else f"the {self.behavior} of {self.label}"
        return f"because of {what}"


def causes(loaded: Loaded, history: Sequences, rows: np.ndarray, last: int) -> list[list[Cause]]:
    """For each item row asked about, what each of the last events of one history does, strongest first."""
    with loaded.model_lock:
        removed = remove_events(
            loaded.bundle.model,
            history,
            np.zeros(len(rows), np.int64),
            rows.astype(np.int64),
            last=last,
            label="reasons",
        )
    names, behaviors = loaded.bundle.dataset.items.names, loaded.bundle.dataset.behaviors.names
    found: list[list[Cause]] = [[] for _ in rows]
    for at, place, change in zip(
        removed.recommendation.tolist(), removed.position.tolist(), removed.score_change.tolist(), strict=True
    ):
        item = names[history.items[place]]
        found[at].append(
            Cause(
                item,
                loaded.label(item),
                behaviors[history.behaviors[place]],
                moment(history.times[place]) or None,
                change,
            )
        )
    return [sorted(one, key=lambda cause: -cause.score_change) for one in found]


def reasons_of(loaded: Loaded, ask: Ask, history: Sequences, items: np.ndarray) -> list[str | None]:
    """A sentence for each item of a list; items above the model's rows are newcomers, worded by who chose them."""
    known = items < history.n_items
    told = iter(causes(loaded, history, items[known], LAST_EVENTS) if known.any() and history.lengths[0] else [])
    found: list[str | None] = []
    for is_known in known.tolist():
        mine = next(told, []) if is_known else []
        found.append(mine[0].words if mine and mine[0].score_change > 0 else _NONE)
    return found


def explanation(loaded: Loaded, history: Sequences, user: str, item: str) -> dict[str, Any]:
    """What each of a person's last events does to one item.

    Raises
    ------
    UsageError
        The item is unknown.
    """
    row = loaded.state.people.item_rows.get(item)
    if row is None:
        newcomer = loaded.newcomer(item) if loaded.catalogue.item(item) is not None else None
        if newcomer is None:
            names = loaded.bundle.dataset.items.names[:2000]
            raise UsageError(f"item {shown(item)} is unknown: {nearest(item, names)}")
        alike = [loaded.bundle.dataset.items.names[at] for at in newcomer.rows.tolist()]
        return {
            "user": user, "item": item, "method": f"likeness by {newcomer.source}", "events": [],
            "reason": f"new: like {loaded.label(alike[0])}",
            "alike": [{"item": one, "weight": float(w)} for one, w in zip(alike, newcomer.weights, strict=True)],
        }  # fmt: skip
    told = causes(loaded, history, np.array([row]), MOST_EXPLAINED)[0] if history.lengths[0] else []
    reason = told[0].words if told and told[0].score_change > 0 else _NONE
    return {
        "user": user, "item": item, "method": "removal of each event", "unit": "logit", "evidence": "model",
        "reason": reason, "events": [vars(one) for one in told],
    }  # fmt: skip
