"""Compiled passes over people: fit, intervals, shares, residuals. They release the lock: threads share the people.

``inputs``, ``prior``, ``penalty``, ``method``, ``coefficients`` are the named tuples of
:mod:`swayline.influence.network.fit.solver_inputs`; ``people`` (N,) are the rows to work on; ``x_base``
(everybody, K + S) and ``x_tie`` (ties,) the coefficients.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return"
import numpy as np
from numba import njit

from swayline.influence.network.compiled.features import EXPONENTIAL, compensator, design, kernel_mass, kernel_sums
from swayline.influence.network.compiled.solver import (
    accelerated,
    curvature,
    expectation_maximisation,
    intensity,
    inverse_diagonal,
    newton,
    profile_end,
    start,
)

NEWTON, EM, ACCELERATED = 0, 1, 2


@njit(cache=True, nogil=True)
def _problem(i, inputs, prior):
    """Columns, compensators with the prior's rates added, and the prior's shapes, of person i."""
    columns, c = design(i, inputs)
    shapes = np.zeros(len(c))
    for p in range(len(prior.shape)):
        c[p] += prior.rate[i, p]
        shapes[p] = prior.shape[p]
    return columns, c, shapes


@njit(cache=True, nogil=True)
def _coefficients(i, tie_ptr, x_base, x_tie):
    return np.concatenate((x_base[i], x_tie[tie_ptr[i] : tie_ptr[i + 1]]))


@njit(cache=True, nogil=True)
def _free(c, x, n_rest):
    """Coefficients whose information counts: all ties, and of the rest those above zero."""
    keep = np.empty(len(x), np.int64)
    n_keep = 0
    for p in range(len(x)):
        if c[p] > 0.0 and (p >= n_rest or x[p] > 0.0):
            keep[n_keep] = p
            n_keep += 1
    return keep[:n_keep]


@njit(cache=True, nogil=True)
def _log_determinant(columns, c, shapes, x, n_rest, tie_scale):
    """Log determinant of one plus the observed information of a person's coefficients, branchings by ``tie_scale``."""
    lam = np.empty(columns.shape[1])
    intensity(columns, x, lam)
    keep = _free(c, x, n_rest)
    n_keep = len(keep)
    hessian = np.empty((n_keep, n_keep))
    curvature(columns, shapes, x, lam, keep, hessian)
    total = 0.0
    for a in range(n_keep):
        scale = max(x[keep[a]], 1e-2) if keep[a] < n_rest else tie_scale
        for b in range(n_keep):
            hessian[a, b] *= scale
            hessian[b, a] *= scale
        hessian[a, a] += 1.0
    for a in range(n_keep):
        for b in range(a + 1):
            value = hessian[a, b]
            for k in range(b):
                value -= hessian[a, k] * hessian[b, k]
            if a == b:
                hessian[a, a] = np.sqrt(max(value, 1e-9))
                total += 2.0 * np.log(hessian[a, a])
            else:
                hessian[a, b] = value / hessian[b, b]
    return total


@njit(cache=True, nogil=True)
def fit_people(people, inputs, prior, penalty, method, coefficients):
    """Fit the coefficients of the given people, each alone, and write each person's loss beside them.

    A ``method`` that is ``warm`` starts from the coefficients given. With a ``tie_scale`` above zero half the log
    determinant of the information is added to the loss, branchings on that scale.
    """
    tie_ptr, n_base = inputs.tie_ptr, inputs.rates.shape[1]
    x_base, x_tie, losses = coefficients
    solver, warm, max_steps, tie_scale = method
    for i in people:
        columns, c, shapes = _problem(i, inputs, prior)
        n_rest, size = len(prior.shape), len(c)
        for p in range(n_rest, size):
            if c[p] > 0.0:
                c[p] += penalty.price[tie_ptr[i] + p - n_rest]
        x = _coefficients(i, tie_ptr, x_base, x_tie)
        if not warm:
            start(columns, c, shapes, n_base, x)
            expectation_maximisation(columns, c, shapes, x, -1, 5)
        if solver == EM:
            expectation_maximisation(columns, c, shapes, x, -1, max_steps)
        if solver == ACCELERATED:
            losses[i] = accelerated(columns, c, shapes, x, n_rest, penalty.group, max_steps, 1e-9)
        else:
            losses[i] = newton(columns, c, shapes, x, -1, max_steps if solver == NEWTON else 0, 1e-7)
        if tie_scale > 0.0:
            losses[i] += 0.5 * _log_determinant(columns, c, shapes, x, n_rest, tie_scale)
        x_base[i] = x[:n_rest]
        x_tie[tie_ptr[i] : tie_ptr[i + 1]] = x[n_rest:]


