"""Attack profiles: what bought accounts write into a log to push an item up, or down.

::

    kind        fillers                     chosen items                                  target
    random      any items, around the mean  none                                          highest
    average     any items, each at its mean none                                          highest
    bandwagon   any items, around the mean  the ten most popular, highest                 highest
    segment     any items, lowest           ten that one audience shares, highest         highest
    reverse     any items, around the mean  ten well-known of the worst rated, lowest     lowest
    copy        most of a real person's     none                                          highest

In a log without ratings a profile is a set of items: there ``average`` draws its fillers as often as people meet them,
and ``reverse``, which pushes down by bad ratings, cannot be made. A profile has as many fillers as a real person drawn
at random has items, its events the times of events drawn at random, so that neither length nor clock gives it away.

References
----------
Lam and Riedl, "Shilling Recommender Systems for Fun and Profit", WWW 2004.
Mobasher et al., "Toward Trustworthy Recommender Systems", ACM TOIT 2007.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import DataError, UsageError, nearest, shown
from swayline.core.names import BEHAVIOR, ITEM, ROW, TIME, USER, VALUE
from swayline.core.rng import generator
from swayline.core.types import Ints
from swayline.events import EventLog
from swayline.trust.acts import Acts, Floats

KINDS = ("random", "average", "bandwagon", "segment", "reverse", "copy")
DOWN = ("reverse",)
"""Attacks that push an item down."""
_CHOSEN = 10
_LEAST_FILLERS = 10
_COPIED = 0.8


@dataclass(frozen=True)
class Attacked:
    """A log with an attack written into it.

    Parameters
    ----------
    log : EventLog
        The log with the profiles' events.
    attackers : tuple of str
        Ids of the profiles.
    target : str
        The attacked item.
    """

    log: EventLog
    attackers: tuple[str, ...]
    target: str


def attacked(log: EventLog, kind: str, share: float, *, target: str | None = None, seed: int = 0) -> Attacked:
    """Write an attack into a log.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`.
    share : float
        Profiles, as a share of the people of the log; at least one.
    target : str, optional
        The attacked item; by default one that a few people met (many, where it is pushed down), drawn at random.

    Raises
    ------
    UsageError
        The kind is unknown, the share is not between 0 and 1, or nothing in the log is called like the target.
    DataError
        The log has too few items, or no ratings and the attack needs them.
    """
    _check(kind, share)
    acts = Acts.of(log.events)
    if len(acts.items) < 3 * _CHOSEN:
        raise DataError(f"the log has {len(acts.items)} items: an attack needs at least {3 * _CHOSEN}")
    rng = generator(seed, "attack", kind)
    values = acts.pair_values
    if values is None and kind in DOWN:
        raise DataError(f"--kind {kind} pushes an item down by bad ratings, and this log has no ratings")
    number = _target(acts, kind, target, rng)
    make = _Maker(acts, values, number, rng)
    n = max(1, round(share * len(acts.users)))
    profiles = [make.profile(kind) for _ in range(n)]
    names = _fresh_names(acts.users, n)
    return Attacked(_written(log, acts, names, profiles, rng), tuple(names), acts.items[number])


def _check(kind: str, share: float) -> None:
    if kind not in KINDS:
        raise UsageError(f"--kind {shown(kind)} is unknown: {nearest(kind, KINDS)}")
    if not 0.0 < share < 1.0:
        raise UsageError(f"--share {share:g} must lie between 0 and 1: .03 adds three profiles for a hundred people")


def _target(acts: Acts, kind: str, wanted: str | None, rng: np.random.Generator) -> int:
    if wanted is not None:
        if wanted not in acts.items:
            raise UsageError(f"--target {shown(wanted)} is no item of the log: {nearest(wanted, acts.items[:5000])}")
        return acts.items.index(wanted)
    order = np.argsort(-acts.met, kind="stable")
    n = len(order)
    pool = order[: max(1, n // 20)] if kind in DOWN else order[(acts.met[order] >= 3) & (np.arange(n) >= n // 4)]
    return int(rng.choice(pool if len(pool) else order))


class _Maker:
    """Profiles of one log and one target."""

    def __init__(self, acts: Acts, values: Floats | None, target: int, rng: np.random.Generator) -> None:
        self.acts, self.target, self.rng = acts, target, rng
        self.rated = values is not None
        known = np.array([0.0]) if values is None else values[~np.isnan(values)]
        self.low, self.high, self.mean, self.spread = (
            float(one) for one in (known.min(), known.max(), known.mean(), known.std())
        )
        self.steps = np.unique(known)
        self.item_mean = self._item_means(values)
        self.popular = np.argsort(-acts.met, kind="stable")[: 2 * _CHOSEN]

    def _item_means(self, values: Floats | None) -> Floats:
        if values is None:
            return np.zeros(len(self.acts.items))
        items, known = self.acts.pairs[1], ~np.isnan(values)
        n = np.bincount(items[known], minlength=len(self.acts.items))
        total = np.bincount(items[known], values[known], minlength=len(self.acts.items))
        return np.where(n > 0, total / np.maximum(n, 1), self.mean)

    def profile(self, kind: str) -> tuple[Ints, Floats]:
        """Items of one profile and their values."""
        if kind == "copy":
            return self._copy()
        chosen = self._chosen(kind)
        fillers = self._fillers(kind, chosen)
        top = self.low if kind in DOWN else self.high
        items = np.concatenate([fillers, chosen, [self.target]])
        values = np.concatenate([self._filler_values(kind, fillers), np.full(len(chosen) + 1, top)])
        return items, values

    def _filler_values(self, kind: str, fillers: Ints) -> Floats:
        if kind == "segment":
            return np.full(len(fillers), self.low)
        return self._around(self.item_mean[fillers] if kind == "average" else np.full(len(fillers), self.mean))

    def _chosen(self, kind: str) -> Ints:
        if kind == "bandwagon":
            found = self.popular[:_CHOSEN]
        elif kind == "segment":
            found = self._segment
        elif kind == "reverse":
            known = np.argsort(-self.acts.met, kind="stable")[: max(_CHOSEN, len(self.acts.items) // 4)]
            found = known[np.argsort(self.item_mean[known], kind="stable")[:_CHOSEN]]
        else:
            return np.zeros(0, np.int64)
        others: Ints = found[found != self.target].astype(np.int64)
        return others

    @cached_property
    def _segment(self) -> Ints:
        """Ten items that share an audience with the most popular one that is not the target."""
        matrix = self.acts.matrix.tocsc()
        others = self.popular[self.popular != self.target]
        both = matrix.T @ matrix[:, [int(self.rng.choice(others))]]
        near = np.asarray(both.toarray(), np.float64).ravel() / np.sqrt(np.maximum(self.acts.met, 1.0))
        return np.argsort(-near, kind="stable")[:_CHOSEN].astype(np.int64)

    def _fillers(self, kind: str, chosen: Ints) -> Ints:
        size = max(_LEAST_FILLERS, int(self.rng.choice(self.acts.degree)))
        free = np.setdiff1d(np.arange(len(self.acts.items)), np.append(chosen, self.target))
        weights = self.acts.met[free] / self.acts.met[free].sum() if kind == "average" and not self.rated else None
        return self.rng.choice(free, min(size, len(free)), replace=False, p=weights).astype(np.int64)

    def _copy(self) -> tuple[Ints, Floats]:
        able = np.flatnonzero(self.acts.degree >= _LEAST_FILLERS)
        person = int(self.rng.choice(able if len(able) else np.arange(len(self.acts.users))))
        items = self.acts.pairs[1][self.acts.pairs[0] == person]
        items = items[items != self.target]
        kept = self.rng.permutation(items)[: max(1, round(_COPIED * len(items)))]
        values = self._around(self.item_mean[kept])
        return np.append(kept, self.target), np.append(values, self.high)

    def _around(self, means: Floats) -> Floats:
        drawn = self.rng.normal(means, self.spread)
        nearest_step: Floats = self.steps[np.abs(self.steps[None, :] - drawn[:, None]).argmin(axis=1)]
        return nearest_step


def _fresh_names(users: list[str], n: int) -> list[str]:
    taken, prefix = set(users), "attacker-"
    while any(f"{prefix}{place}" in taken for place in range(1, n + 1)):
        prefix = "x" + prefix
    return [f"{prefix}{place}" for place in range(1, n + 1)]


def _written(
    log: EventLog, acts: Acts, names: list[str], profiles: list[tuple[Ints, Floats]], rng: np.random.Generator
) -> EventLog:
    events = log.events
    sizes = [len(items) for items, _ in profiles]
    items = np.concatenate([items for items, _ in profiles])
    values = np.concatenate([values for _, values in profiles])
    n = len(items)
    columns = {
        ROW: pa.array(np.arange(n) + 1 + pc.max(events[ROW]).as_py(), pa.int64()),
        USER: pa.array(np.repeat(np.array(names, object), sizes), pa.string()),
        ITEM: pa.array(np.array(acts.items, object)[items], pa.string()),
        BEHAVIOR: pa.array([_usual_behavior(events)] * n, pa.string()),
    }
    if acts.time is not None:
        columns[TIME] = pa.array(rng.choice(acts.time[acts.time >= 0], n), pa.timestamp("us", "UTC"))
    if acts.pair_values is not None:
        columns[VALUE] = pa.array(values, pa.float64())
    added = pa.table({
        field.name: columns[field.name].cast(field.type) if field.name in columns else pa.nulls(n, field.type)
        for field in events.schema
    })  # fmt: skip
    whole = pa.concat_tables([events, added])
    if acts.time is not None:
        whole = whole.sort_by([(TIME, "ascending"), (ROW, "ascending")])
    return replace(log, events=whole)


def _usual_behavior(events: pa.Table) -> str:
    """The behaviour that carries the values, else the most frequent one."""
    some = events
    if VALUE in events.column_names and events[VALUE].null_count < len(events):
        some = events.filter(pc.is_valid(events[VALUE]))
    counts = pc.value_counts(some[BEHAVIOR]).to_pylist()
    return str(max(counts, key=lambda one: (one["counts"], one["values"]))["values"])
