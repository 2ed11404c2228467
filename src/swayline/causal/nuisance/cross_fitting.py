"""Cross-fitted nuisances, shared by every estimator: who is treated, and what happens in each arm.

Each row's values come from models that never saw its fold; a cluster never spans folds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from swayline.causal.nuisance.learners import (
    Boosting,
    Expansion,
    Learner,
    Linear,
    Logistic,
    has_boosting,
    stack_weights,
)
from swayline.causal.nuisance.own_learners import OwnLearner
from swayline.causal.table.folds import Design, Floats, FoldedDesign, Ints
from swayline.causal.table.levels import Levels, add_level_effects, held_fixed, without_levels
from swayline.causal.table.question import EffectQuery

CLIP = 0.01
"""Propensities are at least this much of their arm's share before anything divides by them; trimming is stricter."""


@dataclass(frozen=True)
class Learning:
    """How nuisances are learned.

    Attributes
    ----------
    kind : "linear" or "boosting" alone; any other word: what the size of the data allows
    seed : decides every random number
    outcome, treatment : the caller's estimators; None where ours are used
    """

    kind: str = "auto"
    seed: int = 0
    outcome: Any = None
    treatment: Any = None

    @classmethod
    def of(cls, query: EffectQuery) -> "Learning":
        """As a question asks."""
        return cls(query.learner, query.seed, query.outcome_learner, query.treatment_learner)

    def of_outcome(self, x: Design, groups: Sequence[int], binary: bool) -> tuple[Sequence[Learner], str]:
        """The learners of the outcome, and why."""
        return self._chosen(self.outcome, x, groups, binary)

    def of_treatment(self, x: Design, groups: Sequence[int], binary: bool) -> tuple[Sequence[Learner], str]:
        """The learners of the treatment, and why."""
        return self._chosen(self.treatment, x, groups, binary)

    def _chosen(self, own: Any, x: Design, groups: Sequence[int], binary: bool) -> tuple[Sequence[Learner], str]:
        """The caller's learner alone, else what the size of the data allows."""
        if own is None:
            return default_learners(x, groups, binary, self.kind, self.seed)
        learner = OwnLearner(own)
        return [learner], f"{learner.name}, as given"


@dataclass(frozen=True)
class Nuisances:
    """Cross-fitted predictions for every row.

    Attributes
    ----------
    propensity : P(arm | X), shape (n, arms); E[dose | X] in one column for a dose
    outcome : E[Y | X, arm], shape (n, arms); empty for a dose
    mean : E[Y | X], shape (n,)
    fold : fold of each row, shape (n,)
    notes : which learners, and the weight of each
    propensity_known : whether the propensities were given by design, and need no support in the data
    comparable : rows that are not alone in a level of a control, shape (n,); None: all
    """

    propensity: Floats
    outcome: Floats
    mean: Floats
    fold: Ints
    notes: tuple[str, ...] = field(default=())
    propensity_known: bool = False
    comparable: npt.NDArray[np.bool_] | None = None


def folds(n: int, k: int, clusters: Ints | None, rng: np.random.Generator, strata: Ints | None = None) -> Ints:
    """A fold for each row, balanced over ``strata`` (the arms), whole clusters together; shape (n,).

    Clusters are dealt out by the arm of most of their rows and by size, so that an arm of few clusters is in as many
    folds, and two large clusters are not in one.
    """
    if clusters is not None:
        return np.asarray(_cluster_folds(k, clusters, rng, strata)[clusters], dtype=np.int64)
    fold = np.empty(n, dtype=np.int64)
    for stratum in np.unique(strata) if strata is not None else [None]:
        rows = np.arange(n) if stratum is None else np.flatnonzero(strata == stratum)
        fold[rows] = rng.permutation(np.arange(len(rows)) % k)
    return fold


