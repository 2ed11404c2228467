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
from swayline.influence.network.acts import Acts, Ties, make_ties
from swayline.influence.network.fit.hawkes import fit_hawkes
from swayline.influence.network.fit.intervals import TieEstimates, fitted_with_estimates, tie_estimates
from swayline.influence.network.fit.kernels import Delays
from swayline.influence.network.fit.model import HawkesFit
from swayline.influence.network.fit.solve import solve
from swayline.influence.network.fit.threads import over_people
from swayline.numerics.multiple_testing import q_values


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
    rhythm: bool = True, own_past: bool = True, interval: str = "auto", placebo: bool = True, seed: int = 0,
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
        As in :func:`swayline.influence.network.fit.hawkes.fit_hawkes`.
    interval, placebo
        As in :func:`swayline.influence.network.fit.intervals.tie_estimates`.

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
    ties = _screened(plain, candidates)
    if not isinstance(kernel, Delays):
        # Learn the delays on the first candidates, then look again with the right ones.
        learned = fit_hawkes(acts, ties, kernel=kernel, rounds=1, **settings)  # type: ignore[arg-type]
        plain = replace(plain, kernel=learned.kernel)
        ties = _screened(plain, candidates)
    n_pairs = acts.people * (acts.people - 1)
    started = replace(plain, ties=ties, x_tie=np.full(len(ties), 0.05))
    fit, estimates = _measured(started, "information", placebo=False)
    q_values = _q_values(estimates, fit.x_tie, n_pairs)
    kept = q_values <= false_discovery
    fewer = replace(fit, ties=make_ties(ties.source[kept], ties.target[kept], acts.people), x_tie=fit.x_tie[kept])
    fit, estimates = _measured(fewer, interval, placebo)
    return Discovery(fit, estimates, q_values[kept], n_pairs)


_BLOCK = 30_000_000
"""Numbers that the screening holds at once: sources are screened in blocks."""


def _screened(plain: HawkesFit, candidates: int) -> Ties:
    """The best-scoring sources of each person, of those whose score is a z of 2 or more."""
    from swayline.influence.network.compiled import passes as _compiled

    n, acts = plain.acts.people, plain.acts
    active = np.flatnonzero(acts.counts > 0).astype(np.int64)
    bins = plain.baseline.bins(acts.times)
    first = plain.baseline.rates()[plain.baseline.phases(bins), 0] * plain.baseline.level_at(acts.person, bins)
    if plain.x_base.shape[1] == 1:
        # The baseline is all there is: its share of the intensity is one, and what it explains needs no sum of its own.
        lam: Floats = first * plain.x_base[acts.person, 0]
        base, bend = np.zeros(0), np.maximum(acts.counts, 1).astype(np.float64)
    else:
        lam = np.zeros(len(acts.times))
        over_people(_compiled.alone, active, plain.solver_inputs(), plain.x_base, lam, np.zeros(n))
        base = first / np.maximum(lam, 1e-300)
        bend = np.bincount(acts.person, base**2, n).astype(np.float64)
    inverse = 1.0 / np.maximum(lam, 1e-300)
    width = min(candidates, max(n - 1, 1))
    found, scores = np.full((n, width), -1, np.int64), np.full((n, width), 2.0)
    for at in range(0, len(active), max(_BLOCK // (3 * n), 1)):
        block = active[at : at + max(_BLOCK // (3 * n), 1)]
        z = _scores(plain, block, inverse, base, bend)
        z[block, np.arange(len(block))] = -np.inf
        everybody = np.concatenate([scores, z], axis=1)
        who = np.concatenate([found, np.broadcast_to(block, z.shape)], axis=1)
        best = np.argpartition(-everybody, width - 1, axis=1)[:, :width]
        found, scores = np.take_along_axis(who, best, axis=1), np.take_along_axis(everybody, best, axis=1)
    used: Bools = (found >= 0) & (scores > 2.0)
    target = np.repeat(np.arange(n), width).reshape(n, width)
    return make_ties(found[used], target[used], n)


def _scores(plain: HawkesFit, sources: Ints, inverse: Floats, base: Floats, bend: Floats) -> Floats:
    """(people, sources) score of every pair: N(0, 1) where the source does not sway."""
    from swayline.influence.network.compiled import screen as _compiled_screen

    acts, kernel = plain.acts, plain.kernel.compiled()
    sums, mass = np.zeros((3 if len(base) else 2, acts.people, len(sources))), np.zeros(len(sources))
    _compiled_screen.masses(sources, acts.pointer, acts.times, acts.span_s, kernel, mass)
    if plain.kernel.is_box:
        over_people(
            _compiled_screen.sums_by_pair, np.arange(acts.people), sources, acts.pointer, acts.times, kernel, inverse,
            base, sums,
        )  # fmt: skip
    else:
        order = acts.in_time
        _compiled_screen.sums_by_level(
            sources, acts.pointer, acts.person[order], acts.times[order], kernel[1], kernel[3], inverse[order],
            base[order] if len(base) else base, sums,
        )  # fmt: skip
    spread = sums[1] - sums[-1 if len(base) else 0] ** 2 / np.maximum(bend, 1e-300)[:, None]
    z: Floats = np.where(spread > 1e-9, (sums[0] - mass) / np.sqrt(np.maximum(spread, 1e-9)), 0.0)
    return z


def _measured(started: HawkesFit, interval: str, placebo: bool) -> tuple[HawkesFit, TieEstimates]:
    """Everybody's own coefficients, with estimates; one pass does where no mixture of rhythms must settle."""
    if started.n_patterns == 1:
        return fitted_with_estimates(started, interval, placebo=placebo)
    fit = solve(started, np.arange(started.acts.people), warm=True)
    return fit, tie_estimates(fit, interval, placebo=placebo)


def _q_values(estimates: TieEstimates, branching: Floats, n_pairs: int) -> Floats:
    """Benjamini and Hochberg over all pairs; pairs never fitted count as p = 1."""
    p = np.where(branching > 0, estimates.p_value / 2.0, 1.0)
    return q_values(p, n_pairs)
