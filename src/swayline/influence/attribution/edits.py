"""The model's answer to a history in which a behaviour was added, removed, or replaced by another.

::

    history                     v1 c2 v3
    remove cart                 v1 v3            all of its events go; positions close up, times stay
    replace cart by view        v1 v2 v3         what each was about and when stays
    add cart                    v1 c2 v3 c3      on the last item, at its moment, where the pair has none yet

Shapes: Q recommendations, H histories; k items a list.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from swayline.core.errors import UsageError, nearest
from swayline.core.types import Floats, Ints
from swayline.dataset import Dataset, Sequences
from swayline.influence.attribution.rows import ASSUMPTIONS, TOP, clustered_mean
from swayline.ledger import Figure, ModelRow, ledger
from swayline.models import Recommender
from swayline.models.topk import top_k

EDITS = ("add", "remove", "replace")
_SCORES_AT_ONCE = 1 << 24
"""Scores of histories as they are that are held at a time: 64 MiB."""
MOST_REPLACING = 20
"""Behaviours that stand in for another, the log's first ones: every pair of thousands would be millions of lists."""


def add_behavior(histories: Sequences, behavior: int) -> tuple[Sequences, Ints]:
    """Each history with one more event of a behaviour on its last item, and the rows where that changes something."""
    rows = np.flatnonzero(histories.lengths > 0)
    if not len(rows):
        return histories.take(rows), rows
    last_item = histories.items[np.maximum(histories.offsets[1:] - 1, 0)]
    mine = (histories.behaviors == behavior) & (histories.items == last_item[histories.users])
    rows = np.setdiff1d(rows, histories.users[mine])
    some = histories.take(rows)
    at = some.offsets[1:]

    def longer(values: np.ndarray, new: Any) -> np.ndarray:
        return np.insert(values, at, new)

    edited = replace(
        some, offsets=some.offsets + np.arange(len(some) + 1), items=longer(some.items, some.items[at - 1]),
        behaviors=longer(some.behaviors, behavior), times=longer(some.times, some.times[at - 1]),
        events=longer(some.events, -1), values=None if some.values is None else longer(some.values, np.nan),
    )  # fmt: skip
    return edited, rows


def drop_behavior(histories: Sequences, behavior: int) -> tuple[Sequences, Ints]:
    """Histories without a behaviour; rows that have it and something besides."""
    mine = histories.behaviors == behavior
    count = np.bincount(histories.users[mine], minlength=len(histories))
    rows = np.flatnonzero((count > 0) & (count < histories.lengths))
    some = histories.take(rows)
    return some.keep(some.behaviors != behavior), rows


def swap_behavior(histories: Sequences, behavior: int, by: int) -> tuple[Sequences, Ints]:
    """Histories with every event of a behaviour turned into another, without its value; rows that have it."""
    rows = np.unique(histories.users[histories.behaviors == behavior])
    some = histories.take(rows)
    acts = np.where(some.behaviors == behavior, by, some.behaviors).astype(some.behaviors.dtype)
    values = None if some.values is None else np.where(some.behaviors == behavior, np.nan, some.values)
    return replace(some, behaviors=acts, values=values), rows