def _cluster_folds(k: int, clusters: Ints, rng: np.random.Generator, strata: Ints | None) -> Ints:
    """A fold for each cluster, (clusters,): every k of like size and arm are in k folds."""
    size = np.bincount(clusters)
    most = np.zeros(len(size), dtype=np.int64)
    if strata is not None:
        pairs, counts = np.unique(np.column_stack([clusters, strata]), axis=0, return_counts=True)
        order = np.argsort(counts, kind="stable")
        most[pairs[order, 0]] = pairs[order, 1]  # the last one written is the most frequent
    order = np.lexsort((rng.random(len(size)), -size, most))
    blocks = np.argsort(rng.random((-(-len(size) // k), k)), axis=1).ravel()
    fold = np.empty(len(size), dtype=np.int64)
    fold[order] = blocks[: len(size)]
    return fold


def default_learners(x: Design, groups: Sequence[int], binary: bool, kind: str, seed: int) -> tuple[list[Learner], str]:
    """The learners for a target by the size of the data, and why.

    ``kind`` "linear" or "boosting" takes one family alone; any other word stacks what the size allows.
    """
    n, p = x.shape
    if p == 0:
        return [Linear()], "no controls: means"
    plain: Learner = Logistic() if binary and n * p <= 100_000_000 else Linear()
    if kind == "boosting":
        return [Boosting(binary, seed)], "boosted trees, as asked"
    learners: list[Learner] = [plain]
    expansion = Expansion.of(x, groups)
    if n * (p + len(expansion.squares) + len(expansion.products)) <= 50_000_000 and n > 200:
        learners.append(Logistic(expansion) if binary else Linear(expansion))
    if kind == "linear":
        return learners, "linear, as asked"
    if n >= 500 and n * p <= 40_000_000 and has_boosting():
        learners.append(Boosting(binary, seed))
        return learners, f"{n:,} rows: linear and boosted learners, averaged by their cross-fitted error"
    if n * p > 40_000_000:
        return learners, f"{n:,} rows × {p} columns: linear learners from shared moments, so that it ends in minutes"
    return learners, f"{n:,} rows: linear learners, as trees need more"


def crossfit(
    folded: FoldedDesign, y: Floats, learners: Sequence[Learner], rows: npt.NDArray[np.bool_] | None = None
) -> tuple[Floats, Floats]:
    """Stacked out-of-fold predictions of one target.

    Parameters
    ----------
    y : shape (n,)
    rows : the rows that may teach (an arm), shape (n,); all where None. Every row is predicted.

    Returns
    -------
    Predictions (n,) and the weight of each learner.
    """
    found, weights = crossfit_all(folded, y[:, None], learners, rows)
    return found[:, 0], weights[:, 0]


def crossfit_all(
    folded: FoldedDesign, targets: Floats, learners: Sequence[Learner], rows: npt.NDArray[np.bool_] | None = None
) -> tuple[Floats, Floats]:
    """The same of several targets, shape (n, t): predictions (n, t) and weights (learners, t)."""
    every = np.stack([learner.out_of_fold(folded, targets, rows) for learner in learners], axis=1)  # (n, learners, t)
    teaches = slice(None) if rows is None else rows
    weights = np.stack(
        [stack_weights(every[teaches, :, j], targets[teaches, j]) for j in range(targets.shape[1])], axis=1
    )
    return np.stack([every[:, :, j] @ weights[:, j] for j in range(targets.shape[1])], axis=1), weights


def nuisances(
    folded: FoldedDesign,
    y: Floats,
    arm: Ints,
    n_arms: int,
    groups: Sequence[int],
    *,
    learning: Learning,
    propensity: Floats | None = None,
    levels: Levels | None = None,
) -> Nuisances:
    """Propensities and outcome models of every arm, cross-fitted.

    Parameters
    ----------
    propensity : known P(arm | X), shape (n, arms), as in an experiment; learned where None
    levels : controls of many levels, held fixed in the outcome
    """
    x, binary_y = folded.x, bool(np.isin(y, (0.0, 1.0)).all())
    learners, why = learning.of_outcome(x, groups, binary_y)
    notes = [why]
    if levels is None:
        outcome, words = _of_arms(folded, y, arm, n_arms, learners)
    else:
        outcome, words = arms_within_levels(folded, y, arm, n_arms, groups, levels, learning.kind, learning.seed)
    notes += words
    if levels is None and binary_y:
        outcome = np.clip(outcome, 0.0, 1.0)
    known = propensity is not None
    if propensity is None:
        chosen, _ = learning.of_treatment(x, groups, True)
        raw = np.empty((len(y), n_arms))
        for a in range(1, n_arms):
            raw[:, a], weights = crossfit(folded, (arm == a).astype(np.float64), chosen)
            notes.append(f"propensity, arm {a}: {_weights_in_words(chosen, weights)}")
        propensity = to_simplex(raw, np.bincount(arm, minlength=n_arms) / len(arm))
    mean = (propensity * outcome).sum(axis=1)
    comparable = None if levels is None or known else levels.leverage() < 1
    return Nuisances(propensity, outcome, mean, folded.fold, tuple(notes), known, comparable)


def _of_arms(
    folded: FoldedDesign, y: Floats, arm: Ints, n_arms: int, learners: Sequence[Learner]
) -> tuple[Floats, list[str]]:
    outcome, words = np.empty((len(y), n_arms)), []
    for a in range(n_arms):
        outcome[:, a], weights = crossfit(folded, y, learners, arm == a)
        words.append(f"outcome, arm {a}: {_weights_in_words(learners, weights)}")
    return outcome, words


def arms_within_levels(
    folded: FoldedDesign, y: Floats, arm: Ints, n_arms: int, groups: Sequence[int], levels: Levels, kind: str, seed: int
) -> tuple[Floats, list[str]]:
    """Outcome models of every arm with controls of many levels held fixed, (n, arms), and the learners in words."""
    x = folded.x[:, : levels.width]
    learners, _ = default_learners(x, groups[: levels.width], False, kind, seed)
    dummies = (arm[:, None] == np.arange(1, n_arms)).astype(np.float64)
    found, words = _of_arms(FoldedDesign(x, folded.fold), without_levels(y, dummies, x, levels), arm, n_arms, learners)
    return add_level_effects(found, y, arm, x, levels), words


def left_within_levels(
    folded: FoldedDesign, targets: Floats, groups: Sequence[int], levels: Levels, kind: str, seed: int
) -> tuple[Floats, str]:
    """What controls and levels leave of columns, (n, t), and the learners in words."""
    x = folded.x[:, : levels.width]
    learners, _ = default_learners(x, groups[: levels.width], False, kind, seed)
    nothing = np.empty((len(x), 0))
    plain = np.column_stack([without_levels(each, nothing, x, levels) for each in targets.T])
    found, weights = crossfit_all(FoldedDesign(x, folded.fold), plain, learners)
    return held_fixed(targets - found, x, levels), _weights_in_words(learners, weights[:, -1])


def to_simplex(raw: Floats, shares: Floats) -> Floats:
    """Arm probabilities that add to one: with two arms the complement, with more all scaled alike.

    ``raw``: those of every arm but the first, which stands in column 0 unread, shape (n, arms); ``shares``: of the
    rows in each arm, (arms,).

    >>> to_simplex(np.array([[0.0, 0.3], [0.0, -0.2]]), np.array([0.99, 0.01])).round(4).tolist()
    [[0.7, 0.3], [0.9999, 0.0001]]
    """
    floor = CLIP * np.minimum(shares, 0.5)
    if len(shares) == 2:
        high = np.clip(raw[:, 1], floor[1], 1 - floor[0])
        return np.column_stack([1 - high, high])
    whole = np.column_stack([1 - raw[:, 1:].sum(axis=1), raw[:, 1:]])
    clipped = np.clip(whole, floor, 1 - floor)
    return np.asarray(clipped / clipped.sum(axis=1, keepdims=True))


def dose_nuisances(
    x: Design, y: Floats, dose: Floats, fold: Ints, groups: Sequence[int], *, learning: Learning,
    levels: Levels | None = None,
) -> Nuisances:  # fmt: skip
    """E[dose | X] and E[Y | X], cross-fitted."""
    binary_y, folded = bool(np.isin(y, (0.0, 1.0)).all()), FoldedDesign(x, fold)
    learners, why = learning.of_outcome(x, groups, binary_y)
    if levels is not None:
        left, words = left_within_levels(
            folded, np.column_stack([dose, y]), groups, levels, learning.kind, learning.seed
        )
        expected, mean = dose - left[:, 0], y - left[:, 1]
        return Nuisances(expected[:, None], np.empty((len(y), 0)), mean, fold, (why, f"dose and outcome: {words}"))
    mean, weights = crossfit(folded, y, learners)
    chosen, _ = learning.of_treatment(x, groups, False)
    expected, other = crossfit(folded, dose, chosen)
    notes = (why, f"outcome: {_weights_in_words(learners, weights)}", f"dose: {_weights_in_words(chosen, other)}")
    return Nuisances(expected[:, None], np.empty((len(y), 0)), mean, fold, notes)


def _weights_in_words(learners: Sequence[Learner], weights: Floats) -> str:
    return ", ".join(f"{learner.name} {weight:.2f}" for learner, weight in zip(learners, weights, strict=True))
