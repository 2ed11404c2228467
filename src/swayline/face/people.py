"""``sw.discover_ties`` and ``sw.choose_seeds``: who sways whom where no ties are known, and whom to start with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import UsageError
from swayline.core.names import BEHAVIOR, SOURCE, TARGET, TIME, USER
from swayline.core.showing.pictures import spread_picture, ties_picture
from swayline.core.showing.result import Result
from swayline.events import as_log
from swayline.events.sources.frames import as_arrow
from swayline.influence.diffusion import spread_from_ledger
from swayline.influence.network.acts import Acts, make_acts
from swayline.influence.network.discover import Discovery
from swayline.influence.network.discover import discover_ties as discover
from swayline.influence.network.fit.kernels import exponential
from swayline.influence.network.reading import seconds
from swayline.ledger import TieRows, read_ledger

_DELAYS_S = (600.0, 3_600.0, 21_600.0, 86_400.0, 345_600.0)
_ASSUMPTIONS = (
    "ties are found in the same log that measures them, so intervals are optimistic; each person's own rhythm and past "
    "explain what they would do anyway; nothing that was not logged moves two people at the same time"
)


@dataclass(frozen=True, repr=False)
class FoundTies(Result):
    """Ties found in a log: rows of the influence table, estimand ``excitation``.

    Attributes
    ----------
    q_values : np.ndarray
        (T,) least false-discovery rate at which each tie would be kept.
    n_pairs : int
        Ordered pairs looked at.
    """

    q_values: np.ndarray = field(default_factory=lambda: np.zeros(0))
    n_pairs: int = 0

    @property
    def ties(self) -> pa.Table:
        """``source``, ``target``: what :meth:`swayline.PeopleInfluence.fit` takes as ties."""
        return pa.table({SOURCE: self.table["cause"], TARGET: self.table["effect"]})


def discover_ties(
    log: Any,
    outcome: str | None = None,
    *,
    mean_delay_s: float | None = None,
    false_discovery: float = 0.05,
    candidates: int = 16,
    seed: int = 0,
) -> FoundTies:
    """Find who sways whom from the log alone, where no ties are known.

    Parameters
    ----------
    log : EventLog, path, address or frame
        With times.
    outcome : str, optional
        The behaviour whose acts are looked at, or a condition on its value; by default the deepest of the funnel.
    mean_delay_s : float, optional
        Mean seconds from an act to one that it causes. By default ten minutes, an hour, six hours, a day and four days
        are tried, each at a fifth of the false discovery rate, and that of most ties is kept.
    false_discovery : float
        Share of the ties found that may be false, in expectation; in (0, 1).
    candidates : int
        Sources looked at together for each person.
    seed : int
        Decides every random number.

    Returns
    -------
    FoundTies
        A row a tie: acts of the target per act of the source, with an interval. None where nobody sways anybody.

    Raises
    ------
    DataError
        The log has no times, or the outcome does not occur.
    UsageError
        An option is out of range.

    References
    ----------
    Xu, Farajtabar and Zha, "Learning Granger Causality for Hawkes Processes", ICML 2016; Benjamini and Hochberg,
    "Controlling the false discovery rate", JRSS B 1995.
    """
    ids, made, name = _acts_of(log, outcome)
    found = _at_best_delay(made, mean_delay_s, false_discovery, candidates, seed)
    ties, estimates, n = found.fit.ties, found.estimates, len(found.fit.ties)
    rows = TieRows(
        source=ids.take(pa.array(ties.source)), target=ids.take(pa.array(ties.target)), channel="all",
        estimand="excitation", estimate=estimates.estimate, ci_low=estimates.low, ci_high=estimates.high,
        p_value=estimates.p_value, n=made.counts[ties.source],
        method=f"discovered hawkes {found.fit.kernel.name}, {estimates.method}",
        identified=pa.array(np.where(estimates.sound, "assumed", "no").tolist(), pa.string()), assumptions=_ASSUMPTIONS,
        horizon_s=found.fit.kernel.quantile(0.95), as_of=datetime.fromtimestamp(0, UTC) + timedelta(seconds=made.end_s),
    )  # fmt: skip
    heading = f"{n:,} ties of {found.n_pairs:,} pairs, acts of {name!r}, false discovery rate {false_discovery:g}"
    return FoundTies(rows.table(), heading, ties_picture, q_values=found.q_value, n_pairs=found.n_pairs)


def _acts_of(log: Any, outcome: str | None) -> tuple[pa.Array, Acts, str]:
    """Ids of the people who did the outcome, their acts, and the outcome's name."""
    split, name = as_log(log).split_by_outcome(outcome)
    events = split.events
    acts = events.filter(pc.equal(events[BEHAVIOR].cast(pa.string()), name))
    users = acts[USER].cast(pa.string())
    ids = pc.unique(users)
    ids = ids.take(pc.array_sort_indices(ids))
    person = np.asarray(pc.index_in(users, value_set=ids).to_numpy(), np.int64)
    moments = np.unique(np.stack([person.astype(np.float64), seconds(acts[TIME])]), axis=1)
    span = seconds(events[TIME])
    made = make_acts(moments[0].astype(np.int64), moments[1], len(ids), float(span.min()), float(span.max()))
    return ids, made, name


