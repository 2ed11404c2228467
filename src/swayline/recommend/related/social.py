"""People to follow, a list for a group, and what to ask a newcomer first.

Shapes: U people, I items, G members of a group.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from scipy import sparse

from swayline.core.errors import DataError, UsageError, nearest, shown
from swayline.core.ids import list_length
from swayline.core.names import ITEM, RANK, SCORE, TITLE, USER
from swayline.models import top_k
from swayline.recommend.context import Context

AVERAGE, LEAST_MISERY = "average", "least-misery"
_PEOPLE_AT_ONCE = 512


def people_to_follow(context: Context, users: Sequence[str | int], k: int = 10) -> pa.Table:
    """``user``, ``other``, ``rank``, ``score``: whom each might follow: alike in what they met, and tied in common.

    The score is the cosine of what both met, plus the share of the person's own ties that lead to the other
    (Adamic-Adar, scaled to one). Those followed already are left out.

    Raises
    ------
    UsageError
        A user is unknown.
    """
    rows, k = context.bundle.rows_of(users), list_length(k)
    acts = context.acts(None)
    norm = 1.0 / np.sqrt(np.maximum(np.asarray(acts.sum(axis=1)).ravel(), 1.0))
    unit = (sparse.diags_array(norm) @ acts).tocsr()
    tied = (context.tie_weights > 0).astype(np.float64).tocsr()
    degree = np.maximum(np.asarray(tied.sum(axis=0)).ravel(), 1.0)
    parts = []
    for start in range(0, len(rows), _PEOPLE_AT_ONCE):
        some = rows[start : start + _PEOPLE_AT_ONCE]
        scores = np.asarray((unit[some] @ unit.T).todense())
        if tied.nnz:
            common = np.asarray((tied[some] @ sparse.diags_array(1.0 / np.log1p(degree)) @ tied).todense())
            scores += common / np.maximum(common.max(axis=1, keepdims=True), 1e-12)
            scores[np.asarray(tied[some].todense()) > 0] = -np.inf
        scores[scores <= 0] = -np.inf
        scores[np.arange(len(some)), some] = -np.inf
        parts.append(top_k(scores.astype(np.float32), k))
    others, values = (np.concatenate([part[at] for part in parts]) for at in (0, 1))
    kept = others >= 0
    ids = context.bundle.dataset.users.ids
    places = np.broadcast_to(np.arange(1, k + 1), others.shape)
    return pa.table({
        USER: ids.take(pa.array(np.repeat(rows, kept.sum(axis=1)))),
        "other": ids.take(pa.array(others[kept].astype(np.int64))), RANK: pa.array(places[kept], pa.int64()),
        SCORE: pa.array(values[kept].astype(np.float64)),
    })  # fmt: skip


def whose_posts(context: Context, users: Sequence[str | int], k: int = 10) -> pa.Table:
    """``user``, ``other``, ``rank``, ``score``: whose acts to show first, among the people each knows.

    The score is the weight of the tie (measured influence where the ledger has it, else all of a person's ties
    alike) times one plus the cosine of what both met.

    Raises
    ------
    UsageError
        A user is unknown.
    DataError
        Nothing is known of who knows whom.
    """
    rows, k = context.bundle.rows_of(users), list_length(k)
    weights = context.tie_weights
    if not weights.nnz:
        raise DataError("whose posts to show needs ties: give a table of them (--ties)")
    acts = context.acts(None)
    norm = 1.0 / np.sqrt(np.maximum(np.asarray(acts.sum(axis=1)).ravel(), 1.0))
    unit = (sparse.diags_array(norm) @ acts).tocsr()
    mine, others = weights[rows].tocsr(), []
    for at, row in enumerate(rows.tolist()):
        tied = mine.indices[mine.indptr[at] : mine.indptr[at + 1]]
        worth = mine.data[mine.indptr[at] : mine.indptr[at + 1]]
        kept = (worth > 0) & (tied != row)
        tied, worth = tied[kept], worth[kept]
        alike = np.asarray((unit[tied] @ unit[[row]].T).todense()).ravel() if len(tied) else np.zeros(0)
        score = worth * (1.0 + alike)
        order = np.argsort(-score, kind="stable")[:k]
        others += [(row, int(tied[one]), place, float(score[one])) for place, one in enumerate(order, 1)]
    ids = context.bundle.dataset.users.ids
    return pa.table({
        USER: ids.take(pa.array([one[0] for one in others], pa.int64())),
        "other": ids.take(pa.array([one[1] for one in others], pa.int64())),
        RANK: pa.array([one[2] for one in others], pa.int64()),
        SCORE: pa.array([one[3] for one in others], pa.float64()),
    })  # fmt: skip


def group_list(context: Context, members: Sequence[str | int], k: int = 10, *, rule: str = AVERAGE) -> pa.Table:
    """``item``, ``rank``, ``score``, ``lowest``: one list for several people.

    Each member's scores become ranks from 0 to 1, so that nobody's scale outweighs another's. ``average`` takes their
    mean, ``least-misery`` the member who likes an item least. What any member has seen is left out where the model
    leaves out what was seen.

    Raises
    ------
    UsageError
        A member or the rule is unknown, or the group is empty.
    DataError
        Nothing is left that no member has seen.
    """
    if rule not in (AVERAGE, LEAST_MISERY):
        raise UsageError(f"rule is {shown(rule)}: {nearest(str(rule), (AVERAGE, LEAST_MISERY))}")
    rows, k = context.bundle.rows_of(members), list_length(k)
    if not len(rows):
        raise UsageError("the group is empty: name its members")
    history = context.histories.take(rows)
    places = context.bundle.model.score(history).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    liked = places / max(1, places.shape[1] - 1)
    score = liked.mean(axis=0) if rule == AVERAGE else liked.min(axis=0)
    if context.bundle.exclude_seen:
        score[np.unique(history.items)] = -np.inf
    items, best = top_k(score[None].astype(np.float32), min(k, context.n_items))
    kept = items[0] >= 0
    if not kept.any():
        raise DataError("no item is left that nobody of the group has seen: keep seen items, or ask for fewer members")
    chosen = items[0][kept].astype(np.int64)
    return pa.table({
        ITEM: context.bundle.dataset.items.ids.take(pa.array(chosen)),
        RANK: pa.array(np.flatnonzero(kept) + 1, pa.int64()), SCORE: pa.array(best[0][kept].astype(np.float64)),
        "lowest": pa.array(liked[:, chosen].min(axis=0)),
    })  # fmt: skip


def questions_for_newcomers(context: Context, n: int = 5) -> pa.Table:
    """``item``, ``title``, ``rank``, ``gain``: which items to ask a newcomer about first.

    Greedy: each question is the item whose answer (met or not) tells most of what else a person met, given those asked
    before: the variance of all items that it explains, by the covariance of who met what, after the earlier ones.
    A question that nobody, or everybody, would answer alike tells nothing.

    References
    ----------
    Rashid et al., "Getting to Know You", IUI 2002. Krause, Singh and Guestrin, "Near-Optimal Sensor Placements", 2008.
    """
    n = list_length(n)
    acts = context.acts(None)
    people = np.flatnonzero(np.diff(acts.indptr) > 0)
    kept = np.argsort(-context.met, kind="stable")[: min(2000, context.n_items)]
    held = acts[people][:, kept]
    share = np.asarray(held.mean(axis=0)).ravel()
    covariance = np.asarray((held.T @ held).todense()) / max(1, len(people)) - np.outer(share, share)
    noise = 1e-3 + share * (1 - share) * 0.1
    asked: list[int] = []
    gains: list[float] = []
    for _ in range(min(n, len(kept))):
        explained = (covariance**2).sum(axis=0) / (np.diag(covariance) + noise)
        explained[asked] = -np.inf
        best = int(explained.argmax())
        if not explained[best] > 0:
            break
        gains.append(float(explained[best]))
        asked.append(best)
        column = covariance[:, best].copy()
        covariance -= np.outer(column, column) / (column[best] + noise[best])
    rows = kept[np.array(asked, np.int64)]
    return pa.table({
        ITEM: context.bundle.dataset.items.ids.take(pa.array(rows)),
        TITLE: [context.bundle.labels[row] for row in rows],
        RANK: pa.array(np.arange(1, len(rows) + 1)), "gain": pa.array(gains, pa.float64()),
    })  # fmt: skip
