"""The effect of a treatment in any table: estimated several ways, bounded, refuted, and judged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.causal.estimate import estimators
from swayline.causal.estimate.by_instrument import ByInstrument, by_instrument, rows_by_instrument
from swayline.causal.estimate.external_estimators import beside
from swayline.causal.estimate.inference import Estimate, interval
from swayline.causal.estimate.results import ArmResult, base_row, method_rows, person_rows
from swayline.causal.estimate.words import in_words
from swayline.causal.heterogeneity.dr_learner import EffectModel, learn_effects
from swayline.causal.heterogeneity.forest import learn_forest
from swayline.causal.heterogeneity.gaussian_process import MOST_ROWS, ArmsProcess, fit_arms
from swayline.causal.identify.graph import adjust, read_graph
from swayline.causal.nuisance.cross_fitting import (
    Nuisances,
    crossfit,
    crossfit_all,
    default_learners,
    dose_nuisances,
    folds,
    nuisances,
    to_simplex,
)
from swayline.causal.nuisance.learners import least_squares
from swayline.causal.nuisance.levels import as_features, widened
from swayline.causal.refute import refutations as refute
from swayline.causal.refute.checks import bound, refutations, untrimmed
from swayline.causal.refute.sensitivity import sensitivity
from swayline.causal.refute.verdict import no_interval, verdict
from swayline.causal.table.folds import Cut
from swayline.causal.table.frame import Encoder, as_table
from swayline.causal.table.problem import Data, Setting, check, read
from swayline.causal.table.unusable import gaps_left, known_of
from swayline.core.errors import UsageError, nearest
from swayline.core.rng import generator
from swayline.ledger import PersonRows, Row, ledger

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Z = 1.959963984540054


@dataclass(frozen=True, repr=False)
class EffectEstimate:
    """What :func:`estimate_effect` returns; shown, it says what to quote and whether it holds.

    Attributes
    ----------
    rows : of the influence table: associations, every estimator, the bound, and for "cate" a row a person
    arms : one :class:`ArmResult` for each arm but the reference; a dose has one
    notes : what was chosen, and why
    by_instrument : what each instrument says, where the table or its graph has one
    """

    rows: tuple[Row | PersonRows, ...] = field(repr=False)
    arms: tuple[ArmResult, ...]
    notes: tuple[str, ...]
    encoder: Encoder
    models: Callable[[], tuple[EffectModel, ...]]
    by_instrument: tuple[ByInstrument, ...] = ()

    def __repr__(self) -> str:
        return "\n".join(in_words(self.ledger))

    @cached_property
    def ledger(self) -> pa.Table:
        """The rows as an influence table."""
        return ledger(self.rows)

    @property
    def estimate(self) -> Estimate:
        """The estimate to quote of the first arm."""
        return self.arms[0].estimates[self.arms[0].quoted]

    @property
    def identified(self) -> str:
        """The verdict on the first arm: yes, assumed or no."""
        return self.arms[0].identified

    def effect(self, frame: Any, arm: str | None = None) -> Floats:
        """The effect at each row of a frame with the same controls (or an array of them in order), shape (rows,)."""
        return self._at(frame, arm)[0]

    def effect_interval(self, frame: Any, arm: str | None = None) -> Floats:
        """95% interval of the effect at each row, shape (rows, 2)."""
        mean, spread = self._at(frame, arm)
        return np.column_stack([mean - Z * spread, mean + Z * spread])

    def _at(self, frame: Any, arm: str | None) -> tuple[Floats, Floats]:
        known = [one.arm for one in self.arms]
        if arm is not None and arm not in known:
            raise UsageError(f"there is no arm {arm!r}; {nearest(arm, known)}")
        return self.models()[known.index(arm) if arm is not None else 0].effect(self.encoder.transform(frame))


def estimate_effect(
    frame: Any,
    treatment: str,
    outcome: str,
    controls: Sequence[str] | None = None,
    *,
    estimand: str = "ate",
    clusters: str | None = None,
    reference: str | None = None,
    randomised: bool = False,
    propensity: str | None = None,
    learner: str = "auto",
    negative_controls: Sequence[str] = (),
    graph: Any = None,
    instrument: str | None = None,
    beside: bool = False,
    n_folds: int = 5,
    seed: int = 0,
) -> EffectEstimate:
    """The effect of a column on another, from an experiment or from observation.

    Parameters
    ----------
    frame : Arrow, pandas or Polars frame, or a mapping of columns
    treatment : column with two or more arms, or with a dose (a numeric column of more than ten values)
    outcome : numeric or true/false column
    controls : columns known before the treatment that may cause it and the outcome; None takes every other column
    estimand : "ate" (over everybody), "att" (over the treated), "cate" (the ate, and a row for each person)
    clusters : column whose rows are not independent of each other (a user, a village)
    reference : the arm compared with; by default the one whose word means none
    randomised : whether the treatment was drawn at random
    propensity : column with the known probability of the (two-armed) treatment; implies ``randomised``
    learner : "auto" chooses by size; "linear", "boosting" or "gaussian" asks for one family; "forest" takes a causal
        forest for who is affected how much
    negative_controls : outcome columns that the treatment cannot have caused
    graph : a causal graph (text, DOT, pairs, or what :func:`.discover_graph` made; see :func:`.read_graph`), from
        which controls and instrument are chosen; ``controls`` then only says which columns may serve
    instrument : column that moves the treatment and reaches the outcome through it alone; adds rows ``late``
    beside : whether estimates of EconML and DoWhy stand in the table too
    n_folds : folds of the cross-fitting
    seed : decides folds, shuffles and half samples

    Returns
    -------
    :class:`EffectEstimate`

    Raises
    ------
    UsageError, SchemaError
        A column is not there, an option is not one of its words, or columns are used twice.
    IdentificationError
        Nothing can be compared: a single arm, fewer than two rows in one, no outcome.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=400)
    >>> t = rng.random(400) < 1 / (1 + np.exp(-x))
    >>> table = {"x": x, "t": t, "y": 2.0 * t + x + rng.normal(size=400)}
    >>> found = estimate_effect(table, "t", "y", ["x"], learner="linear")
    >>> bool(found.estimate.low < 2 < found.estimate.high), found.identified
    (True, 'assumed')
    """
    table = as_table(frame)
    setting = Setting(
        treatment, outcome, estimand, clusters, reference, randomised or propensity is not None, propensity, learner,
        tuple(negative_controls), n_folds, seed, instrument, beside,
    )  # fmt: skip
    chosen = check(table, setting, controls)
    if graph is None:
        return estimate(read(table, setting, chosen), setting)
    told = adjust(read_graph(graph), treatment, outcome, chosen)
    if instrument is None and told.controls is None and told.instruments:
        # The instrument of the fewest conditions; the adjusted rows stay, marked as not identified.
        instrument = min(told.instruments, key=lambda name: (len(told.instruments[name]), name))
        setting = replace(setting, instrument=instrument)
    used = told.controls if told.controls is not None else told.instruments.get(instrument or "", ())
    data = read(table, setting, tuple(name for name in used if name != instrument))
    against = () if told.controls is not None else (told.why,)
    return estimate(replace(data, told=told.why, against=against), setting)


def estimate(data: Data, s: Setting) -> EffectEstimate:
    """The effect in a table that has been read: arms or a dose, and what its instrument says."""
    found = _dose(data, s) if data.treatment.is_dose else estimate_arms(data, s)
    if data.instrument is None or s.instrument is None:
        return found
    one = by_instrument(data, s, s.instrument, data.instrument)
    base = base_row(data, s, found.arms[0])
    return replace(found, rows=(*found.rows, *rows_by_instrument(base, one)), by_instrument=(one,))


def estimate_arms(data: Data, s: Setting) -> EffectEstimate:
    """Two or more arms."""
    arm, n_arms = data.treatment.arm, len(data.treatment.arms)
    rng = generator(s.seed, "folds")
    fold = folds(len(data.y), s.n_folds, data.clusters, rng, arm)
    if data.levels is not None:
        targets = () if s.randomised else tuple((arm == a).astype(np.float64) for a in range(1, n_arms))
        data = _pooled(data, fold, targets, [f"{s.treatment}={word}" for word in data.treatment.arms[1:]])
    known = None
    if data.known is not None:
        known = np.column_stack([1 - data.known, data.known])
    elif s.randomised:
        shares = np.bincount(arm, minlength=n_arms) / len(arm)
        known = np.tile(shares, (len(arm), 1))
    process = _process(data, s, n_arms)
    found = _nuisances(data, s, fold, known, process)
    results = tuple(_one_arm(data, s, a, found, process) for a in range(1, n_arms))
    models = _effect_models(data, s, results, found, process)
    notes = (*data.remarks, *found.notes)
    rows = method_rows(data, s, results, notes)
    persons = person_rows(data, s, results, models) if s.estimand == "cate" else []
    return EffectEstimate((*rows, *persons), results, notes, data.encoder, models)


def _pooled(data: Data, fold: Ints, targets: Sequence[Floats], of: Sequence[str]) -> Data:
    """The same with features of the controls of many levels."""
    assert data.levels is not None
    columns = np.column_stack([np.empty((len(data.y), 0)), *targets])
    x, encoder = as_features(data.x, data.encoder, data.levels, fold, columns, of[: columns.shape[1]])
    return replace(data, x=x, encoder=encoder)


def _process(data: Data, s: Setting, n_arms: int) -> ArmsProcess | None:
    """The Gaussian process, where the data are small enough for one and have controls."""
    asked = s.learner == "gaussian"
    if data.levels is not None:
        if asked:
            raise UsageError(f"a Gaussian process holds no control of many levels such as {data.levels.names[0]!r}")
        return None
    small = len(data.y) <= MOST_ROWS and data.x.shape[1] > 0 and np.bincount(data.treatment.arm).min() >= 10
    independent = s.clusters is None  # the process knows no clusters, so its intervals would be too short
    if asked and len(data.y) > 4 * MOST_ROWS:
        raise UsageError(
            f"a Gaussian process on {len(data.y):,} rows costs too much: at most {4 * MOST_ROWS:,} are taken"
        )
    if asked or (s.learner == "auto" and small and independent):
        return fit_arms(data.x.astype(np.float64), data.treatment.arm, data.y, n_arms)
    return None


def _nuisances(data: Data, s: Setting, fold: Ints, known: Floats | None, process: ArmsProcess | None) -> Nuisances:
    kind = "auto" if s.learner == "gaussian" else s.learner
    groups = data.encoder.groups
    arm, n_arms = data.treatment.arm, len(data.treatment.arms)
    if process is None:
        return nuisances(data.x, data.y, arm, n_arms, fold, groups, kind=kind, propensity=known, seed=s.seed,
                         levels=data.levels)  # fmt: skip
    outcome = process.held_out(fold, n_arms)
    if np.isin(data.y, (0.0, 1.0)).all():
        outcome = np.clip(outcome, 0, 1)
    if known is None:
        known = _small_propensity(data, fold, n_arms, s.seed)
    why = f"{len(data.y):,} rows: a Gaussian process over controls and arms, held out by fold"
    return Nuisances(known, outcome, (known * outcome).sum(axis=1), fold, (why,), s.randomised)


def _small_propensity(data: Data, fold: Ints, n_arms: int, seed: int) -> Floats:
    learners, _ = default_learners(data.x, data.encoder.groups, True, "linear", seed)
    found, _ = crossfit_all(Cut(data.x, fold), np.eye(n_arms)[data.treatment.arm][:, 1:], learners)
    return to_simplex(np.column_stack([1 - found.sum(axis=1), found]), np.bincount(data.treatment.arm) / len(data.y))


def _one_arm(data: Data, s: Setting, a: int, found: Nuisances, process: ArmsProcess | None) -> ArmResult:
    estimand = "att" if s.estimand == "att" else "ate"
    c = estimators.contrast(data.x, data.y, data.treatment.arm, a, found, data.clusters, estimand)
    sizes = (int(c.treated.sum()), int(c.control.sum()))
    whole = estimators.contrast(data.x, data.y, data.treatment.arm, a, untrimmed(found), data.clusters, estimand)
    estimates: dict[str, Estimate] = {"difference in means": estimators.naive(whole)}
    if np.isin(data.y, (0.0, 1.0)).all():
        estimates["logistic association"] = estimators.logistic_association(whole)
        estimates["bayes association"] = estimators.bayes_association(whole)
    if min(sizes) < 2:
        nothing = Estimate(float("nan"), float("nan"), float("nan"), float("nan"), float("nan"))
        estimates["aipw"] = nothing
    else:
        for name, method in estimators.ADJUSTED.items():
            if data.levels is not None and name not in estimators.OF_LEVELS:
                continue
            if name != "matching" or len(c.y) <= estimators.MOST_MATCHED:
                estimates[name] = method(c)
    if s.beside and min(sizes) >= 2 and c.x.shape[1]:
        estimates |= beside(c, s.seed)
    quoted = "aipw"
    if process is not None and min(sizes) >= 2:
        over = c.x[c.treated] if estimand == "att" else c.x
        estimates["gaussian process"] = interval(*process.average(over, a))
        # An experiment needs no model to be right; outside one, the process loses less to few rows than weighting does.
        quoted = "aipw" if s.randomised else "gaussian process"
    checks = refutations(data, s, c, a, found, estimates[quoted], sizes) | data.checks
    balance = estimators.balance(c) if min(sizes) >= 2 else None
    limits = bound(data, c, estimates[quoted], sizes)
    identified, reason = verdict(
        randomised=s.randomised, n_controls=len(data.encoder.used), share_kept=c.share_kept, arm_sizes=sizes,
        refutations=checks, others=(*no_interval(estimates[quoted]), *data.against), told=data.told,
        effective=balance.effective if balance else None,
        averaged="treated rows" if estimand == "att" else "rows",
        alone=0.0 if found.comparable is None else float((~found.comparable).mean()),
    )  # fmt: skip
    return ArmResult(
        data.treatment.arms[a], data.treatment.arms[0], estimates, quoted, len(c.y), sizes, c.share_kept, checks,
        limits, _balance_table(data.encoder.names, balance), balance.effective if balance else (0.0, 0.0), identified,
        reason, c.kept, estimators.aipw_scores(c) if min(sizes) >= 2 else np.zeros(0),
    )  # fmt: skip


def _balance_table(names: Sequence[str], found: estimators.Balance | None) -> pa.Table:
    empty = np.full(len(names), np.nan)
    before, after = (found.before, found.after) if found else (empty, empty)
    return pa.table({"control": pa.array(names, pa.string()), "before": before, "after": after})


def _effect_models(
    data: Data, s: Setting, results: tuple[ArmResult, ...], found: Nuisances, process: ArmsProcess | None
) -> Callable[[], tuple[EffectModel, ...]]:
    """Effects by controls, learned when first asked for."""
    kept: list[tuple[EffectModel, ...]] = []

    def models() -> tuple[EffectModel, ...]:
        if not kept:
            kept.append(tuple(_effect_model(data, s, k + 1, one, found, process) for k, one in enumerate(results)))
        return kept[0]

    return models


@dataclass(frozen=True)
class _OfArm:
    process: ArmsProcess
    arm: int

    def effect(self, x: npt.NDArray[Any]) -> tuple[Floats, Floats]:
        return self.process.effect(np.asarray(x, dtype=np.float64), self.arm)


def _effect_model(
    data: Data, s: Setting, a: int, one: ArmResult, found: Nuisances, process: ArmsProcess | None
) -> EffectModel:
    if process is not None:
        return _OfArm(process, a)
    c = estimators.contrast(data.x, data.y, data.treatment.arm, a, found, data.clusters, "ate")
    if s.learner == "forest":
        d, y, both = estimators.residuals(c)
        return learn_forest(c.x[both], d, y, s.seed)
    return learn_effects(
        c.x, estimators.aipw_scores(c), None, c.clusters, data.encoder.groups, generator(s.seed, "halves", str(a))
    )


def _dose(data: Data, s: Setting) -> EffectEstimate:
    """A dose: the average slope, by partially linear double machine learning."""
    if s.estimand == "att":
        raise UsageError(f"treatment {s.treatment!r} is a dose, which nobody is without: estimand must be ate or cate")
    fold = folds(len(data.y), s.n_folds, data.clusters, generator(s.seed, "folds"))
    if data.levels is not None:
        data = _pooled(data, fold, [data.treatment.dose], [s.treatment])
    groups = data.encoder.groups
    kind = "auto" if s.learner == "gaussian" else s.learner
    found = dose_nuisances(data.x, data.y, data.treatment.dose, fold, groups, kind=kind, seed=s.seed,
                           levels=data.levels)  # fmt: skip
    dose = data.treatment.dose
    d, y = dose - found.propensity[:, 0], data.y - found.mean
    centred = dose - dose.mean()
    estimates = {
        "least squares association": estimators.partial_slope(centred, data.y - data.y.mean(), data.clusters),
        "regression adjustment": estimators.partial_slope(
            dose - least_squares(data.x, dose), data.y - least_squares(data.x, data.y), data.clusters
        ),
        "dml": estimators.partial_slope(d, y, data.clusters),
    }
    # With few rows a column, cross-fitting loses more to small folds than it saves from overfitting.
    method = "dml" if len(y) >= 50 * (data.x.shape[1] + 1) else "regression adjustment"
    if data.levels is not None:
        method = "dml"
        estimates = {name: one for name, one in estimates.items() if name != "regression adjustment"}
        estimates["dml"] = widened(estimates["dml"], data.levels)
    elif method != "dml":
        d, y = dose - least_squares(data.x, dose), data.y - least_squares(data.x, data.y)
    main, rng = estimates[method], generator(s.seed, "refute")
    noise = rng.normal(size=len(y))
    checks = {
        "placebo treatment": refute.placebo_treatment(d, y, found.propensity[:, 0], data.clusters, rng),
        "random common cause": refute.random_common_cause(
            main.value,
            main.se,
            lambda: estimators.partial_slope(_less(d, noise), _less(y, noise), data.clusters),
        ),
    }
    learners, _ = default_learners(data.x, groups, False, "linear", s.seed)
    for name, values in data.negatives.items():
        at = known_of(values, name)
        left = values[at] - crossfit(Cut(data.x[at], fold[at]), values[at], learners)[0]
        left = left if data.levels is None else data.levels.take(at).within(left)[:, 0]
        within = None if data.clusters is None else np.unique(data.clusters[at], return_inverse=True)[1]
        slope = estimators.partial_slope(d[at], left, within)
        checks[f"negative control: {name}"] = refute.placebo_outcome(slope, f"{name!r}, which it cannot have caused")
    kept = np.ones(len(y), dtype=bool)
    if not s.randomised:
        checks |= gaps_left(data.x, dose, data.y, kept, data.encoder, data.missing, data.clusters, main)
    share = float(np.var(d)) / max(float(np.var(dose)), 1e-300)
    others = (f"the controls predict all but {share:.1%} of the dose",) if share < 0.02 else ()
    limits = sensitivity(main, data.x, dose, data.y, d, y, data.encoder.controls, groups)
    identified, reason = verdict(
        randomised=s.randomised, n_controls=len(data.encoder.used), share_kept=1.0,
        arm_sizes=(len(y), len(y)), refutations=checks, others=(*others, *data.against), told=data.told,
    )  # fmt: skip
    one = ArmResult(
        "per unit", None, estimates, method, len(y), (len(y), len(y)), 1.0, checks, limits,
        _balance_table(data.encoder.names, None), (float(len(y)), float(len(y))), identified, reason, kept,
        main.value + d * (y - main.value * d) / float(np.mean(d * d)),
    )  # fmt: skip
    models = _dose_model(data, s, d, y)
    notes = (*data.remarks, *found.notes)
    rows = method_rows(data, s, (one,), notes)
    persons = person_rows(data, s, (one,), models) if s.estimand == "cate" else []
    return EffectEstimate((*rows, *persons), (one,), notes, data.encoder, models)


def _less(values: Floats, noise: Floats) -> Floats:
    """What a column of noise leaves of values."""
    return np.asarray(values - noise * float(noise @ values) / float(noise @ noise))


def _dose_model(data: Data, s: Setting, d: Floats, y: Floats) -> Callable[[], tuple[EffectModel, ...]]:
    kept: list[tuple[EffectModel, ...]] = []

    def models() -> tuple[EffectModel, ...]:
        if not kept:
            safe = np.where(np.abs(d) < 1e-6, 1e-6, d)
            rng = generator(s.seed, "halves")
            kept.append((learn_effects(data.x, y / safe, safe**2, data.clusters, data.encoder.groups, rng),))
        return kept[0]

    return models
