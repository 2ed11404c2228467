"""Who sways whom, from a log and its ties: the public estimator."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import SchemaError, UsageError, shown
from swayline.core.names import TIME
from swayline.core.showing.estimator import InfluenceEstimator
from swayline.core.showing.pictures import ties_picture
from swayline.core.types import Floats
from swayline.events import as_log
from swayline.events.outcome import split_by
from swayline.influence.diffusion.ledger import spread_from_ledger
from swayline.influence.network.acts import make_acts
from swayline.influence.network.describe.channels import ChannelEstimates, channel_estimates
from swayline.influence.network.describe.credit import category_leaders
from swayline.influence.network.describe.figures import Network, network_tables, tie_events
from swayline.influence.network.describe.measured import MeasuredPeople
from swayline.influence.network.describe.picture import people_picture
from swayline.influence.network.describe.scores import person_scores
from swayline.influence.network.fit.goodness import Goodness, branching, goodness_of_fit, spectral_radius
from swayline.influence.network.fit.hawkes import Solving, fit_hawkes
from swayline.influence.network.fit.imputed import DRAWS, imputed, needs_draws
from swayline.influence.network.fit.intervals import TieEstimates, tie_estimates
from swayline.influence.network.fit.model import HawkesFit
from swayline.influence.network.fit.solve import solve
from swayline.influence.network.fit.stability import held_stable
from swayline.influence.network.reading import People, read_people, seconds
from swayline.influence.network.table import ledger_rows


class PeopleInfluence(InfluenceEstimator):
    """How many acts of others follow because of one act of a person, along which tie and by which channel.

    A Hawkes process on the observed ties. Every person's own rhythm of the week, slow trend and bursts stand beside
    the ties, so that people who merely live alike are not taken for people who move each other.

    Parameters
    ----------
    outcome : str, optional
        The behaviour whose acts are explained, or a condition on its value (``rate>=4``); where left out, what was
        liked in a log of ratings alone, else the deepest of the funnel present.
    kernel : str
        Delays: ``exponential``, ``sum-of-exponentials`` or ``histogram``.
    sparsity, group : float
        Penalties in acts: on every tie, and on all ties into a person together (the latter with
        ``solver="accelerated"``). Zero is maximum likelihood, whose intervals are reported in either case.
    solver : str
        ``newton``, ``em`` or ``accelerated``.
    interval : str
        ``auto``, ``profile`` or ``information``.
    channels : bool
        Whether to split ties by channel.
    max_radius : float, optional
        Spectral radius constraint: the likeliest fit whose spectral radius is at most this (say .95). Where left out
        an unstable process (spectral radius of 1 and more) is reported, not constrained.
    seed : int
        Decides every random number.

    Attributes
    ----------
    ledger_ : pa.Table
        One ``excitation`` row a tie (channel ``all``), then ``excitation_part`` rows by channel.
    people_ : pa.Table
        Scores of people; see :func:`swayline.influence.network.describe.scores.person_scores`.
    goodness_ : Goodness
        Time-rescaling check with its QQ points.
    radius_ : float
        Spectral radius of the branching; cascades die out below one.
    free_radius_ : float
        The radius that the log asks for, before ``max_radius``.
    fit_ : HawkesFit
    ties_ : TieEstimates

    Notes
    -----
    Estimates are causal only under the assumptions that the ledger states; ``identified`` is never "yes" here.
    """

    draw = staticmethod(ties_picture)

    def __init__(
        self, outcome: str | None = None, *, kernel: str = "exponential", sparsity: float = 0.0, group: float = 0.0,
        solver: str = "newton", interval: str = "auto", channels: bool = True,
        max_radius: float | None = None, seed: int = 0,
    ) -> None:  # fmt: skip
        self.outcome = outcome
        self.kernel = kernel
        self.sparsity = sparsity
        self.group = group
        self.solver = solver
        self.interval = interval
        self.channels = channels
        if max_radius is not None and not 0 < max_radius < 1:
            raise UsageError(f"max_radius (--max-radius) is a number between 0 and 1, as .95, not {shown(max_radius)}")
        self.max_radius = max_radius
        self.seed = seed

    def fit(self, log: Any, ties: Any = None) -> "PeopleInfluence":
        """Measure influence on the ties.

        Parameters
        ----------
        log : EventLog, path, address or frame
        ties : path, address or frame, optional
            ``source``, ``target``: influence may run source → target. The log's own where left out.

        Raises
        ------
        SchemaError
            There are no times, or no ties.
        EmptyLogError
            Nobody did the outcome, or no tie joins two people.
        """
        log = as_log(log, ties=ties)
        ties = log.ties
        if ties is None:
            raise SchemaError(
                "no ties are given: pass --ties FILE (source, target), or discover them with discover_ties"
            )
        split, self.outcome_ = log.split_by_outcome(self.outcome)
        self._events, self._ties_table, self._items = split.events, ties, log.items
        self._condition = log.outcome_told(self.outcome)
        self.read_: People = read_people(split.events, ties, self.outcome_, log.items)
        self.fit_: HawkesFit = fit_hawkes(
            self.read_.acts, self.read_.ties, kernel=self.kernel,
            solving=Solving(self.sparsity, self.group, self.solver), seed=self.seed,
        )  # fmt: skip
        return self._measure()

    def update(self, new_events: pa.Table) -> "PeopleInfluence":
        """Take in events that came later; the shared parts (rhythms, delays) stay, everybody's own are solved again.

        Parameters
        ----------
        new_events : pa.Table
            The columns of the log's events, none before the log's end.

        Raises
        ------
        UsageError
            Nothing was fitted yet, or an event lies before the end of what is known.
        """
        if not hasattr(self, "fit_"):
            raise UsageError("update needs a fitted model: call fit first")
        if len(new_events) and float(seconds(new_events[TIME]).min()) < self.fit_.acts.end_s:
            raise UsageError("new events begin before the end of the log that was fitted: fit the whole log again")
        columns = [name for name in self._events.column_names if name in new_events.column_names]
        later = split_by(new_events, self._condition).select(columns).cast(self._events.select(columns).schema)
        self._events = pa.concat_tables([self._events.select(columns), later])
        fresh = read_people(self._events, self._ties_table, self.outcome_, self._items)
        before = self.fit_
        place = np.asarray(
            pc.index_in(fresh.ids, value_set=self.read_.ids).fill_null(-1).to_numpy(zero_copy_only=False)
        )
        self.read_ = fresh
        self.fit_ = solve(_carried(before, fresh, place), np.arange(fresh.acts.people), warm=True)
        return self._measure()

    def _measure(self) -> "PeopleInfluence":
        self.free_radius_ = spectral_radius(branching(self.fit_))
        held = self.max_radius is not None and self.free_radius_ > self.max_radius
        self.ties_: TieEstimates
        if needs_draws(self.fit_) and not held:  # a bound holds for one draw alone
            others = [self.read_.drawn(draw).acts for draw in range(1, DRAWS)]
            self.fit_, self.ties_ = imputed(self.fit_, others, self.interval)
            self.free_radius_ = spectral_radius(branching(self.fit_))
        else:
            self.fit_ = held_stable(self.fit_, self.max_radius) if self.max_radius is not None else self.fit_
            self.ties_ = tie_estimates(self.fit_, self.interval)
        self.channels_: ChannelEstimates | None = channel_estimates(self.fit_, self.read_) if self.channels else None
        self.goodness_: Goodness = goodness_of_fit(self.fit_, seed=self.seed)
        self.radius_ = spectral_radius(branching(self.fit_))
        self.ledger_ = ledger_rows(
            self.fit_, self.ties_, self.channels_, self.goodness_, (self.radius_, self.free_radius_), self.read_
        )
        self.people_ = person_scores(self.fit_, self.ties_, self.channels_, self.read_, self.seed)
        return self

    def stability(self) -> str:
        """Whether acts die out, in one sentence, and what to do where they do not."""
        if self.radius_ < self.free_radius_:
            return (
                f"the branching is held stable at a spectral radius of {self.radius_:.3g}: "
                f"the log asks for {self.free_radius_:.3g}"
            )
        if self.radius_ < 1:
            return f"the branching is stable: spectral radius {self.radius_:.3g}, acts die out"
        return (
            f"the branching is not stable: at a spectral radius of {self.radius_:.3g} one act would bring others "
            "without end, so no reach is given; max_radius=.95 (--max-radius .95) fits one that is"
        )

    def spread(self, budget: float = 50, **settings: object) -> pa.Table:
        """The people to start with: ``rank, user, gain, spread``; settings as in ``spread_from_ledger``."""
        return spread_from_ledger(self.ledger_, budget=budget, seed=self.seed, **settings).table  # type: ignore[arg-type]

    def network(self, top: int = 2000) -> Network:
        """Node and edge tables of the strongest ties, laid out, for a figure."""
        return network_tables(self.ledger_, self.people_, top=top, seed=self.seed)

    def leaders(self, k: int = 10, categories: int = 20) -> pa.Table:
        """Who brought most acts of others in each category: ``category, rank, user, brought, ci_low, ci_high``."""
        return category_leaders(self.fit_, self.ties_, self.read_, k, categories)

    def picture(self, top: int = 2000) -> dict[str, object]:
        """All that the report draws of people: network, league tables, leaders and the acts behind the first ties."""
        measured = MeasuredPeople(
            self.read_, self.fit_, self.ties_, self.channels_, self.ledger_, self.people_, self.radius_, self.seed
        )
        return people_picture(measured, top)

    def tie_events(self, source: str, target: str) -> pa.Table:
        """The acts behind a tie: which act of the source brought which act of the target, and how likely."""
        return tie_events(self.fit_, self.read_, source, target)


def _carried(before: HawkesFit, fresh: People, place: "np.ndarray") -> HawkesFit:
    """The earlier fit over the longer log; people who are new start from everybody's mean."""
    known = place >= 0
    n = fresh.acts.people
    acts = make_acts(
        fresh.acts.person,
        fresh.acts.times + fresh.acts.start_s,
        n,
        before.acts.start_s,
        max(fresh.acts.end_s, before.acts.end_s),
        fresh.acts.clock,
    )
    levels = np.ones((n, before.baseline.levels.shape[1]))
    x_base = np.tile(before.x_base.mean(axis=0), (n, 1))
    levels[known], x_base[known] = before.baseline.levels[place[known]], before.x_base[place[known]]
    x_base = np.maximum(x_base, 1e-6)
    common = before.baseline.common
    baseline = replace(
        before.baseline, levels=levels, common=None if common is None else common.carried(place, fresh.ties)
    )
    return replace(
        before, acts=acts, ties=fresh.ties, baseline=baseline, x_base=x_base,
        x_tie=_carried_ties(before, fresh, place), losses=np.zeros(n),
    )  # fmt: skip


def _carried_ties(before: HawkesFit, fresh: People, place: "np.ndarray") -> Floats:
    n = before.acts.people
    old = before.ties.target * n + before.ties.source
    source, target = place[fresh.ties.source], place[fresh.ties.target]
    keys = np.where((source >= 0) & (target >= 0), target * n + source, -1)
    at = np.minimum(np.searchsorted(old, keys), max(len(old) - 1, 0))
    found = old[at] == keys if len(old) else np.zeros(len(keys), bool)
    carried: Floats = np.where(found, before.x_tie[at], 0.05)
    return np.maximum(carried, 1e-3)
