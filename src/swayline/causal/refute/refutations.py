"""Attempts to break an estimate; one that succeeds turns its verdict to "no".

Every attempt works on residuals or on scores: no n × n matrix, and no refit of the nuisances beyond one on a part.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from swayline.causal.inference.freedom import freedom_of
from swayline.causal.inference.intervals import Estimate
from swayline.causal.inference.refutation import Refutation

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ALARM = 0.01
"""A refutation fails where what it saw would come up by chance less often than this."""
PERMUTATIONS = 50
STRATA = 50
PARTS = 5


def placebo_treatment(
    d: Floats, y: Floats, expected: Floats, clusters: Ints | None, rng: np.random.Generator
) -> Refutation:
    """A treatment shuffled among rows of like propensity must have no effect.

    Parameters
    ----------
    d, y : residual treatment and outcome, shape (n,)
    expected : what the controls predict of the treatment, shape (n,); strata hold equal
        shares of the treatment's unexplained variance

    Notes
    -----
    The figure is the mean placebo effect over :data:`PERMUTATIONS` shuffles. It fails where that mean is further from
    zero than shuffling, and unlike expectations within a stratum, explain by chance, or where intervals of the placebos
    exclude zero much more often than one time in 20.
    """
    order = np.argsort(expected, kind="stable")
    unexplained = np.cumsum(d[order] ** 2)
    cuts = np.searchsorted(
        unexplained, np.linspace(0, unexplained[-1], max(1, min(STRATA, len(order) // 50)) + 1)[1:-1]
    )
    # Rows in the order of what is expected of them, so that a stratum is a slice.
    edges = np.unique([0, *cuts, len(order)])
    sizes, starts = np.diff(edges), edges[:-1]
    actual, expected, y = (d + expected)[order], expected[order], y[order]
    # Clusters without a row are nobody's; numbered anew, none is left.
    group = None if clusters is None else np.unique(clusters[order], return_inverse=True)[1].astype(np.int64)
    values, weights, beyond = [], [], 0
    for _ in range(PERMUTATIONS):
        fake = actual.copy()
        for low, high in zip(starts, edges[1:], strict=True):
            rng.shuffle(fake[low:high])
        fake -= expected
        fake -= np.repeat(np.add.reduceat(fake, starts) / sizes, sizes)
        square = float(fake @ fake)
        slope = float(fake @ y) / square
        scores = fake * (y - slope * fake)
        sums = scores if group is None else np.bincount(group, weights=scores)
        error = float(np.sqrt(len(sums) / max(len(sums) - 1, 1) * float(sums @ sums))) / square
        values.append(slope)
        weights.append(square)
        beyond += abs(slope) > float(special.stdtrit(max(len(sums) - 1, 1), 0.975)) * error > 0
    # Within a stratum the rows' own expectations still differ: what that alone may do is chance, too.
    drift = (np.repeat(np.add.reduceat(expected, starts) / sizes, sizes) - expected) * y
    drifts = drift if group is None else np.bincount(group, weights=drift)
    error = np.hypot(float(np.std(values, ddof=1)) / np.sqrt(PERMUTATIONS), np.sqrt(drifts @ drifts) / np.mean(weights))
    chance = 2 * stats.norm.sf(abs(float(np.mean(values))) / max(float(error), 1e-300))
    too_often = stats.binom.sf(beyond - 1, PERMUTATIONS, 0.05) < ALARM / 10
    return Refutation(
        bool(chance >= ALARM / 10 and not too_often), float(np.mean(values)),
        f"mean effect of {PERMUTATIONS} shuffled treatments; {beyond} of them looked real",
    )  # fmt: skip


def placebo_outcome(found: Estimate, what: str) -> Refutation:
    """Something the treatment cannot have caused must not respond to it; the figure is the effect found on it."""
    passed = not np.isfinite(found.p) or found.p >= ALARM
    return Refutation(bool(passed), found.value, f"effect on {what}, p = {found.p:.3g}")


def random_common_cause(value: float, se: float, again: Callable[[], Estimate]) -> Refutation:
    """A control drawn at random must not move the estimate; the figure is by how much it did.

    ``again`` re-estimates with one more control of noise on the same rows and folds.
    """
    moved = again().value - value
    return Refutation(bool(abs(moved) <= se), moved, "change of the estimate with a control of pure noise")


def subset_stability(without: Sequence[float], whole: Estimate) -> Refutation:
    """Without a fifth of the people, everything learned anew, the estimate must move as its standard error says.

    The figure is the p-value that the moves are no larger. What it finds is an estimate that leans on how its models
    happened to be learned, which the standard error does not count.

    Parameters
    ----------
    without : estimates without each part of the people in turn
    whole : the same estimate from all of them

    Notes
    -----
    (K-1)/K · Σ (θ_k - θ̄)² over K parts estimates the variance (the delete-a-group jackknife); over the squared standard
    error it is compared with F of K-1 and the interval's degrees of freedom. Both are taken from the same people, which
    makes the comparison conservative, but with ten clusters models of an arm learn from three or four of them and move
    more than an error says: of sound experiments there .035 fall below a p-value of .001, the bar, and .075 below .01
    (``benchmarks/effects/experiments.py stability``). Comparing the parts' means of the *same* influence values instead
    could find nothing, since parts drawn at random differ by chance alone, and with two or three clusters a part it
    called 15 to 40% of sound experiments unstable.
    """
    parts = len(without)
    if parts < 2 or not np.isfinite(whole.se) or whole.se <= 0:
        return Refutation(True, float("nan"), "too few rows to compare parts")
    variance = (parts - 1) / parts * float(np.sum((np.array(without) - np.mean(without)) ** 2))
    freedom = freedom_of((whole.high - whole.low) / 2 / whole.se)
    chance = float(stats.f.sf(variance / whole.se**2, parts - 1, min(freedom, 1e6)))
    words = f"p-value that the estimate moves no more without each of {parts} parts of the people than its error says"
    return Refutation(chance >= ALARM / 10, chance, words)


def assignment_balance(differences: Floats, names: Sequence[str], n1: float, n0: float) -> Refutation:
    """Controls of a randomised treatment must not differ between arms more than chance allows.

    The figure is the greatest standardised difference, judged at :data:`ALARM` over all controls (Bonferroni); the
    control it is found in is named, since one that was measured after the treatment is the usual reason.

    Parameters
    ----------
    differences : standardised differences of the arms, shape (p,); ``names`` : what each is of
    n1, n0 : rows of the arms
    """
    if not len(differences):
        return Refutation(True, 0.0, "no control to compare")
    at = int(np.abs(differences).argmax())
    worst = float(np.abs(differences[at]))
    chance = min(1.0, len(differences) * 2 * float(stats.norm.sf(worst / np.sqrt(1 / n1 + 1 / n0))))
    passed = chance >= ALARM
    why = "" if passed else "; if it was measured after the treatment, leave it out of the controls"
    words = f"greatest standardised difference between arms, in {names[at]!r}, p = {chance:.3g}{why}"
    return Refutation(passed, worst, words)