def _at_best_delay(
    acts: Acts, mean_delay_s: float | None, false_discovery: float, candidates: int, seed: int
) -> Discovery:
    """Ties at the delay said, or at that of most ties; of equally many the shorter."""
    if mean_delay_s is not None and not mean_delay_s > 0:
        raise UsageError(f"mean_delay_s is {mean_delay_s}: give seconds above 0")
    delays = _DELAYS_S if mean_delay_s is None else (mean_delay_s,)
    found = [
        discover(acts, false_discovery=false_discovery / len(delays), candidates=candidates, kernel=exponential(delay),
                 seed=seed)
        for delay in delays
    ]  # fmt: skip
    return max(found, key=lambda one: len(one.fit.ties))


def choose_seeds(
    influence: Any,
    budget: float = 50,
    *,
    costs: Mapping[str, float] | None = None,
    audience: Sequence[str] | None = None,
    deadline_s: float | None = None,
    model: str = "independent-cascade",
    seed: int = 0,
) -> Result:
    """Whom to start with so that most people are reached.

    Parameters
    ----------
    influence : PeopleInfluence, influence table, frame or path
        Measured ties: rows ``excitation`` or ``spread`` between users, or a frame of ``source``, ``target`` and
        ``probability`` (of the target following, in [0, 1]).
    budget : float
        How many people, or what they may cost together.
    costs : mapping, optional
        User id → price; one for those left out.
    audience : sequence of str, optional
        Only reaching these people counts.
    deadline_s : float, optional
        Count only who is reached within so many seconds.
    model : str
        ``independent-cascade`` or ``linear-threshold``.
    seed : int
        Decides every random number.

    Returns
    -------
    Result
        ``rank`` (from 1), ``user``, ``gain`` and ``spread``: expected people reached by the seeds up to this one. Its
        heading says how good the choice surely is beside the best possible.

    Raises
    ------
    UsageError, DataError
        An option is out of range, or there are no such rows.

    References
    ----------
    Tang, Tang, Xiao and Yuan, "Online Processing Algorithms for Influence Maximization", SIGMOD 2018.
    """
    prices = None if costs is None else {str(user): float(cost) for user, cost in costs.items()}
    who = None if audience is None else [str(user) for user in audience]
    spread = spread_from_ledger(
        _ledger(influence), budget, model=model, costs=prices, audience=who, deadline_s=deadline_s, seed=seed
    )
    seeds = spread.seeds
    heading = f"{len(seeds.nodes)} people; surely at least {seeds.guarantee:.1%} of the best possible reach"
    return Result(spread.table, heading, spread_picture)


def _ledger(influence: Any) -> pa.Table:
    """Rows of influence between users, whatever they come as."""
    if hasattr(influence, "ledger_"):
        table: pa.Table = influence.ledger_
        return table
    if isinstance(influence, str | Path):
        return read_ledger(Path(influence))
    table = influence.table if isinstance(influence, Result) else as_arrow(influence)
    if {"cause", "effect", "estimand"} <= set(table.column_names):
        return table
    needed = (SOURCE, TARGET, "probability")
    if not set(needed) <= set(table.column_names):
        raise UsageError(
            f"seeds are chosen from an influence table or a frame of {', '.join(needed)}; this one has: "
            f"{', '.join(table.column_names[:20])}"
        )
    n = len(table)
    words = {"cause_kind": "user", "effect_kind": "user", "estimand": "spread", "channel": "all"}
    columns = {name: pa.array([word] * n, pa.string()) for name, word in words.items()}
    return pa.table(
        columns
        | {"cause": table[SOURCE].cast(pa.string()), "effect": table[TARGET].cast(pa.string())}
        | {"estimate": table["probability"].cast(pa.float64()), "horizon_s": pa.nulls(n, pa.float64())}
    )