@njit(cache=True, nogil=True)
def _spread(columns, c, x, lam, p, variance, cut):
    """Standard error of branching p from its variance, and the most that the person's acts can speak of."""
    spread = np.sqrt(max(variance, 1e-12))
    # Acts bound what can be asked: a spread of more acts than that comes of information that is singular.
    most = 3.0 * np.sqrt(len(lam) + 1.0) / c[p]
    if x[p] == 0.0 and spread <= most:
        # At the boundary the likelihood falls with a slope: solve slope * d + d^2 / (2 variance) = cut.
        slope, bend = c[p], 1.0 / max(variance, 1e-12)
        for e in range(len(lam)):
            slope -= columns[p, e] / max(lam[e], 1e-300)
        slope = max(slope, 0.0)
        spread = max((np.sqrt(slope**2 + 2 * bend * cut) - slope) / bend, 1e-9) / np.sqrt(2.0 * cut)
    return spread, most


@njit(cache=True, nogil=True)
def _profiled(columns, c, shapes, x, loss, p, spread, cut):
    """Likelihood ratio of branching p against none, and the ends of its profile interval."""
    ratio = 0.0
    if x[p] > 0.0:
        trial = x.copy()
        trial[p] = 0.0
        ratio = max(2.0 * (newton(columns, c, shapes, trial, p, 25, 1e-6) - loss), 0.0)
    high = profile_end(columns, c, shapes, x, loss, p, spread, 1.0, cut)
    low = profile_end(columns, c, shapes, x, loss, p, spread, -1.0, cut) if ratio > 2 * cut else 0.0
    return ratio, low, high


@njit(cache=True, nogil=True)
def tie_intervals(people, inputs, prior, cut, profile, coefficients, out):
    """Intervals of every tie into the given people, from the likelihood without the sparsity penalty.

    ``coefficients`` are where to start, and overwritten by the optimum. Into ``out``: ``low``, ``high``,
    profile-likelihood ends where ``profile``, else estimate -+ root(2 cut) standard errors; ``ratio``, the
    likelihood-ratio (else Wald) statistic against no influence; ``error``, the standard error from the observed
    information; ``received_error``, that of the sum over a person's ties.
    """
    tie_ptr, n_rest, root = inputs.tie_ptr, len(prior.shape), np.sqrt(2.0 * cut)
    x_base, x_tie, losses = coefficients
    for i in people:
        columns, c, shapes = _problem(i, inputs, prior)
        x = _coefficients(i, tie_ptr, x_base, x_tie)
        loss = newton(columns, c, shapes, x, -1, 50, 1e-9)
        losses[i], x_base[i], x_tie[tie_ptr[i] : tie_ptr[i + 1]] = loss, x[:n_rest], x[n_rest:]
        lam = np.empty(columns.shape[1])
        intensity(columns, x, lam)
        keep = _free(c, x, n_rest)
        n_keep = len(keep)
        hessian, variance = np.empty((n_keep, n_keep)), np.empty(n_keep)
        curvature(columns, shapes, x, lam, keep, hessian)
        bent = np.diag(hessian).copy()
        inverse = inverse_diagonal(hessian, n_keep, variance)
        together, apart = 0.0, 0.0
        for a in range(n_keep):
            p = keep[a]
            if p < n_rest:
                continue
            for b in range(n_keep):
                if keep[b] >= n_rest:
                    together += inverse[a, b]
            t = tie_ptr[i] + p - n_rest
            spread, most = _spread(columns, c, x, lam, p, variance[a], cut)
            # No variance is below that with all else known; where one seems so, the information is singular too.
            singular = spread > most or variance[a] * bent[a] < 0.99
            spread = most / 3.0 if singular else spread
            if profile or singular:
                out.ratio[t], out.low[t], out.high[t] = _profiled(columns, c, shapes, x, loss, p, spread, cut)
                spread = max(out.high[t] - x[p], x[p] - out.low[t]) / root if singular else spread
            else:
                out.ratio[t] = (x[p] / spread) ** 2
                out.low[t], out.high[t] = max(x[p] - root * spread, 0.0), x[p] + root * spread
            out.error[t] = spread
            apart += spread
        out.received_error[i] = min(np.sqrt(max(together, 0.0)), apart)