def edit_rows(
    model: Recommender,
    dataset: Dataset,
    histories: Sequences,
    *,
    behaviors: Sequence[str] | None = None,
    edits: Sequence[str] = EDITS,
    k: int = 10,
    exclude_seen: bool = False,
) -> pa.Table:
    """What adding, removing and replacing each behaviour does to people's lists, as rows of the influence table.

    Three figures an edit, means over people with intervals: ``score_change`` and ``rank_change`` of the items of the
    list before the edit, above zero where the behaviour that was added, removed or put in lifts them (for a removal:
    with it minus without it), and ``list_change``, the share of the list that the edit swaps.

    Parameters
    ----------
    behaviors : names; all of the dataset's where None
    edits : of "add", "remove", "replace" (by each other behaviour, of the first :data:`MOST_REPLACING`)

    Raises
    ------
    UsageError
        An edit or a behaviour is unknown.
    """
    known = dataset.behaviors.names
    for word in edits:
        if word not in EDITS:
            raise UsageError(f"edit {word!r} is unknown; {nearest(word, EDITS)}")
    for name in behaviors or ():
        if name not in known:
            raise UsageError(f"behavior {name!r} is not in the log; {nearest(name, known)}")
    edited: list[_Edit] = []
    for name in behaviors or known:
        code = known.index(name)
        if "remove" in edits:
            edited.append(_Edit(name, "removal", None, *drop_behavior(histories, code)))
        if "add" in edits:
            edited.append(_Edit(name, "addition", None, *add_behavior(histories, code)))
        for other in known[:MOST_REPLACING] if "replace" in edits else ():
            if other != name:
                swapped = swap_behavior(histories, code, known.index(other))
                edited.append(_Edit(name, f"replaced by {other}", other, *swapped))
    changes = _changes(model, histories, edited, k, exclude_seen)
    return ledger([row for one, change in zip(edited, changes, strict=True) for row in _told(one, change)])


@dataclass(frozen=True)
class _Edit:
    """Histories after an edit, and the rows of the whole that it changes."""

    name: str
    method: str
    other: str | None
    after: Sequences
    rows: Ints


def _told(edit: _Edit, change: Floats) -> list[ModelRow]:
    """Rows of one edit; ``change`` (3, people) as :func:`_changes` gives it."""
    change = change[:, np.isfinite(change[0])]
    if not change.shape[1]:
        return []
    told = []
    for estimand, values, unit in zip(
        ("score_change", "rank_change", "list_change"), change, ("logit", "rank", "share"), strict=True
    ):
        sign = -1.0 if edit.method == "removal" and estimand != "list_change" else 1.0
        mean, low, high, n = clustered_mean(sign * values, np.arange(len(values)))
        told.append(ModelRow(
            cause_kind="behavior", cause=edit.name, effect=TOP, estimand=estimand, unit=unit, method=edit.method,
            figure=Figure(mean, low, high), n=n, reference=edit.other, assumptions=ASSUMPTIONS,
        ))  # fmt: skip
    return told


def _changes(
    model: Recommender, histories: Sequences, edited: Sequence[_Edit], k: int, exclude_seen: bool
) -> list[Floats]:
    """Of each edit (3, its rows): mean change of score and of rank over a person's list, and the share swapped.

    NaN where nothing can be listed. Every history is scored once as it is, and once an edit.
    """
    found = [np.full((3, len(edit.rows)), np.nan) for edit in edited]
    step = max(1, _SCORES_AT_ONCE // max(1, histories.n_items))
    for start in range(0, len(histories), step):
        part = histories.take(np.arange(start, min(start + step, len(histories))))
        then = model.score(part)
        lists, _ = top_k(then, k, part if exclude_seen else None)
        listed = [row[row >= 0] for row in lists]
        stood = [_ranks(scores, mine) for scores, mine in zip(then, listed, strict=True)]
        for edit, out in zip(edited, found, strict=True):
            at = np.flatnonzero((edit.rows >= start) & (edit.rows < start + len(part)))
            if not len(at):
                continue
            after = edit.after.take(at)
            now = model.score(after)
            new, _ = top_k(now, k, after if exclude_seen else None)
            for j, scores, shown in zip(at, now, new, strict=True):
                row = edit.rows[j] - start
                mine = listed[row]
                if len(mine):
                    moved = scores[mine] - then[row, mine], stood[row] - _ranks(scores, mine), ~np.isin(mine, shown)
                    out[:, j] = [float(np.mean(one)) for one in moved]
    return found


def _ranks(scores: np.ndarray, items: np.ndarray) -> Floats:
    """How many items stand above each."""
    return np.asarray([(scores > scores[item]).sum() for item in items], dtype=np.float64)
