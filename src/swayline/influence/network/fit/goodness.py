"""Does the model explain when people act? Time rescaling, held-out likelihood, and whether the branching is stable.

If the model is right, the time between a person's acts, measured by the integrated intensity, is exponential with mean
one. The Kolmogorov-Smirnov distance and the QQ points say how far it is from that.

References
----------
Brown et al., "The time-rescaling theorem and its application to neural spike train data analysis", Neural Computation
2002.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array
from scipy.stats import kstest

from swayline.core.rng import generator
from swayline.core.types import Floats, Ints
from swayline.influence.network.acts import Acts
from swayline.influence.network.fit.model import HawkesFit
from swayline.influence.network.fit.threads import over_people


@dataclass(frozen=True)
class Goodness:
    """Time-rescaling check.

    Parameters
    ----------
    ks, p_value : float
        Kolmogorov-Smirnov distance from the exponential, and its p-value.
    n : int
        Gaps looked at.
    expected, seen : (99,) float64
        Quantiles of the exponential and of the rescaled gaps: the QQ plot.
    """

    ks: float
    p_value: float
    n: int
    expected: Floats
    seen: Floats


def rescaled_gaps(fit: HawkesFit, some: Ints | None = None) -> Floats:
    """Gaps between successive acts of each person, in units of integrated intensity."""
    from swayline.influence.network.compiled import passes as _compiled

    chosen = np.arange(fit.acts.people) if some is None else some
    until = np.zeros((len(fit.acts.times), fit.n_patterns))
    for i in chosen:
        lo, hi = fit.acts.pointer[i], fit.acts.pointer[i + 1]
        if hi - lo >= 2:
            until[lo:hi] = _base_until(fit, int(i), fit.acts.times[lo:hi])
    out = np.zeros(len(fit.acts.times))
    over_people(
        _compiled.cumulative, np.asarray(chosen, np.int64), fit.solver_inputs(), until, fit.x_base, fit.x_tie, out
    )
    gaps = [np.diff(out[fit.acts.pointer[i] : fit.acts.pointer[i + 1]]) for i in chosen]
    return np.concatenate([*gaps, np.zeros(0)])


def _base_until(fit: HawkesFit, person: int, times: Floats) -> Floats:
    """(acts, R): integral of each pattern, at the person's level, from the start to each act."""
    baseline = fit.baseline
    bins = np.arange(baseline.grid.n_bins)
    level = baseline.level_at(np.full(len(bins), person), bins)
    watched = baseline.grid.watched(0.0, fit.acts.span_s, len(bins))
    rates = baseline.rates()[baseline.phases(bins)] * level[:, None]
    before = np.concatenate([np.zeros((1, rates.shape[1])), np.cumsum(rates * watched[:, None], axis=0)])
    at = np.minimum(baseline.bins(times), len(bins) - 1)
    opens = np.maximum(at * baseline.grid.bin_s - baseline.grid.lead_s, 0.0)
    until: Floats = before[at] + rates[at] * (times - opens)[:, None]
    return until


def goodness_of_fit(fit: HawkesFit, sample: int = 500, seed: int = 0) -> Goodness:
    """Check the fit by time rescaling, on a sample of people with at least five acts."""
    able = np.flatnonzero(fit.acts.counts >= 5)
    if len(able) > sample:
        able = np.sort(generator(seed, "people", "goodness").choice(able, sample, replace=False))
    gaps = rescaled_gaps(fit, able)
    points = np.arange(1, 100) / 100
    if len(gaps) == 0:
        return Goodness(float("nan"), float("nan"), 0, -np.log1p(-points), np.full(99, np.nan))
    test = kstest(gaps, "expon")
    return Goodness(
        float(test.statistic),
        float(test.pvalue),
        len(gaps),
        -np.log1p(-points),
        np.asarray(np.quantile(gaps, points), np.float64),
    )


def held_out_log_likelihood(fit: HawkesFit, acts: Acts) -> tuple[float, int]:
    """Exact log-likelihood of the acts that come after the fit's end, all that came before known.

    Parameters
    ----------
    acts : Acts
        The whole log, over the same people and from the same start as the fit's, and running on.

    Returns
    -------
    total : float
        Natural log, time in seconds.
    n : int
        Acts predicted.
    """
    from swayline.influence.network.compiled import passes as _compiled

    longer = replace(fit, acts=acts)
    begin = fit.acts.span_s
    everyone = np.arange(acts.people)
    each = np.zeros(acts.people)
    over_people(_compiled.log_likelihoods, everyone, longer.solver_inputs(begin), fit.x_base, fit.x_tie, each)
    return float(each.sum()), int((acts.times >= begin).sum())


def branching(fit: HawkesFit) -> csr_array:
    """(people, people) sparse: row is the target, column the source, value acts caused per act; own past included."""
    n = fit.acts.people
    own = fit.x_base[:, fit.n_patterns :].sum(axis=1)
    rows = np.concatenate([fit.ties.target, np.arange(n)])
    columns = np.concatenate([fit.ties.source, np.arange(n)])
    return csr_array((np.concatenate([np.nan_to_num(fit.x_tie), own]), (rows, columns)), shape=(n, n))


def spectral_radius(matrix: csr_array, steps: int = 300) -> float:
    """Largest eigenvalue of a non-negative matrix, by power iteration; below one, cascades die out.

    >>> round(spectral_radius(csr_array(np.array([[0.0, 0.5], [0.5, 0.0]]))), 6)
    0.5
    """
    vector = np.ones(matrix.shape[0])
    norms = []
    for _ in range(steps):
        vector = matrix @ vector + 1e-3 * vector
        norm = float(np.linalg.norm(vector))
        if norm < 1e-12:
            return 0.0
        norms.append(norm)
        vector = vector / norm
    return max(float(np.exp(np.mean(np.log(norms[-50:])))) - 1e-3, 0.0)
