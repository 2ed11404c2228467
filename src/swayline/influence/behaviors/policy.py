"""Whom to give which treatment: a policy learned from effects, and what it is worth on people it has not learned from.

Shapes: n rows, A arms (the reference first); pseudo (n, A) doubly robust outcome of each row under each arm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.core.errors import UsageError, nearest
from swayline.core.rng import generator
from swayline.influence.behaviors import refute
from swayline.influence.behaviors.cut import Cut
from swayline.influence.behaviors.estimators import TRIM
from swayline.influence.behaviors.frame import as_table
from swayline.influence.behaviors.inference import Estimate, from_scores
from swayline.influence.behaviors.nuisance import crossfit_all, default_learners, folds, nuisances
from swayline.influence.behaviors.problem import Data, Setting, check, read
from swayline.influence.behaviors.uplift import best_arm
from swayline.influence.behaviors.verdict import verdict
from swayline.influence.ledger import ledger

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Policy:
    """A choice of arm for every row, made by models that never saw the row's fold, and its worth.

    Attributes
    ----------
    arms : words of the arms, the reference first
    choice : index of the arm chosen for each row with support, shape (m,)
    rows : which rows of the table those are, shape (m,)
    value : mean outcome, costs taken off, were everybody given the arm chosen
    gain : the same less that of the reference for everybody
    over_best : the same less that of the one arm that is best for everybody
    best : that arm
    """

    arms: tuple[str, ...]
    choice: Ints = field(repr=False)
    rows: Ints = field(repr=False)
    value: Estimate
    gain: Estimate
    over_best: Estimate
    best: str
    identified: str
    reason: str
    ledger: pa.Table = field(repr=False)


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
    """Learn who should get which arm, and value that choice by cross-fitting.

    Parameters
    ----------
    costs : arm → what giving it costs, in the outcome's unit; arms left out cost nothing
    treatment, outcome, controls, reference, clusters, randomised, propensity, learner : as in :func:`.estimate_effect`

    Notes
    -----
    In each fold the arm of greatest predicted effect net of its cost is chosen by models of the other folds; its
    worth is the mean of the fold's doubly robust outcomes under the choices. What those models learn from is made
    from the other folds alone, too, and so is the choice of the best single arm: neither is flattered by the rows it
    is valued on.

    Raises
    ------
    UsageError
        The treatment is a dose, or a cost is of no arm.

    References
    ----------
    Athey & Wager (2021), Policy learning with observational data. Dudík, Langford, Li (2011), Doubly robust policy
    evaluation and learning.
    """
    table = as_table(frame)
    s = Setting(
        treatment, outcome, "ate", clusters, reference, randomised or propensity is not None, propensity, learner, (),
        n_folds, seed,
    )  # fmt: skip
    data = read(table, s, check(table, s, controls))
    arms = data.treatment.arms
    if not arms:
        raise UsageError(f"treatment {treatment!r} is a dose; a policy chooses among arms: cut it into a few")
    cost = np.array([_cost(arm, arms, costs or {}) for arm in arms])
    fold = folds(len(data.y), n_folds, data.clusters, generator(seed, "folds"), data.treatment.arm)
    pseudo, kept = _pseudo(data, s, fold, np.arange(len(fold)))
    rows, own = np.flatnonzero(kept), pseudo[kept] - cost
    every, alone = _choices(data, s, fold, cost)
    choice, single = every[kept], alone[kept]
    packed = None
    if data.clusters is not None:
        packed = np.unique(data.clusters[kept], return_inverse=True)[1].astype(np.int64)
    at = np.arange(len(rows))
    chosen = own[at, choice]
    value, gain, over = (_mean(v, packed) for v in (chosen, chosen - own[:, 0], chosen - own[at, single]))
    best = arms[int(np.argmax(own.mean(axis=0)))]
    checks = {"subset stability": refute.subset_stability(chosen - own[:, 0], packed, generator(seed, "policy parts"))}
    identified, reason = verdict(
        randomised=s.randomised, n_controls=len(data.encoder.controls), share_kept=float(kept.mean()),
        arm_sizes=(int(np.bincount(data.treatment.arm).min()), len(rows)), refutations=checks,
    )  # fmt: skip
    told = _rows(data, s, (value, gain, over), choice, best, identified, reason, checks)
    return Policy(arms, choice, data.rows[rows], value, gain, over, best, identified, reason, ledger(told))


def _cost(arm: str, arms: Sequence[str], costs: Mapping[str, float]) -> float:
    for name in costs:
        if name not in arms:
            raise UsageError(f"a cost is given for {name!r}, which is no arm; {nearest(name, arms)}")
    return float(costs.get(arm, 0.0))


def _pseudo(data: Data, s: Setting, fold: Ints, rows: Ints) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Doubly robust outcomes of some rows under each arm, and which of them have support; from those rows alone."""
    arm, count, x, y = data.treatment.arm[rows], len(data.treatment.arms), data.x[rows], data.y[rows]
    known = None
    if data.known is not None:
        known = np.column_stack([1 - data.known[rows], data.known[rows]])
    elif s.randomised:
        known = np.tile(np.bincount(arm, minlength=count) / len(arm), (len(arm), 1))
    kind = "auto" if s.learner in ("gaussian", "forest") else s.learner
    found = nuisances(x, y, arm, count, fold, data.encoder.groups, kind=kind, propensity=known, seed=s.seed)
    mine = arm[:, None] == np.arange(count)
    pseudo = found.outcome + np.where(mine, (y[:, None] - found.outcome) / found.propensity, 0.0)
    return pseudo, np.asarray((found.propensity >= TRIM).all(axis=1))