@njit(cache=True, nogil=True)
def share_out(people, inputs, x_base, x_tie, base_share, own_share, component):
    """Share every act of the given people out over its possible causes, in expectation.

    ``base_share``, ``own_share`` (acts,) : the parts due to the baseline and to the person's own past;
    ``component`` (everybody, R) : acts due to each component of the ties' delay kernel.
    """
    act_ptr, acts, skip, tie_ptr, tie_source, kernel = (
        inputs.act_ptr,
        inputs.acts,
        inputs.skip,
        inputs.tie_ptr,
        inputs.tie_source,
        inputs.kernel,
    )
    n_base, n_rest = inputs.rates.shape[1], x_base.shape[1]
    for i in people:
        lo, hi = act_ptr[i] + skip[i], act_ptr[i + 1]
        columns, _c = design(i, inputs)
        x = _coefficients(i, tie_ptr, x_base, x_tie)
        lam = np.empty(hi - lo)
        intensity(columns, x, lam)
        for e in range(hi - lo):
            base, past = 0.0, 0.0
            for p in range(n_rest):
                if p < n_base:
                    base += x[p] * columns[p, e]
                else:
                    past += x[p] * columns[p, e]
            base_share[lo + e] = base / max(lam[e], 1e-300)
            own_share[lo + e] = past / max(lam[e], 1e-300)
        column = np.empty(hi - lo)
        for r in range(component.shape[1]):
            total = 0.0
            for d in range(tie_ptr[i + 1] - tie_ptr[i]):
                if x[n_rest + d] > 0.0:
                    j = tie_source[tie_ptr[i] + d]
                    column[:] = 0.0
                    kernel_sums(acts[act_ptr[j] : act_ptr[j + 1]], acts[lo:hi], kernel[:, r : r + 1], column)
                    for e in range(hi - lo):
                        total += x[n_rest + d] * column[e] / max(lam[e], 1e-300)
            component[i, r] = total


@njit(cache=True, nogil=True)
def credit_ties(people, inputs, x_base, x_tie, group, out):
    """Expected acts of the given people that each tie brought, by group of the act: ``out`` (ties, G).

    ``group`` (acts,): 0 to G - 1, or -1 for acts that count nowhere.
    """
    act_ptr, skip, tie_ptr = inputs.act_ptr, inputs.skip, inputs.tie_ptr
    n_rest = x_base.shape[1]
    for i in people:
        lo = act_ptr[i] + skip[i]
        columns, _c = design(i, inputs)
        lam = np.empty(columns.shape[1])
        intensity(columns, _coefficients(i, tie_ptr, x_base, x_tie), lam)
        for t in range(tie_ptr[i], tie_ptr[i + 1]):
            column = columns[n_rest + t - tie_ptr[i]]
            for e in range(len(lam)):
                if group[lo + e] >= 0:
                    out[t, group[lo + e]] += x_tie[t] * column[e] / max(lam[e], 1e-300)


@njit(cache=True, nogil=True)
def log_likelihoods(people, inputs, x_base, x_tie, out):
    """Exact log-likelihood of each person's counted acts, into ``out`` (everybody,)."""
    for i in people:
        columns, c = design(i, inputs)
        x = _coefficients(i, inputs.tie_ptr, x_base, x_tie)
        lam = np.empty(columns.shape[1])
        intensity(columns, x, lam)
        total = 0.0
        for e in range(len(lam)):
            total += np.log(max(lam[e], 1e-300))
        for p in range(len(c)):
            total -= c[p] * x[p]
        out[i] = total


@njit(cache=True, nogil=True)
def _integrals(source, target, kernel, weight, out):
    """Add ``weight`` times the kernel mass already spent, over all sources before each target time."""
    rate, spent, level, last, j = 0.0, 0.0, 0.0, 0.0, 0
    if kernel.shape[1] == 1 and kernel[0, 0] == EXPONENTIAL:
        rate = kernel[1, 0]
        for e in range(len(target)):
            while j < len(source) and source[j] < target[e]:
                level = (level * np.exp(-rate * (source[j] - last)) if j > 0 else 0.0) + 1.0
                last = source[j]
                j += 1
            if j > 0:
                spent = j - level * np.exp(-rate * (target[e] - last))
            out[e] += weight * spent
        return
    for e in range(len(target)):
        for s in source:
            if s >= target[e]:
                break
            out[e] += weight * kernel_mass(target[e] - s, kernel)


