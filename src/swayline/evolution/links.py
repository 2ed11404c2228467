"""What links next: the chance that a person's next event is on an item, a return or a discovery.

::

    chance = returns of the person × what they had, weighted by how lately
             + (1 - returns) × what everybody turns to lately, what they had left out

How fast the past fades is chosen on everybody's last event, told from what came strictly before it.

Shapes: N events, P pairs of person and item, U people, I items.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from swayline.core.names import ITEM, RANK, USER
from swayline.core.types import Floats, Ints
from swayline.evolution.acts import DAY_US, Acts
from swayline.evolution.returns import DISCOVERY, RETURN, is_return

LINKS = pa.schema([
    (USER, pa.string()), (ITEM, pa.string()), (RANK, pa.int64()), ("probability", pa.float64()), ("mark", pa.string()),
    ("as_of", pa.timestamp("us", "UTC")),
])  # fmt: skip
_HALF_LIVES_DAYS = (1.0, 7.0, 30.0, 180.0, np.inf)
_PRIOR = 5.0
"""Events of everybody that a person's own share of returns is shrunk by."""
_POPULAR = 60
"""Candidates among what a person did not have."""
_FLOOR = 1e-9


@dataclass(frozen=True)
class Links:
    """The likeliest next links.

    Attributes
    ----------
    table : columns of :data:`LINKS`
    half_life_days : how fast the past fades; infinite where it does not
    questions, mrr, popular_mrr : on everybody's last event among all items, told from what came strictly before it,
        beside a list of the most popular; None of too few people
    """

    table: pa.Table
    half_life_days: float
    questions: int = 0
    mrr: float | None = None
    popular_mrr: float | None = None


@dataclass(frozen=True)
class _State:
    """What is known at a moment: (P,) weights of pairs, (I,) of items, (U,) chance of a return."""

    user: Ints
    item: Ints
    weight: Floats
    popular: Floats
    returns: Floats


def find_links(acts: Acts, k: int = 10) -> Links:
    """Everybody's ``k`` likeliest next items at the end of the log."""
    acts = acts.take(acts.item >= 0)
    if not len(acts):
        return Links(LINKS.empty_table(), np.inf)
    last = _last_of_each(acts)
    asked = last[_has_past(acts)[last]]
    lives = (np.inf,) if acts.ordered else _HALF_LIVES_DAYS
    half_life, mrr, popular = lives[-1], None, None
    if len(asked) >= 30:
        past = acts.take(np.setdiff1d(np.arange(len(acts)), asked))
        told = [_told(_state(past, life, acts.time_us[asked]), acts.user[asked], acts.item[asked]) for life in lives]
        best = int(np.argmax([float(np.log(np.maximum(one[0], _FLOOR)).mean()) for one in told]))
        half_life, mrr = lives[best], float(np.mean(1 / told[best][1]))
        counts = np.bincount(past.item, minlength=len(acts.items)).astype(float)
        popular = float(np.mean(1 / _ranks(counts, acts.item[asked])))
    state = _state(acts, half_life, np.full(1, acts.time_us[-1]))
    return Links(_table(acts, state, k), half_life, len(asked), mrr, popular)


def _last_of_each(acts: Acts) -> Ints:
    """The row of everybody's last event."""
    last = np.full(len(acts.users), -1)
    last[acts.user] = np.arange(len(acts))
    return last[last >= 0]


def _has_past(acts: Acts) -> Floats:
    """(N,) whether the person did something before."""
    seen = np.ones(len(acts), bool)
    seen[np.unique(acts.user, return_index=True)[1]] = False
    return seen


