"""What re-ranking for fairness costs and brings: steps of a chain at several strengths, on the same people.

Everything is paired: people are drawn once, with their list as it is and their list re-ranked. ``…_loss`` and
``…_cut`` are the figure as it is minus the figure re-ranked; a cut larger than the gap turns the gap round.

Shapes: Q people asked, P places of the pool, k places of a list.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.core.types import Ints, ItemRows
from swayline.metrics.fairness import exposure_weights
from swayline.recommend.context import Context
from swayline.recommend.query import Query
from swayline.recommend.slate import Slate
from swayline.recommend.steps import Step, create_step
from swayline.trust.fairness.asked import Asked
from swayline.trust.fairness.chance import Interval, draw_groups, mean_interval
from swayline.trust.fairness.compared import Compared, Measure
from swayline.trust.fairness.plan import ALIKE, DIFFERS, EVERYBODY, MEASURED, FairnessPlan, Row, row
from swayline.trust.fairness.popularity import lift_of
from swayline.trust.fairness.providers import ALL_TOLD, GAP, Providers, Shares, shares_of, told_providers, unbiased

LIFT = "popularity_lift"
STRENGTHS = {"popularity": (0.1, 0.3, 0.5, 0.7, 0.9), "parity": (0.25, 0.5, 0.75, 1.0)}
"""Step → the strengths tried."""


def trade_off(
    asked: Asked, plan: FairnessPlan, compared: Sequence[Compared], providers: Providers | None
) -> Iterator[Row]:
    """Rows of every step at every strength.

    Parameters
    ----------
    compared : sequence of Compared
        How NDCG differs between groups as lists are: the same two groups are followed.
    """
    context = Context(asked.bundle)
    steps = list(_steps(providers))
    before = _Lists(asked, plan, providers, asked.items[:, : plan.k])
    with task("re-rank", total=len(steps)) as bar:
        for step, strength in steps:
            after = _Lists(asked, plan, providers, _reranked(asked, context, step, plan.k), before.told)
            told: Any = {"step": step.name, "strength": strength}
            for one in (
                *_of_everybody(before, after),
                *_of_groups(before, after, compared),
                *_of_providers(before, after),
            ):
                yield one | told
            bar.advance(1)


def _steps(providers: Providers | None) -> Iterator[tuple[Step, float]]:
    for name, strengths in STRENGTHS.items():
        if name == "parity" and providers is None:
            continue
        by = {"by": providers.by} if name == "parity" and providers is not None else {}
        for strength in strengths:
            yield create_step(name, {"strength": strength, **by}), strength


def _reranked(asked: Asked, context: Context, step: Step, k: int) -> ItemRows:
    """(Q, k) the lists after one step behind the ranking."""
    queries = [Query(k=k)] * len(asked.people)
    slate = Slate(context, queries, asked.targets.users, asked.targets.history, asked.items.shape[1])
    slate.drops = np.full(len(slate), asked.bundle.exclude_seen)
    slate.ranked("rank", asked.items, asked.scores)
    step(slate)
    assert slate.items is not None
    return slate.items[:, :k]


class _Lists:
    """Some lists of everybody, with what is measured of them."""

    def __init__(
        self,
        asked: Asked,
        plan: FairnessPlan,
        providers: Providers | None,
        lists: ItemRows,
        told: Ints | None = None,
    ) -> None:
        found = (lists == asked.targets.items[:, None]) * exposure_weights(lists.shape[1])
        self.plan, self.providers = plan, providers
        self.ndcg = Measure(f"ndcg@{plan.k}", found.sum(axis=1))
        self.lift = lift_of(lists, asked.targets, asked.bundle.dataset.sequences)
        self.told = np.zeros(0, np.int64) if told is None else told
        if providers is not None:
            self.attention = providers.attention(lists)
            if told is None:
                people = providers.people(self.attention)
                self.told = told_providers(people, plan.min_people, plan.min_providers)

    @cached_property
    def shares(self) -> Shares:
        """Of the providers that the lists as they are tell of."""
        assert self.providers is not None
        return shares_of(self.providers, self.attention, self.told, self.plan.seed)


def _verdict(interval: Interval) -> str:
    return ALIKE if interval.holds_zero else DIFFERS


def _of_everybody(before: _Lists, after: _Lists) -> Iterator[Row]:
    name = after.ndcg.name
    both = ~np.isnan(before.lift) & ~np.isnan(after.lift)
    for measure, change, old, new in (
        (name, "loss", before.ndcg.values, after.ndcg.values),
        (LIFT, "cut", before.lift[both], after.lift[both]),
    ):
        rng = generator(before.plan.seed, "fairness", "re-rank", measure)
        own, less = mean_interval(new, rng), mean_interval(old - new, rng)
        yield row(measure, None, EVERYBODY, len(new), MEASURED, **vars(own))
        yield row(f"{measure}_{change}", None, EVERYBODY, len(new), _verdict(less), **vars(less))


def _of_groups(before: _Lists, after: _Lists, compared: Sequence[Compared]) -> Iterator[Row]:
    """The gap between the two groups that were furthest apart, and how much of it is gone."""
    for one in compared:
        if one.gap is None:
            continue
        by, over, n = one.told.groups.by, one.told.over(one.gap), int(one.told.people.sum())
        new, old = (part.ndcg.values[one.told.people] for part in (after, before))
        for measure, values, hits in (("gap", new, new > 0), ("gap_cut", old - new, None)):
            rng = generator(before.plan.seed, "fairness", "re-rank", by)
            drawn = draw_groups(values, one.told.of, hits, rng)
            value = float(drawn.means[one.gap.best] - drawn.means[one.gap.worst])
            low, high = np.quantile(value + drawn.added[one.gap.best] - drawn.added[one.gap.worst], [0.025, 0.975])
            found = Interval(value, float(low), float(high))
            yield row(f"{after.ndcg.name}_{measure}", by, over, n, _verdict(found), **vars(found))


def _of_providers(before: _Lists, after: _Lists) -> Iterator[Row]:
    """The gap of exposure, and how much of it is gone."""
    n = len(before.told)
    if not n or before.providers is None:
        return
    by, old, new = before.providers.by, before.shares, after.shares
    cut = unbiased(old.plain_gap - new.plain_gap, old.gaps_drawn - new.gaps_drawn, (-1.0, 1.0))
    yield row(GAP, by, ALL_TOLD, n, MEASURED, **vars(new.gap))
    yield row(f"{GAP}_cut", by, ALL_TOLD, n, _verdict(cut), **vars(cut))