@njit(cache=True, nogil=True)
def cumulative(people, inputs, base_until, x_base, x_tie, out):
    """Integrated intensity at every act of the given people; ``base_until`` (acts, K): integrals of the baseline."""
    act_ptr, acts, tie_ptr, tie_source, own, kernel = (
        inputs.act_ptr,
        inputs.acts,
        inputs.tie_ptr,
        inputs.tie_source,
        inputs.own,
        inputs.kernel,
    )
    n_base = inputs.rates.shape[1]
    for i in people:
        lo, hi = act_ptr[i], act_ptr[i + 1]
        target = acts[lo:hi]
        total = np.zeros(hi - lo)
        for k in range(n_base):
            for e in range(hi - lo):
                total[e] += x_base[i, k] * base_until[lo + e, k]
        for s in range(own.shape[1]):
            _integrals(target, target, own[:, s : s + 1], x_base[i, n_base + s], total)
        for t in range(tie_ptr[i], tie_ptr[i + 1]):
            if x_tie[t] > 0.0:
                j = tie_source[t]
                _integrals(acts[act_ptr[j] : act_ptr[j + 1]], target, kernel, x_tie[t], total)
        out[lo:hi] = total


@njit(cache=True, nogil=True)
def anticipation(people, inputs, prior, x_base, x_tie, gap, score):
    """Placebo of every tie: do the target's acts run ahead of the source's? A score test, N(0, 1) where they do not.

    The delay kernel is turned round in time, so that the source's later acts "explain" the target's earlier ones. No
    influence can do that; shared seasons that the baseline missed can. Acts less than ``gap`` seconds apart, of which
    the clock does not tell who was first, are left out.
    """
    act_ptr, acts, skip, begin, end = inputs.act_ptr, inputs.acts, inputs.skip, inputs.begin, inputs.end
    tie_ptr, tie_source, kernel = inputs.tie_ptr, inputs.tie_source, inputs.kernel
    for i in people:
        columns, _c, shapes = _problem(i, inputs, prior)
        _size, n_acts = columns.shape
        x = _coefficients(i, tie_ptr, x_base, x_tie)
        lam = np.empty(n_acts)
        intensity(columns, x, lam)
        keep = np.flatnonzero(x > 0.0)
        hessian = np.empty((len(keep), len(keep)))
        spare = np.empty(len(keep))
        curvature(columns, shapes, x, lam, keep, hessian)
        inverse = inverse_diagonal(hessian, len(keep), spare)
        target = -acts[act_ptr[i] + skip[i] : act_ptr[i + 1]][::-1] - gap
        cross = np.empty(len(keep))
        for t in range(tie_ptr[i], tie_ptr[i + 1]):
            source = -acts[act_ptr[tie_source[t]] : act_ptr[tie_source[t] + 1]][::-1]
            turned = np.zeros(n_acts)
            kernel_sums(source, target, kernel, turned)
            slope, bend = -compensator(source, -end - gap, -begin - gap, kernel), 0.0
            for e in range(n_acts):
                part = turned[n_acts - 1 - e] / max(lam[e], 1e-300)
                slope += part
                bend += part * part
            for a in range(len(keep)):
                total = 0.0
                for e in range(n_acts):
                    total += columns[keep[a], e] * turned[n_acts - 1 - e] / max(lam[e] * lam[e], 1e-300)
                cross[a] = total
            for a in range(len(keep)):
                for b in range(len(keep)):
                    bend -= cross[a] * inverse[a, b] * cross[b]
            score[t] = slope / np.sqrt(bend) if bend > 1e-9 else 0.0


@njit(cache=True, nogil=True)
def alone(people, inputs, x_base, out, mass):
    """Intensity at every act from the baseline and the own past only, and its integral (everybody,)."""
    act_ptr, skip = inputs.act_ptr, inputs.skip
    n_rest = x_base.shape[1]
    for i in people:
        columns, c = design(i, inputs)
        for p in range(n_rest):
            mass[i] += c[p] * x_base[i, p]
        for e in range(columns.shape[1]):
            total = 0.0
            for p in range(n_rest):
                total += x_base[i, p] * columns[p, e]
            out[act_ptr[i] + skip[i] + e] = total
