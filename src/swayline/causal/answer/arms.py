"""Two or more arms: nuisances once, then each arm estimated several ways, bounded, refuted and judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayline.causal.answer.pooling import pooled
from swayline.causal.answer.results import Answer, ArmResult, Models, balance_table
from swayline.causal.answer.shared import answer_shared
from swayline.causal.estimate import estimators
from swayline.causal.estimate.external_estimators import external_estimates
from swayline.causal.heterogeneity.dr_learner import EffectModel, learn_effects
from swayline.causal.heterogeneity.forest import learn_forest
from swayline.causal.heterogeneity.gaussian_process import MOST_ROWS, MOST_SCALES, ArmsProcess, fit_arms
from swayline.causal.inference.intervals import Estimate, interval
from swayline.causal.nuisance.cross_fitting import (
    Learning,
    Nuisances,
    crossfit_all,
    default_learners,
    folds,
    nuisances,
    to_simplex,
)
from swayline.causal.refute.checks import bound, refutations, untrimmed
from swayline.causal.refute.verdict import Comparison, no_interval, rare_outcome, verdict
from swayline.causal.table.covariate_table import CovariateTable
from swayline.causal.table.folds import FoldedDesign
from swayline.causal.table.question import EffectQuery
from swayline.core.errors import UsageError
from swayline.core.rng import generator

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Arms:
    """What every arm is estimated from."""

    data: CovariateTable
    query: EffectQuery
    nuisances: Nuisances
    process: ArmsProcess | None

    @property
    def estimand(self) -> str:
        """What is averaged over: everybody, or the treated."""
        return "att" if self.query.estimand == "att" else "ate"

    def contrast(self, a: int, estimand: str) -> estimators.Contrast:
        """An arm against the reference, trimmed to common support."""
        return self._contrast(a, estimand, self.nuisances)

    def untrimmed(self, a: int) -> estimators.Contrast:
        """The same over every row, for associations."""
        return self._contrast(a, self.estimand, untrimmed(self.nuisances))

    def _contrast(self, a: int, estimand: str, found: Nuisances) -> estimators.Contrast:
        data = self.data
        return estimators.contrast(data.x, data.y, data.treatment.arm, a, found, data.clusters, estimand)


def answer_arms(data: CovariateTable, s: EffectQuery) -> Answer:
    """Every arm against the reference."""
    arm, n_arms = data.treatment.arm, len(data.treatment.arms)
    fold = folds(len(data.y), s.n_folds, data.clusters, generator(s.seed, "folds"), arm)
    if data.levels is not None:
        targets = () if s.randomised else tuple((arm == a).astype(np.float64) for a in range(1, n_arms))
        data = pooled(data, fold, targets, [f"{s.treatment}={word}" for word in data.treatment.arms[1:]])
    process = _process(data, s, n_arms)
    made = _Arms(data, s, _nuisances(data, s, fold, process), process)
    results = tuple(_one_arm(made, a) for a in range(1, n_arms))
    return Answer(data, results, (*data.remarks, *made.nuisances.notes), _effect_models(made, results))


def _given_propensity(data: CovariateTable, s: EffectQuery) -> Floats | None:
    """Chances of the arms by design, shape (n, arms); None where they must be learned."""
    arm, n_arms = data.treatment.arm, len(data.treatment.arms)
    if data.propensity is not None:
        return np.column_stack([1 - data.propensity, data.propensity])
    if s.randomised:
        return np.tile(np.bincount(arm, minlength=n_arms) / len(arm), (len(arm), 1))
    return None


def _process(data: CovariateTable, s: EffectQuery, n_arms: int) -> ArmsProcess | None:
    """The Gaussian process, where the data are small enough for one and have controls."""
    asked = s.learner == "gaussian"
    if s.own_learners:
        return None
    if data.levels is not None:
        if asked:
            raise UsageError(f"a Gaussian process holds no control of many levels such as {data.levels.names[0]!r}")
        return None
    fits = len(data.y) <= MOST_ROWS and 0 < data.x.shape[1] <= MOST_SCALES
    small = fits and np.bincount(data.treatment.arm).min() >= 10
    independent = s.clusters is None  # the process knows no clusters, so its intervals would be too short
    if asked and len(data.y) > 4 * MOST_ROWS:
        raise UsageError(
            f"a Gaussian process on {len(data.y):,} rows costs too much: at most {4 * MOST_ROWS:,} are taken"
        )
    if asked or (s.learner == "auto" and small and independent):
        return fit_arms(data.x.astype(np.float64), data.treatment.arm, data.y, n_arms)
    return None


def _nuisances(data: CovariateTable, s: EffectQuery, fold: Ints, process: ArmsProcess | None) -> Nuisances:
    given, arm, n_arms = _given_propensity(data, s), data.treatment.arm, len(data.treatment.arms)
    if process is None:
        return nuisances(
            FoldedDesign(data.x, fold), data.y, arm, n_arms, data.encoder.groups, learning=Learning.of(s),
            propensity=given, levels=data.levels,
        )  # fmt: skip
    outcome = process.held_out(fold, n_arms)
    if np.isin(data.y, (0.0, 1.0)).all():
        outcome = np.clip(outcome, 0, 1)
    if given is None:
        given = _small_propensity(data, fold, n_arms, s.seed)
    why = f"{len(data.y):,} rows: a Gaussian process over controls and arms, held out by fold"
    return Nuisances(given, outcome, (given * outcome).sum(axis=1), fold, (why,), s.randomised)


def _small_propensity(data: CovariateTable, fold: Ints, n_arms: int, seed: int) -> Floats:
    learners, _ = default_learners(data.x, data.encoder.groups, True, "linear", seed)
    found, _ = crossfit_all(FoldedDesign(data.x, fold), np.eye(n_arms)[data.treatment.arm][:, 1:], learners)
    return to_simplex(np.column_stack([1 - found.sum(axis=1), found]), np.bincount(data.treatment.arm) / len(data.y))


def _one_arm(made: _Arms, a: int) -> ArmResult:
    data, s = made.data, made.query
    c = made.contrast(a, made.estimand)
    sizes = (int(c.treated.sum()), int(c.control.sum()))
    comparable = min(sizes) >= 2
    estimates, quoted = _estimates(made, a, c, comparable)
    held = answer_shared(c, data.shared) if comparable and data.shared is not None and not s.randomised else None
    if held is not None and held.method is not None and held.estimate is not None:
        estimates, quoted = {**estimates, held.method: held.estimate}, held.method
    main = estimates[quoted]
    checks = refutations(data, s, c, a, made.nuisances, main, sizes) | data.checks | (held.checks if held else {})
    balance = estimators.balance(c) if comparable else None
    alone = made.nuisances.comparable
    identified, reason = verdict(
        Comparison(
            s.randomised, len(data.encoder.used), sizes, c.share_kept, data.graph_rationale,
            balance.effective if balance else None, "treated rows" if made.estimand == "att" else "rows",
            0.0 if alone is None else float((~alone).mean()),
        ),
        checks, (*no_interval(main), *rare_outcome(c.y, balance.effective if balance else sizes), *data.objections),
    )  # fmt: skip
    return ArmResult(
        data.treatment.arms[a], data.treatment.arms[0], estimates, quoted, len(c.y), sizes, c.share_kept, checks,
        bound(data, c, main, sizes), balance_table(data.encoder.names, balance),
        balance.effective if balance else (0.0, 0.0), identified, reason, c.kept,
        estimators.aipw_scores(c) if comparable else np.zeros(0),
        frozenset(estimators.ADJUSTED) if held is not None and held.moves else frozenset(),
    )  # fmt: skip


def _estimates(made: _Arms, a: int, c: estimators.Contrast, comparable: bool) -> tuple[Mapping[str, Estimate], str]:
    """Every estimate of an arm by method, associations first, and the method to quote."""
    data, s, whole = made.data, made.query, made.untrimmed(a)
    found: dict[str, Estimate] = {"difference in means": estimators.naive(whole)}
    if np.isin(data.y, (0.0, 1.0)).all():
        found["logistic association"] = estimators.logistic_association(whole)
        found["bayes association"] = estimators.bayes_association(whole)
    if not comparable:
        nothing = float("nan")
        found["aipw"] = Estimate(nothing, nothing, nothing, nothing, nothing)
        return found, "aipw"
    for name, method in estimators.ADJUSTED.items():
        if data.levels is not None and name not in estimators.OF_LEVELS:
            continue
        if name != "matching" or len(c.y) <= estimators.MOST_MATCHED:
            found[name] = method(c)
    if s.beside and c.x.shape[1]:
        found |= external_estimates(c, s.seed)
    if made.process is None:
        return found, "aipw"
    over = c.x[c.treated] if made.estimand == "att" else c.x
    found["gaussian process"] = interval(*made.process.average(over, a))
    # An experiment needs no model to be right; outside one, the process loses less to few rows than weighting does.
    return found, "aipw" if s.randomised else "gaussian process"


def _effect_models(made: _Arms, results: tuple[ArmResult, ...]) -> Models:
    """Effects by controls, learned when first asked for."""
    kept: list[tuple[EffectModel, ...]] = []

    def models() -> tuple[EffectModel, ...]:
        if not kept:
            kept.append(tuple(_effect_model(made, k + 1) for k in range(len(results))))
        return kept[0]

    return models


@dataclass(frozen=True)
class OfArm:
    """One arm of the Gaussian process."""

    process: ArmsProcess
    arm: int

    def effect(self, x: npt.NDArray[Any]) -> tuple[Floats, Floats]:
        """Mean and standard deviation at new rows of the design, each (m,)."""
        return self.process.effect(np.asarray(x, dtype=np.float64), self.arm)


def _effect_model(made: _Arms, a: int) -> EffectModel:
    if made.process is not None:
        return OfArm(made.process, a)
    c = made.contrast(a, "ate")
    if made.query.learner == "forest":
        d, y, both = estimators.residuals(c)
        return learn_forest(c.x[both], d, y, made.query.seed)
    rng = generator(made.query.seed, "halves", str(a))
    return learn_effects(c.x, estimators.aipw_scores(c), None, c.clusters, made.data.encoder.groups, rng)
