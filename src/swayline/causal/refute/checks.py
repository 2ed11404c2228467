"""The refutations and the hidden-cause bound of one arm's estimate."""

import numpy as np
import numpy.typing as npt

from swayline.causal.estimate import estimators
from swayline.causal.estimate.estimators import Contrast
from swayline.causal.inference.intervals import Estimate, from_scores
from swayline.causal.inference.refutation import Refutation
from swayline.causal.nuisance.cross_fitting import (
    Nuisances,
    arms_within_levels,
    crossfit,
    default_learners,
    folds,
)
from swayline.causal.refute import refutations as refute
from swayline.causal.refute.gaps import gaps_left
from swayline.causal.refute.sensitivity import Sensitivity, sensitivity
from swayline.causal.table.covariate_table import CovariateTable
from swayline.causal.table.folds import FoldedDesign
from swayline.causal.table.question import EffectQuery
from swayline.causal.table.unusable import known_of
from swayline.core.rng import generator

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_FEWEST = 5
"""With fewer rows of an arm to learn from, what is learned without a part of the people says nothing."""


def untrimmed(found: Nuisances) -> Nuisances:
    """The same nuisances with even propensities, so that trimming keeps every row (for associations)."""
    even = np.full_like(found.propensity, 1 / found.propensity.shape[1])
    return Nuisances(even, found.outcome, found.mean, found.fold, found.notes, propensity_known=True)


def refutations(
    data: CovariateTable, s: EffectQuery, c: Contrast, a: int, found: Nuisances, main: Estimate, sizes: tuple[int, int]
) -> dict[str, Refutation]:
    """Every attempt to break one arm's estimate, by name; none where there is no estimate."""
    if min(sizes) < 2 or not np.isfinite(main.se) or main.se == 0:
        return {}
    d, y, both = estimators.residuals(c)
    clusters = None if c.clusters is None else np.unique(c.clusters[both], return_inverse=True)[1].astype(np.int64)
    rng = generator(s.seed, "refute", str(a))
    whole = part_estimate(data, s, c, a, found, None)
    checks = {
        "placebo treatment": refute.placebo_treatment(d, y, c.odds[both], clusters, rng),
        "random common cause": refute.random_common_cause(
            whole.value, main.se, lambda: part_estimate(data, s, c, a, found, rng)
        ),
        "subset stability": refute.subset_stability(without_parts(data, s, c, a, found), whole),
    }
    for name, values in data.negatives.items():
        checks[f"negative control: {name}"] = negative_control(data, s, a, found, values, name)
    if not s.randomised:
        among = np.zeros(len(data.y), dtype=bool)
        among[np.flatnonzero(c.kept)[both]] = True
        treated = (data.treatment.arm == a).astype(np.float64)
        checks |= gaps_left(data.x, treated, data.y, among, data.encoder, data.missing, data.clusters, main)
    if data.propensity is not None:
        checks["propensity"] = refute_propensity(data.propensity, data.treatment.dose, data.clusters)
    if s.randomised:
        before = estimators.balance(c).before
        if data.clusters is None:
            checks["balance of the assignment"] = refute.assignment_balance(
                before, data.encoder.names, *map(float, sizes)
            )
    return checks


def part_estimate(
    data: CovariateTable,
    s: EffectQuery,
    c: Contrast,
    a: int,
    found: Nuisances,
    rng: np.random.Generator | None,
    rows: Flags | None = None,
) -> Estimate:
    """AIPW with linear nuisances refitted on (a part of) the contrast's rows, with a noise control if ``rng``.

    ``rows`` says which of the rows of :func:`_thinned` take part; all where None.
    """
    return estimators.aipw(part_of_rows(data, s, c, a, found, rng, rows))


def part_of_rows(
    data: CovariateTable,
    s: EffectQuery,
    c: Contrast,
    a: int,
    found: Nuisances,
    rng: np.random.Generator | None,
    rows: Flags | None = None,
) -> Contrast:
    """What :func:`part_estimate` estimates from."""
    at = _thinned(c)
    at = at if rows is None else at[rows]
    x, y = data.x[at], data.y[at]
    if rng is not None:
        x = np.column_stack([x, rng.normal(size=len(at)).astype(x.dtype)])
    arm = np.where(data.treatment.arm[at] == a, 1, np.where(data.treatment.arm[at] == 0, 0, -1))
    fold = found.fold[at]
    learners = default_learners(x, range(x.shape[1]), False, "linear", s.seed)[0][:1]
    folded = FoldedDesign(x, fold)
    outcome = np.column_stack([crossfit(folded, y, learners, arm == k)[0] for k in (0, 1)])
    pair = found.propensity[at][:, [0, a]]
    if s.randomised and data.propensity is None and rows is not None:
        shares = np.array([np.mean(arm == 0), np.mean(arm == 1)])  # of the people left, as it is of the whole
        pair = np.tile(shares, (len(at), 1))
    if not s.randomised:
        chosen = default_learners(x, range(x.shape[1]), True, "linear", s.seed)[0][:1]
        treat, _ = crossfit(folded, (arm == 1).astype(np.float64), chosen)
        # The rows were chosen for propensities above this bound; learned anew they are held to it, or a few rows whose
        # weights the estimate itself would never have given them decide the check.
        floor = estimators.LEAST_CHANCE * min(float((arm == 1).mean()), float((arm == 0).mean()))
        rest = np.clip(1 - treat if len(data.treatment.arms) == 2 else found.propensity[at, 0], floor, 1 - floor)
        pair = np.column_stack([rest, np.clip(treat, floor, 1 - floor)])
    clusters = None
    if data.clusters is not None:
        clusters = np.unique(data.clusters[at], return_inverse=True)[1].astype(np.int64)
    return Contrast(
        x, y, arm == 1, arm == 0, pair[:, 1], pair[:, 0], outcome[:, 1], outcome[:, 0], clusters, c.estimand,
        c.share_kept, np.ones(len(at), dtype=bool),
    )  # fmt: skip


