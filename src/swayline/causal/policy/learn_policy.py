"""Whom to give which treatment: a policy learned from effects, and what it is worth on people it has not learned from.

Shapes: n rows, A arms (the reference first); pseudo (n, A) doubly robust outcome of each row under each arm.

    people in random order:  | 0 | 1 | 2 | 3 | 4 |      part 1 is given what part 0 teaches, and valued;
                             | teach | v |              part 2 what parts 0 and 1 teach; and so on
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.causal.answer.rows import evidence
from swayline.causal.estimate.estimators import LEAST_CHANCE
from swayline.causal.heterogeneity.dr_learner import mixed
from swayline.causal.inference.intervals import Estimate, from_scores
from swayline.causal.nuisance.cross_fitting import Learning, crossfit_all, default_learners, folds, nuisances
from swayline.causal.nuisance.learners import Boosting, Linear, Predictor
from swayline.causal.policy.uplift import best_arm
from swayline.causal.refute.verdict import FEWEST, Comparison, no_interval, verdict
from swayline.causal.table.covariate_table import CovariateTable, read
from swayline.causal.table.folds import FoldedDesign
from swayline.causal.table.frame import MOST_LEVELS, Encoder, as_table
from swayline.causal.table.question import EffectQuery, check
from swayline.core.errors import IdentificationError, UsageError, nearest
from swayline.core.rng import generator
from swayline.ledger import EffectRow, ledger

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rule:
    """Which arm to give at given controls.

    Attributes
    ----------
    models : predicted effect of each arm but the reference, its cost taken off
    single : the one arm that was best for everybody it learned from
    """

    models: tuple[Predictor, ...] = field(repr=False)
    single: int

    def __call__(self, x: npt.NDArray[Any]) -> Ints:
        """The arm of each row of a design, shape (m,)."""
        return best_arm(np.column_stack([model(x) for model in self.models]))


@dataclass(frozen=True)
class Policy:
    """A choice of arm for every row, made by models that never saw the row, and what such choices are worth.

    Attributes
    ----------
    arms : words of the arms, the reference first
    choice : index of the arm chosen for each row with support, shape (m,)
    rows : which rows of the table those are, shape (m,)
    valued : which of them the figures below are means over, shape (m,): all but those that taught first
    value : mean outcome, costs taken off, were everybody given the arm chosen
    gain : the same less that of the reference for everybody
    over_best : the same less that of the one arm that is best for everybody
    best : the arm of the highest mean, net of its cost, over all rows with support: a name, not a claim. It is picked
        on the rows it is a mean of; where all arms are alike it is any of them. ``over_best`` does not lean on it:
        there each part's best arm is that of the parts before it
    rule : the policy learned from all rows, for people to come (:meth:`choose`)
    """

    arms: tuple[str, ...]
    choice: Ints = field(repr=False)
    rows: Ints = field(repr=False)
    valued: Flags = field(repr=False)
    value: Estimate
    gain: Estimate
    over_best: Estimate
    best: str
    identified: str
    reason: str
    ledger: pa.Table = field(repr=False)
    rule: Rule = field(repr=False)
    encoder: Encoder = field(repr=False)

    def choose(self, frame: Any) -> npt.NDArray[np.str_]:
        """The arm to give each row of a frame with the same controls (or an array of them in order), shape (rows,)."""
        return np.array(self.arms)[self.rule(self.encoder.transform(frame))]


def learn_policy(
    frame: Any,
    treatment: str,
    outcome: str,
    controls: Sequence[str] | None = None,
    *,
    costs: Mapping[str, float] | None = None,
    reference: str | None = None,
    clusters: str | None = None,
    randomised: bool = False,
    propensity: str | None = None,
    learner: str = "auto",
    n_folds: int = 5,
    seed: int = 0,
) -> Policy:
    """Learn who should get which arm, and value it on people who come after those it learned from.

    Parameters
    ----------
    frame : Arrow, pandas or Polars frame, DuckDB relation, or mapping
        A row a person.
    costs : mapping, optional
        Arm → what giving it costs, in the outcome's unit; arms left out cost nothing.
    treatment : str
        As in :func:`.estimate_effect`, a choice of arms.
    outcome : str
        Numeric or true/false column.
    controls : sequence of str, optional
        Columns known before the treatment; None takes every other column.
    reference : str, optional
        The arm compared with.
    clusters : str, optional
        Column whose rows are not independent of each other.
    randomised : bool
        Whether the treatment was drawn at random.
    propensity : str, optional
        Column with the known probability of the treatment.
    learner : str
        As in :func:`.estimate_effect`.
    n_folds : int
        Parts into which the people fall at random; 2 learns on one half and values on the other.
    seed : int
        Decides the order of the people.

    Returns
    -------
    Policy
        Choice, value, gain over the reference and over the one best arm, each with an interval.

    Notes
    -----
    People stand in random order, in ``n_folds`` parts. Each part but the first is given the arm of greatest predicted
    effect net of its cost, by models of the parts before it alone, and valued by the mean of its doubly robust
    outcomes under those choices. Given all that came before, the error of each part is a mean of zero: the sum is a
    martingale, so its normal interval holds even where no arm helps anybody and the best choice is not unique.
    Cross-fitting over all folds has no such order; there the choices of all folds lean on the same people, and the
    interval covers .87 to .91 instead of .95. The gain is that of the policies learned on the way, from a fifth of
    the people to four fifths; :attr:`Policy.rule`, learned from all, should do no worse.

    Raises
    ------
    UsageError
        The treatment is a dose, or a cost is of no arm.
    IdentificationError
        An arm has too few rows to learn from.

    References
    ----------
    Luedtke & van der Laan (2016), Statistical inference for the mean outcome under a possibly non-unique optimal
    treatment strategy. Athey & Wager (2021), Policy learning with observational data. Dudík, Langford, Li (2011),
    Doubly robust policy evaluation and learning.
    """
    table = as_table(frame)
    s = EffectQuery(
        treatment, outcome, "ate", clusters, reference, randomised or propensity is not None, propensity, learner, (),
        n_folds, seed,
    )  # fmt: skip
    data = read(table, s, check(table, s, controls), merge=True)
    data = replace(data, objections=(*data.objections, *_merged(data)))
    arms = data.treatment.arms
    if not arms:
        raise UsageError(f"treatment {treatment!r} is a dose; a policy chooses among arms: cut it into a few")
    return _valued(data, s, np.array([_cost(arm, arms, costs or {}) for arm in arms]))


def _valued(data: CovariateTable, s: EffectQuery, cost: Floats) -> Policy:
    """The policy, and what it is worth on people after those it learned from."""
    arms, every_row = data.treatment.arms, np.arange(len(data.y))
    fold = folds(len(data.y), s.n_folds, data.clusters, generator(s.seed, "folds"), data.treatment.arm)
    pseudo, kept = _pseudo(data, s, fold, every_row)
    every, alone, later = _choices(data, s, fold, cost)
    rows, valued = np.flatnonzero(kept), later[kept]
    own, single = (pseudo - cost)[kept & later], alone[kept & later]
    packed = _packed(data, np.flatnonzero(kept & later))
    at = np.arange(len(own))
    chosen = own[at, every[kept & later]]
    value, gain, over = (_mean(v, packed) for v in (chosen, chosen - own[:, 0], chosen - own[at, single]))
    best = arms[int(np.argmax((pseudo[kept] - cost).mean(axis=0)))]
    sizes = (int(np.bincount(data.treatment.arm).min()), len(rows))
    identified, reason = verdict(
        Comparison(s.randomised, len(data.encoder.used), sizes, float(kept.mean())), {},
        (*no_interval(gain), *data.objections),
    )  # fmt: skip
    table = ledger(_rows(data, s, (value, gain, over), every[kept & later], best, identified, reason))
    return Policy(
        arms, every[kept], data.rows[rows], valued, value, gain, over, best, identified, reason, table,
        _learn(data, s, every_row, cost), data.encoder,
    )  # fmt: skip


def _merged(data: CovariateTable) -> list[str]:
    """Controls whose rarer levels share one column, in words."""
    return [
        f"control {each.name!r} has too many levels for a policy: all but the {MOST_LEVELS} most common were merged"
        for each in data.encoder.columns if len(each.levels) >= MOST_LEVELS
    ]  # fmt: skip


def _cost(arm: str, arms: Sequence[str], costs: Mapping[str, float]) -> float:
    for name in costs:
        if name not in arms:
            raise UsageError(f"a cost is given for {name!r}, which is no arm; {nearest(name, arms)}")
    return float(costs.get(arm, 0.0))


def _pseudo(data: CovariateTable, s: EffectQuery, fold: Ints, rows: Ints) -> tuple[Floats, Flags]:
    """Doubly robust outcomes of some rows under each arm, and which of them have support; from those rows alone."""
    arm, count, x, y = data.treatment.arm[rows], len(data.treatment.arms), data.x[rows], data.y[rows]
    known = None
    if data.propensity is not None:
        known = np.column_stack([1 - data.propensity[rows], data.propensity[rows]])
    elif s.randomised:
        known = np.tile(np.bincount(arm, minlength=count) / len(arm), (len(arm), 1))
    found = nuisances(
        FoldedDesign(x, fold), y, arm, count, data.encoder.groups, learning=Learning.of(s), propensity=known
    )
    mine = arm[:, None] == np.arange(count)
    pseudo = found.outcome + np.where(mine, (y[:, None] - found.outcome) / found.propensity, 0.0)
    least = LEAST_CHANCE * np.bincount(arm, minlength=count) / len(arm)
    return pseudo, np.asarray((found.propensity >= least).all(axis=1) | found.propensity_known)


def _choices(data: CovariateTable, s: EffectQuery, fold: Ints, cost: Floats) -> tuple[Ints, Ints, Flags]:
    """The arm for each row, the best single arm, and whether both are by rows of earlier folds alone; each (n,).

    The first folds, which nothing comes before, are given what all the others say; they are not valued.
    """
    first = _first(data, s, fold)
    choice, single = np.zeros(len(fold), dtype=np.int64), np.zeros(len(fold), dtype=np.int64)
    for k in range(first - 1, s.n_folds):
        out, teach = (fold < first, fold >= first) if k < first else (fold == k, fold < k)
        rule = _learn(data, s, np.flatnonzero(teach), cost)
        choice[out], single[out] = rule(data.x[out]), rule.single
    return choice, single, fold >= first


def _first(data: CovariateTable, s: EffectQuery, fold: Ints) -> int:
    """How many folds must teach before one is valued: until every arm has rows enough, and one is left at the end."""
    for k in range(1, s.n_folds):
        if _teaches(data, s, fold < k):
            return k
    return s.n_folds - 1


def _teaches(data: CovariateTable, s: EffectQuery, rows: Flags) -> bool:
    arms = np.bincount(data.treatment.arm[rows], minlength=len(data.treatment.arms))
    people = int(rows.sum()) if data.clusters is None else len(np.unique(data.clusters[rows]))
    return bool(arms.min() >= FEWEST and people >= 2 * s.n_folds)


def _learn(data: CovariateTable, s: EffectQuery, rows: Ints, cost: Floats) -> Rule:
    """The policy that some rows teach, and nothing else."""
    arm, clusters = data.treatment.arm[rows], _packed(data, rows)
    for k, word in enumerate(data.treatment.arms):
        if (arm == k).sum() < 2:
            raise IdentificationError(f"arm {word!r} has too few rows for a policy to learn from: give it more")
    people = len(rows) if clusters is None else int(clusters.max()) + 1
    inner = folds(len(rows), min(s.n_folds, people), clusters, generator(s.seed, "policy folds"), arm)
    pseudo, kept = _pseudo(data, s, inner, rows)
    if kept.sum() < 2 * s.n_folds:
        raise IdentificationError(
            f"{int(kept.sum())} rows have a comparable one in every arm: too few for a policy to learn from"
        )
    own, x = pseudo[kept] - cost, data.x[rows[kept]]
    kind = "linear" if s.learner == "linear" else "auto"
    learners = [
        one for one in default_learners(x, data.encoder.groups, False, kind, s.seed)[0]
        if isinstance(one, Linear | Boosting)
    ]  # fmt: skip
    net = own[:, 1:] - own[:, :1]
    _, weights = crossfit_all(FoldedDesign(x, inner[kept]), net, learners)
    models = [mixed([one.fit(x, y) for one in learners], weights[:, j]) for j, y in enumerate(net.T)]
    return Rule(tuple(models), int(np.argmax(own.mean(axis=0))))


def _packed(data: CovariateTable, rows: Ints) -> Ints | None:
    """Clusters of some rows, numbered from 0 without a gap."""
    if data.clusters is None:
        return None
    return np.asarray(np.unique(data.clusters[rows], return_inverse=True)[1], dtype=np.int64)


def _mean(values: Floats, clusters: Ints | None) -> Estimate:
    return from_scores(float(values.mean()), values - values.mean(), clusters)


def _rows(
    data: CovariateTable, s: EffectQuery, found: tuple[Estimate, Estimate, Estimate], choice: Ints, best: str,
    identified: str, reason: str,
) -> list[EffectRow]:  # fmt: skip
    arms = data.treatment.arms
    shares = ", ".join(f"{arm} to {np.mean(choice == k):.0%}" for k, arm in enumerate(arms))
    value, gain, over = found
    row = EffectRow(
        cause_kind="policy", cause=s.treatment, effect=s.outcome, channel="all", estimand="policy_value",
        unit="probability" if np.isin(data.y, (0.0, 1.0)).all() else s.outcome,
        method="policy of the greatest doubly robust effect, valued on people after those it learned from",
        evidence=evidence(data, s), identified=identified, figure=value.figure, n=len(choice), primary=True,
        assumptions=f"The policy gives {shares}. {reason}", refutations={},
    )  # fmt: skip
    best_of_all = f"best of earlier parts (of all: {best})"
    return [
        row,
        replace(row, estimand="policy_gain", figure=gain.figure, reference=arms[0]),
        replace(row, estimand="policy_gain_over_best_arm", figure=over.figure, reference=best_of_all),
    ]
