"""Who sways whom where no ties are known: candidates by lags, a joint fit, and false discoveries kept in check.

Every ordered pair is scored against "nobody sways anybody" (does the source's recent past run higher when the target
acts?); the best few sources of each person are fitted together, so that a chain a → b → c does not leave a → c behind;
pairs are kept while the expected share of false ones stays below ``false_discovery``.

References
----------
Benjamini and Hochberg, "Controlling the false discovery rate", JRSS B 1995; Xu, Farajtabar and Zha,
"Learning Granger Causality for Hawkes Processes", ICML 2016.
"""

from dataclasses import dataclass, replace

import numpy as np

from swayline.core.errors import UsageError
from swayline.core.extras import require
from swayline.core.types import Bools, Floats, Ints
from swayline.influence.people.acts import Acts, Ties, make_ties
from swayline.influence.people.hawkes import HawkesFit, fit_hawkes, solve
from swayline.influence.people.intervals import TieEstimates, tie_estimates
from swayline.influence.people.kernels import Delays
from swayline.influence.people.threads import over_people


@dataclass(frozen=True)
class Discovery:
    """Ties found in a log.

    Parameters
    ----------
    fit : HawkesFit
        The model over the kept ties.
    estimates : TieEstimates
        Of the kept ties. Intervals are of ties that were chosen by the same data: read them as optimistic.
    q_value : (T,) float64
        Least false-discovery rate at which each kept tie would be kept.
    n_pairs : int
        Ordered pairs looked at.
    """

    fit: HawkesFit
    estimates: TieEstimates
    q_value: Floats
    n_pairs: int


def discover_ties(
    acts: Acts, *, false_discovery: float = 0.05, candidates: int = 16, kernel: str | Delays = "exponential",
    rhythm: bool = True, own_past: bool = True, interval: str = "auto", seed: int = 0,
) -> Discovery:  # fmt: skip
    """Find who sways whom from the log alone.

    Parameters
    ----------
    acts : Acts
    false_discovery : float
        Share of kept ties that may be false, in expectation.
    candidates : int
        Sources looked at together for each person.
    kernel, rhythm, own_past, seed
        As in :func:`swayline.influence.people.hawkes.fit_hawkes`.
    interval : str
        As in :func:`swayline.influence.people.intervals.tie_estimates`.

    Raises
    ------
    UsageError
        An option is out of range.
    """
    require("numba", extra="people")
    if not 0 < false_discovery < 1 or candidates < 1:
        raise UsageError(f"false_discovery {false_discovery} must lie in (0, 1), candidates {candidates} be at least 1")
    settings = {"rhythm": rhythm, "own_past": own_past, "seed": seed}
    nobody = make_ties(np.zeros(0, np.int64), np.zeros(0, np.int64), acts.people)
    plain = fit_hawkes(acts, nobody, kernel=kernel, rounds=1, **settings)  # type: ignore[arg-type]
    ties, _ = _screened(plain, candidates)
    if not isinstance(kernel, Delays):
        # Learn the delays on the first candidates, then look again with the right ones.
        learned = fit_hawkes(acts, ties, kernel=kernel, rounds=1, **settings)  # type: ignore[arg-type]
        plain = replace(plain, kernel=learned.kernel)
        ties, _ = _screened(plain, candidates)
    n_pairs = acts.people * (acts.people - 1)
    fit = _with_ties(plain, ties)
    q_values = _q_values(tie_estimates(fit, "information", placebo=False), fit.x_tie, n_pairs)
    kept = q_values <= false_discovery
    fit = _with_ties(plain, make_ties(ties.source[kept], ties.target[kept], acts.people))
    return Discovery(fit, tie_estimates(fit, interval), q_values[kept], n_pairs)


def _screened(plain: HawkesFit, candidates: int) -> tuple[Ties, Floats]:
    """The best-scoring sources of each person, of those whose score a z of 2 or more."""
    from swayline.influence.people import _compiled

    n = plain.acts.people
    width = min(candidates, max(n - 1, 1))
    found, scores = np.full((n, width), -1, np.int64), np.full((n, width), -np.inf)
    active = np.flatnonzero(plain.acts.counts > 0).astype(np.int64)
    over_people(_compiled.screen, active, plain.world(), plain.x_base, width, active, found, scores)
    used: Bools = (found >= 0) & (scores >= 2.0)
    target = np.repeat(np.arange(n), width).reshape(n, width)
    return make_ties(found[used], target[used], n), scores[used]


def _with_ties(fit: HawkesFit, ties: Ties) -> HawkesFit:
    """The same shared parts over other ties."""
    started = replace(fit, ties=ties, x_tie=np.full(len(ties), 0.05))
    people: Ints = np.arange(fit.acts.people)
    return solve(started, people, warm=True)


def _q_values(estimates: TieEstimates, branching: Floats, n_pairs: int) -> Floats:
    """Benjamini and Hochberg over all pairs; pairs never fitted count as p = 1."""
    p = np.where(branching > 0, estimates.p_value / 2.0, 1.0)
    order = np.argsort(p)
    raw = p[order] * n_pairs / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1.0)
    return q
