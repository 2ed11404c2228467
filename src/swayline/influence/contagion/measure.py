"""The effect of a tie's act among trials: a table for the estimators, a quick estimate for placebos, associations."""

from dataclasses import dataclass, replace

import numpy as np

from swayline.causal.answer.shared import answer_shared
from swayline.causal.effect import EffectEstimate, estimate
from swayline.causal.estimate import estimators
from swayline.causal.inference.intervals import Estimate, difference_in_means
from swayline.causal.inference.refutation import Refutation
from swayline.causal.nuisance.cross_fitting import Learning, folds, nuisances
from swayline.causal.table.covariate_table import CovariateTable
from swayline.causal.table.folds import FoldedDesign
from swayline.causal.table.frame import Treatment, learn_encoder
from swayline.causal.table.question import EffectQuery
from swayline.causal.table.shared import Shared
from swayline.core.rng import generator
from swayline.core.types import Ints
from swayline.influence.contagion.covariates import Covariates
from swayline.influence.contagion.trials import Trials

FEWEST = 20
"""Treated rows, and outcomes of all rows, from which an effect is estimated at all."""
HELD = "item and moment"


@dataclass(frozen=True)
class Measured:
    """A naive figure beside an adjusted one, of some trials.

    Attributes
    ----------
    naive : exposed people less people drawn at random at the same items and moments
    adjusted : the same with what was known of both held fixed
    treated, outcomes : rows with a tie's act; rows that adopted
    """

    naive: Estimate
    adjusted: Estimate
    treated: int
    outcomes: int


def why_too_few(rows: Trials) -> str:
    """Why trials cannot be compared; empty where they can."""
    treated, outcomes, others = int(rows.treated.sum()), int(rows.y.sum()), int((~rows.treated).sum())
    if min(treated, others) < FEWEST:
        return f"{treated:,} exposures and {others:,} comparable people beside them"
    if outcomes < FEWEST or outcomes == len(rows):
        return f"{outcomes:,} of {len(rows):,} rows adopt within the horizon"
    if len(np.unique(rows.person)) < FEWEST:
        return f"{len(np.unique(rows.person)):,} people"
    return ""


def table_of(rows: Trials, known: Covariates) -> CovariateTable:
    """Trials as the estimators take them: clusters are people, one item and moment is a level to hold fixed."""
    controls = known.table(rows.person, rows.item, rows.time)
    encoder, x = learn_encoder(controls, controls.column_names)
    treatment = Treatment(("0", "1"), rows.treated.astype(np.int64), rows.treated.astype(np.float64))
    clusters, sets = _packed(rows.person), _packed(rows.set)
    shared = Shared({HELD: sets[:, None]}, {HELD: sets}, clusters)
    return CovariateTable(
        x, rows.y, treatment, clusters, encoder, None, {}, np.arange(len(rows)), 0, shared=shared
    )  # fmt: skip


def naive(rows: Trials) -> Estimate:
    """Exposed people less people drawn at random at the same items and moments: an association."""
    asked = rows.treated | rows.at_random
    return difference_in_means(rows.treated[asked], rows.y[asked], _packed(rows.person[asked]))


def quick(rows: Trials, known: Covariates, seed: int) -> tuple[Measured | None, str]:
    """Naive and adjusted figures by linear learners, for placebos and parts; None, and why, where there are none."""
    why = why_too_few(rows)
    if why:
        return None, why
    data = table_of(rows, known)
    arm = data.treatment.arm
    fold = folds(len(rows), 5, data.clusters, generator(seed, "contagion", "folds"), arm)
    found = nuisances(
        FoldedDesign(data.x, fold), rows.y, arm, 2, data.encoder.groups, learning=Learning("linear", seed)
    )
    c = estimators.contrast(data.x, rows.y, arm, 1, found, data.clusters, "att")
    if min(int(c.treated.sum()), int(c.control.sum())) < FEWEST:
        return None, f"the controls all but decide who is exposed: {int(c.treated.sum()):,} exposures are comparable"
    assert data.shared is not None
    held = answer_shared(c, data.shared)
    adjusted = held.estimate if held.estimate is not None else estimators.aipw(c)
    if not np.isfinite([adjusted.low, adjusted.high]).all():
        return None, "no error can be told"
    return Measured(naive(rows), adjusted, int(rows.treated.sum()), int(rows.y.sum())), ""


def whole(
    rows: Trials, known: Covariates, checks: dict[str, Refutation], objections: tuple[str, ...], learner: str, seed: int
) -> EffectEstimate:
    """Every estimator, every attempt to break it, and the verdict, on the exposed (att)."""
    data = replace(table_of(rows, known), checks=checks, objections=objections)
    query = EffectQuery("tie acted", "adopts", "att", "person", None, False, None, learner, (), 5, seed)
    return estimate(data, query)


def _packed(values: Ints) -> Ints:
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)
