"""Controls with too many levels for a column each: partly pooled as features, held fixed exactly in the outcome.

The propensity learns from each level's mean of the treatment, shrunk towards the whole, of the other folds. Shrinking
leaves a part of what a level does; were it left in both nuisances, the product of the two parts would be a bias. So the
outcome's nuisance has the level's whole effect, unshrunk, from the level's other rows: given the treatments, its error
is noise without a lean, whatever the propensity misses, and the product has a mean of zero. For the same reason no
feature is made of outcomes: it would tie the propensity's error to the outcome's.

Shapes: n rows, f controls, t targets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.causal.inference.intervals import Estimate, widened_by
from swayline.causal.table.folds import Floats, Ints
from swayline.causal.table.frame import MISSING, Encoder, column, standardised

_ROUNDS = 200
_CLOSE = 1e-8
_LARGE = 20_000_000


@dataclass(frozen=True)
class Levels:
    """Controls of many levels as numbers.

    Attributes
    ----------
    names : of the controls
    codes : level of each row, shape (n, f)
    words : the levels of each control, in order of their numbers
    width : columns of the design that are of other controls; what follows are features of the levels
    """

    names: tuple[str, ...]
    codes: Ints
    words: tuple[pa.Array, ...]
    width: int

    def take(self, rows: Ints) -> "Levels":
        """The same of some rows."""
        return replace(self, codes=self.codes[rows])

    @property
    def count(self) -> int:
        """Levels that occur, of all controls together."""
        return sum(len(np.unique(codes)) for codes in self.codes.T)

    def leverage(self) -> Floats:
        """Share of a row's own value in what its levels say of it, (n,); 1 where it is alone in one of them."""
        rest = np.ones(len(self.codes))
        for codes in self.codes.T:
            rest *= 1 - 1 / np.bincount(codes)[codes]
        return 1 - rest

    def within(self, values: npt.NDArray[Any]) -> Floats:
        """What the levels leave of columns, (n, t): less the means of the levels, of all controls at once.

        References
        ----------
        Guimarães & Portugal (2010), A simple feasible procedure to fit models with high-dimensional fixed effects.
        """
        left = np.array(values, dtype=np.float64)
        left = left.reshape(len(left), -1)
        for column_ in left.T:
            scale = float(column_.std()) + 1e-300
            for _ in range(1 if self.codes.shape[1] == 1 else _ROUNDS):
                moved = 0.0
                for codes in self.codes.T:
                    mean = np.bincount(codes, column_) / np.maximum(np.bincount(codes), 1)
                    column_ -= mean[codes]
                    moved = max(moved, float(np.abs(mean).max()))
                if moved < _CLOSE * scale:
                    break
        return left


def learn_levels(table: pa.Table, encoder: Encoder) -> Levels | None:
    """Controls that the encoder left for want of columns; None where there is none."""
    if not encoder.many:
        return None
    codes, words = [], []
    for name in encoder.many:
        text = pc.fill_null(column(table, name).cast(pa.string()), MISSING).combine_chunks()
        coded = text.dictionary_encode()
        coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
        codes.append(coded.indices.to_numpy(zero_copy_only=False).astype(np.int64))
        words.append(coded.dictionary)
    return Levels(encoder.many, np.column_stack(codes), tuple(words), len(encoder.names))


def as_features(
    x: npt.NDArray[Any], encoder: Encoder, levels: Levels, fold: Ints, targets: Floats, of: Sequence[str]
) -> tuple[npt.NDArray[Any], Encoder]:
    """The design with a column for each control of many levels and each target, (n, p + f·t), and its encoder.

    Each row's value is the mean of its level in the other folds, shrunk; of new rows, in all of them.
    """
    columns = {each.name: each for each in encoder.columns}
    added = []
    for codes, name, words in zip(levels.codes.T, levels.names, levels.words, strict=True):
        apart = np.empty(targets.shape)
        for k in range(int(fold.max()) + 1):
            out = fold == k
            means, prior = _shrunk(codes[~out], targets[~out], len(words))
            apart[out] = means[codes[out]]
        means, prior = _shrunk(codes, targets, len(words))
        columns[name] = replace(columns[name], words=words, means=means, prior=prior, of=tuple(of))
        group = encoder.controls.index(name)
        added += [(f"{name} by {word}", group, apart[:, j]) for j, word in enumerate(of)]
    return standardised(x, replace(encoder, columns=tuple(columns[name] for name in encoder.controls)), added)


