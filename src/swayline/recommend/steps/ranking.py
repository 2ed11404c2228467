"""Rank: what the candidates are worth to each person; and what stands where the model knows nothing of the person.

Shapes: Q questions, I items, P places of the pool, A columns of profiles.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from swayline.core.errors import ArtifactError, DataError, UsageError, nearest, shown
from swayline.core.types import Bools, Floats, ItemRows
from swayline.dataset import NO_TIME, Sequences
from swayline.models import Recommender, load_model, top_k
from swayline.models import recommend as best_items
from swayline.recommend.context import Context
from swayline.recommend.slate import COLD, POPULAR, Slate
from swayline.recommend.steps.protocol import ORDERING, RANK

CONTEXTS = ("device", "hour")
Scores = npt.NDArray[np.float32]
_TOLD_APART = 10
"""A list whose so many best items score alike says nothing of the person."""
_SHRINKAGE = 20.0
"""Events that what everybody does counts for, beside those of people who are alike."""
_DAY_US, _HOUR_US = 86_400_000_000, 3_600_000_000


@dataclass(frozen=True)
class Rank:
    """Order the candidates by a model's scores, and keep the pool.

    Parameters
    ----------
    model : str, optional
        Folder of another model of the same items; by default the model that recommends.
    """

    name: ClassVar[str] = "rank"
    kind: ClassVar[str] = RANK
    model: str | None = None

    def __call__(self, slate: Slate) -> None:
        """Rank.

        Raises
        ------
        ArtifactError
            The other model is of other items, or scores are no numbers.
        """
        model, width = self._model(slate.context), max(slate.pool, _TOLD_APART)
        allowed = slate.choosable()
        drops = np.zeros(len(slate), bool) if slate.drops is None else slate.drops
        if allowed is not None:
            scores = np.where(allowed, model.score(slate.history), -np.inf).astype(np.float32)
            items, found = top_k(scores, width)
        else:
            items, found = _from_all(model, slate.history, width, drops)
        best = found.astype(np.float64)
        filled = items >= 0
        if not np.isfinite(best[filled]).all():
            raise ArtifactError(f"the scores of this {model.name} model are no finite numbers: fit it again")
        lowest = np.where(filled, best, np.inf).min(axis=1, initial=np.inf)
        same = (filled.sum(axis=1) > 1) & (best[:, 0] == lowest)
        slate.fallback = (slate.history.lengths == 0) | same
        slate.sources = [""] * len(slate)
        slate.ranked(self.name, items[:, : slate.pool], best[:, : slate.pool])

    def _model(self, context: Context) -> Recommender:
        if self.model is None:
            return context.bundle.model
        model: Recommender = context.once(("model", self.model), lambda: load_model(Path(str(self.model))))
        one = context.histories.take(np.zeros(min(1, len(context.histories)), np.int64))
        if len(one) and model.score(one).shape[1] != context.n_items:
            raise ArtifactError(f"step rank: the model in {self.model} knows other items than the one that recommends")
        return model


def _from_all(model: Recommender, history: Sequences, width: int, drops: Bools) -> tuple[ItemRows, Scores]:
    """(Q, width) the best of everything, each row with or without what was seen."""
    if drops.all() or not drops.any():
        return best_items(model, history, width, bool(drops.any()))
    items = np.full((len(history), width), -1, np.int32)
    scores = np.full((len(history), width), -np.inf, np.float32)
    for dropped in (True, False):
        rows = np.flatnonzero(drops == dropped)
        items[rows], scores[rows] = best_items(model, history.take(rows), width, dropped)
    return items, scores


@dataclass(frozen=True)
class Unknown:
    """A list for those of whom the model knows nothing: from a profile, ties, a device or an hour, else the popular.

    Each piece of evidence e moves an item by how much more often it is met there than elsewhere (naive Bayes)::

        score(j) = log p(j) + Σ_e log( p(j | e) / p(j) )      p(j | e) = (n(e, j) + s · p(j)) / (n(e) + s)

    Without any of it the list is what most people take, as ever.

    Parameters
    ----------
    shrinkage : float
        The s above, in events.
    """

    name: ClassVar[str] = "unknown"
    kind: ClassVar[str] = ORDERING
    shrinkage: float = _SHRINKAGE

    def __call__(self, slate: Slate) -> None:
        """Replace the lists that the ranking could not tell apart."""
        assert slate.items is not None
        assert slate.scores is not None
        if slate.fallback is None or not slate.fallback.any():
            return
        rows = np.flatnonzero(slate.fallback)
        items, scores = slate.items.copy(), slate.scores.copy()
        for row in rows:
            evidence = _evidence(slate, int(row))
            if evidence:
                worth = _cold_scores(slate.context, evidence, self.shrinkage)[None].astype(np.float32)
                worth = np.where(_open_to(slate, int(row)), worth, -np.inf).astype(np.float32)
                items[row : row + 1], scores[row : row + 1] = top_k(worth, slate.pool)
                slate.sources[row] = COLD
            else:
                order = slate.context.by_popularity
                left = order[_open_to(slate, int(row))[order]][: slate.pool]
                items[row], scores[row] = -1, -np.inf
                items[row, : len(left)] = left
                scores[row, : len(left)] = -np.arange(len(left))
                slate.sources[row] = POPULAR
        slate.items, slate.scores = items, scores
        slate.placed = [*slate.placed[:-1], (slate.placed[-1][0], items)]


def _open_to(slate: Slate, row: int) -> Bools:
    """(I,) what may be shown in one row."""
    named = slate.proposed is not None and not slate.whole
    found = np.ones(slate.context.n_items, bool) if slate.allowed is None else slate.allowed[row].copy()
    if named and slate.proposed is not None:
        found &= slate.proposed[row] > 0
    if slate.drops is not None and slate.drops[row]:
        found[slate.history.items[slate.history.of(row)]] = False
    return found


def _evidence(slate: Slate, row: int) -> list[Floats]:
    """Counts (I,) of what people did who share something with this person."""
    query, context = slate.queries[row], slate.context
    found = [_of_profile(context, name, str(value)) for name, value in query.profile.items()]
    found += [_of_context(context, name, str(value)) for name, value in query.context.items()]
    if query.ties:
        users = context.bundle.dataset.users
        ties = users.rows([str(one) for one in query.ties])
        if (ties < 0).any():
            first = str(query.ties[int(np.flatnonzero(ties < 0)[0])])
            raise UsageError(f"ties: {shown(first)} has no history in this log: {nearest(first, users.names[:2000])}")
        found.append(np.asarray(context.acts(None)[ties].sum(axis=0)).ravel())
    elif slate.rows[row] >= 0 and context.has_ties:
        through = (context.tie_weights[[int(slate.rows[row])]] > 0).astype(np.float64) @ context.acts(None)
        found.append(through.toarray()[0])
    return [one for one in found if one.sum() > 0]


def _of_profile(context: Context, name: str, value: str) -> Floats:
    """(I,) events of the people whose profile says so."""
    people, profiles = context.bundle.dataset.people, context.histories.profiles
    if people is None or profiles is None:
        raise DataError("profile: the model learned from no table of users: fit it with --users")
    if name not in people.columns:
        raise UsageError(f"profile: the users table has no column {shown(name)}: {nearest(name, people.columns)}")
    own = [one for one in people.table.to_pylist() if one["column"] == name]
    code = next((one["code"] for one in own if one["value"] == value), None)
    if code is None:
        raise UsageError(f"profile: {name} is never {shown(value)}: {nearest(value, [one['value'] for one in own])}")
    alike = profiles[:, people.columns.index(name)] == code
    return _counted(context, alike[context.histories.users])


def _of_context(context: Context, name: str, value: str) -> Floats:
    """(I,) events on such a device, or within an hour of the day."""
    if name not in CONTEXTS:
        raise UsageError(f"context has no {shown(name)}: {nearest(name, CONTEXTS)}")
    history = context.histories
    if name == "hour":
        if not value.isdigit() or int(value) > 23:
            raise UsageError(f"context: hour is {shown(value)}: write a whole number from 0 to 23 (UTC)")
        if not history.timed or int(history.times.max(initial=NO_TIME)) == NO_TIME:
            raise DataError("context: the log has no times, so an hour says nothing")
        return _counted(context, history.times % _DAY_US // _HOUR_US == int(value))
    devices = context.devices
    if value not in devices:
        raise UsageError(f"context: no event is on the device {shown(value)}: {nearest(value, devices)}")
    return devices[value]


def _counted(context: Context, chosen: Bools) -> Floats:
    return np.bincount(context.histories.items[chosen], minlength=context.n_items).astype(np.float64)


def _cold_scores(context: Context, evidence: list[Floats], shrinkage: float) -> Floats:
    """(I,) log-probabilities of items given all the evidence."""
    share = (context.met + 1.0) / (context.met.sum() + context.n_items)
    scores = np.log(share)
    for counts in evidence:
        scores += np.log((counts + shrinkage * share) / ((counts.sum() + shrinkage) * share))
    return np.asarray(scores)