def _value(c: Contrast) -> float:
    return float(estimators.aipw_scores(c).mean())


def refute_propensity(known: Floats, treated: Floats, clusters: Ints | None) -> Refutation:
    """Given propensities must say how many are treated; the figure is by how much their mean is off."""
    off = from_scores(float((treated - known).mean()), treated - known, clusters)
    told = f"mean of the treatment less the mean of its given chances, {known.mean():.3g}"
    return Refutation(not off.p < refute.ALARM, off.value, told)


def _thinned(c: Contrast) -> Ints:
    """Rows of the table that are learned from anew: at most about 50,000 of the contrast's."""
    return np.flatnonzero(c.kept)[:: max(1, len(c.y) // 50_000)]


def without_parts(data: CovariateTable, s: EffectQuery, c: Contrast, a: int, found: Nuisances) -> list[float]:
    """The estimate without each of a few parts of the people; none where a part's loss leaves an arm too few rows."""
    at = _thinned(c)
    arm, fold = data.treatment.arm[at], found.fold[at]
    clusters = None
    if data.clusters is not None:
        clusters = np.unique(data.clusters[at], return_inverse=True)[1].astype(np.int64)
    part = folds(len(at), refute.PARTS, clusters, generator(s.seed, "parts", str(a)), arm)
    for k in range(refute.PARTS):
        for out in np.unique(fold):
            teach = arm[(part != k) & (fold != out)]
            if min(np.sum(teach == 0), np.sum(teach == a)) < _FEWEST:
                return []
    return [_value(part_of_rows(data, s, c, a, found, None, part != k)) for k in range(refute.PARTS)]


def negative_control(
    data: CovariateTable, s: EffectQuery, a: int, found: Nuisances, values: Floats, name: str
) -> Refutation:
    """AIPW of the arm on an outcome that it cannot have caused."""
    rows = known_of(values, name)
    x, y, arm, fold = data.x[rows], values[rows], data.treatment.arm[rows], found.fold[rows]
    learners, _ = default_learners(x, data.encoder.groups, False, "linear", s.seed)
    folded, arms = FoldedDesign(x, fold), range(len(data.treatment.arms))
    outcome = np.column_stack([crossfit(folded, y, learners, arm == k)[0] for k in arms])
    comparable = None if found.comparable is None else found.comparable[rows]
    if data.levels is not None:
        outcome, _ = arms_within_levels(
            folded, y, arm, len(data.treatment.arms), data.encoder.groups, data.levels.take(rows), "linear", s.seed
        )
        comparable = data.levels.take(rows).leverage() < 1
    other = Nuisances(found.propensity[rows], outcome, found.mean[rows], fold, (), found.propensity_known, comparable)
    estimand = "att" if s.estimand == "att" else "ate"
    clusters = None if data.clusters is None else data.clusters[rows]
    c = estimators.contrast(x, y, arm, a, other, clusters, estimand)
    return refute.placebo_outcome(estimators.aipw(c), f"{name!r}, which it cannot have caused")


def bound(data: CovariateTable, c: Contrast, found: Estimate, sizes: tuple[int, int]) -> Sensitivity:
    """What a hidden cause as strong as the strongest control could make of an estimate."""
    if min(sizes) < 2 or not np.isfinite(found.value):
        return Sensitivity(float("nan"), float("nan"), None, 0.0, 1.0)
    d, y, both = estimators.residuals(c)
    rates = None
    if np.isin(c.y, (0.0, 1.0)).all():
        base = float(c.mu0.mean())
        rates = (base + found.value, base)
    names, groups = data.encoder.controls, data.encoder.groups
    return sensitivity(found, c.x[both], c.treated[both].astype(np.float64), c.y[both], d, y, names, groups, rates)