def _shrunk(codes: Ints, targets: Floats, count: int) -> tuple[Floats, Floats]:
    """Means of levels, (count, t), drawn to the whole's as their noise asks (empirical Bayes); and the whole's, (t,).

    References
    ----------
    Micci-Barreca (2001), A preprocessing scheme for high-cardinality categorical attributes in classification and
    prediction problems. Efron & Morris (1975), Data analysis using Stein's estimator and its generalizations.
    """
    size = np.bincount(codes, minlength=count).astype(np.float64)
    seen, whole = size > 0, targets.mean(axis=0)
    means = np.tile(whole, (count, 1))
    for j, target in enumerate(targets.T):
        centred = target - whole[j]
        sums = np.bincount(codes, centred, minlength=count)
        inside = max(0.0, float(centred @ centred) - float((sums[seen] ** 2 / size[seen]).sum()))
        noise = inside / max(len(target) - int(seen.sum()), 1)
        spread = float((sums[seen] ** 2 / size[seen]).sum()) - noise * (int(seen.sum()) - 1)
        between = max(spread / max(len(target) - float((size**2).sum()) / len(target), 1e-9), 0.0)
        if between > 0:
            means[seen, j] += sums[seen] / (size[seen] + noise / between)
    return means, whole


def add_level_effects(outcome: Floats, y: Floats, arm: Ints, x: npt.NDArray[Any], levels: Levels) -> Floats:
    """Predicted outcomes of the arms with the levels' own effects in them, (n, arms).

    What the predictions leave is regressed on arms, controls and levels together; a row gets the effect of its levels
    from their other rows. The effect is the same in all arms: arms differ by what the learners found, and a constant.
    """
    dummies = _dummies(arm, outcome.shape[1])
    left = y - outcome[np.arange(len(y)), arm]
    slopes, wide, shift = _joint(left, dummies, x, levels)
    k = dummies.shape[1]
    common = wide[:, k:] @ slopes[k:] + shift
    return np.asarray(outcome + common[:, None] + np.concatenate([[0.0], slopes[:k]]))


def without_levels(y: Floats, treatment: Floats, x: npt.NDArray[Any], levels: Levels) -> Floats:
    """A target less the effects of its levels, for learners that see the other controls alone, (n,).

    ``treatment``: columns held fixed beside the controls, shape (n, k).
    """
    return np.asarray(y - _joint(y, treatment, x, levels)[2])


def _dummies(arm: Ints, n_arms: int) -> Floats:
    return np.asarray(arm[:, None] == np.arange(1, n_arms), dtype=np.float64)


def _joint(
    y: Floats, treatment: Floats, x: npt.NDArray[Any], levels: Levels
) -> tuple[Floats, npt.NDArray[Any], Floats]:
    """Slopes with the levels held fixed, the columns they are of, and the effect of each row's levels, (n,).

    The effect is that of the levels' other rows; 0 where there are none.
    """
    wide = np.column_stack([treatment, x]) if _fits(x, levels) else treatment
    inside = levels.within(np.column_stack([y, wide]))
    slopes = np.linalg.lstsq(inside[:, 1:], inside[:, 0], rcond=1e-8)[0]
    own, left = inside[:, 0] - inside[:, 1:] @ slopes, y - wide @ slopes
    rest = 1 - levels.leverage()
    alone = rest <= 0
    shift = np.where(alone, 0.0, left - own / np.where(alone, 1.0, rest))
    return np.asarray(slopes, dtype=np.float64), wide, np.asarray(shift, dtype=np.float64)


def _fits(x: npt.NDArray[Any], levels: Levels) -> bool:
    """Whether the other controls' slopes can be had within levels: rows and memory enough."""
    return 0 < x.size <= _LARGE and 20 * (x.shape[1] + 1) < len(x) - levels.count


def held_fixed(residuals: Floats, x: npt.NDArray[Any], levels: Levels) -> Floats:
    """Residuals of several columns, (n, t), less what levels and (where there are rows enough) controls say within."""
    if not _fits(x, levels):
        return levels.within(residuals)
    inside = levels.within(np.column_stack([residuals, x]))
    mine, others = inside[:, : residuals.shape[1]], inside[:, residuals.shape[1] :]
    return np.asarray(mine - others @ np.linalg.lstsq(others, mine, rcond=1e-8)[0])


def widened(found: Estimate, levels: Levels) -> Estimate:
    """The interval with as much added as rows lose to levels held fixed."""
    used = levels.leverage() < 1
    n, lost = int(used.sum()), levels.take(np.flatnonzero(used)).count
    if not np.isfinite(found.se) or n <= lost:
        return Estimate(found.value, np.nan, np.nan, np.nan, np.nan)
    return widened_by(found, float(np.sqrt(n / (n - lost))))


def level_remarks(levels: Levels) -> tuple[str, ...]:
    """How controls of many levels were adjusted for, in words."""
    said = []
    for name, codes, words in zip(levels.names, levels.codes.T, levels.words, strict=True):
        alone = int((np.bincount(codes) == 1).sum())
        told = (
            f"control {name!r} has {len(words):,} levels: held fixed level by level, and pooled by their shrunk means"
        )
        said.append(told + (f"; {alone:,} rows are alone in theirs" if alone else ""))
    return tuple(said)
