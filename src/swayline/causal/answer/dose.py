"""A dose: the average slope by partially linear double machine learning, bounded, refuted and judged."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayline.causal.answer.pooling import pooled
from swayline.causal.answer.results import Answer, ArmResult, Models, balance_table
from swayline.causal.estimate.estimators import partial_slope
from swayline.causal.heterogeneity.dr_learner import EffectModel, learn_effects
from swayline.causal.inference.intervals import Estimate
from swayline.causal.inference.refutation import Refutation
from swayline.causal.nuisance.cross_fitting import (
    Learning,
    Nuisances,
    crossfit,
    default_learners,
    dose_nuisances,
    folds,
)
from swayline.causal.nuisance.learners import least_squares
from swayline.causal.refute import refutations as refute
from swayline.causal.refute.gaps import gaps_left
from swayline.causal.refute.sensitivity import sensitivity
from swayline.causal.refute.verdict import Comparison, verdict
from swayline.causal.table.covariate_table import CovariateTable
from swayline.causal.table.folds import FoldedDesign
from swayline.causal.table.levels import widened
from swayline.causal.table.question import EffectQuery
from swayline.causal.table.unusable import known_of
from swayline.core.errors import UsageError
from swayline.core.rng import generator

Floats = npt.NDArray[np.float64]
_LEAST_LEFT = 0.02
"""A dose that the controls predict but for this share of its variance cannot be told from them."""


@dataclass(frozen=True)
class _Dose:
    """What a dose's slope is estimated from: residual dose and outcome, shape (n,) each."""

    data: CovariateTable
    query: EffectQuery
    nuisances: Nuisances
    estimates: Mapping[str, Estimate]
    quoted: str
    d: Floats
    y: Floats

    @property
    def main(self) -> Estimate:
        """The estimate to quote."""
        return self.estimates[self.quoted]


def answer_dose(data: CovariateTable, s: EffectQuery) -> Answer:
    """The average effect of one unit more of a dose."""
    if s.estimand == "att":
        raise UsageError(f"treatment {s.treatment!r} is a dose, which nobody is without: estimand must be ate or cate")
    fold = folds(len(data.y), s.n_folds, data.clusters, generator(s.seed, "folds"))
    if data.levels is not None:
        data = pooled(data, fold, [data.treatment.dose], [s.treatment])
    found = dose_nuisances(
        data.x, data.y, data.treatment.dose, fold, data.encoder.groups, learning=Learning.of(s),
        levels=data.levels,
    )  # fmt: skip
    made = _slopes(data, s, found)
    return Answer(data, (_judged(made),), (*data.remarks, *found.notes), _model(made))


def _slopes(data: CovariateTable, s: EffectQuery, found: Nuisances) -> _Dose:
    """The slope by every method, and which is quoted."""
    dose, n = data.treatment.dose, len(data.y)
    d, y = dose - found.propensity[:, 0], data.y - found.mean
    plain = partial_slope(dose - dose.mean(), data.y - data.y.mean(), data.clusters)
    estimates = {"least squares association": plain}
    if data.levels is not None:
        estimates["dml"] = widened(partial_slope(d, y, data.clusters), data.levels)
        return _Dose(data, s, found, estimates, "dml", d, y)
    linear_d, linear_y = dose - least_squares(data.x, dose), data.y - least_squares(data.x, data.y)
    estimates["regression adjustment"] = partial_slope(linear_d, linear_y, data.clusters)
    estimates["dml"] = partial_slope(d, y, data.clusters)
    # With few rows a column, cross-fitting loses more to small folds than it saves from overfitting.
    if n >= 50 * (data.x.shape[1] + 1):
        return _Dose(data, s, found, estimates, "dml", d, y)
    return _Dose(data, s, found, estimates, "regression adjustment", linear_d, linear_y)


def _judged(made: _Dose) -> ArmResult:
    data, main, d, y = made.data, made.main, made.d, made.y
    dose, n = data.treatment.dose, len(data.y)
    checks = _checks(made)
    share = float(np.var(d)) / max(float(np.var(dose)), 1e-300)
    objections = (f"the controls predict all but {share:.1%} of the dose",) if share < _LEAST_LEFT else ()
    limits = sensitivity(main, data.x, dose, data.y, d, y, data.encoder.controls, data.encoder.groups)
    identified, reason = verdict(
        Comparison(
            made.query.randomised, len(data.encoder.used), (n, n), graph_rationale=data.graph_rationale
        ),
        checks, (*objections, *data.objections),
    )  # fmt: skip
    return ArmResult(
        "per unit", None, made.estimates, made.quoted, n, (n, n), 1.0, checks, limits,
        balance_table(data.encoder.names, None), (float(n), float(n)), identified, reason, np.ones(n, dtype=bool),
        main.value + d * (y - main.value * d) / float(np.mean(d * d)),
    )  # fmt: skip


def _checks(made: _Dose) -> dict[str, Refutation]:
    """Every attempt to break the slope, by name."""
    data, s, main, d, y = made.data, made.query, made.main, made.d, made.y
    rng = generator(s.seed, "refute")
    noise = rng.normal(size=len(y))
    expected = made.nuisances.propensity[:, 0]
    checks = {
        "placebo treatment": refute.placebo_treatment(d, y, expected, data.clusters, rng),
        "random common cause": refute.random_common_cause(
            main.value, main.se, lambda: partial_slope(_less(d, noise), _less(y, noise), data.clusters)
        ),
    }
    for name, values in data.negatives.items():
        checks[f"negative control: {name}"] = _negative_control(made, name, values)
    if not s.randomised:
        every = np.ones(len(y), dtype=bool)
        dose = data.treatment.dose
        checks |= gaps_left(data.x, dose, data.y, every, data.encoder, data.missing, data.clusters, main)
    return checks


def _negative_control(made: _Dose, name: str, values: Floats) -> Refutation:
    """The slope of something that the dose cannot have caused."""
    data, at = made.data, known_of(values, name)
    learners, _ = default_learners(data.x, data.encoder.groups, False, "linear", made.query.seed)
    folded = FoldedDesign(data.x[at], made.nuisances.fold[at])
    left = values[at] - crossfit(folded, values[at], learners)[0]
    left = left if data.levels is None else data.levels.take(at).within(left)[:, 0]
    within = None if data.clusters is None else np.unique(data.clusters[at], return_inverse=True)[1]
    slope = partial_slope(made.d[at], left, within)
    return refute.placebo_outcome(slope, f"{name!r}, which it cannot have caused")


def _less(values: Floats, noise: Floats) -> Floats:
    """What a column of noise leaves of values."""
    return np.asarray(values - noise * float(noise @ values) / float(noise @ noise))


def _model(made: _Dose) -> Models:
    """Effects by controls, learned when first asked for."""
    kept: list[tuple[EffectModel, ...]] = []

    def models() -> tuple[EffectModel, ...]:
        if not kept:
            data, d = made.data, made.d
            safe = np.where(np.abs(d) < 1e-6, 1e-6, d)
            rng = generator(made.query.seed, "halves")
            kept.append((learn_effects(data.x, made.y / safe, safe**2, data.clusters, data.encoder.groups, rng),))
        return kept[0]

    return models