def _choices(data: Data, s: Setting, fold: Ints, cost: Floats) -> tuple[Ints, Ints]:
    """The arm for each row, and the best single arm, both by rows of the other folds and nothing else; each (n,)."""
    kind = "linear" if s.learner == "linear" else "auto"
    choice, single = np.zeros(len(fold), dtype=np.int64), np.zeros(len(fold), dtype=np.int64)
    for k in np.unique(fold):
        rest, out = np.flatnonzero(fold != k), fold == k
        inner = np.unique(fold[rest], return_inverse=True)[1].astype(np.int64)
        pseudo, kept = _pseudo(data, s, inner, rest)
        own, at = pseudo[kept] - cost, rest[kept]
        learners = default_learners(data.x[at], data.encoder.groups, False, kind, s.seed)[0]
        # The fold's own rows teach nothing; they stand in one more fold, predicted from all the others.
        both = np.concatenate([at, np.flatnonzero(out)])
        last = np.concatenate([inner[kept], np.full(int(out.sum()), inner.max() + 1)])
        targets = np.concatenate([own[:, 1:] - own[:, :1], np.zeros((int(out.sum()), own.shape[1] - 1))])
        teaches = np.arange(len(both)) < len(at)
        net, _ = crossfit_all(Cut(data.x[both], last), targets, learners, teaches)
        choice[out] = best_arm(net[~teaches])
        single[out] = int(np.argmax(own.mean(axis=0)))
    return choice, single


def _mean(values: Floats, clusters: Ints | None) -> Estimate:
    return from_scores(float(values.mean()), values - values.mean(), clusters)


def _rows(
    data: Data, s: Setting, found: tuple[Estimate, Estimate, Estimate], choice: Ints, best: str, identified: str,
    reason: str, checks: Mapping[str, refute.Refutation],
) -> list[dict[str, Any]]:  # fmt: skip
    arms = data.treatment.arms
    shares = ", ".join(f"{arm} to {np.mean(choice == k):.0%}" for k, arm in enumerate(arms))
    base = {
        "cause_kind": "treatment", "cause": s.treatment, "effect_kind": "outcome", "effect": s.outcome,
        "channel": "all",
        "unit": "probability" if np.isin(data.y, (0.0, 1.0)).all() else s.outcome, "n": len(choice),
        "method": "policy of the greatest doubly robust effect, cross-fitted", "identified": identified,
        "recommended": True, "assumptions": f"The policy gives {shares}. {reason}",
        "refutations": refute.as_json(checks),
    }  # fmt: skip
    names = (("policy_value", None), ("policy_gain", arms[0]), ("policy_gain_over_best_arm", f"best of all: {best}"))
    return [
        base | {
            "estimand": estimand, "reference": reference, "estimate": one.value, "ci_low": one.low,
            "ci_high": one.high, "p_value": one.p if np.isfinite(one.p) else None,
        }
        for (estimand, reference), one in zip(names, found, strict=True)
    ]  # fmt: skip
