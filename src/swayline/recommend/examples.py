"""A few users to look at: what they did lately beside what they are recommended and why."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import ITEM, RANK, SCORE, USER
from swayline.core.rng import generator
from swayline.core.types import Ints, ItemRows
from swayline.dataset import Sequences
from swayline.influence.attribution import moment
from swayline.models import recommend as best_items
from swayline.models.protocol import Scores
from swayline.recommend.explain import Reason, reasons
from swayline.training.bundle import ModelBundle

_RECENT = 12


def examples(
    fitted: ModelBundle, k: int, seed: int, n_users: int = 10, *, lists: pa.Table | None = None
) -> list[dict[str, Any]]:
    """Users drawn by the seed among those with some history, with recent events, recommendations and reasons.

    Parameters
    ----------
    lists : pa.Table, optional
        ``user``, ``item``, ``rank``, ``score`` that people are shown; by default the model's own best.
    """
    histories = fitted.histories
    least = np.quantile(histories.lengths, 0.5)
    drawn = np.sort(generator(seed, "examples").permutation(np.flatnonzero(histories.lengths >= least))[:n_users])
    part = histories.take(drawn)
    if lists is None:
        items, scores = best_items(fitted.model, part, k, fitted.exclude_seen)
    else:
        items, scores = _of_lists(fitted, lists, drawn, k)
    rows, places = np.nonzero(items >= 0)
    why = reasons(fitted, drawn[rows], items[rows, places].astype(np.int64), label="examples")
    told: list[list[dict[str, Any]]] = [[] for _ in drawn]
    for row, place, reason in zip(rows, places, why, strict=True):
        told[row].append(_recommendation(fitted, int(items[row, place]), int(place), float(scores[row, place]), reason))
    return [
        {"user": fitted.dataset.users.names[user], "history": _recent(fitted, part, row), "recommendations": told[row]}
        for row, user in enumerate(drawn)
    ]


def _of_lists(fitted: ModelBundle, lists: pa.Table, drawn: Ints, k: int) -> tuple[ItemRows, Scores]:
    """(n, k) items and scores of the lists of some people; -1 where a list ends."""
    items, scores = np.full((len(drawn), k), -1, np.int32), np.zeros((len(drawn), k), np.float32)
    names = [fitted.dataset.users.names[row] for row in drawn]
    mine = lists.filter(pc.is_in(lists[USER], value_set=pa.array(names, pa.string())))
    at = {name: row for row, name in enumerate(names)}
    rows = fitted.dataset.items.rows(mine[ITEM].cast(pa.string()))
    columns = (mine[name].to_pylist() for name in (USER, RANK, SCORE))
    for user, rank, score, item in zip(*columns, rows.tolist(), strict=True):
        if rank <= k:
            items[at[user], rank - 1], scores[at[user], rank - 1] = item, score or 0.0
    return items, scores


def _recommendation(fitted: ModelBundle, item: int, place: int, score: float, reason: Reason) -> dict[str, Any]:
    return {
        "rank": place + 1, "item": fitted.dataset.items.names[item], "label": fitted.labels[item], "score": score,
        "reason": reason.text, "cause_item": reason.item, "cause_behavior": reason.behavior,
        "score_change": reason.score_change,
    }  # fmt: skip


def _recent(fitted: ModelBundle, part: Sequences, row: int) -> list[dict[str, Any]]:
    """The last events of a user, newest first."""
    events = range(part.of(row).stop - 1, max(part.of(row).stop - 1 - _RECENT, part.of(row).start - 1), -1)
    return [
        {"item": fitted.dataset.items.names[part.items[event]], "label": fitted.labels[part.items[event]],
         "behavior": fitted.dataset.behaviors.names[part.behaviors[event]], "time": moment(part.times[event]) or None}
        for event in events
    ]  # fmt: skip