def _state(acts: Acts, half_life_days: float, now_us: Ints) -> _State:
    """Weights as of a moment; pairs are weighed relative to each other, so that one moment serves everybody."""
    age = (int(now_us.max()) - acts.time_us) / DAY_US
    weight = np.exp2(-age / half_life_days) if np.isfinite(half_life_days) else np.ones(len(acts))
    keys, at = np.unique(acts.user * len(acts.items) + acts.item, return_inverse=True)
    user, item = np.divmod(keys, len(acts.items))
    again, n_users = is_return(acts), len(acts.users)
    could = _has_past(acts)
    share = (again.sum() + 1) / (could.sum() + 2)
    returned, chances = (np.bincount(acts.user[one], minlength=n_users) for one in (again, could))
    returns = (returned + _PRIOR * share) / (chances + _PRIOR)
    recent, ever = (np.bincount(acts.item, one, minlength=len(acts.items)) for one in (weight, np.ones(len(acts))))
    popular = recent + 1e-6 * ever
    return _State(user, item, np.bincount(at, weight) + 1e-12, popular / popular.sum(), returns)


def _told(state: _State, user: Ints, item: Ints) -> tuple[Floats, Floats]:
    """The chance given to each true item, and its rank among all items, ties by expected rank."""
    chance, rank, starts = (
        np.zeros(len(user)),
        np.zeros(len(user)),
        np.searchsorted(state.user, np.arange(user.max() + 2)),
    )
    n_items = len(state.popular)
    for q, (u, i) in enumerate(zip(user.tolist(), item.tolist(), strict=True)):
        scores = _scores(state, slice(starts[u], starts[u + 1]), u, n_items)
        chance[q] = scores[i]
        rank[q] = 0.5 + (scores > scores[i]).sum() + 0.5 * (scores == scores[i]).sum()
    return chance, rank


def _scores(state: _State, rows: slice, user: int, n_items: int) -> Floats:
    """(I,) the chance of every item to be a person's next."""
    own, weight = state.item[rows], state.weight[rows]
    scores = state.popular.copy()
    scores[own] = 0.0
    left = scores.sum()
    if left > 0:
        scores *= (1 - state.returns[user]) / left
    if len(own):
        scores[own] = state.returns[user] * weight / weight.sum()
    return scores


def _ranks(scores: Floats, item: Ints) -> Floats:
    """(Q,) expected rank of each true item by (I,) scores that are the same for everybody."""
    own = scores[item]
    ordered = np.sort(scores)
    above = len(ordered) - np.searchsorted(ordered, own, side="right")
    ties = np.searchsorted(ordered, own, side="right") - np.searchsorted(ordered, own)
    return np.asarray(above + 0.5 + 0.5 * ties)


def _table(acts: Acts, state: _State, k: int) -> pa.Table:
    """The ``k`` likeliest of what everybody had and of what is popular."""
    n_items, people = len(state.popular), np.unique(acts.user)
    common = np.argsort(-state.popular, kind="stable")[: _POPULAR + k]
    starts = np.searchsorted(state.user, np.arange(len(acts.users) + 1))
    users: list[int] = []
    items: list[int] = []
    ranks: list[int] = []
    chances: list[float] = []
    marks: list[str] = []
    for user in people.tolist():
        rows = slice(starts[user], starts[user + 1])
        own, weight = state.item[rows], state.weight[rows]
        fresh = common[~np.isin(common, own)]
        left = 1.0 - float(state.popular[own].sum())
        chance = np.concatenate([
            state.returns[user] * weight / weight.sum(),
            (1 - state.returns[user]) * state.popular[fresh] / max(left, 1e-12),
        ])  # fmt: skip
        both = np.concatenate([own, fresh])
        best = np.argsort(-chance, kind="stable")[: min(k, n_items)]
        users += [user] * len(best)
        items += both[best].tolist()
        ranks += range(1, len(best) + 1)
        chances += chance[best].tolist()
        marks += [RETURN if one < len(own) else DISCOVERY for one in best.tolist()]
    moment = pa.scalar(None if acts.ordered else int(acts.time_us[-1]), pa.int64()).cast(pa.timestamp("us", "UTC"))
    return pa.table({
        USER: pa.array(acts.users, pa.string()).take(pa.array(users, pa.int64())),
        ITEM: pa.array(acts.items, pa.string()).take(pa.array(items, pa.int64())),
        RANK: pa.array(ranks, pa.int64()), "probability": pa.array(chances, pa.float64()),
        "mark": pa.array(marks, pa.string()),
        "as_of": pa.array([moment.as_py()] * len(users), LINKS.field("as_of").type),
    })  # fmt: skip
